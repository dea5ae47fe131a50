// SPDX-License-Identifier: MIT
#include "cli/play_inputs.hpp"

#include "cli/run_record.hpp"
#include "common/files.hpp"
#include "link/log_writer.hpp"
#include "midi/smf_reader.hpp"
#include "probe/plan.h"
#include "scenario/outside.hpp"
#include "scenario/plan.hpp"
#include "scenario/song_targets.hpp"

#include <cstdlib>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

namespace mpulab {
namespace {

/// A scenario that says this one thing. Throws Error with ExitCode::Usage, as a scenario with it would.
Scenario outside_value(const char* name, const std::string& value, const char* where) {
    Scenario scenario;
    set_outside(scenario, name, value, where);
    return scenario;
}

/// `device` stays empty when no word names one: then the package decides.
CardSpec parse_card(const std::vector<std::string>& words) {
    CardSpec card;
    card.device.clear();
    for (const std::string& word : words) {
        for (size_t at = 0; at <= word.size();) {
            const size_t comma = std::min(word.find(',', at), word.size());
            const std::string pair = word.substr(at, comma - at);
            const size_t equals = pair.find('=');
            at = comma + 1;
            if (pair == "isa-mpu401" || pair == "pci-mpu401") {
                card.device = pair;
                continue;
            }
            if (equals == std::string::npos || equals == 0 || equals + 1 == pair.size()) {
                throw Error(fmt::format("--card: '{}' is neither KEY=VALUE nor one of isa-mpu401 and pci-mpu401", pair),
                            "example: --card iobase=0x300,irq=5 or --card pci-mpu401,bar=memory", ExitCode::Usage);
            }
            if (pair.substr(0, equals) == kIoCostKey) {
                card.io_cost_ns = outside_value(kIoCostKey, pair.substr(equals + 1), "--card").card.io_cost_ns;
                continue;
            }
            card.set(pair.substr(0, equals), pair.substr(equals + 1));
        }
    }
    return card;
}

uint64_t dpc_delay_of(const PlayOptions& options) {
    if (options.dpc_delay.empty()) return 0;
    return outside_value("dpc-delay", options.dpc_delay, "--dpc-delay").dpc_delay_ns;
}

/// Sections that every machine of this run gets.
std::vector<PlanSection> guest_sections(const PlayOptions& options, const RuleSet& rules_off) {
    return {options_section(options.gdb ? MPULAB_OPTION_HOLD_BEFORE_DRIVER_ENTRY : 0, options.package.target.build,
                            dpc_delay_of(options), rules_off)};
}

/// The facts of the run that are known from its inputs.
RunFacts facts_of(const PlayOptions& options, const Song& song, const Guest& guest, const MachineSpec& spec,
                  ByteView file) {
    RunFacts facts = machine_facts(guest, spec, options.package.target.text());
    facts.song = SongFacts{options.file, song.format, song.events.size(), song.wire.size(), song.last_event_ns()};
    facts.command = options.command;
    facts.input_sha256["song"] = sha256_hex(file);
    return facts;
}

/// What the song is compiled for: the pins that the first look found. Where there was none (its driver shall be
/// debugged) or the driver did not start, those of every public UART miniport.
SongRunOptions song_options(const PlayOptions& options, const Prepared& p) {
    SongRunOptions run;
    run.seed = options.seed;
    run.wire = p.guest.package.has_hardware();
    run.interrupt = !p.guest.package.resources || p.guest.package.resources->irq;
    run.capture = options.capture;
    if (!p.look || !p.look->started) return run;
    const SongTargets targets = choose_targets(p.look->offers);
    for (const std::string& note : targets.notes)
        spdlog::info("{}", note);
    run.render_pin = targets.render;
    run.capture_pin = targets.capture;
    return run;
}

} // namespace

Bytes plan_of(const PlayOptions& options, const Prepared& p, const std::vector<mpulab_choice>& choices) {
    std::vector<PlanSection> sections = p.guest_sections;
    sections.insert(sections.begin(), {MPULAB_SECTION_SCORE, 0, p.run.score});
    if (!p.run.cues.empty()) sections.push_back({MPULAB_SECTION_CUES, p.run.unit, p.run.cues});
    if (!choices.empty()) sections.push_back(choices_section(choices));
    return write_plan(options.seed, sections);
}

WatchdogLimits watchdog_limits(bool gdb) {
    WatchdogLimits limits;
    limits.enabled = !gdb;
    const char* text = std::getenv("MPULAB_WATCHDOG_MS");
    if (text == nullptr || *text == '\0') return limits;
    char* end = nullptr;
    const unsigned long ms = std::strtoul(text, &end, 10);
    if (*end != '\0' || ms == 0 || ms > 3'600'000) {
        throw Error(fmt::format("MPULAB_WATCHDOG_MS={} is no number of milliseconds from 1 to 3600000", text),
                    "unset it", ExitCode::Usage);
    }
    limits.stalled = limits.silent = std::chrono::milliseconds(ms);
    return limits;
}

Prepared prepare(const PlayOptions& options) {
    Prepared p;
    const Bytes file = read_file(options.file, kMaxSmfBytes, "MIDI file");
    p.song = read_smf(file, options.file.string());
    for (const std::string& note : p.song.notes)
        spdlog::info("{}: {}", options.file.filename().string(), note);
    const CardSpec card = parse_card(options.card);
    p.rules_off = parse_verifier(options.verifier);
    p.spec = find_machine_parts();
    p.spec.cpus = options.cpus;
    p.spec.seed = options.seed;
    p.guest = make_guest_on_card(options.package, card, p.spec);
    for (const std::string& note : p.guest.notes)
        spdlog::debug("{}", note);
    if (!p.guest.package.has_hardware() && !options.card.empty()) {
        throw Error(
            fmt::format("--card: the package {} has no hardware ({})", p.guest.package.name(), p.guest.package.root_id),
            "leave --card out", ExitCode::Usage);
    }
    p.symbols = {{p.guest.package.driver.parent_path(), p.guest.modules}, MPULAB_SOURCE_TREE};
    p.facts = facts_of(options, p.song, p.guest, p.spec, file);
    p.facts.verifier = verifier_text(p.rules_off);

    p.guest_sections = guest_sections(options, p.rules_off);
    std::vector<PlanSection> sections = p.guest_sections;
    const std::vector<mpulab_choice> forced = parse_choices(options.choices);
    if (!forced.empty()) sections.push_back(choices_section(forced));
    p.forced = forced;
    if (!options.gdb) {
        p.look.emplace(look_at_driver(p.guest, p.spec, sections, watchdog_limits(false)));
        if (!p.look->started && !options.print_command) return p; // its log is the run's, and says why
        if (!p.look->started) spdlog::warn("the driver did not start: the pins of a UART miniport are assumed");
    }
    p.run = compile_song(p.song, song_options(options, p));
    p.plan = plan_of(options, p, forced);
    p.facts.input_sha256["plan"] = sha256_hex(p.plan);
    return p;
}

} // namespace mpulab
