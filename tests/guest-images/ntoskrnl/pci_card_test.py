#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A card on PCI: what a driver is given for it, by its line and by messages (pci_card.sys)."""
import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import guest_machine  # noqa: E402

PORT, INTERRUPT, MEMORY = 1, 2, 3  # CmResourceType
BY_LINE, BY_MESSAGE = 3, 2  # interrupts that the driver makes; the third one with a bystander on the line


class PciCard(unittest.TestCase):
    def play(self, card="pci-mpu401,addr=4", files=None, score=None, **options):
        driver = guest_machine.test_driver("ntoskrnl/pci_card", "pci_card")
        run = guest_machine.boot(score or guest_machine.Score(), driver, card=card, files=files, **options)
        self.assertEqual(run.end, 0, run)
        self.assertEqual(re.findall("FAILED.*", run.text), [], run)
        return run

    def instance(self, run):
        return re.search(r"hardware ids 00000000 (\S+)", run.text).group(1) + "\\0"

    def test_a_function_has_the_ids_of_its_configuration_space(self):
        run = self.play()
        self.assertIn("pci: ids 4d501234, decodes 1", run.text)
        ids = re.search("pci: hardware ids 00000000 (.*)", run.text).group(1).split()
        self.assertEqual(ids[3], "PCI\\VEN_1234&DEV_4D50")
        self.assertTrue(all(item.startswith("PCI\\VEN_1234&DEV_4D50") for item in ids), ids)
        self.assertIn("pci: enumerator 00000000 PCI\n", run.text)

    def test_ports_and_a_shared_level_line_are_raw_and_translated(self):
        run = self.play()
        found = re.findall(r"pci: (\w+) type (\d) start (\w+) length (\d+)", run.text)
        self.assertEqual([(kind, int(type_), int(length)) for kind, type_, _, length in found],
                         [("raw", PORT, 8), ("translated", PORT, 8)])
        lines = re.findall(r"pci: (\w+) interrupt level (\d+) vector (\d+) flags (\d) share (\d)", run.text)
        raw, translated = lines
        self.assertIn(int(raw[1]), (10, 11))
        self.assertEqual(raw[1], raw[2])
        self.assertEqual(int(translated[2]) >> 4, int(translated[1]))
        self.assertEqual([line[3:] for line in lines], [("0", "3")] * 2)  # level-sensitive, shared
        self.assertIn("pci: connected 00000000 by line", run.text)
        self.assertEqual(run.text.count("1 interrupts, byte fe"), BY_LINE)

    def test_a_card_in_memory_gets_an_address_and_is_decoded_there(self):
        run = self.play(card="pci-mpu401,addr=4,bar=memory")
        self.assertIn("pci: ids 4d501234, decodes 2", run.text)
        self.assertIn(f"type {MEMORY} ", run.text)
        self.assertEqual(run.text.count("1 interrupts, byte fe"), BY_LINE)

    def test_messages_are_given_when_the_package_asks_for_them_and_not_otherwise(self):
        without = self.play()
        registry = guest_machine.messages_asked_for(self.instance(without))
        run = self.play(files={"registry.reg": registry})
        raw, translated = re.findall(r"interrupt level (\d+) vector (\d+) flags (\d) share (\d)", run.text)
        self.assertEqual(raw[2:], ("3", "1"))  # latched, message; exclusive
        self.assertEqual(int(translated[1]) >> 4, int(translated[0]))
        self.assertIn("pci: connected 00000000 by message", run.text)
        self.assertEqual(run.text.count("1 interrupts, byte fe"), BY_MESSAGE)
        off = self.play(card="pci-mpu401,addr=4,msi=off", files={"registry.reg": registry})
        self.assertIn("pci: connected 00000000 by line", off.text)

    def test_two_cards_on_one_line_are_started_one_after_the_other(self):
        run = self.play(card=("pci-mpu401,addr=4", "pci-mpu401,addr=8"))  # four slots apart: the same line
        self.assertEqual(run.text.count("1 interrupts, byte fe"), 2 * BY_LINE)

    def test_the_interrupt_is_served_on_two_processors_too(self):
        run = self.play(cpus=2)
        self.assertEqual(run.text.count("1 interrupts, byte fe"), BY_LINE)

    def restarts(self, *arguments, **options):
        """[(start of its registers, (raw, translated) interrupt)] of each start: the first, and one with each argument."""
        score = guest_machine.Score()
        for argument in arguments:
            for request, value in ((guest_machine.QUERY_STOP, 0), (guest_machine.STOP_DEVICE, 0),
                                   (guest_machine.START_DEVICE, argument)):
                score.device(request, value)
        run = self.play(score=score, **options)
        places = re.findall(r"pci: translated type \d start (\w+)", run.text)
        lines = [tuple(map(int, found)) for found in
                 re.findall(r"pci: (?:raw|translated) interrupt level (\d+) vector (\d+)", run.text)]
        return run, [(int(place, 16), raw, translated) for place, raw, translated in zip(places, lines[::2], lines[1::2])]

    def test_a_card_started_elsewhere_answers_and_interrupts_there_and_no_longer_where_it_was(self):
        # Where nothing answers QEMU reads ports as ones and memory as zeros; the card's status would be bf.
        for card, nobody in (("pci-mpu401,addr=4", "ff"), ("pci-mpu401,addr=4,bar=memory", "00")):
            run, starts = self.restarts(guest_machine.ELSEWHERE, guest_machine.ELSEWHERE, card=card)
            places, raw, translated = zip(*starts)
            self.assertEqual(len(set(places)), 3, starts)
            first, second = raw[0][0], raw[1][0]
            self.assertEqual({first, second}, {10, 11})
            self.assertEqual([line[0] for line in raw], [first, second, first], "the other line, and back")
            self.assertNotEqual(translated[0], translated[1])
            self.assertEqual(translated[0], translated[2])
            self.assertEqual(run.text.count("1 interrupts, byte fe"), 3 * BY_LINE, run)
            self.assertEqual(re.findall("the former place reads (..)", run.text), [nobody] * 2)

    def test_messages_of_a_card_started_elsewhere_come_by_another_vector(self):
        registry = guest_machine.messages_asked_for(self.instance(self.play()))
        run, starts = self.restarts(guest_machine.ELSEWHERE, guest_machine.ELSEWHERE, files={"registry.reg": registry})
        vectors = [translated[1] for _, _, translated in starts]
        self.assertEqual((len(set(vectors)), vectors[0]), (2, vectors[2]), starts)
        self.assertEqual(run.text.count("connected 00000000 by message"), 3)
        self.assertEqual(run.text.count("1 interrupts, byte fe"), 3 * BY_MESSAGE, run)

    def test_a_line_that_another_started_card_hears_stays_when_one_of_them_moves(self):
        run, starts = self.restarts(guest_machine.ELSEWHERE, card=("pci-mpu401,addr=4", "pci-mpu401,addr=8"))
        self.assertEqual(len({place for place, _, _ in starts}), 3, starts)
        self.assertEqual(len({raw for _, raw, _ in starts}), 1, starts)
        self.assertEqual(run.text.count("1 interrupts, byte fe"), 3 * BY_LINE, run)

    def test_a_card_started_again_where_it_was_keeps_everything(self):
        run, starts = self.restarts(0)
        self.assertEqual(starts[0], starts[1])
        self.assertNotIn("the former place", run.text)
        self.assertEqual(run.text.count("1 interrupts, byte fe"), 2 * BY_LINE, run)

    def test_a_card_that_runs_is_not_started_elsewhere(self):
        score = guest_machine.Score()
        step = score.device(guest_machine.START_DEVICE, guest_machine.ELSEWHERE, flags=guest_machine.MAY_FAIL)
        run = self.play(score=score)
        self.assertEqual(run.status_of(step), 0xC0000184)  # STATUS_INVALID_DEVICE_STATE
        self.assertEqual(run.text.count("pci: raw interrupt"), 1)

    def test_a_package_for_another_id_leaves_the_card_alone(self):
        run = self.play(files={"boot.cfg": b"driver=pci_card.sys\nid=PCI\\VEN_8086&DEV_FFFF\n"})
        self.assertNotIn("pci: ", run.text)

    def test_a_function_that_is_no_card_of_ours_is_found_by_its_id(self):
        run = self.play(files={"boot.cfg": b"driver=pci_card.sys\nid=PCI\\VEN_1234&DEV_4D50&CC_0401\n"})
        self.assertIn("pci: ids 4d501234", run.text)


if __name__ == "__main__":
    unittest.main()
