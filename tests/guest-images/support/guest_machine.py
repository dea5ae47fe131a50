# SPDX-License-Identifier: MIT
"""Boots nanont with a score and a driver, without the harness: QEMU as a plain process, the link in a file.

Scores, plans and archives are written here from score.h, plan.h and the cpio format by hand, so that a mistake in the
harness' writers cannot hide one in their readers.
"""
import contextlib
import hashlib
import os
import pathlib
import struct
import subprocess
import sys
import tempfile
import time
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))
import eventlog  # noqa: E402
import plan_writer  # noqa: E402

RUN_LIMIT_S = 60
PROBE_PORT = 0xE00
KSCATEGORY_AUDIO = uuid.UUID("6994ad04-93ef-11d0-a3cc-00a0c9223196")
STOP, ACQUIRE, PAUSE, RUN = range(4)
OPEN_FILTER, OPEN_PIN, SET_STATE, WRITE, WAIT_WRITES, READ_START, WAIT_CAPTURED, READ_STOP, DELAY, MARKER, CLOSE, \
    REMOVE_DEVICE, DEVICE, OPEN_DEVICE, IOCTL, WAIT_IOCTLS, CANCEL_IO, BEGIN_DEVICE, WAIT_DEVICE, WATCH_EVENT, \
    WAIT_EVENT = range(1, 22)
(QUERY_STOP, CANCEL_STOP, STOP_DEVICE, START_DEVICE, QUERY_REMOVE, CANCEL_REMOVE, FINISH_REMOVE, SURPRISE_REMOVE, ADD_DEVICE,
 QUERY_POWER, SET_POWER, SLEEP, WAKE, FAIL_CALL, DEAL_RESOURCES,
 FAIL_PORT_CALL) = range(1, 17)
ELSEWHERE = 0xFFFFFFFF  # argument of START_DEVICE: a PCI function at other addresses
METHOD_BUFFERED, METHOD_IN_DIRECT, METHOD_OUT_DIRECT, METHOD_NEITHER = range(4)
MAY_FAIL = 1
EVENT_ANY = 2**64 - 1


def record(delta_ms, payload):
    """One KSMUSICFORMAT record."""
    return struct.pack("<II", delta_ms, len(payload)) + payload + bytes(-len(payload) % 4)


def ctl_code(function, method=METHOD_BUFFERED, device_type=0x22, access=0):
    """CTL_CODE of devioctl.h."""
    return device_type << 16 | access << 14 | function << 2 | method


class Score:
    """Steps, one method each; their numbers are returned."""

    def __init__(self):
        self.body, self.count = b"", 0

    def step(self, opcode, slot=0, arguments=b"", timeout=5000, flags=0):
        self.body += struct.pack("<HHIII", opcode, slot, len(arguments), flags, timeout)
        self.body += arguments + bytes(-len(arguments) % 8)
        self.count += 1
        return self.count

    def open_filter(self, slot, unit=0, reference="", category=KSCATEGORY_AUDIO, **more):
        name = reference.encode("utf-16-le").ljust(64, b"\0")
        return self.step(OPEN_FILTER, slot, struct.pack("<I", unit) + category.bytes_le + name + bytes(4), **more)

    def open_pin(self, slot, filter_slot, pin, data_format=b"", **more):
        return self.step(OPEN_PIN, slot, struct.pack("<HHI", filter_slot, 0, pin) + data_format, **more)

    def set_state(self, slot, state, **more):
        return self.step(SET_STATE, slot, struct.pack("<II", state, 0), **more)

    def write(self, slot, records, presentation_100ns=0, max_pending=16, **more):
        return self.step(WRITE, slot, struct.pack("<QII", presentation_100ns, len(records), max_pending) + records, **more)

    def wait_writes(self, slot, **more):
        return self.step(WAIT_WRITES, slot, **more)

    def read_start(self, slot, size=2056, pending=2, **more):
        return self.step(READ_START, slot, struct.pack("<II", size, pending), **more)

    def wait_captured(self, slot, count, **more):
        return self.step(WAIT_CAPTURED, slot, struct.pack("<Q", count), **more)

    def read_stop(self, slot, **more):
        return self.step(READ_STOP, slot, **more)

    def delay_ms(self, ms):
        return self.step(DELAY, 0, struct.pack("<Q", ms * 1000000))

    def marker(self, number):
        return self.step(MARKER, 0, struct.pack("<II", number, 0))

    def close(self, slot, **more):
        return self.step(CLOSE, slot, **more)

    def remove_device(self, unit=0, **more):
        return self.step(REMOVE_DEVICE, 0, struct.pack("<II", unit, 0), **more)

    def device(self, request, argument=0, unit=0, **more):
        return self.step(DEVICE, 0, struct.pack("<IIII", unit, request, argument, 0), **more)

    def begin_device(self, request, argument=0, unit=0, job=0, later_ns=0, **more):
        return self.step(BEGIN_DEVICE, 0, struct.pack("<IIIIQ", unit, request, argument, job, later_ns), **more)

    def wait_device(self, job=0, **more):
        return self.step(WAIT_DEVICE, 0, struct.pack("<II", job, 0), **more)

    def watch_event(self, kind, unit=0, a=EVENT_ANY, b=EVENT_ANY):
        return self.step(WATCH_EVENT, 0, struct.pack("<IIQQ", kind, unit, a, b))

    def wait_event(self, nth=1, **more):
        return self.step(WAIT_EVENT, 0, struct.pack("<Q", nth), **more)

    def open_device(self, slot, name, **more):
        name = name.encode("utf-16-le")
        return self.step(OPEN_DEVICE, slot, struct.pack("<II", len(name), 0) + name, **more)

    def ioctl(self, slot, code, data=b"", room=0, filled=b"", pend=False, **more):
        return self.step(IOCTL, slot, struct.pack("<IIIIII", code, len(data), max(room, len(filled)), len(filled), pend, 0)
                         + data + filled, **more)

    def wait_ioctls(self, slot, **more):
        return self.step(WAIT_IOCTLS, slot, **more)

    def cancel_io(self, slot, **more):
        return self.step(CANCEL_IO, slot, **more)

    def bytes(self):
        return struct.pack("<8sIIII", b"MPLBSCOR", 1, self.count, 24 + len(self.body), 0) + self.body


DRAWN = "by the seed"


def plan(score, cue_bytes=b"", seed=1, choices=None, windows_build=0, dpc_delay_us=0, rules_off=()):
    """`choices`: {name: alternative} of nanont_choices.def; those that are not named take alternative 0, or what the
    seed draws when `choices` is DRAWN. `windows_build`: of a profile of nanont_profiles.def; 0: the usual one.
    `dpc_delay_us`: how late a driver's DPCs come. `rules_off`: numbers of rules that are switched off."""
    words = [sum(1 << rule % 32 for rule in rules_off if rule // 32 == word) for word in range(3)]
    options = struct.pack("<8I", 0, windows_build, dpc_delay_us, *words, 0, 0)
    sections = [(plan_writer.SCORE, 0, score), (plan_writer.OPTIONS, 0, options)]
    if choices is not DRAWN:
        forced = dict.fromkeys(plan_writer.choices(), 0) | (choices or {})
        sections.append((plan_writer.CHOICES, 0, plan_writer.choice_section(forced)))
    if cue_bytes:
        sections.append((plan_writer.CUES, 0, cue_bytes))
    return plan_writer.plan(sections, seed)


def messages_asked_for(instance):
    """A registry.reg as it is when the INF of the PCI function `instance` asks for messages."""
    return ("Windows Registry Editor Version 5.00\n\n"
            f"[HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Enum\\{instance}\\Device Parameters\\"
            "Interrupt Management\\MessageSignaledInterruptProperties]\n\"MSISupported\"=dword:00000001\n").encode()


def cpio(files):
    """A "newc" archive of {name: bytes}."""
    out = b""
    for inode, (name, data) in enumerate(list(files.items()) + [("TRAILER!!!", b"")], 1):
        fields = [inode, 0o100644, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0]
        out += b"070701" + b"".join(b"%08x" % field for field in fields) + name.encode() + b"\0"
        out += bytes(-len(out) % 4) + data
        out += bytes(-len(out) % 4)
    return out


class Run:
    """The event log of one run."""

    def __init__(self, records, log=b""):
        self.records = records
        self.sha256 = hashlib.sha256(log).hexdigest()
        self.text = eventlog.text(records).decode("utf-8", "replace")
        ended = eventlog.of_kind(records, "RUN_ENDED")
        self.end = ended[-1].a if ended else None
        self.detail = ended[-1].b if ended else None

    def of(self, *kinds):
        return eventlog.of_kind(self.records, *kinds)

    def status_of(self, step):
        """NTSTATUS of a step."""
        return self.end_of(step).b

    def end_of(self, step):
        found = [r for r in self.of("STEP_END") if r.corr == eventlog.STEP << 56 | step]
        assert len(found) == 1, f"step {step} has {len(found)} STEP_END records\n{self}"
        return found[0]

    def calls(self, *names, leave=False):
        """CALL_ENTER (or CALL_LEAVE) records of these callbacks."""
        return [r for r in self.of("CALL_LEAVE" if leave else "CALL_ENTER") if eventlog.CALLBACKS[r.a] in names]

    def named(self, kind):
        """[(record, the text of the NAME records after it)]"""
        found = []
        for index, record_ in enumerate(self.records):
            if record_.kind == kind:
                text = b""
                for name in self.records[index + 1 :]:
                    if name.cpu != record_.cpu:
                        continue  # another processor's, in between
                    if name.kind != "NAME":
                        break
                    text += name.data
                    if not name.flags & eventlog.MORE:
                        break
                found.append((record_, text.decode("utf-8", "replace")))
        return found

    def choices(self):
        """{name: alternative} of the CHOICE records."""
        names = {number: name for name, (number, _) in plan_writer.choices().items()}
        return {names[record_.a]: record_.b for record_ in self.of("CHOICE")}

    def answer(self, step):
        """What an IOCTL brought back."""
        return b"".join(r.data for r in self.of("ANSWER") if r.corr == eventlog.STEP << 56 | step)

    def findings(self):
        """[(rule, text)]"""
        return [(finding.a, text) for finding, text in self.named("FINDING")]

    def missing_imports(self):
        return [text for _, text in self.named("IMPORT_MISSING")]

    def bugcheck(self):
        """(code, [4 parameters]) of the one bugcheck."""
        first, second = self.of("BUGCHECK"), self.of("BUGCHECK_MORE")
        assert len(first) == len(second) == 1, f"{len(first)} BUGCHECK records\n{self}"
        return first[0].a, [first[0].b, first[0].c, second[0].a, second[0].b]

    def stack(self, across_interrupts=True):
        """[(module, offset)] of the FRAME records, innermost first."""
        modules = eventlog.modules(self.records)
        frames = []
        for frame in self.of("FRAME"):
            if frame.c and frames and not across_interrupts:
                break
            inside = [(name, frame.a - base) for name, (base, size) in modules.items() if base <= frame.a < base + size]
            frames.append(inside[0] if inside else ("?", frame.a))
        return frames

    def __str__(self):
        return f"end {self.end} detail {self.detail}\n{self.text}\n" + "\n".join(map(str, self.records[-60:]))


ABI = os.environ.get("MPULAB_ABI") or "mingw"  # of the test drivers: mingw, or msvc (clang and lld-link)


def build_folder():
    return pathlib.Path(os.environ["MPULAB_BUILD"]) / "guest-images" / "nanont"


def test_driver(folder, name):
    """The image `name`.sys of the test driver in tests/guest-images/`folder`, in the ABI of this test."""
    return pathlib.Path(os.environ["MPULAB_BUILD"]) / "tests/guest-images/test_drivers" / ABI / folder / f"{name}.sys"


def own_driver():
    """The bundled driver in the ABI of this test."""
    drivers = pathlib.Path(os.environ["MPULAB_BUILD"]) / "driver"
    name = next((drivers / "package/amd64").glob("*.sys")).name
    return drivers / ("x86_64-msvc" if ABI == "msvc" else "x86_64") / name


def prepare(folder, score, driver, cue_bytes=b"", card="iobase=0x330,irq=7", files=None, seed=1, choices=None, cpus=1,
            slice_seed=1, ram=None, windows_build=0, dpc_delay_us=0, rules_off=()):
    """Writes what a run needs into `folder`; the words of the QEMU command line that runs it, and its event log's path."""
    qemu = os.environ["MPULAB_QEMU"]
    images = build_folder()
    firmware = os.environ.get("MPULAB_FIRMWARE_DIR", "/usr/share/qemu")
    archive = {name: (images / name).read_bytes()
               for name in ("ntoskrnl.exe", "hal.dll", "ks.sys", "portcls.sys", "agent.sys")}
    driver = pathlib.Path(driver)
    archive[driver.name] = driver.read_bytes()
    archive["boot.cfg"] = f"driver={driver.name}\n".encode()
    archive.update(files or {})
    archive = {name: data for name, data in archive.items() if data is not None}
    score = score if isinstance(score, bytes) else score.bytes()
    (folder / "plan").write_bytes(plan(score, cue_bytes, seed, choices, windows_build, dpc_delay_us, rules_off))
    (folder / "modules.cpio").write_bytes(cpio(archive))
    log = folder / "events"
    argv = [qemu, "-no-user-config", "-nodefaults", "-display", "none", "-machine", "pc,usb=off", "-accel", "tcg",
            "-cpu", "qemu64,-monitor", "-m", "64M", "-smp", str(cpus), "-rtc", "base=2000-01-01T00:00:00,clock=vm",
            "-icount", f"shift=3,sleep=off,slice-seed={slice_seed}" if cpus > 1 else "shift=3,sleep=off", "-seed", "1", "-L", firmware, "-bios", os.path.join(firmware, "qboot.rom"),
            "-kernel", images / "nanont-loader.elf", "-initrd", folder / "modules.cpio",
            "-append", f"probe={PROBE_PORT:#x}", "-no-shutdown", "-chardev", f"file,id=link,path={log}",
            "-device", f"mpulab-probe,id=probe,iobase={PROBE_PORT:#x},link=link,plan={folder / 'plan'}",
            *(word for unit, properties in enumerate([card] if isinstance(card, str) else card)
              for word in ("-device", properties + f",id=card{unit}" if properties.startswith("pci-mpu401") else
                           f"isa-mpu401,id=card{unit},{properties}"))]
    if ram is not None:  # the guest's memory, as a file
        argv += ["-object", f"memory-backend-file,id=ram,size=64M,share=on,mem-path={ram}", "-machine", "memory-backend=ram"]
    return [str(word) for word in argv], log


def boot(score, driver, cue_bytes=b"", card="iobase=0x330,irq=7", files=None, keep=None, seed=1, choices=None,
         cpus=1, slice_seed=1, ram=None, windows_build=0, dpc_delay_us=0, rules_off=()):
    """Runs `score` (Score or bytes) against the driver image at path `driver`; the run's records. `files` replaces
    files of the archive, or adds to them; None takes one out. `card` is an ISA card's properties or "pci-mpu401" and its, or a list of them.
    `choices`, `windows_build`, `dpc_delay_us`, `rules_off`: see plan(). `ram`: a file that is the guest's memory while it runs, and after. A run that does not end is
    an AssertionError."""
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(keep or stack.enter_context(tempfile.TemporaryDirectory(prefix="mpulab-guest-")))
        folder.mkdir(exist_ok=True)
        argv, log = prepare(folder, score, driver, cue_bytes, card, files, seed, choices, cpus, slice_seed, ram,
                            windows_build, dpc_delay_us, rules_off)
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
        try:
            ended = wait_for_end(process, log)
        finally:
            process.kill()
            errors = process.communicate()[1].decode(errors="replace")
        try:
            records = eventlog.read(log)
        except (eventlog.BadLog, FileNotFoundError) as bad:
            raise AssertionError(f"{bad}; QEMU said: {errors}") from bad
        run = Run(records, log.read_bytes())
        if not ended:
            hint = ("not one record of the guest: is this QEMU built from this tree?" if len(records) < 2 else
                    "the guest hangs" if process.returncode == -9 else f"QEMU ended: {errors}")
            raise AssertionError(f"no RUN_ENDED record within {RUN_LIMIT_S} s: {hint}\n{run}")
        return run


def wait_for_end(process, log, limit_s=RUN_LIMIT_S, look=lambda: None):
    """Until the last record is RUN_ENDED (the machine stops there and QEMU stays): true; or the limit: false. `look` is
    called now and then."""
    size = eventlog.RECORD.size
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.02)
        look()
        if not log.exists():
            continue
        length = log.stat().st_size
        whole = (length - eventlog.HEADER.size) // size
        if whole < 1:
            continue
        with open(log, "rb") as file:
            file.seek(eventlog.HEADER.size + (whole - 1) * size)
            last = eventlog.Record(*eventlog.RECORD.unpack(file.read(size)))
        if last.kind_number in eventlog.KINDS and last.kind == "RUN_ENDED":
            return True
    return False
