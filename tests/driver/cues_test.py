#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every cue of the card (device-model/core/CUES.md) and what the driver must do: pass on all that the card gives and takes,
come back when the fault is over, and refuse a card that cannot be driven. One boot in mid-stream, one of starts."""
import plan_writer
from own_driver import *  # noqa: F403
from plan_writer import *  # noqa: F403
from plan_writer import cue, cues

MS = 1_000_000


def message(number):
    return bytes([0xF0, number, 1, 2, 3, 4, 5, 6, 0xF7])


def without_first(data):
    return data[1:]


def first_wrong(data):
    return bytes([data[0] ^ 1]) + data[1:]


def same(data):
    return data


# {what: (action, its fields, what MIDI IN becomes, what MIDI OUT becomes, {counter: least})}. None: judged by itself.
STREAMING = {
    "bytes arrive": (INJECT, None, same, same, {"bytes_in": 9, "bytes_out": 9}),
    "an interrupt is lost: what is sent next finds its byte": (DROP_IRQ, dict(count=1), same, same, {"bytes_in": 9}),
    "an interrupt is late": (DELAY_IRQ, dict(count=1, time_ns=3 * MS), same, same, {"bytes_in": 9}),
    "interrupts come twice: the second is spurious": (DUPLICATE_IRQ, dict(count=4, time_ns=50_000), same, same,
                                                      {"interrupts_spurious": 4}),
    "an interrupt belongs to no byte": (ADD_IRQ, {}, same, same, {"interrupts_spurious": 1}),
    "a storm of interrupts": (IRQ_STORM, dict(count=50, time_ns=20_000), same, same, {"interrupts_spurious": 20}),
    "no interrupt for a while": (DEAD_IRQ, dict(time_ns=2 * MS), same, same, {"bytes_in": 9}),
    "DSR says for a while that nothing waits": (HOLD_DSR, dict(time_ns=2 * MS, value=1), same, same, {"bytes_in": 9}),
    "DSR says for a while that a byte waits": (HOLD_DSR, dict(time_ns=2 * MS, value=0), None, same, {"bytes_in": 9}),
    "DRR says for a while that the card is busy": (HOLD_DRR, dict(time_ns=60 * MS, value=1), same, same, {"bytes_out": 9}),
    "DRR says for a while that the card is ready": (HOLD_DRR, dict(time_ns=20 * MS, value=0), same, None, {"bytes_out": 9}),
    "a byte is corrupted on its way out": (CORRUPT_OUT, dict(count=1, value=1), same, first_wrong, {"bytes_out": 9}),
    "a byte is lost on its way out": (LOSE_OUT, dict(count=1), same, without_first, {"bytes_out": 9}),
    "a byte is corrupted on its way in": (CORRUPT_IN, dict(count=1, value=1), first_wrong, same, {"bytes_in": 9}),
    "a byte is lost on its way in": (LOSE_IN, dict(count=1), without_first, same, {"bytes_in": 8}),
    "a byte is corrupted inside the card": (CORRUPT_HOST, dict(count=1, value=1), first_wrong, same, {"bytes_in": 9}),
    "a byte is lost inside the card": (LOSE_HOST, dict(count=1), without_first, same, {"bytes_in": 8}),
    "a byte comes without its stop bit": (FRAMING_ERROR, dict(count=1), without_first, same, {"bytes_in": 8}),
    "the card is off the bus for a while": (FLOAT_BUS, dict(time_ns=5 * MS), same, same, {"bytes_in": 9, "bytes_out": 9}),
}
LONG = 2000 * MS
# {what: (action, its fields, status of START_DEVICE, {counter: value})}
STARTING = {
    "one ACK never comes: RESET is sent again": (WITHHOLD_ACK, dict(count=1), SUCCESS, {"resets": 2, "acks_missed": 1}),
    "no ACK comes": (WITHHOLD_ACK, dict(count=2), IO_DEVICE_ERROR, {}),
    "an ACK is late": (DELAY_ACK, dict(count=1, time_ns=40 * MS), SUCCESS, {"resets": 1, "acks_missed": 0}),
    "an ACK is corrupted": (CORRUPT_ACK, dict(count=1, value=0x0E), SUCCESS, {"resets": 2, "acks_missed": 1}),
    "an ACK is corrupted at the latch": (CORRUPT_HOST, dict(count=1, value=0x0E), SUCCESS, {"resets": 2}),
    "an ACK is lost at the latch": (LOSE_HOST, dict(count=1), SUCCESS, {"resets": 2}),
    "the card is busy for ever, which reads as no card": (HOLD_DRR, dict(time_ns=LONG, value=1), NO_SUCH_DEVICE, {}),
    "the card never shows a byte": (HOLD_DSR, dict(time_ns=LONG, value=1), IO_DEVICE_ERROR, {}),
    "the card is off the bus": (FLOAT_BUS, dict(time_ns=LONG), NO_SUCH_DEVICE, {}),
    "its interrupt is dead: input is polled": (DEAD_IRQ, dict(time_ns=LONG), SUCCESS, {"interrupts": 0}),
    "a storm of interrupts while it starts": (IRQ_STORM, dict(count=100, time_ns=100_000), SUCCESS, {"resets": 1}),
}


def section(faults, injected=()):
    """A CUES section: a fault for each marker, and bytes that arrive on MIDI IN a tenth of a millisecond later."""
    rows = [cue(MARKER, action, argument=number, **fields) for number, (action, fields) in faults.items() if fields is not None]
    payload, table = b"", plan_writer.CUES_HEADER + plan_writer.CUE * (len(rows) + len(injected))
    for number in injected:
        rows.append(cue(MARKER, INJECT, argument=number, delay_ns=100_000, count=9, value=table + len(payload)))
        payload += message(number)
    return cues(rows, payload)


class MidStream(OwnDriver):
    def test_every_cue_of_the_card_is_tried(self):
        tried = {action for table in (STREAMING, STARTING) for action, *_ in table.values()}
        text = (SOURCE / "device-model/probe/mpulab_cue_actions.def").read_text()
        self.assertEqual(tried, {int(number) for number in re.findall(r"^MPULAB_ACTION\((\d+),", text, re.M)})

    def test_in_mid_stream_the_driver_passes_on_what_the_card_gives_and_takes_and_goes_on(self):
        self.open_render()
        self.open_capture()
        asked = [self.ask()]
        for number in range(1, len(STREAMING) + 1):
            self.score.marker(number)
            self.score.delay_ms(2)
            self.write(message(number))
            self.score.delay_ms(100)
            asked.append(self.ask())
        self.score.set_state(CAPTURE, PAUSE)
        self.score.read_stop(CAPTURE)
        for slot in (CAPTURE, RENDER, FILTER):
            self.score.close(slot)
        self.score.remove_device()
        faults = {number: (action, fields) for number, (action, fields, *_) in enumerate(STREAMING.values(), 1)}
        run = self.play(cue_bytes=section(faults, faults))
        came, left = parts(run, "CAPTURED", lambda r: r.data), parts(run, "WIRE_OUT", lambda r: bytes([r.a]))
        seen = [counters(run, step) for step in asked]
        for number, (what, (action, _, into, out, least)) in enumerate(STREAMING.items(), 1):
            with self.subTest(what):
                if into:
                    self.assertEqual(came.get(number, b""), into(message(number)))
                else:  # a byte that is no byte may be read more than once
                    self.assertTrue(is_part(message(number), came[number]), came[number])
                if out:
                    self.assertEqual(left.get(number, b""), out(message(number)))
                else:  # bytes that the card was not ready for are lost in it
                    self.assertTrue(is_part(left[number], message(number)), left[number])
                for name, value in least.items():
                    self.assertGreaterEqual(seen[number][name] - seen[number - 1][name], value, name)
                self.assertEqual(seen[number]["bytes_in_dropped"] + seen[number]["bytes_out_dropped"], 0)
        self.assertEqual(run.findings(), [])


class Start(OwnDriver):
    def test_a_card_that_can_be_driven_is_started_and_another_is_refused_by_what_it_did(self):
        score = self.score
        score.close(FILTER)
        score.remove_device()
        steps, wire = [], b""
        for number, (what, (_, _, status, _)) in enumerate(STARTING.items(), 1):
            score.marker(number)
            start = score.device(ADD_DEVICE, flags=MAY_FAIL)
            asked = None
            if status != SUCCESS:
                score.delay_ms(2500)  # until the fault is over
                score.device(ADD_DEVICE)
            score.open_filter(FILTER)
            asked = self.ask()
            self.open_render()
            self.write(bytes([0xC0, number]))
            score.wait_writes(RENDER)
            score.set_state(RENDER, STOP)
            score.close(RENDER)
            score.close(FILTER)
            score.remove_device()
            score.delay_ms(2500)
            steps.append((what, start, status, asked))
            wire += bytes([0xC0, number])
        run = self.play(cue_bytes=section({number: row[:2] for number, row in enumerate(STARTING.values(), 1)}))
        for (what, start, status, asked), (_, _, _, values) in zip(steps, STARTING.values()):
            with self.subTest(what):
                self.assertStatus(run, start, status)
                seen = counters(run, asked)
                self.assertEqual({name: seen[name] for name in values}, values)
        self.assertEqual(bytes(byte for byte in wire_out(run) if byte < 0xF8), wire)
        self.assertEqual(run.findings(), [])

    def test_a_card_that_does_not_answer_enter_uart_is_driven_all_the_same(self):
        asked = self.ask()
        self.open_render()
        self.write(b"\x90\x3c\x40")
        self.score.wait_writes(RENDER)
        self.score.set_state(RENDER, STOP)
        run = self.play(cue_bytes=cues([cue(MODE, WITHHOLD_ACK, argument=1, count=1)]))
        self.assertEqual(counters(run, asked)["acks_missed"], 1)
        self.assertEqual(bytes(byte for byte in wire_out(run) if byte < 0xF8), b"\x90\x3c\x40")


def parts(run, kind, data):
    """{marker: what of this kind came after it}"""
    found, number = {}, 0
    for r in run.of("MARKER", kind):
        number = r.a if r.kind == "MARKER" else number
        if r.kind == kind and (kind != "WIRE_OUT" or r.corr >> 56 != eventlog.OWN_BYTE):
            found[number] = found.get(number, b"") + data(r)
    return found


if __name__ == "__main__":
    unittest.main()
