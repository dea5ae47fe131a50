#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a busy system does to a driver, by the seed (nanont_choices.def, from 64 on): threads lose their processor, DPCs,
interrupts and timers come late. The shipped driver loses no byte for it."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "driver"))
import plan_writer  # noqa: E402
from own_driver import *  # noqa: E402,F401,F403

BYTES = bytes([0x90, 0x3C, 0x40, 0x80, 0x3C, 0x00] * 8)
TROUBLES = ("preemption", "late-dpcs", "late-interrupts", "late-timers")


class Troubles(OwnDriver):
    def life(self, *troubles, seed=1):
        """Bytes go out and come in, some of them late by the troubles named."""
        self.setUp()
        self.open_render()
        self.open_capture()
        self.score.marker(1)
        for i in range(0, len(BYTES), 6):
            self.write(BYTES[i:i + 6])
        self.score.wait_captured(CAPTURE, len(BYTES))
        self.score.wait_writes(RENDER)
        self.score.delay_ms(40)
        for slot in (CAPTURE, RENDER, FILTER):
            self.score.close(slot)
        self.score.remove_device()
        run = self.play(choices=dict.fromkeys(troubles, 1), seed=seed,
                        cue_bytes=plan_writer.cue_section([(1, 0, BYTES)]))
        self.assertEqual(wire_out(run), BYTES, run)
        self.assertEqual(captured(run), BYTES, run)
        self.assertEqual(run.findings(), [])
        return run

    def delays(self, run, first, then, **which):
        """Times from each record of a kind to the next one of another, while bytes come in."""
        found, began = [], None
        marker = next(i for i, r in enumerate(run.records) if r.kind == "MARKER")
        last = max(i for i, r in enumerate(run.records) if r.kind == "WIRE_IN")
        for r in run.records[marker:last]:
            if r.kind == "CALL_ENTER" and eventlog.CALLBACKS[r.a] != "InterruptRoutine":
                continue
            if r.kind == first and all(getattr(r, key) == value for key, value in which.items()):
                began = r.time if began is None else began
            elif r.kind == then and began is not None:
                found.append(r.time - began)
                began = None
        return found

    def assertDrawn(self, name):
        """The trouble is in the result, is another for each seed, the same for the same, and nothing where it is not asked for."""
        plain, troubled = self.life(), self.life(name)
        self.assertNotIn(name, plain.choices())
        self.assertEqual(troubled.choices()[name], 1)
        self.assertEqual(self.life(name).sha256, troubled.sha256)
        self.assertNotEqual([r.time for r in self.life(name, seed=2).of("WIRE_OUT", "INTERRUPT")],
                            [r.time for r in troubled.of("WIRE_OUT", "INTERRUPT")])
        return plain, troubled

    def test_preemption(self):
        plain, troubled = self.assertDrawn("preemption")
        # In them the driver calls the kernel at PASSIVE_LEVEL, and now and then time passes on the way.
        calls = ("NewStream", "SetState", "StreamRelease")
        spent = [sum(left.time - entered.time for entered, left in zip(run.calls(*calls), run.calls(*calls, leave=True)))
                 for run in (plain, troubled, *(self.life("preemption", seed=seed) for seed in (2, 3, 4)))]
        self.assertGreater(sum(spent[1:]), 4 * spent[0] + 100_000, spent)

    def test_late_dpcs(self):
        plain, troubled = self.assertDrawn("late-dpcs")
        at_once, late = (self.delays(run, "INTERRUPT", "DPC", b=1) for run in (plain, troubled))
        self.assertLess(max(at_once), 100_000)
        self.assertGreater(max(late), 500_000)
        self.assertGreater(len(set(late)), len(late) // 2)

    def test_late_interrupts(self):
        plain, troubled = self.assertDrawn("late-interrupts")
        at_once, late = (self.delays(run, "IRQ", "CALL_ENTER", a=1) for run in (plain, troubled))
        self.assertLess(max(at_once), 20_000)
        self.assertTrue(60_000 < max(late) < 150_000, late)
        self.assertLess(min(late), 40_000)

    def test_late_timers(self):
        plain, troubled = self.assertDrawn("late-timers")
        self.assertNotEqual([r.time for r in plain.of("WIRE_OUT")], [r.time for r in troubled.of("WIRE_OUT")])

    def test_special_pool(self):
        plain, troubled = self.life(), self.life("special-pool")
        self.assertNotIn("special-pool", plain.choices())
        self.assertEqual(troubled.choices()["special-pool"], 1)

    def test_the_shipped_driver_loses_nothing_with_all_of_them_together(self):
        for seed in range(1, 6):
            with self.subTest(seed):
                self.life(*TROUBLES, seed=seed)

    def test_all_of_them_are_known_and_no_seed_draws_one(self):
        numbers = {name: number for name, (number, _) in plan_writer.choices().items()}
        self.assertEqual([numbers[name] for name in TROUBLES], [64, 65, 66, 67])
        for seed in (1, 2, 3):
            self.setUp()
            run = self.play(seed=seed, choices=guest_machine.DRAWN)
            self.assertFalse(set(TROUBLES) & set(run.choices()), seed)


if __name__ == "__main__":
    unittest.main()
