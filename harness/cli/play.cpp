// SPDX-License-Identifier: MIT
#include "cli/play.hpp"

#include "cli/play_choices.hpp"
#include "cli/play_inputs.hpp"

#include "checks/check.hpp"
#include "cli/run_folder.hpp"
#include "cli/run_record.hpp"
#include "common/files.hpp"
#include "link/log_writer.hpp"
#include "link/mpulab_link.h"
#include "machine/hypervisor.hpp"
#include "machine/session.hpp"
#include "midi/wav_writer.hpp"
#include "report/verdict.hpp"
#include "synth/synthesizer.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

namespace mpulab {
namespace {

namespace fs = std::filesystem;

/// From here on there is something on the disk.
void make_folder(const PlayOptions& options, Prepared& p) {
    p.facts.folder = make_run_folder(options.out, options.file.stem().string());
    p.facts.id = p.facts.folder.filename().string();
    if (p.plan.empty()) return;
    p.spec.plan = p.facts.folder / "plan.bin";
    p.spec.initrd = p.facts.folder / "modules.cpio";
    write_file(p.spec.plan, p.plan);
    write_file(p.spec.initrd, p.guest.archive);
}

/// Called while the machine stands before DriverEntry.
void offer_debugger(const Prepared& p, const ModuleWatcher& modules, const fs::path& socket) {
    const fs::path script = p.facts.folder / "attach.gdb";
    write_file(script, gdb_script(socket, modules.modules(), p.symbols));
    fmt::print(stderr, "the machine stands before DriverEntry; attach with:\n  {}\n",
               shell_quoted({find_gdb(), "-q", "-x", script.string()}));
    std::fflush(stderr);
}

void render_wav(const PlayOptions& options, const EventLog& log, const CheckInput& input, RunFacts& facts) {
    const auto soundfont = find_soundfont(options.soundfont);
    if (!soundfont) {
        spdlog::warn("no sound font, so no .wav; next: apt-get install timgm6mb-soundfont, or pass --soundfont");
        return;
    }
    std::vector<WireByte> bytes;
    for (const mpulab_record& record : log.records()) {
        const bool clock = MPULAB_CORR_SPACE(record.corr) == MPULAB_CORR_OWN_BYTE && record.a >= 0xf8; // is not heard
        if (record.kind == MPULAB_KIND_WIRE_OUT && record.unit == input.run.unit && !clock) {
            bytes.push_back({record.b, static_cast<uint8_t>(record.a)});
        }
    }
    if (bytes.empty()) return;
    try {
        write_wav(facts.folder / "wire.wav", *soundfont, bytes, render_run_time(input).value_or(bytes.front().end_ns));
        facts.artefacts["sound"] = "wire.wav";
    } catch (const Error& error) { // the run is judged without it
        spdlog::warn("no .wav: {}", error.line());
    }
}

/// The driver did not start: what the first look recorded is the run.
SessionOutcome outcome_of_look(const Prepared& p) {
    const FirstLook& look = *p.look;
    write_file(p.facts.folder / kEventLogName, look.log_bytes);
    SessionOutcome outcome;
    outcome.trouble = look.outcome.trouble;
    outcome.sha256 = look.outcome.sha256;
    outcome.records = look.outcome.records;
    outcome.run_time = std::chrono::duration<double>(look.outcome.seconds);
    return outcome;
}

SessionOutcome run_machine(const PlayOptions& options, const Prepared& p) {
    ModuleWatcher modules;
    SessionRequest request;
    request.spec = p.spec;
    request.libvirt_uri = options.connect;
    request.log = p.facts.folder / kEventLogName;
    request.watchdog = watchdog_limits(options.gdb);
    request.gdb = options.gdb;
    if (options.gdb) {
        request.on_record = [&modules](const mpulab_record& record) { modules.record(record); };
        request.on_hold = [&p, &modules](const fs::path& socket) { offer_debugger(p, modules, socket); };
    }
    return run_session(std::move(request));
}

/// Judges what the log holds; `trouble` is what ended the run before its end.
Judgement judge_log(const PlayOptions& options, Prepared& p, const std::optional<Error>& trouble) {
    const fs::path path = p.facts.folder / kEventLogName;
    std::error_code ignored;
    if (trouble && fs::file_size(path, ignored) < sizeof(mpulab_link_header)) return bench_trouble(*trouble);
    const EventLog log = EventLog::open(path);
    CheckInput input{log, p.song, p.run, p.facts.seed, p.rules_off, nullptr, io_costs_of(p.spec.cards)};
    p.facts.counters = driver_counters(log, p.run).counters;
    note_log(p.facts, log, p.spec, p.run.unit, p.forced);
    if (trouble) return bench_trouble(*trouble);
    render_wav(options, log, input, p.facts);
    const RuleBooks books = judge_rules(input);
    input.books = &books;
    Judgement judgement = judge(input);
    p.facts.rules = rule_states(input, judgement.checks);
    keep_findings(p.facts, judgement, books, log, p.symbols, p.guest.package.driver);
    return judgement;
}

} // namespace

ExitCode play(const PlayOptions& options) {
    check_libvirt_uri(options.connect);
    Prepared p = prepare(options);
    make_folder(options, p);
    RunFacts& facts = p.facts;
    if (options.print_command) {
        p.spec.link_chardev = link_file_chardev(facts.folder / kEventLogName);
        fmt::print("{}\n", shell_quoted(qemu_command(p.spec)));
        return ExitCode::Passed;
    }
    if (!p.plan.empty()) keep_command(facts, p.spec);
    const SessionOutcome outcome = p.plan.empty() ? outcome_of_look(p) : run_machine(options, p);
    facts.event_log_sha256 = outcome.sha256;
    facts.records = outcome.records;
    facts.start_seconds = outcome.start_time.count();
    facts.run_seconds = outcome.run_time.count();
    facts.artefacts["event log"] = kEventLogName;

    Judgement judgement = judge_log(options, p, outcome.trouble);
    judgement.next = with_run(judgement.next, facts.folder.string());
    keep_crash(facts, judgement, p.symbols, p.guest.package.driver);
    if (options.all_choices && !outcome.trouble && !p.plan.empty()) play_alternatives(options, p, judgement);
    const ExitCode code = outcome.trouble ? outcome.trouble->code() : exit_code(judgement.verdict);
    if (outcome.trouble) fmt::print(stderr, "error: {}\n", outcome.trouble->line());
    try {
        if (!outcome.xml.empty()) {
            keep_xml(facts, outcome.xml);
            write_file(facts.folder / "qemu.log", outcome.qemu_log);
        }
        const std::string document = keep_result(facts, judgement);
        if (options.json) fmt::print("{}", document);
    } catch (const Error& error) {
        if (!outcome.trouble) throw;
        spdlog::debug("{}", error.line()); // the trouble named above is the cause
    }
    if (!options.json) fmt::print("{}", summary_text(facts, judgement));
    return code;
}

} // namespace mpulab
