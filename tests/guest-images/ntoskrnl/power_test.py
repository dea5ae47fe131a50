#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a device's power IRPs do to the card: a driver (power.sys) asks for D-states and reads the card's ports after each."""
import functools
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
    @functools.lru_cache(None)
    def play(self, cards):
        driver = guest_machine.test_driver("ntoskrnl/power", "power")
        score = guest_machine.Score()
        score.delay_ms(50)  # what a system thread does
        run = guest_machine.boot(score, driver, card=cards)
        self.assertEqual(run.end, 0, run)
        walk = [(verb, int(state), int(status, 16), (int(data, 16), int(bits, 16))) for verb, state, status, data, bits in
                re.findall(r"power: (\w+) (\d+) is (\w+), reads (\w+) (\w+)", run.text)]
        return run, walk

    def test_set_power_d3_makes_a_card_deaf_and_d0_brings_it_back_as_after_power_on(self):
        run, walk = self.play("iobase=0x330,irq=7")
        self.assertEqual(walk, WALK * 2, run)  # it is started a second time
        self.assertEqual([(record.a, record.b) for record in run.of("POWER")][:5], [(3, 0), (0, 3), (1, 0), (3, 1), (0, 3)])

    def test_a_request_from_dispatch_level_comes_there_only_to_drivers_that_are_not_pageable(self):
        run, _ = self.play("iobase=0x330,irq=7")
        asked = re.findall(r"power: asked at dispatch, (.*): set (\d) is (\w+), came at (\d)", run.text)
        self.assertEqual(asked[:4], [("pageable", str(D3), "00000000", "0"), ("pageable", str(D0), "00000000", "0"),
                                 ("not pageable", str(D3), "00000000", "2"), ("not pageable", str(D0), "00000000", "2")])
        self.assertEqual([(record.a, record.b) for record in run.of("POWER")][5:9], [(3, 0), (0, 3)] * 2)

    def test_a_power_irp_comes_even_while_every_work_item_waits(self):
        run, _ = self.play("iobase=0x330,irq=7")
        self.assertEqual(re.findall("power: while workers wait: (.*)", run.text), ["00000000 00000000"] * 2)

    def test_a_minor_function_that_cannot_be_asked_for_is_the_second_parameter_s_fault(self):
        run, _ = self.play("iobase=0x330,irq=7")
        self.assertIn("power: sequence is c00000f0", run.text)

    def test_bus_relations_that_changed_are_asked_for_once_and_other_relations_not(self):
        run, _ = self.play("iobase=0x330,irq=7")
        self.assertEqual(re.findall(r"power: relations of type (\d) are asked for", run.text), ["0", "0"], "of each start, which says so twice")

    def test_a_power_state_that_is_set_gives_back_the_one_before_and_system_states_are_none_of_a_device_s(self):
        run, _ = self.play("iobase=0x330,irq=7")
        self.assertIn(f"power: PoSetPowerState {D0} {D3} {D1}, of another type 3\n", run.text)
        self.assertIn("PoSetPowerState with type 0: it is for device power states only", run.text)

    def test_a_device_whose_requirements_changed_is_stopped_and_started_again_once_for_each_time_it_says_so(self):
        run, _ = self.play("iobase=0x330,irq=7")
        self.assertEqual(re.findall(r"power: minor function (\d+)", run.text), ["5", "4"])  # QUERY_STOP, STOP

    def test_each_of_two_cards_hears_of_its_own_device_alone(self):
        run, walk = self.play(("iobase=0x330,irq=7", "iobase=0x300,irq=5"))
        self.assertEqual(walk, WALK * 4, run)
        self.assertEqual([record.unit for record in run.of("POWER")], [0] * 11 + [1] * 11 + [0] * 11 + [1] * 11)


if __name__ == "__main__":
    unittest.main()
