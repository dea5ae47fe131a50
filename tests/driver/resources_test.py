#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every resource list of rule V41 (guest-images/agent/resource_lists.def): refused with the documented status and nothing
left behind, or taken, and then it plays. All of them in one boot: the device is put back and taken away for each."""
from own_driver import *  # noqa: F403

LISTS = {name: int(number) for number, name in
         re.findall(r"^MPULAB_RESOURCE_LIST\((\d+), (\w+),", (SOURCE / "guest-images/agent/resource_lists.def").read_text(), re.M)}
TAKEN = ["OWN", "NO_INTERRUPT", "PORT_OF_EIGHT", "TWO_PORTS", "INTERRUPT_FIRST", "PRIVATE"]


class Lists(OwnDriver):
    @classmethod
    def setUpClass(cls):
        test = cls("runTest")
        test.setUp()
        score = test.score
        score.close(FILTER)
        score.remove_device()
        cls.wrong = score.device(DEAL_RESOURCES, len(LISTS), flags=MAY_FAIL)
        cls.steps = {}
        for name, number in LISTS.items():
            score.device(DEAL_RESOURCES, number)
            cls.steps[name] = score.device(ADD_DEVICE, flags=MAY_FAIL)
            if name in TAKEN:
                score.open_filter(FILTER)
                test.open_render()
                test.write(bytes([0xC0, number]))
                score.wait_writes(RENDER)
                score.set_state(RENDER, STOP)
                score.close(RENDER)
                score.close(FILTER)
                score.remove_device()
        score.device(DEAL_RESOURCES, 0)
        cls.after = score.device(ADD_DEVICE)
        cls.run_ = test.play()

    def runTest(self):
        pass

    def test_a_list_the_card_cannot_be_driven_with_is_a_configuration_error(self):
        for name in LISTS.keys() - set(TAKEN):
            with self.subTest(name):
                self.assertStatus(self.run_, self.steps[name], DEVICE_CONFIGURATION_ERROR)

    def test_a_list_with_what_the_card_needs_starts_it_and_it_plays(self):
        for name in TAKEN:
            with self.subTest(name):
                self.assertStatus(self.run_, self.steps[name], SUCCESS)
        self.assertEqual(wire_out(self.run_), b"".join(bytes([0xC0, LISTS[name]]) for name in LISTS if name in TAKEN))

    def test_no_port_is_touched_before_a_list_is_found_good_and_none_beyond_the_cards_two(self):
        for name in LISTS.keys() - set(TAKEN):
            with self.subTest(name):
                inside = [r for r in between(self.run_, self.steps[name], self.steps[name]) if r.kind in ("REG_READ", "REG_WRITE")]
                self.assertEqual(inside, [])
        self.assertEqual({r.a for r in self.run_.of("REG_READ", "REG_WRITE")}, {0, 1})

    def test_each_refusal_says_what_was_seen_and_what_was_expected(self):
        said = {name: "".join(r.data.decode() for r in between(self.run_, step, step) if r.kind == "TEXT")
                for name, step in self.steps.items()}
        for name, line in (("TWO_INTERRUPTS", "1 port ranges, 2 interrupts, 0 DMA channels assigned: expected 1, 0 or 1, 0"),
                           ("DMA", "1 port ranges, 1 interrupts, 1 DMA channels assigned"),
                           ("MEMORY", "0 port ranges, 1 interrupts"), ("NO_PORT", "0 port ranges, 1 interrupts"),
                           ("PORT_OF_ONE", "+1 assigned: expected 2 ports below 0x10000"),
                           ("PORT_ABOVE", "port range 0x10000..+2 assigned"), ("PORT_AT_END", "0xffff..+2 assigned")):
            with self.subTest(name):
                self.assertIn(line, said[name])

    def test_nothing_is_left_behind_and_the_device_starts_with_its_own_list_afterwards(self):
        self.assertStatus(self.run_, self.wrong, INVALID_PARAMETER)
        self.assertStatus(self.run_, self.after, SUCCESS)
        self.assertEqual(self.run_.findings(), [])


if __name__ == "__main__":
    unittest.main()
