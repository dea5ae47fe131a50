#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""usage: mutants.py [--full | --sample N] [--seed N] [--only NAME]

Breaks the card's core in one place at a time, each breakage a rule of latch, ACK, interrupt, FIFO, clock or saved state,
and shows that a named conformance case fails. The unbroken core must pass first. --sample draws that many breakages by
the seed (default 6); --full takes all. Exit codes: 0 each was noticed, 1 one was not, 2 a breakage no longer fits the
source, 64 usage.

Example: tests/conformance/mutants.py --only ack-pending-lost
"""
import argparse
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
MODEL = HERE.parents[1] / "device-model"
CASES = sorted(HERE.glob("[0-9]*.txt"))

# name, file in core/src, what stands there (exactly once), what a mistake would have put there
MUTANTS = (
    # latches (1.3, 1.4)
    ("stale-read-gives-ff", "card_io.cpp", "const uint8_t value = out_.byte;", "const uint8_t value = out_.full ? out_.byte : 0xff;"),
    ("stale-byte-at-power-on-is-zero", "card.hpp", "uint8_t byte = mpu401::kAck;", "uint8_t byte = 0;"),
    ("stale-read-starts-a-gap", "card_io.cpp", "if (!out_.full) { // stale",
     "if (!out_.full) out_.refill_at = now + 400'000;\n    if (!out_.full) { // stale"),
    ("read-does-not-empty-the-latch", "card_io.cpp", "    out_.full = false;\n", ""),
    ("write-does-not-set-drr", "card_io.cpp", "    in_.full = true;\n    in_.command", "    in_.full = offset == 0;\n    in_.command"),
    ("second-write-is-dropped", "card_io.cpp", "    const HostLatch before = in_;\n",
     "    const HostLatch before = in_;\n    if (before.full) return;\n"),
    ("overwriting-keeps-the-flag", "card_io.cpp", "in_.command = offset == mpu401::kCommandPort;",
     "in_.command = before.full ? before.command : offset == mpu401::kCommandPort;"),
    ("overwriting-does-not-wait-again", "card_io.cpp", "in_.fetch_at = after(now,", "if (!before.full) in_.fetch_at = after(now,"),
    ("overwriting-is-not-told", "card_io.cpp", "if (before.full) { // overwritten", "if (false) { // overwritten"),
    ("drr-is-active-high", "card_io.cpp", "if (in_.full) value |= mpu401::kStatusDrr;", "if (!in_.full) value |= mpu401::kStatusDrr;"),
    ("unused-bits-are-zero", "card_io.cpp", "uint8_t value = properties_.status_unused;", "uint8_t value = 0;"),
    # acknowledging (2.1)
    ("undefined-commands-have-no-ack", "card_firmware.cpp", "    acknowledge_at(after(at, properties_.timing.ack_ns), intelligent_.command(command));",
     "    const auto answer = intelligent_.command(command);\n"
     "    if (mpu401::command_range(command).function != mpu401::Function::None)\n"
     "        acknowledge_at(after(at, properties_.timing.ack_ns), answer);"),
    ("reset-in-uart-mode-is-acknowledged", "card_firmware.cpp", "if (!uart || properties_.uart_reset_ack) acknowledge_at", "acknowledge_at"),
    ("uart-reset-ack-is-ignored", "card_firmware.cpp", "if (!uart || properties_.uart_reset_ack) acknowledge_at", "if (!uart) acknowledge_at"),
    ("commands-work-in-uart-mode", "card_firmware.cpp", "    } else if (firmware_.mode == Mode::Uart) {\n        return;", "    } else if (command == 0x99) {\n        return;"),
    ("enter-uart-has-no-ack", "card_firmware.cpp", "    acknowledge_at(after(at, properties_.timing.enter_uart_ack_ns));\n", ""),
    ("ack-is-late", "timing.hpp", "    .ack_ns = 25'000,", "    .ack_ns = 90'000,"),
    ("ack-comes-at-once", "timing.hpp", "    .ack_ns = 25'000,", "    .ack_ns = 0,"),
    ("uart-only-acknowledges-everything", "card_firmware.cpp", "} else if (!properties_.uart_only) {", "} else {"),
    ("data-has-an-ack", "card_firmware.cpp", "        intelligent_.data(taken.byte); // no ACK\n",
     "        intelligent_.data(taken.byte);\n        acknowledge_at(after(at, properties_.timing.ack_ns));\n"),
    # reset and modes (2.2, 2.3)
    ("reset-is-over-at-once", "timing.hpp", ".reset_busy_ns = 27'200'000 - kAuthenticFetchNs,", ".reset_busy_ns = 0,"),
    ("uart-reset-is-as-short-as-the-other", "timing.hpp", ".uart_reset_busy_ns = 60'500'000", ".uart_reset_busy_ns = 27'200'000"),
    ("entering-uart-mode-takes-no-time", "timing.hpp", ".enter_uart_busy_ns = 34'000'000 - kAuthenticFetchNs,", ".enter_uart_busy_ns = 30'000,"),
    ("entering-uart-mode-hears-midi-in", "card_firmware.cpp", "    firmware_.deaf_until = firmware_.ready_at;\n", ""),
    ("reset-clears-the-latch", "card_firmware.cpp", "    intelligent_.reset();\n    start_midi_clock(at, 0);",
     "    out_.full = false;\n    update_irq(at);\n    intelligent_.reset();\n    start_midi_clock(at, 0);"),
    ("reset-keeps-deeper-input", "card_firmware.cpp", "    rx_.clear();\n    tx_gauge_", "    tx_gauge_"),
    ("reset-keeps-the-output", "card_firmware.cpp", "    tx_.clear();\n    rx_.clear();", "    rx_.clear();"),
    ("reset-keeps-the-tempo", "card_firmware.cpp", "    intelligent_.reset();\n    start_midi_clock(at, 0);", "    start_midi_clock(at, 0);"),
    ("power-on-keeps-the-mode", "card_power.cpp", "    firmware_ = Firmware{};\n", "    const Mode mode = firmware_.mode;\n    firmware_ = Firmware{};\n    firmware_.mode = mode;\n"),
    ("power-on-keeps-the-host-latch", "card_power.cpp", "    in_ = HostLatch{};\n", ""),
    ("a-command-waits-for-the-tx-fifo", "card_firmware.cpp", "return in_.command || firmware_.mode", "return firmware_.mode"),
    # interrupts (3)
    ("line-stays-up-between-bytes", "timing.hpp", "    .refill_gap_ns = 20'000,", "    .refill_gap_ns = 0,"),
    ("byte-readable-before-its-edge", "card_wire.cpp", "    update_irq(at);\n", ""),
    ("reading-does-not-drop-the-line", "card_io.cpp", "    update_irq(now);\n", ""),
    ("reply-comes-as-fast-as-any-byte", "card_io.cpp", "const bool reply = !rx_.empty() && rx_.front().reply;", "const bool reply = false;"),
    ("reply-comes-before-its-ack", "card_firmware.cpp", "    if (faults_.let_ack_pass(ack, at)) give_to_host(ack, false, at);\n    if (firmware_.answer.has_reply) give_to_host(firmware_.answer.reply, true, at);\n",
     "    if (firmware_.answer.has_reply) give_to_host(firmware_.answer.reply, true, at);\n    if (faults_.let_ack_pass(ack, at)) give_to_host(ack, false, at);\n"),
    # FIFOs and wire (2.4, 4)
    ("wire-is-not-paced", "timing.hpp", "    .tx_byte_ns = mpu401::kWireByteNs,", "    .tx_byte_ns = 0,"),
    ("oldest-input-is-dropped", "card_wire.cpp", "        emit(MPULAB_KIND_OVERRUN, at, 0, MPULAB_OVERRUN_RX_FIFO, byte, rx_.capacity());\n        return false;",
     "        emit(MPULAB_KIND_OVERRUN, at, 0, MPULAB_OVERRUN_RX_FIFO, byte, rx_.capacity());\n        rx_.pop();\n        rx_.push({++rx_count_, byte});\n        return false;"),
    ("lost-input-is-not-told", "card_wire.cpp", "        emit(MPULAB_KIND_OVERRUN, at, 0, MPULAB_OVERRUN_RX_FIFO, byte, rx_.capacity());\n        return false;", "        return false;"),
    ("a-full-tx-fifo-takes-bytes", "card_firmware.cpp", " || !tx_.full();", " || true;"),
    ("intelligent-mode-hears-midi-in", "card_wire.cpp", "firmware_.mode != Mode::Uart || at < firmware_.deaf_until", "at < firmware_.deaf_until"),
    ("intelligent-mode-sends-data", "card_firmware.cpp", "        intelligent_.data(taken.byte); // no ACK\n        return;\n", "        intelligent_.data(taken.byte);\n"),
    # clock, tempo, parameters (5)
    ("no-stop-after-reset", "card_firmware.cpp", "    start_midi_clock(at, 0);\n", ""),
    ("no-stop-at-power-on", "card.cpp", "    start_midi_clock(0, properties_.timing.fetch_ns);\n", ""),
    ("uart-mode-keeps-the-clock", "card_firmware.cpp", "    midi_clock_.stop(); // the box", "    // the box"),
    ("late-clocks-come-in-a-burst", "midi_clock.hpp", "        if (next <= at) next = after(next, interval * ((at - next) / interval + 1));\n", ""),
    ("clock-ignores-the-tempo", "intelligent_mode.hpp", "kMinuteNs / (24 * tempo())", "kMinuteNs / (24 * 100)"),
    ("32h-does-not-silence-the-clock", "intelligent_mode.hpp", "return internal_clock_ && !no_real_time_;", "return internal_clock_;"),
    ("a-command-leaves-the-parameter-pending", "intelligent_mode.cpp", "awaits_parameter_ = range.parameters != 0 ? code : kNoParameter;", "if (range.parameters != 0) awaits_parameter_ = code;"),
    ("a-parameter-is-taken-twice", "intelligent_mode.cpp", "    awaits_parameter_ = kNoParameter;\n}", "}"),
    ("tempo-is-not-clamped", "intelligent_mode.cpp", "std::clamp<int>(asked, limits.low, limits.high)", "asked"),
    # D-states (SPEC.md, Power)
    ("d3-decodes-as-ever", "card.hpp", "(powered() ? 0u : 1u)", "0u"),
    ("d3-takes-writes", "card_cues.cpp", "    return missed;\n", "    return faults_.off_bus();\n"),
    ("d3-keeps-the-byte-that-waits", "card_power.cpp", "    out_ = CardLatch{};\n", ""),
    ("d3-keeps-bytes-for-midi-out", "card_power.cpp", "    tx_.clear();\n", ""),
    ("d3-keeps-bytes-for-the-host", "card_power.cpp", "    rx_.clear();\n", ""),
    ("d3-keeps-the-tempo", "card_power.cpp", "    intelligent_.reset();\n", ""),
    ("d3-keeps-the-clock", "card_power.cpp", "    midi_clock_.stop();\n", ""),
    ("d1-is-off", "card.hpp", "d_state_ != kOff", "d_state_ == 0"),
    ("d0-sends-no-stop", "card_power.cpp", "    if (powered()) start_firmware(now);\n", ""),
    ("a-reset-of-the-machine-leaves-d3", "card_power.cpp", "    d_state_ = 0;\n", ""),
    ("save-loses-the-d-state", "card_state.cpp", "    d_state_ = in.get<uint8_t>();\n", "    in.get<uint8_t>();\n"),
    # saved state
    ("save-loses-a-pending-ack", "card_state.cpp", "    firmware_.ack_pending = in.get_bool();\n", "    firmware_.ack_pending = in.get_bool() && false;\n"),
    ("save-loses-the-reply", "card_state.cpp", "    firmware_.answer.has_reply = in.get_bool();\n", "    firmware_.answer.has_reply = in.get_bool() && false;\n"),
    ("save-loses-the-busy-time", "card_state.cpp", "    firmware_.ready_at = in.get_time();\n", "    in.get_time();\n    firmware_.ready_at = firmware_.ack_at;\n"),
    ("save-loses-the-stale-byte", "card_state.cpp", "    out_.byte = in.get<uint8_t>();\n", "    out_.byte = in.get<uint8_t>();\n    if (!out_.full) out_.byte = 0;\n"),
    ("save-loses-the-gap", "card_state.cpp", "    out_.refill_at = in.get_time();\n", "    in.get_time();\n    out_.refill_at = clock_;\n"),
    ("save-loses-the-deaf-time", "card_state.cpp", "    firmware_.deaf_until = in.get_time();\n", "    in.get_time();\n"),
    ("save-loses-the-wire", "card_state.cpp", "    tx_start_at_ = in.get_time();\n", "    in.get_time();\n    tx_start_at_ = clock_;\n"),
    ("save-loses-reply-marks", "fifo.hpp", "in.get<uint64_t>(), in.get<uint8_t>(), in.get_bool()}", "in.get<uint64_t>(), in.get<uint8_t>(), in.get_bool() && false}"),
    ("save-loses-the-tempo", "intelligent_mode.cpp", "    tempo_ = in.get<uint8_t>();\n", "    in.get<uint8_t>();\n"),
    ("save-loses-the-clock", "midi_clock.hpp", "        if (in.ok() && (next_", "        next_.at = kNever;\n        if (in.ok() && (next_"),
    ("save-loses-sounding-notes", "wire_watch.cpp", "        notes[1] = in.get<uint64_t>();\n    }", "        notes[1] = in.get<uint64_t>();\n        notes[0] = notes[1] = 0;\n    }"),
)


class Broken(Exception):
    """The source has changed under a mutant, or the unbroken core fails."""


class Bench:
    """The core and the runner, compiled once; a mutant costs its one file, or all of them when it is a header."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        shutil.copytree(MODEL, self.folder / "device-model", ignore=shutil.ignore_patterns("qemu", "regmaps", "*.md"))
        self.core = self.folder / "device-model" / "core" / "src"
        self.objects = {}
        for source in [*sorted(self.core.glob("*.cpp")), HERE / "case_file.cpp", HERE / "core_runner.cpp"]:
            self.objects[source] = self.folder / (source.stem + ".o")
        self.compile(self.objects)

    def compile(self, sources):
        model = self.folder / "device-model"
        includes = [f"-I{model / part}" for part in ("core/include", "link", "probe")]
        for source in sources:
            subprocess.run(["g++", "-std=c++20", "-O0", "-w", "-MD", *includes, "-c", source, "-o", self.objects[source]], check=True)

    def run(self):
        binary = self.folder / "conformance"
        subprocess.run(["g++", *self.objects.values(), "-o", binary], check=True)
        try:
            result = subprocess.run([binary, *CASES], capture_output=True, text=True, timeout=120)
        except subprocess.TimeoutExpired:
            return ["(it hangs)"]
        if result.returncode not in (0, 1):
            return [f"(exit code {result.returncode}: {result.stderr.strip()[:80]})"]
        return re.findall(r"^FAILED (.*)$", result.stdout, re.M)

    def check_place(self, name, file, old, _):
        if (count := (self.core / file).read_text().count(old)) != 1:
            raise Broken(f"{name}: {file} has {count} places that read\n{old}\nexpected 1; next: mend the mutant in {__file__}")

    def mutate(self, name, file, old, new):
        path = self.core / file
        text = path.read_text()
        touched = [path] if file.endswith(".cpp") else [s for s in self.objects if s.parent == self.core and self.reads(s, file)]
        kept = {self.objects[source]: self.objects[source].read_bytes() for source in touched}
        try:
            path.write_text(text.replace(old, new))
            self.compile(touched)
            return self.run()
        finally:
            path.write_text(text)
            for binary, contents in kept.items():
                binary.write_bytes(contents)

    def reads(self, source, header):
        """Does this source include that header, by whatever way? The compiler wrote it down."""
        return f"/{header}" in self.objects[source].with_suffix(".d").read_text()


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("\n\n")[0].removeprefix("usage: "))
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--sample", type=int, default=6)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only")
    try:
        options = parser.parse_args()
    except SystemExit as end:
        return 64 if end.code else 0
    chosen = [m for m in MUTANTS if m[0] == options.only] if options.only else list(MUTANTS)
    if not chosen:
        print(f"no mutant {options.only!r}", file=sys.stderr)
        return 64
    if not options.full and not options.only:
        chosen = random.Random(options.seed).sample(chosen, min(options.sample, len(chosen)))
    unnoticed = 0
    with tempfile.TemporaryDirectory(prefix="mpulab-mutants-") as folder:
        try:
            bench = Bench(folder)
            for mutant in MUTANTS:  # those that are not drawn, too: a change of the core is seen at once
                bench.check_place(*mutant)
            if failed := bench.run():
                raise Broken(f"the unbroken core fails {failed}")
            for mutant in chosen:
                failed = bench.mutate(*mutant)
                unnoticed += not failed
                print(f"{'noticed' if failed else 'UNNOTICED'} {mutant[0]}: {failed[0] if failed else 'every case passes'}"
                      + (f" and {len(failed) - 1} more" if len(failed) > 1 else ""), flush=True)
        except Broken as error:
            print(error, file=sys.stderr)
            return 2
    print(f"{len(chosen)} of {len(MUTANTS)} breakages (seed {options.seed}), {unnoticed} unnoticed")
    return 1 if unnoticed else 0


if __name__ == "__main__":
    sys.exit(main())
