#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Several cards at once under the one driver: ISA beside PCI, with an interrupt of their own, by message, and shared."""
import plan_writer
from own_driver import *  # noqa: F403

# What the package's INF puts there (mpusynth.inf, [MPU.Messages]); that the INF does is package_zip_test's to see.
MESSAGES = {"registry.reg": guest_machine.messages_asked_for("PCI\\VEN_1234&DEV_4D50&SUBSYS_11001AF4&REV_01\\0")}
CARDS = ("iobase=0x330,irq=7", "iobase=0x300,irq=5", "pci-mpu401", "pci-mpu401,msi=off")


class Cards(OwnDriver):
    def setUp(self):
        self.score = guest_machine.Score()

    def test_each_card_plays_its_own_bytes_and_counts_them_while_the_others_play_theirs(self):
        score, asked = self.score, []
        for unit in range(len(CARDS)):
            score.open_filter(2 * unit, unit=unit)
            score.open_pin(2 * unit + 1, 2 * unit, RENDER_PIN)
            self.walk(2 * unit + 1, RUN)
        for turn in range(8):
            for unit in range(len(CARDS)):
                score.write(2 * unit + 1, record(0, bytes([0xA0 | unit, turn] * 8)))
        for unit in range(len(CARDS)):
            score.wait_writes(2 * unit + 1)
            score.set_state(2 * unit + 1, STOP)
            asked.append(self.ask(slot=2 * unit))
            score.close(2 * unit + 1)
            score.close(2 * unit)
        score.remove_device(1)
        score.open_filter(1, unit=3)  # what is left works on
        score.open_pin(2, 1, RENDER_PIN)
        self.walk(2, RUN)
        score.write(2, record(0, b"\xf6"))
        score.wait_writes(2)
        score.set_state(2, STOP)
        run = self.play(card=CARDS)
        song = [b"".join(bytes([0xA0 | unit, turn] * 8) for turn in range(8)) for unit in range(len(CARDS))]
        for unit, step in enumerate(asked):
            with self.subTest(CARDS[unit]):
                sent = bytes(r.a for r in run.of("WIRE_OUT")
                             if r.unit == unit and r.corr >> 56 != eventlog.OWN_BYTE and r.a < 0xF8)
                self.assertEqual(sent, song[unit] + (b"\xf6" if unit == 3 else b""))
                self.assertEqual(counters(run, step)["bytes_out"], len(song[unit]))
        self.assertEqual(run.findings(), [])

    def test_input_comes_by_message_and_by_a_shared_level_as_by_an_edge(self):
        data = bytes(range(0x80, 0xC0))
        for card in ("iobase=0x330,irq=7", "pci-mpu401", "pci-mpu401,msi=off"):
            with self.subTest(card):
                self.setUp()
                self.score.open_filter(FILTER)
                self.open_capture()
                self.score.marker(1)
                self.score.wait_captured(CAPTURE, len(data))
                asked = self.ask()
                run = self.play(card=card, cue_bytes=plan_writer.cue_section([(1, 0, data)]), files=MESSAGES)
                self.assertEqual(captured(run), data)
                self.assertEqual({r.c for r in run.of("INTERRUPT")}, {int(card == "pci-mpu401")})
                seen = counters(run, asked)
                self.assertEqual((seen["bytes_in"], seen["interrupts_spurious"]), (len(data), 0))


if __name__ == "__main__":
    unittest.main()
