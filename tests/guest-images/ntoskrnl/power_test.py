#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a device's power IRPs do to the card: a driver (power.sys) asks for D-states and reads the card's ports after each."""
import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import guest_machine  # noqa: E402

D0, D1, D3 = 1, 2, 4  # DEVICE_POWER_STATE
INVALID_PARAMETER = 0xC000000D
OFF, FRESH = (0xFF, 0xFF), (0xFE, 0xBF)
WALK = [("set", D3, 0, OFF), ("query", D0, 0, OFF), ("set", D0, 0, FRESH), ("set", D1, 0, FRESH),
        ("set", 0, INVALID_PARAMETER, FRESH), ("set", 5, INVALID_PARAMETER, FRESH), ("set", D3, 0, OFF), ("set", D0, 0, FRESH)]


class Power(unittest.TestCase):
    def play(self, cards):
        driver = guest_machine.test_driver("ntoskrnl/power", "power")
        run = guest_machine.boot(guest_machine.Score(), driver, card=cards)
        self.assertEqual(run.end, 0, run)
        walk = [(verb, int(state), int(status, 16), (int(data, 16), int(bits, 16))) for verb, state, status, data, bits in
                re.findall(r"power: (\w+) (\d+) is (\w+), reads (\w+) (\w+)", run.text)]
        return run, walk

    def test_set_power_d3_makes_a_card_deaf_and_d0_brings_it_back_as_after_power_on(self):
        run, walk = self.play("iobase=0x330,irq=7")
        self.assertEqual(walk, WALK, run)
        self.assertEqual([(record.a, record.b) for record in run.of("POWER")], [(3, 0), (0, 3), (1, 0), (3, 1), (0, 3)])

    def test_each_of_two_cards_hears_of_its_own_device_alone(self):
        run, walk = self.play(("iobase=0x330,irq=7", "iobase=0x300,irq=5"))
        self.assertEqual(walk, WALK * 2, run)
        self.assertEqual([record.unit for record in run.of("POWER")], [0] * 5 + [1] * 5)


if __name__ == "__main__":
    unittest.main()
