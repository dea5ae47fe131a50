# SPDX-License-Identifier: MIT
"""What a read of STATUS costs beside one of isa-serial's LSR, in the same QEMU: a loop of IN in a ROM, the empty loop
taken off. The ways are measured in turn, and the least of each counts: noise only adds."""
import pathlib
import struct
import subprocess
import time

import mpulab

LSR, STATUS = 0x3FD, 0x331
EXIT_PORT = 0xF4


def rom(path, port, count):
    """A ROM that reads `port` `count` times (None: only loops), then ends QEMU."""
    code = b"\x66\xb9" + struct.pack("<I", count)  # mov ecx, count
    body = b"\x66\x49"  # dec ecx
    if port is not None:
        code += b"\xba" + struct.pack("<H", port)  # mov dx, port
        body = b"\xec" + body  # in al, dx
    code += body + b"\x75" + struct.pack("b", -len(body) - 2) + bytes((0xE6, EXIT_PORT))  # jnz; out
    assert len(code) <= 16
    path.write_bytes(bytes(0x10000 - 16) + code.ljust(16, b"\xf4"))


def machine(image, link):
    return [mpulab.QEMU, "-no-user-config", "-nodefaults", "-display", "none", "-machine", "pc", "-accel", "tcg",
            "-bios", image, "-icount", "shift=3,sleep=off", "-device", f"isa-debug-exit,iobase={EXIT_PORT:#x},iosize=1",
            "-chardev", "null,id=none", "-device", "isa-serial,chardev=none", *link, "-device", "isa-mpu401"]


def seconds(argv, folder, sink=None):
    """Wall time of one machine from start to end; with `sink` its link is read and stored by the harness' code."""
    reader = None
    if sink is not None:
        sink.unlink(missing_ok=True)
        reader = subprocess.Popen([mpulab.BUILD / "tests/bench/link_sink", sink, folder / "events"],
                                  stdout=subprocess.DEVNULL)
        mpulab.wait_for(sink.exists, 10, "link_sink's socket")
    begun = time.monotonic()
    done = subprocess.run([str(word) for word in argv], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    taken = time.monotonic() - begun
    if done.returncode % 2 != 1:  # isa-debug-exit, told whatever was read last
        raise SystemExit(f"error: {' '.join(map(str, argv))} ended with {done.returncode}, an odd status expected: {done.stderr}\n"
                         "next:  run it by hand")
    if reader is not None and reader.wait(timeout=60) != 0:
        raise SystemExit("error: link_sink failed\nnext:  its message stands above")
    return taken


def measure(folder, count=2_000_000, rounds=9):
    """{way: nanoseconds a read}: "lsr", "off" (STATUS, no link), "on" (STATUS, link read and stored)."""
    sink = folder / "link"
    ways = {"loop": (None, False), "lsr": (LSR, False), "off": (STATUS, False), "on": (STATUS, True)}
    least = {}
    for _ in range(rounds):
        for way, (port, linked) in ways.items():
            image = folder / f"{way}.rom"
            rom(image, port, count)
            link = ["-chardev", f"socket,id=link,path={sink}", "-device", "mpulab-probe,link=link"] if linked else []
            taken = seconds(machine(image, link), folder, sink if linked else None)
            least[way] = min(taken, least.get(way, taken))
    return {way: (least[way] - least["loop"]) * 1e9 / count for way in ("lsr", "off", "on")}
