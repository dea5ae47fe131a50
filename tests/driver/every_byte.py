# SPDX-License-Identifier: MIT
"""What may happen at byte k of a stream of 64, as scenarios: one for each fault, with a run for each k.

The moment is exact. On the way in the client waits for k captured bytes. On the way out the card itself says when byte k is
on the wire: a cue sends one byte back, and the client waits for that one, on a processor of its own: the other one's DPCs
keep it a fifth of the time. A preface goes before: until the card's FIFO is full, they keep it longer. What the card does
of itself (a lost interrupt, a bus that floats) is a cue at byte k.
"""
import dataclasses

BYTES = 64
SONG = bytes([0xF0, *range(BYTES - 2), 0xF7])  # one SysEx: what cuts it shows at once
PREFACE = bytes([0xF0, *[0x55] * 30, 0xF7])
MARK = bytes([0xB0, 0x07, 0x7F, 0x90, 0x3C, 0x40])  # what the device plays and hears afterwards
FIRST, THEN, AFTERWARDS = 1, 2, 3  # markers
WHOLE, CUT = "whole", "cut"  # what becomes of the stream: all of it goes by, or it ends at byte k
GAP = "gap"  # (in) bytes that come while the card has no power are not there; all others are

KS_RESET = ("ioctl: 0x2f001b\n    to: {pin}\n    input: 00 00 00 00\n    expect: any",
            "ioctl: 0x2f001b\n    to: {pin}\n    input: 01 00 00 00\n    expect: any")
POWER_OFF = ("device: set-power\n    argument: 3", "wait: 2ms", "device: set-power\n    argument: 0")
D1 = ("device: set-power\n    argument: 1", "wait: 2ms", "device: set-power\n    argument: 0")
SLEEP = ("device: sleep\n    argument: 3", "device: wake")
CLOSED = ("close: render\n    expect: any", "close: capture\n    expect: any")
PULLED = ("device: surprise-remove", *CLOSED, "wait: 20ms", "device: add")
REMOVED = (*CLOSED, "wait: 20ms", "device: query-remove", "device: remove", "device: add")
REBALANCED = ("device: query-stop", "device: stop", *CLOSED, "wait: 20ms", "device: start")
STOP_REFUSED = ("device: query-stop\n    expect: STATUS_UNSUCCESSFUL",)
REMOVE_REFUSED = ("device: query-remove\n    expect: 0x80000011",)
STOPPED = ("state: stop\n    of: {pin}",)
PAUSED = ("state: pause\n    of: {pin}", "wait: 2ms", "state: run\n    of: {pin}")


@dataclasses.dataclass(frozen=True)
class Fault:
    """`steps` at byte k, or `cue` there; `outcome`: WHOLE, CUT or GAP; `ends`: the pins are closed afterwards."""

    name: str
    steps: tuple = ()
    cue: str = ""
    outcome: str = WHOLE
    ends: bool = False
    choices: str = ""  # of the guest
    deaf: bool = False  # nothing interrupts any more


OUT = (
    Fault("the card is busy for 5 ms", cue="hold-drr: 5ms\n    value: 1"),
    Fault("the card is off the bus for 1 ms", cue="float-bus: 1ms"),
    Fault("an interrupt that belongs to nothing", cue="add-irq: true"),
    Fault("the interrupt line is dead from there on", cue="dead-irq: 0s", deaf=True),
    Fault("D3 and back", POWER_OFF),
    Fault("D1 and back", D1),
    Fault("sleep and wake", SLEEP),
    Fault("a stop that is refused", STOP_REFUSED),
    Fault("a removal that is refused", REMOVE_REFUSED),
    Fault("pause and run", PAUSED),
    Fault("the pin stopped", STOPPED, outcome=CUT, ends=True),
    Fault("the pin reset", KS_RESET, outcome=CUT, ends=True),
    Fault("the write cancelled", ("cancel: render",), outcome=CUT, ends=True),
    Fault("both pins closed", CLOSED, outcome=CUT),
    Fault("stopped and started", REBALANCED, outcome=CUT, choices="stop-streams: 1"),
    Fault("removed and added", REMOVED, outcome=CUT),
    Fault("pulled out and put back", PULLED, outcome=CUT),
)
IN = (
    Fault("its interrupt lost", cue="drop-irq: 1"),
    Fault("its interrupt 3 ms late", cue="delay-irq: 1\n    time: 3ms"),
    Fault("its interrupt twice", cue="duplicate-irq: 1\n    time: 100us"),
    Fault("an interrupt that belongs to nothing", cue="add-irq: true"),
    Fault("a storm of 50 interrupts", cue="irq-storm: 50\n    time: 20us"),
    Fault("DSR says empty for 1 ms", cue="hold-dsr: 1ms\n    value: 1"),
    Fault("D3 and back", POWER_OFF, outcome=GAP),
    Fault("sleep and wake", SLEEP, outcome=GAP),
    Fault("a stop that is refused", STOP_REFUSED),
    Fault("a removal that is refused", REMOVE_REFUSED),
    Fault("the pin paused", PAUSED, outcome=GAP),
    Fault("the pin stopped", STOPPED, outcome=CUT, ends=True),
    Fault("the pin reset", KS_RESET, outcome=CUT, ends=True),
    Fault("both pins closed", CLOSED, outcome=CUT),
    Fault("stopped and started", REBALANCED, outcome=CUT, choices="stop-streams: 1"),
    Fault("removed and added", REMOVED, outcome=CUT),
    Fault("pulled out and put back", PULLED, outcome=CUT),
)
FAULTS = {"out": OUT, "in": IN}


def spaced(data):
    return data.hex(" ")


def opened():
    """Both pins, running."""
    return ["open: capture", "state: pause\n    of: capture", "read: capture", "state: run\n    of: capture",
            "open: render", "state: run"]


def before(way):
    """What goes before the song, so that byte k of it is byte k + its length."""
    return PREFACE if way == "out" else b""


def cue(action, when, **more):
    return f"{action}\n    when: {when}" + "".join(f"\n    {key}: {value}" for key, value in more.items())


def scenario(way, fault, ks):
    """The YAML of a fault at each k of `ks`."""
    pin = {"out": "render", "in": "capture"}[way]
    cues = [cue(f"inject: {spaced(MARK)}", "marker", argument=AFTERWARDS)]
    if fault.cue:
        cues.append(cue(fault.cue, f"wire-{way}", first="${at}"))
    steps = [*opened(), f"marker: {FIRST}"]
    if way == "out":
        if fault.steps:
            cues.append(cue("inject: fe", "wire-out", first="${at}"))
        steps += [f"write: {spaced(PREFACE)}\n    expect: any", f"write: {spaced(SONG)}\n    expect: any"]
        steps += ["wait-captured: 1"] if fault.steps else []
    else:
        cues.append(cue(f"inject: {spaced(SONG)}", "marker", argument=FIRST))
        steps += ["wait-captured: ${at}"] if fault.steps else []
    steps.append(f"marker: {THEN}")
    steps += [step.format(pin=pin) for step in fault.steps]
    if fault.ends:
        steps += CLOSED
    if fault.outcome == CUT:
        steps += opened()
    elif way == "out":
        steps.append("wait-writes: render")
    steps += ["wait: 40ms", f"marker: {AFTERWARDS}", f"write: {spaced(MARK)}", "wait-writes: render", "wait: 20ms"]
    lines = [f"scenario: {way}, {fault.name}", "parameters:",
             f"  at: [{', '.join(str(k + len(before(way))) for k in ks)}]"]
    lines += ["cpus: 2"] if way == "out" and fault.steps else []
    lines += ["card:", "  midi-clock-out: off"]  # what the card sends of itself would be byte 1
    lines += ["choices:", f"  {fault.choices}"] if fault.choices else []
    lines += ["cues:", *(f"  - {line}" for line in cues), "steps:", *(f"  - {step}" for step in steps)]
    lines += ["checks:", f"  - wire-contains: {spaced(MARK)}"]
    lines += ["  - nothing-lost: true"] if fault.outcome == WHOLE else []
    return "\n".join([*lines, ""])
