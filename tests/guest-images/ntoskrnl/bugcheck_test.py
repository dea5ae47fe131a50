#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A driver that breaks a rule ends the run with a report: code and its name, four parameters, the place as module and
offset, a stack that symbols can be put to, and a line that says in words what happened. Codes and parameters are those
of Microsoft's "Bug check code reference"."""
import struct
import unittest

from faulty_driver import *  # noqa: F403

THROUGH = ["inner", "outer", "DriverEntry"]
# Faults that break a rule of nanont_rules.def: the FINDING before the bugcheck says which. Of the others there is none.
RULES = {"read_only_write": 65, "data_executed": 65, "double_completion": 71, "double_free": 51, "wrong_tag": 51,
         "foreign_free": 51, "overrun": 52, "underrun": 52, "written_behind": 52, "read_after_free": 48,
         "paged_pool_at_dispatch": 2, "paged_code_at_dispatch": 2, "paged_pool_copied_at_dispatch": 2,
         "paged_pool_taken_at_dispatch": 1, "paged_pool_freed_at_dispatch": 1, "pool_at_dirql": 1, "dpc_leaks_irql": 3, "entry_leaks_irql": 3,
         "promised_wait_never_comes": 3, "wait_promised_at_dispatch": 1,
         "lock_taken_twice": 5, "lock_not_held": 6, "stack_misaligned": 68, "stack_overflow": 59}


class Report(Faulty):
    def report(self, fault, code, name, *words, parameters=(), on_stack=True, **more):
        """Boots the fault and checks its report. Parameters: a number, "here" (an address in the driver), None (any).
        on_stack: the fault's function and all up to DriverEntry are on it; else nothing of the driver's is."""
        run = boot(fault, **more)
        self.assertEqual(run.end, BUGCHECK, run)
        self.assertEqual(run.detail, code, run)
        self.assertEqual([rule for rule, _ in run.findings()], [RULES[fault]] if fault in RULES else [], run)
        seen, values = run.bugcheck()
        self.assertEqual(seen, code, run)
        base, size = guest_machine.eventlog.modules(run.records)[image(fault).name]
        for value, expected in zip(values, parameters):
            if expected == "here":
                self.assertTrue(base <= value < base + size, f"{value:#x} is not in the driver\n{run}")
            elif expected is not None:
                self.assertEqual(f"{value:#x}", f"{expected:#x}", run)
        line = run.text.splitlines()[-1]
        numbers = ", ".join(f"{value:#x}" for value in values)
        self.assertTrue(line.startswith(f"STOP {code:#x} {name} ({numbers}) at "), line)
        for word in words:
            self.assertIn(word, line)
        self.registers(run)
        kinds = [record.kind for record in run.records if record.kind in ("BUGCHECK", "BUGCHECK_MORE", "FRAME")]
        self.assertEqual(kinds[:2], ["BUGCHECK", "BUGCHECK_MORE"])
        self.assertLessEqual(len(kinds), 2 + 32, "the stack is bounded")
        self.assertEqual(self.stack_of(run, fault), [fault] + THROUGH if on_stack else [], run)
        return run, line

    def registers(self, run):
        """Each once, those of the place the stack begins at: {name: (value, upper half)}."""
        order = [record.kind for record in run.records if record.kind in ("BUGCHECK_MORE", "REGISTER", "FRAME")]
        self.assertEqual(order, sorted(order, key=("BUGCHECK_MORE", "REGISTER", "FRAME").index), "told in this order")
        found = {guest_machine.eventlog.REGISTERS[record.a]: (record.b, record.c) for record in run.of("REGISTER")}
        self.assertEqual(len(found), len(run.of("REGISTER")), "none twice")
        self.assertLessEqual({"RIP", "RSP", "RBX", "RBP", "R15", "CR2", "CR3", "CR8", "XMM6", "XMM15"}, set(found))
        frame = run.of("FRAME")[0]
        self.assertEqual((found["RIP"][0], found["RSP"][0]), (frame.a, frame.b), run)
        return found

    def test_the_registers_of_a_fault_are_told_as_they_were(self):
        run = boot("registers")
        seen = self.registers(run)
        for index, name in enumerate(("RAX", "RCX", "RDX", "RBX", "RSI", "RDI", "R8", "R9", "R10", "R11", "R12", "R13",
                                      "R14", "R15")):
            self.assertEqual(f"{seen[name][0]:#x}", f"{0x1111000000000000 + index:#x}", name)
        self.assertEqual(seen["XMM0"], (0x1111000000000000, 0x1111000000000001))
        self.assertEqual(seen["XMM7"], (0x1111000000000002, 0x1111000000000003))
        self.assertEqual((seen["CR8"][0], seen["CS"][0]), (0, 8))
        self.assertTrue(seen["RFLAGS"][0] & 1, "carry was set")

    # What the processor finds.

    def test_a_null_pointer_read_at_passive_level_is_an_exception_that_no_system_thread_handles(self):
        self.report("null_read_at_passive", 0x7E, "SYSTEM_THREAD_EXCEPTION_NOT_HANDLED", "null pointer",
                    parameters=(0xC0000005, "here"))

    def test_a_null_pointer_read_at_dispatch_level_is_driver_irql_not_less_or_equal(self):
        self.report("null_read_at_dispatch", 0xD1, "DRIVER_IRQL_NOT_LESS_OR_EQUAL", "DISPATCH_LEVEL",
                    parameters=(0x10, 2, 0, "here"))

    def test_a_call_through_a_null_pointer_is_traced_to_its_caller(self):
        if guest_machine.ABI == "msvc":  # control-flow guard does not let it get there
            self.report("null_call", 0x139, "KERNEL_SECURITY_CHECK_FAILURE", "control-flow guard",
                        "called from faulty-null_call.sys+0x", parameters=(10,))
            return
        run, _ = self.report("null_call", 0x7E, "SYSTEM_THREAD_EXCEPTION_NOT_HANDLED", "in no module",
                             "called from faulty-null_call.sys+0x", parameters=(0xC0000005, 0))
        self.assertEqual(run.stack()[0], ("?", 0))

    def test_kernel_memory_that_is_not_there_is_page_fault_in_nonpaged_area(self):
        self.report("wild_read", 0x50, "PAGE_FAULT_IN_NONPAGED_AREA", parameters=(0xFFFFF70012345678, 0, "here", None))

    def test_a_write_to_code_is_attempted_write_to_readonly_memory(self):
        self.report("read_only_write", 0xBE, "ATTEMPTED_WRITE_TO_READONLY_MEMORY", parameters=("here",))

    def test_data_that_is_executed_is_attempted_execute_of_noexecute_memory(self):
        run = boot("data_executed")
        self.assertEqual(run.bugcheck()[0], 0xFC, run)
        self.assertIn("ATTEMPTED_EXECUTE_OF_NOEXECUTE_MEMORY", run.text)
        self.assertEqual(self.stack_of(run, "data_executed")[1:], ["data_executed"] + THROUGH)

    def test_what_an_interrupt_came_into_is_told_apart_from_callers(self):
        run = boot("endless_dpc")
        before = [frame.c for frame in run.of("FRAME")]
        self.assertIn(1, before, run)
        self.assertLess(len(run.stack(across_interrupts=False)), len(run.stack()))

    def test_the_place_of_an_exception_is_told_apart_from_that_of_a_call(self):
        for fault, exact in (("null_read_at_passive", 1), ("null_read_at_dispatch", 1), ("breakpoint", 1),
                             ("bugcheck_ex", 0), ("double_free", 0), ("quota_raises", 0)):
            with self.subTest(fault):
                self.assertEqual(boot(fault).of("FRAME")[0].c, exact)

    def test_exceptions_that_nobody_handles_carry_their_status(self):
        for fault, status, words in (("divide_by_zero", 0xC0000094, "division by zero"),
                                     ("illegal_instruction", 0xC000001D, "instruction"),
                                     ("breakpoint", 0x80000003, "breakpoint")):
            with self.subTest(fault):
                run = boot(fault)
                code, parameters = run.bugcheck()
                self.assertEqual((code, parameters[0]), (0x7E, status), run)
                self.assertIn(words, run.text)
                self.assertEqual(self.stack_of(run, fault)[0], fault)

    def test_a_stack_overflow_is_named_and_its_stack_is_bounded(self):
        run = boot("stack_overflow")
        code, parameters = run.bugcheck()
        self.assertEqual((code, parameters[0]), (0x7F, 8), run)
        self.assertIn("UNEXPECTED_KERNEL_MODE_TRAP", run.text)
        self.assertIn("kernel stack overflow", run.text)
        self.assertEqual(self.stack_of(run, "stack_overflow"), ["stack_overflow"] * 32)

    def test_a_fault_on_a_stack_that_is_not_there_is_reported_all_the_same(self):
        run = boot("second_fault")
        self.assertEqual((run.end, run.bugcheck()[0]), (BUGCHECK, 0x7F), run)
        self.assertEqual(self.stack_of(run, "second_fault"), ["second_fault"])

    # What the kernel finds.

    def test_a_wait_at_dispatch_level_is_attempted_switch_from_dpc(self):
        self.report("wait_at_dispatch", 0xB8, "ATTEMPTED_SWITCH_FROM_DPC", "IRQL 2", "called from faulty-wait_at")

    def test_a_wait_in_a_dpc_names_its_routine(self):
        run = boot("wait_in_dpc")
        code, parameters = run.bugcheck()
        base, size = guest_machine.eventlog.modules(run.records)["faulty-wait_in_dpc.sys"]
        self.assertEqual((code, parameters[1]), (0xB8, 0), run)
        self.assertTrue(base <= parameters[3] < base + size, run)
        self.assertEqual(self.stack_of(run, "wait_in_dpc"), ["waiting_dpc"])

    def test_an_irp_completed_twice_is_multiple_irp_complete_requests(self):
        self.report("double_completion", 0x44, "MULTIPLE_IRP_COMPLETE_REQUESTS", "completed or freed before")

    def test_an_irp_completed_as_pending_is_named(self):
        self.report("completed_as_pending", 0xC9, "DRIVER_VERIFIER_IOMANAGER_VIOLATION", "STATUS_PENDING",
                    parameters=(6, 0x103))

    def test_an_irp_is_not_used_again_that_is_the_io_managers_or_that_a_driver_holds(self):
        self.report("counted_irp_reused", 0x2A, "INCONSISTENT_IRP", "only one of IoAllocateIrp")
        self.report("held_irp_reused", 0x2A, "INCONSISTENT_IRP", "a cancel routine", parameters=(None, "here"))

    def test_a_part_of_an_mdl_lies_in_it_and_fits_its_target(self):
        for fault, words in (("partial_mdl_too_small", "made for fewer pages"),
                             ("partial_mdl_outside", "not in the source")):
            run = boot(fault)
            self.assertEqual((run.end, run.bugcheck()[0]), (BUGCHECK, 0x40), run)
            self.assertIn("TARGET_MDL_TOO_SMALL", run.text)
            self.assertIn(words, run.text.splitlines()[-1])
            self.assertEqual(self.stack_of(run, fault), ["partial_mdl", fault] + THROUGH)

    def test_a_work_item_queued_while_it_is_queued_is_named_with_its_routine(self):
        self.report("work_item_queued_twice", 0x96, "INVALID_WORK_QUEUE_ITEM", "while it is queued",
                    parameters=(None, 0, 0))

    def test_a_work_item_freed_while_it_is_queued_is_named_with_its_routine(self):
        self.report("queued_item_freed", 0xE4, "WORKER_INVALID", "freed while it is queued",
                    parameters=(2, None, "here", 0))

    def test_misuse_of_a_fast_mutex_is_told_as_deadlock_detection_tells_it(self):
        for fault, sub_code, words, more in (("mutex_taken_twice", 0x1000, "acquired again", (0, 0)),
                                             ("mutex_not_held", 0x1007, "nobody holds it", (0, 0)),
                                             ("mutex_of_another_thread", 0x1004, "does not hold it", (None, None))):
            with self.subTest(fault):
                run, _ = self.report(fault, 0xC4, "DRIVER_VERIFIER_DETECTED_VIOLATION", words,
                                     parameters=(sub_code, "here", *more))
        owner, releaser = run.bugcheck()[1][2:]
        self.assertNotIn(0, (owner, releaser))
        self.assertNotEqual(owner, releaser)

    def test_pages_unlocked_that_were_never_locked_are_named_with_their_mdl(self):
        self.report("pages_never_locked", 0xC4, "DRIVER_VERIFIER_DETECTED_VIOLATION", "are not locked",
                    parameters=(0x7C,))

    def test_relations_are_a_physical_device_object_s_and_no_other_s(self):
        self.report("relations_of_own_device", 0xCA, "PNP_DETECTED_FATAL_ERROR", "the physical device object",
                    parameters=(2,))

    def test_pool_on_a_quota_raises_when_there_is_none_and_unhandled_that_is_a_bugcheck(self):
        run = boot("quota_raises")
        code, parameters = run.bugcheck()
        self.assertEqual((code, parameters[0]), (0x7E, 0xC000009A), run)

    def test_a_device_is_not_said_to_power_down_at_dispatch_level(self):
        self.report("power_down_at_dispatch", 0x0A, "IRQL_NOT_LESS_OR_EQUAL", "PoSetPowerState", "IRQL 2",
                    parameters=("here", 2, 8, "here"))

    def test_pool_misuse_names_the_block_its_tag_and_what_happened_to_it(self):
        tag = struct.unpack("<I", b"Fult")[0]
        for fault, code, name, parameters, words in (
                ("double_free", 0xC2, "BAD_POOL_CALLER", (7, 0, tag), "freed a second time"),
                ("overrun", 0xC1, "SPECIAL_POOL_DETECTED_MEMORY_CORRUPTION", (None, None, 0, 0x24), "wrote past the end"),
                ("underrun", 0xC1, "SPECIAL_POOL_DETECTED_MEMORY_CORRUPTION", (None, None, 0, 0x23), "wrote before pool block"),
                ("wrong_tag", 0xC2, "BAD_POOL_CALLER", (0xA, None, tag), "freed with tag 'Oher'"),
                ("foreign_free", 0xC2, "BAD_POOL_CALLER", (0x46, "here"), "no block of the pool"),
                ("paged_pool_taken_at_dispatch", 0xC2, "BAD_POOL_CALLER", (8, 2, 1, 100), "expected APC_LEVEL or below"),
                ("paged_pool_freed_at_dispatch", 0xC2, "BAD_POOL_CALLER", (9, 2, 1), "expected APC_LEVEL or below"),
                ("pool_at_dirql", 0xC2, "BAD_POOL_CALLER", (8, 7, None, 100), "at IRQL 7")):
            with self.subTest(fault):
                self.report(fault, code, name, words, f"called from faulty-{fault}.sys+0x", parameters=parameters)

    def test_a_byte_too_far_and_a_touch_of_freed_pool_end_the_run_at_the_instruction_that_makes_them(self):
        for fault, code, name, access, words in (
                ("written_behind", 0xD6, "DRIVER_PAGE_FAULT_BEYOND_END_OF_ALLOCATION", 1, "byte 112 was touched of the pool block"),
                ("read_after_free", 0xD5, "DRIVER_PAGE_FAULT_IN_FREED_SPECIAL_POOL", 0, "byte 4 of the pool block")):
            with self.subTest(fault):
                _, line = self.report(fault, code, name, words, "tag 'Fult'", parameters=(None, access, "here", 0))
        self.assertRegex(line, r"freed at faulty-read_after_free\.sys\+0x[0-9a-f]+$")

    def test_where_blocks_begin_a_page_a_byte_before_one_ends_the_run_at_once_and_one_behind_when_it_is_freed(self):
        begins = {"special-pool": 1}
        _, line = self.report("underrun", 0xD6, "DRIVER_PAGE_FAULT_BEYOND_END_OF_ALLOCATION",
                              "byte -1 was touched of the pool block", "tag 'Fult'", parameters=(None, 0, "here", 0),
                              choices=begins)
        self.assertIn("which has 100 bytes", line)
        for fault in ("overrun", "written_behind"):
            self.report(fault, 0xC1, "SPECIAL_POOL_DETECTED_MEMORY_CORRUPTION", "wrote past the end",
                        f"called from faulty-{fault}.sys+0x", parameters=(None, None, 0, 0x24), choices=begins)

    def test_pageable_memory_at_dispatch_level_is_driver_irql_not_less_or_equal_though_it_was_touched_just_before(self):
        self.report("paged_pool_at_dispatch", 0xD1, "DRIVER_IRQL_NOT_LESS_OR_EQUAL", "a block of paged pool is pageable",
                    "at IRQL 2", parameters=(None, 2, 1, "here"))
        run = boot("paged_code_at_dispatch")
        code, (address, irql, access, place) = run.bugcheck()
        self.assertEqual((code, irql, access, address), (0xD1, 2, 8, place), run)
        self.assertIn("section PAGE of faulty-paged_code_at_dispatch.sys is pageable", run.text)
        self.assertEqual([rule for rule, _ in run.findings()], [2])
        self.assertEqual(self.stack_of(run, "paged_code_at_dispatch")[:2], ["in_paged_section", "paged_code_at_dispatch"], run)

    def test_pageable_memory_that_the_kernel_touches_at_dispatch_level_is_irql_not_less_or_equal(self):
        run = boot("paged_pool_copied_at_dispatch")
        code, (_, irql, access, place) = run.bugcheck()
        self.assertEqual((code, irql, access), (0x0A, 2, 0), run)
        base, size = guest_machine.eventlog.modules(run.records)["ntoskrnl.exe"]
        self.assertTrue(base <= place < base + size, run)
        self.assertEqual(self.stack_of(run, "paged_pool_copied_at_dispatch"), ["paged_pool_copied_at_dispatch"] + THROUGH, run)

    @unittest.skipIf(guest_machine.ABI == "mingw", "built without /GS")
    def test_a_buffer_on_the_stack_that_is_overrun_is_seen_by_the_cookie_that_the_loader_drew(self):
        run = boot("stack_overrun")
        code, (seen, cookie, complement, _) = run.bugcheck()
        self.assertEqual(code, 0xF7, run)
        self.assertIn("stack_overrun", self.stack_of(run, "stack_overrun")[:2], run)
        self.assertNotEqual(seen, cookie)
        self.assertEqual(cookie ^ complement, 2**64 - 1)
        self.assertNotIn(cookie, (0, 0x2B992DDFA232), "the default is replaced")
        base, _ = guest_machine.eventlog.modules(run.records)[image("stack_overrun").name]
        self.assertGreater((cookie ^ base & 0xFFFFFFFFFFFF) >> 24, 0, "by the loader: a driver's own would be near its address")

    def test_a_spin_lock_taken_twice_is_a_deadlock_told_with_both_places(self):
        self.report("lock_taken_twice", 0x0F, "SPIN_LOCK_ALREADY_OWNED", "a deadlock",
                    parameters=("here", "here", "here"))

    def test_a_spin_lock_released_by_nobody_that_holds_it_is_named(self):
        self.report("lock_not_held", 0x10, "SPIN_LOCK_NOT_OWNED", "does not hold it", parameters=("here", 0, "here"))

    def test_kebugcheckex_keeps_all_four_parameters_whole(self):
        run = boot("bugcheck_ex")
        self.assertEqual(run.bugcheck(), (0xE2, [0x11, 0x2222222222222222, 0x33, 0xFEDCBA9876543210]), run)
        self.assertIn("STOP 0xe2 MANUALLY_INITIATED_CRASH (0x11, 0x2222222222222222, 0x33, 0xfedcba9876543210) at "
                      "faulty-bugcheck_ex.sys+0x", run.text)
        self.assertEqual(boot("bugcheck_alone").bugcheck(), (0xE2, [0, 0, 0, 0]))

    def test_an_endless_dpc_ends_after_a_second_of_virtual_time_with_its_routine(self):
        run = boot("endless_dpc")
        self.assertEqual(run.bugcheck()[0], 0x133, run)
        self.assertIn("DPC_WATCHDOG_VIOLATION", run.text)
        self.assertRegex(run.text, r"DPC routine faulty-endless_dpc\.sys\+0x[0-9a-f]+ has been running for \d+ ms")
        self.assertEqual(self.stack_of(run, "endless_dpc"), ["dpc_routine"])
        began = [r.time for r in run.calls("DeferredRoutine")][0]
        self.assertAlmostEqual((run.records[-1].time - began) / 1e9, 1.0, delta=0.05)

    def test_dpcs_that_queue_themselves_end_after_a_second_of_virtual_time(self):
        run = boot("endless_dpcs")
        self.assertEqual((run.bugcheck()[0], run.bugcheck()[1][0]), (0x133, 1), run)
        self.assertRegex(run.text, r"DPCs have been running one after the other for \d+ ms")
        began = [r.time for r in run.calls("DeferredRoutine")][0]
        self.assertAlmostEqual((run.records[-1].time - began) / 1e9, 1.0, delta=0.05)

    def test_an_irql_that_a_callback_leaves_behind_is_told_with_the_callback(self):
        self.report("entry_leaks_irql", 0xC8, "IRQL_UNEXPECTED_VALUE",
                    "DriverEntry of faulty-entry_leaks_irql.sys was called at IRQL 0 and returned at 2",
                    parameters=(2 << 16 | 2, 0, 0, 0), on_stack=False)
        self.report("dpc_leaks_irql", 0xC8, "IRQL_UNEXPECTED_VALUE", "DPC routine faulty-dpc_leaks_irql.sys+0x",
                    "returned at IRQL 0", parameters=(2 << 8 | 2, "here", 0, 0))  # it ran inside KeInsertQueueDpc

    def test_a_wait_that_is_promised_has_to_come_and_may_be_promised_where_it_may_block(self):
        self.report("promised_wait_never_comes", 0xC8, "IRQL_UNEXPECTED_VALUE",
                    "DriverEntry of faulty-promised_wait_never_comes.sys was called at IRQL 0 and returned at 2", on_stack=False)
        self.report("wait_promised_at_dispatch", 0xA, "IRQL_NOT_LESS_OR_EQUAL", "KeSetEvent with Wait = TRUE at IRQL 2",
                    parameters=("here", 2, 8, "here"))

    def test_a_call_with_a_stack_that_is_off_by_eight_is_told_at_the_call(self):
        run = boot("stack_misaligned")
        code, parameters = run.bugcheck()
        base, size = guest_machine.eventlog.modules(run.records)["faulty-stack_misaligned.sys"]
        self.assertEqual((run.end, code, parameters[0]), (BUGCHECK, 0x1E, 0x80000002), run)
        self.assertTrue(base <= parameters[1] < base + size, run)
        self.assertEqual([rule for rule, _ in run.findings()], [68])
        self.assertTrue(base <= run.of("FRAME")[0].a < base + size, run)
        self.assertRegex(run.text, r"KeFlushQueuedDpcs was called with the stack at [0-9A-F]+8; expected a multiple of 16")

    def test_a_report_is_the_same_each_time_byte_for_byte(self):
        for fault in ("double_free", "endless_dpc"):
            hashes = {boot(fault).sha256 for _ in range(3)}
            self.assertEqual(len(hashes), 1, fault)

    def test_a_driver_without_a_fault_plays_its_score(self):
        run = boot("none")
        self.assertEqual((run.end, run.detail), (SCORE_DONE, 0), run)
        self.assertEqual(run.of("BUGCHECK", "FRAME", "FINDING"), [])


if __name__ == "__main__":
    unittest.main()
