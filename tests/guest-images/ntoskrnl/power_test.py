#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The bus driver tells the card its D-state: power.sys asks for D3 and D0 as any function driver does."""
import os
import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import guest_machine  # noqa: E402


class Power(unittest.TestCase):
    def test_a_card_that_its_driver_puts_into_d3_reads_ff_and_is_new_in_d0(self):
        driver = pathlib.Path(os.environ["MPULAB_BUILD"]) / "tests/guest-images/ntoskrnl/power/power.sys"
        run = guest_machine.boot(guest_machine.Score(), driver)
        self.assertEqual(re.findall("power: (.*)", run.text), [
            "STATUS 0xbf", "to D3: 0x00000103, 0x00000000", "STATUS 0xff", "to D0: 0x00000103, 0x00000000", "STATUS 0xbf"])
        powers = run.of("POWER")
        self.assertEqual([(record.a, record.b, record.c) for record in powers], [(3, 0, 0), (0, 3, 0)])
        self.assertTrue(all(record.pc for record in powers), "by an instruction of the guest")

    def test_each_of_two_cards_gets_its_own(self):
        driver = pathlib.Path(os.environ["MPULAB_BUILD"]) / "tests/guest-images/ntoskrnl/power/power.sys"
        run = guest_machine.boot(guest_machine.Score(), driver, card=["iobase=0x330,irq=7", "iobase=0x300,irq=5,unit=9"])
        self.assertEqual([(record.unit, record.a) for record in run.of("POWER")], [(0, 3), (0, 0), (9, 3), (9, 0)])


if __name__ == "__main__":
    unittest.main()
