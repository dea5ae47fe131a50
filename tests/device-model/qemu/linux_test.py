#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A stock Linux kernel, Debian's, with its own snd-mpu401 and nothing of ours: the card as somebody else's driver sees it.

The kernel and busybox come from Debian's archive by `apt-get download` (nothing is installed) and are kept in the cache.
Its initramfs asks for an identity at /dev/snd/midiC*D0; this side of the card's `midi` chardev answers.
"""
import contextlib
import os
import pathlib
import re
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import time
import unittest

import eventlog

QEMU = os.environ.get("MPULAB_QEMU", "")
FIRMWARE = os.environ.get("MPULAB_FIRMWARE_DIR", "/usr/share/qemu")
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "mpulab" / "linux"
MODULES = ("soundcore", "snd", "snd-seq-device", "snd-rawmidi", "snd-mpu401-uart", "snd-mpu401")  # each after what it needs
LIMIT_S = 150
REQUEST = bytes.fromhex("f07e7f0601f7")
REPLY = bytes.fromhex("f07e00060241160001000000000101f7")

INIT = f"""#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
for module in {" ".join(MODULES)}; do insmod /$module.ko || echo "FAILED: insmod $module"; done
sleep 1
for device in /sys/bus/pnp/drivers/*/00:*; do
    grep -qi PNPB006 "$device/id" && echo "BOUND: ${{device%/*}}"
done
grep 0330-0331 /proc/ioports | sed 's/^/PORTS: /'
device=$(echo /dev/snd/midiC*D0) # Linux numbers the card as it likes
[ -c $device ] || echo "FAILED: no $device"
exec 3<>$device
printf '{"".join(f"{chr(92)}x{byte:02x}" for byte in REQUEST)}' >&3
read_hex() {{ dd bs=1 count=$1 <&3 2>/dev/null | od -An -v -tx1 | tr -d ' \n'; }}
reply=$(read_hex {len(REPLY)})
# Linux gives up on the ACK of its 3Fh before a card that is still busy with RESET sends it, and takes it for MIDI.
case $reply in fe*) reply=${{reply#fe}}$(read_hex 1) ;; esac
echo "REPLY: $reply"
grep -i mpu401 /proc/interrupts | sed 's/^/AFTER: /'
exec 3>&-
echo "DONE"
poweroff -f
"""


class Missing(Exception):
    """What this test needs cannot be had here."""


def apt(*words, folder):
    done = subprocess.run(["apt-get", "-qq", "-o", "APT::Sandbox::User=root", *words], cwd=folder, capture_output=True, text=True)
    if done.returncode:
        raise Missing(f"apt-get {' '.join(words)}: {done.stderr.strip()}")


def package(name, pattern):
    """The unpacked package whose file matches the pattern, from the cache or from Debian."""
    kept = CACHE / name
    if not kept.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE, prefix="new-") as new:
            apt("download", pattern, folder=new)
            archive, = pathlib.Path(new).glob("*.deb")
            subprocess.run(["dpkg", "-x", archive, pathlib.Path(new) / "tree"], check=True)
            with contextlib.suppress(OSError):  # another test was as fast
                (pathlib.Path(new) / "tree").rename(kept)
    return kept


def kernel_package():
    """The package that linux-image-amd64 stands for today."""
    listed = subprocess.run(["apt-cache", "depends", "linux-image-amd64"], capture_output=True, text=True).stdout
    found = re.search(r"Depends: (linux-image-\S+)", listed)
    if not found:
        raise Missing("apt-cache knows no linux-image-amd64; next: apt-get update")
    return found[1]


def cpio(files):
    """A `newc` archive of {name: (mode, bytes)}."""
    archive = b""
    for number, (name, (mode, data)) in enumerate([*files.items(), ("TRAILER!!!", (0, b""))], 1):
        fields = (number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0)
        entry = b"070701" + b"".join(b"%08X" % field for field in fields) + name.encode() + b"\0"
        archive += entry + bytes(-len(entry) % 4) + data + bytes(-len(data) % 4)
    return archive


def initramfs(kernel, busybox):
    folder, program = stat.S_IFDIR | 0o755, stat.S_IFREG | 0o755
    files = {name: (folder, b"") for name in ("bin", "dev", "proc", "sys")}
    files["init"] = (program, INIT.encode())
    files["bin/busybox"] = (program, (busybox / "bin/busybox").read_bytes())
    for name in MODULES:
        module, = kernel.glob(f"lib/modules/*/kernel/sound/**/{name}.ko")
        files[f"{name}.ko"] = (program, module.read_bytes())
    return cpio(files)


class StockLinux(unittest.TestCase):
    def setUp(self):
        if not QEMU:
            self.skipTest("no QEMU given; next: scripts/build-qemu, then set MPULAB_QEMU")
        try:
            self.kernel = package(name := kernel_package(), name)
            self.busybox = package("busybox-static", "busybox-static")
        except Missing as missing:
            print(f"SKIPPED: {missing}; next: a Debian mirror this machine can reach")
            sys.exit(77)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="mpulab-linux-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def boot(self):
        """The console's text, the bytes that left the card by its chardev, and the event log."""
        (self.folder / "initramfs").write_bytes(initramfs(self.kernel, self.busybox))
        vmlinuz, = self.kernel.glob("boot/vmlinuz-*")
        console, log = self.folder / "console", self.folder / "events"
        ours, theirs = socket.socketpair()
        argv = [QEMU, "-machine", "pc", "-accel", "tcg", "-nodefaults", "-display", "none", "-m", "256", "-no-reboot",
                "-L", FIRMWARE, "-bios", os.path.join(FIRMWARE, "qboot.rom"), "-kernel", vmlinuz,
                "-initrd", self.folder / "initramfs", "-append", "console=ttyS0 quiet panic=-1",
                "-serial", f"file:{console}", "-chardev", f"file,id=link,path={log}",
                "-chardev", f"socket,id=midi,fd={theirs.fileno()}",
                "-device", "mpulab-probe,link=link", "-device", "isa-mpu401,midi=midi"]
        with ours, subprocess.Popen(argv, pass_fds=[theirs.fileno()]) as process:
            theirs.close()
            ours.settimeout(1)
            sent, end = b"", time.monotonic() + LIMIT_S
            try:
                while process.poll() is None and time.monotonic() < end:
                    with contextlib.suppress(TimeoutError):
                        sent += ours.recv(1)
                        if sent.endswith(REQUEST):
                            ours.sendall(REPLY)
            finally:
                process.kill()
        return console.read_text(errors="replace"), sent, eventlog.read(log)

    def test_a_stock_linux_kernel_binds_the_card_by_acpi_and_passes_bytes_both_ways(self):
        console, sent, records = self.boot()
        said = dict(re.findall(r"^([A-Z]+): (.*?)\r?$", console, re.M))
        self.assertIn("DONE", console, console)
        self.assertNotIn("FAILED", said, console)
        self.assertEqual(said.get("BOUND"), "/sys/bus/pnp/drivers/mpu401", console)
        self.assertIn("0330-0331 : ", said["PORTS"])
        self.assertEqual(said["REPLY"], REPLY.hex(), console)
        self.assertIn(REQUEST, sent)

        out = [r.a for r in eventlog.of_kind(records, "WIRE_OUT") if r.space != eventlog.OWN_BYTE]
        self.assertEqual(bytes(out[:len(REQUEST)]), REQUEST)
        self.assertLessEqual(set(out[len(REQUEST):]), {0})  # Linux writes it before RESET (mpu401.md 2.5), when it closes
        read = [r.b for r in eventlog.of_kind(records, "REG_READ") if r.a == 0 and r.space == eventlog.RX_BYTE]
        self.assertEqual(bytes(read[-len(REPLY):]), REPLY)
        lost = {(r.a, r.b) for r in eventlog.of_kind(records, "OVERRUN")}
        self.assertLessEqual(lost, {(0, 0)})  # its own 00h, which its 3Fh overwrites 10 ms after RESET (mpu401.md 2.5)
        self.assertGreater(int(said["AFTER"].split()[1]), 0, console)  # it was interrupts that told the driver


if __name__ == "__main__":
    if not QEMU:
        print("SKIPPED: no QEMU given; next: scripts/build-qemu, then set MPULAB_QEMU")
        sys.exit(77)
    unittest.main()
