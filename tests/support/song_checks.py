# SPDX-License-Identifier: MIT
"""What a run of a song must show in its event log, judged against the oracle's events only."""
import eventlog
import smf_oracle

MILLISECOND = 1_000_000
WIRE_BYTE_NS = 320_000


class Wrong(AssertionError):
    """A run broke the contract; the text says where and what was seen."""


def difference(seen, wanted, what):
    if seen == wanted:
        return
    at = next((i for i, pair in enumerate(zip(seen, wanted)) if pair[0] != pair[1]), min(len(seen), len(wanted)))
    raise Wrong(f"{what}: {len(seen)} bytes, expected {len(wanted)}; first difference at byte {at}: "
                f"seen {seen[at : at + 8].hex(' ')}, expected {wanted[at : at + 8].hex(' ')}")


def sent_by_the_host(records):
    """WIRE_OUT without the Stop and the clocks that the card sends by itself in intelligent mode."""
    return [r for r in eventlog.of_kind(records, "WIRE_OUT") if r.space != eventlog.OWN_BYTE]


def wire_equals_file(records, events):
    out = sent_by_the_host(records)
    difference(bytes(r.a for r in out), smf_oracle.wire_bytes(events), "wire out")


def capture_equals_injection(records, events):
    wanted = smf_oracle.wire_bytes(events)
    difference(bytes(r.a for r in eventlog.of_kind(records, "WIRE_IN")), wanted, "wire in (the injection itself)")
    difference(eventlog.text(records, "CAPTURED"), wanted, "capture pin")


def wire_keeps_its_rate(records):
    before = None
    for r in eventlog.of_kind(records, "WIRE_OUT"):
        if r.b - r.time != WIRE_BYTE_NS:
            raise Wrong(f"record {r.seq}: a byte on the wire took {r.b - r.time} ns, expected {WIRE_BYTE_NS}")
        if before and r.time < before.b:
            raise Wrong(f"record {r.seq}: a byte starts at {r.time} ns, inside the one before it ({before.time}..{before.b})")
        before = r


def events_on_time(records, events, tolerance=MILLISECOND):
    """Each event starts within `tolerance` of its time, or as soon as the wire had room. The song's zero is not known
    to the oracle: there must be one zero that fits them all. Returns (zero's lower bound, upper bound, free events)."""
    out = sent_by_the_host(records)
    low, high, free_events, at, end_before = None, None, 0, 0, 0
    low_event = high_event = None
    queue = 0  # when the wire would be free if every event so far had started at its very time, from zero
    for event in events:
        first = out[at]
        offset = first.time - event.time_ns
        # Without room: bytes before it were due so close that even a perfect sender had to wait.
        free = queue <= event.time_ns
        queue = max(queue, event.time_ns) + len(event.data) * WIRE_BYTE_NS
        if free:
            free_events += 1
            if high is None or offset + tolerance < high:
                high, high_event = offset + tolerance, (event, first)
            if low is None or offset - tolerance > low:
                low, low_event = offset - tolerance, (event, first)
        elif first.time - end_before > tolerance and offset > (high or 0):
            raise Wrong(f"record {first.seq}: event {event.data.hex(' ')} due at {event.time_ns} ns waits "
                        f"{first.time - end_before} ns although the wire is free")
        at += len(event.data)
        end_before = out[at - 1].b
    if low > high:
        raise Wrong(f"no zero of the song fits: {low_event[0].data.hex(' ')} due at {low_event[0].time_ns} ns starts at "
                    f"{low_event[1].time} ns (record {low_event[1].seq}), {high_event[0].data.hex(' ')} due at "
                    f"{high_event[0].time_ns} ns starts at {high_event[1].time} ns (record {high_event[1].seq}): "
                    f"{low - high} ns more than {tolerance} ns allow")
    return low, high, free_events


def ended_well(records):
    last = records[-1]
    if last.kind != "RUN_ENDED" or last.a != eventlog.enum("mpulab_run_end")["MPULAB_END_SCORE_DONE"]:
        raise Wrong(f"the log ends with {last}; expected RUN_ENDED with SCORE_DONE")
    for kind in ("OVERRUN", "GUEST_ERROR", "BUGCHECK", "IMPORT_MISSING", "FINDING"):
        if bad := eventlog.of_kind(records, kind):
            raise Wrong(f"{len(bad)} {kind} records, the first: {bad[0]}")


def all_of_it(records, events):
    ended_well(records)
    wire_equals_file(records, events)
    wire_keeps_its_rate(records)
    events_on_time(records, events)
    capture_equals_injection(records, events)
