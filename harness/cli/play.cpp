// SPDX-License-Identifier: MIT
#include "cli/play.hpp"

#include "agent/score.h"
#include "checks/check.hpp"
#include "cli/parts.hpp"
#include "cli/run_folder.hpp"
#include "common/files.hpp"
#include "debug/gdb_script.hpp"
#include "link/log_writer.hpp"
#include "link/mpulab_link.h"
#include "machine/cpio.hpp"
#include "machine/session.hpp"
#include "midi/smf_reader.hpp"
#include "midi/wav_writer.hpp"
#include "probe/plan.h"
#include "report/result.hpp"
#include "report/verdict.hpp"
#include "scenario/plan.hpp"
#include "scenario/song_run.hpp"
#include "synth/synthesizer.hpp"

#include <cstdlib>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

namespace mpulab {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxImageBytes = 64u << 20;
// nanont; the order is that in which the loader maps them.
constexpr const char* kModules[] = {"ntoskrnl.exe", "hal.dll", "ks.sys", "portcls.sys", "agent.sys"};

/// Everything that is known before a machine is started.
struct Prepared {
    Song song;
    SongRun run;
    MachineSpec spec;
    SymbolPath symbols;
    RunFacts facts;
};

CardSpec parse_card(const std::vector<std::string>& words) {
    CardSpec card;
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
            card.set(pair.substr(0, equals), pair.substr(equals + 1));
        }
    }
    return card;
}

/// The archive the loader gets: nanont's modules, the driver under test, and which file that is.
Bytes boot_archive(const fs::path& modules, const fs::path& driver, RunFacts& facts) {
    std::vector<CpioEntry> entries;
    for (const char* name : kModules) {
        if (!fs::exists(modules / name)) {
            throw Error(fmt::format("nanont's module {} is not built", (modules / name).string()),
                        "build it with scripts/build, or set MPULAB_MODULES to a folder that has it");
        }
        entries.push_back({name, read_file(modules / name, kMaxImageBytes, "nanont's module")});
        facts.input_sha256[name] = sha256_hex(entries.back().bytes);
    }
    const std::string driver_name = driver.filename().string();
    for (const char* name : kModules) {
        if (driver_name == name) {
            throw Error(fmt::format("the driver {} has the name of a module of nanont", driver.string()), "rename it");
        }
    }
    entries.push_back({driver_name, read_file(driver, kMaxImageBytes, "driver")});
    facts.input_sha256["driver"] = sha256_hex(entries.back().bytes);
    const std::string config = fmt::format("driver={}\n", driver_name);
    entries.push_back({"boot.cfg", Bytes(config.begin(), config.end())});
    return write_cpio(entries);
}

Prepared prepare(const PlayOptions& options) {
    Prepared p;
    const Bytes file = read_file(options.file, kMaxSmfBytes, "MIDI file");
    p.song = read_smf(file, options.file.string());
    for (const std::string& note : p.song.notes)
        spdlog::info("{}: {}", options.file.filename().string(), note);
    p.run = compile_song(p.song, {.unit = 0, .capture = options.capture, .seed = options.seed});
    p.spec.cards.push_back(parse_card(options.card));
    p.spec.cpus = options.cpus;
    p.spec.seed = options.seed;
    p.spec.qemu = find_part(Part::Qemu);
    p.spec.firmware = find_part(Part::Firmware);
    p.spec.kernel = find_part(Part::Kernel);
    const fs::path modules = find_part(Part::Modules);
    const fs::path driver = find_part(Part::Driver, options.driver);
    p.symbols = {{driver.parent_path(), modules}, MPULAB_SOURCE_TREE};

    RunFacts& facts = p.facts;
    facts.song_path = options.file;
    facts.song_format = p.song.format;
    facts.song_events = p.song.events.size();
    facts.song_bytes = p.song.wire.size();
    facts.song_ns = p.song.last_event_ns();
    facts.seed = options.seed;
    facts.command = options.command;
    facts.input_sha256["song"] = sha256_hex(file);
    facts.input_sha256["kernel"] = sha256_hex(read_file(p.spec.kernel, kMaxImageBytes, "nanont's loader"));
    facts.input_sha256["firmware"] = sha256_hex(read_file(p.spec.firmware, kMaxImageBytes, "firmware"));
    facts.input_sha256["qemu"] = sha256_hex(read_file(p.spec.qemu, 1u << 30, "QEMU"));
    for (const CardSpec& card : p.spec.cards) {
        facts.cards.emplace_back(card.properties.begin(), card.properties.end());
        facts.cards.back().emplace("device", card.device);
    }

    std::vector<PlanSection> sections = {{MPULAB_SECTION_SCORE, 0, p.run.score}};
    if (!p.run.cues.empty()) sections.push_back({MPULAB_SECTION_CUES, p.run.unit, p.run.cues});
    sections.push_back(options_section(options.gdb ? MPULAB_OPTION_HOLD_BEFORE_DRIVER_ENTRY : 0));
    const Bytes plan = write_plan(options.seed, sections);
    const Bytes archive = boot_archive(modules, driver, facts);
    facts.input_sha256["plan"] = sha256_hex(plan);

    // From here on there is something on the disk.
    facts.folder = make_run_folder(options.out, options.file.stem().string());
    facts.id = facts.folder.filename().string();
    p.spec.plan = facts.folder / "plan.bin";
    p.spec.initrd = facts.folder / "modules.cpio";
    write_file(p.spec.plan, plan);
    write_file(p.spec.initrd, archive);
    return p;
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

/// Judges what the log holds; `trouble` is what ended the run before its end.
Judgement judge_log(const PlayOptions& options, Prepared& p, const std::optional<Error>& trouble) {
    const fs::path path = p.facts.folder / kEventLogName;
    std::error_code ignored;
    if (trouble && fs::file_size(path, ignored) < sizeof(mpulab_link_header)) return bench_trouble(*trouble);
    const EventLog log = EventLog::open(path);
    const CheckInput input{log, p.song, p.run, p.facts.seed};
    p.facts.interrupts = interrupt_statistics(log, p.run.unit);
    if (!log.records().empty()) p.facts.virtual_ns = log.records().back().time_ns;
    for (const mpulab_record& record : log.records())
        p.facts.guest_errors += record.kind == MPULAB_KIND_GUEST_ERROR;
    if (trouble) return bench_trouble(*trouble);
    render_wav(options, log, input, p.facts);
    return judge(input);
}

} // namespace

ExitCode play(const PlayOptions& options) {
    Prepared p = prepare(options);
    RunFacts& facts = p.facts;
    if (options.print_command) {
        p.spec.link_chardev = link_file_chardev(facts.folder / kEventLogName);
        fmt::print("{}\n", shell_quoted(qemu_command(p.spec)));
        return ExitCode::Passed;
    }
    ModuleWatcher modules;
    SessionRequest request;
    request.spec = p.spec;
    request.libvirt_uri = options.connect;
    request.log = facts.folder / kEventLogName;
    request.watchdog = watchdog_limits(options.gdb);
    request.gdb = options.gdb;
    if (options.gdb) {
        request.on_record = [&modules](const mpulab_record& record) { modules.record(record); };
        request.on_hold = [&p, &modules](const fs::path& socket) { offer_debugger(p, modules, socket); };
    }
    const SessionOutcome outcome = run_session(std::move(request));
    facts.event_log_sha256 = outcome.sha256;
    facts.records = outcome.records;
    facts.start_seconds = outcome.start_time.count();
    facts.run_seconds = outcome.run_time.count();
    facts.artefacts["event log"] = kEventLogName;

    const Judgement judgement = judge_log(options, p, outcome.trouble);
    const ExitCode code = outcome.trouble ? outcome.trouble->code() : exit_code(judgement.verdict);
    if (outcome.trouble) fmt::print(stderr, "error: {}\n", outcome.trouble->line());
    try {
        write_file(facts.folder / "machine.xml", outcome.xml);
        write_file(facts.folder / "qemu.log", outcome.qemu_log);
        facts.artefacts["machine"] = "machine.xml";
        facts.artefacts["result"] = "result.json";
        const auto document = result_text(result_document(facts, judgement));
        write_file(facts.folder / "result.json", document);
        if (options.json) fmt::print("{}", document);
    } catch (const Error& error) {
        if (!outcome.trouble) throw;
        spdlog::debug("{}", error.line()); // the trouble named above is the cause
    }
    if (!options.json) fmt::print("{}", summary_text(facts, judgement));
    return code;
}

} // namespace mpulab
