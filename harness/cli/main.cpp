// SPDX-License-Identifier: MIT
// mpulab: parses the command line, dispatches, turns the outcome into an exit code.
#include "checks/rules.hpp"
#include "cli/diff.hpp"
#include "cli/inspect.hpp"
#include "cli/play.hpp"
#include "cli/profile.hpp"
#include "cli/rerun.hpp"
#include "cli/run.hpp"
#include "cli/run_selection.hpp"
#include "cli/selftest.hpp"
#include "cli/show.hpp"
#include "cli/sweep.hpp"
#include "common/files.hpp"
#include "common/json_text.hpp"
#include "common/text.hpp"
#include "scenario/format_parts.hpp"

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <fmt/format.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

using namespace mpulab;

namespace {

int refuse(const Error& error) {
    fmt::print(stderr, "error: {}\n", error.line());
    return static_cast<int>(error.code());
}

/// CLI11 takes -1 and more than 64 bits for the largest number there is.
std::string check_seed(const std::string& text) {
    if (parse_number(text, 10)) return "";
    return fmt::format("'{}' is no seed; expected a whole number from 0 to {}", text, UINT64_MAX);
}

/// The first word that is no option, when there is no such command; empty: there is.
std::string unknown_command(const CLI::App& app, int argc, char** argv) {
    for (int i = 1; i < argc; ++i) {
        if (argv[i][0] == '-') continue;
        for (const CLI::App* command : app.get_subcommands({}))
            if (command->check_name(argv[i])) return "";
        return argv[i];
    }
    return "";
}

std::string command_names(const CLI::App& app) {
    std::string names;
    for (const CLI::App* command : app.get_subcommands({}))
        names += (names.empty() ? "" : ", ") + command->get_name();
    return names;
}

/// errno says why.
Error unwritten() {
    return {fmt::format("cannot write the output: {}", errno_text(errno)), "make room where it goes"};
}

/// What was printed may still wait in a buffer: a full disk is told, not passed over.
int flushed(int code) {
    return std::fflush(stdout) == 0 ? code : refuse(unwritten());
}

void set_up_log(bool verbose) {
    auto logger = spdlog::stderr_color_mt("mpulab");
    logger->set_pattern("%n: %v");
    logger->set_level(verbose ? spdlog::level::debug : spdlog::level::info);
    spdlog::set_default_logger(std::move(logger));
}

} // namespace

int main(int argc, char** argv) {
    CLI::App app{
        "A bench for Windows MIDI drivers and the hardware under them.\n"
        "Exit codes: 0 passed, 1 failed, 2 error in scenario, package or bench, 3 guest crash, 64 wrong usage,\n"
        "130 interrupted."};
    app.name("mpulab");
    app.set_version_flag("--version", std::string("mpulab 0.1"));
    app.require_subcommand(1);
    bool verbose = false;
    app.add_flag("-v,--verbose", verbose, "say more on stderr");

    PlayOptions play_options;
    std::string profile = kDefaultProfile;
    std::string choices;
    auto* play_command =
        app.add_subcommand("play", "play a MIDI file through the driver, out and in, and judge the run");
    play_command->add_option("FILE", play_options.file, "Standard MIDI File, format 0 or 1")->required();
    play_command
        ->add_option("--card", play_options.card,
                     "the card, e.g. iobase=0x300,irq=5, or pci-mpu401,bar=memory,msi=off; its keys: QEMU's -device "
                     "isa-mpu401,help")
        ->type_name("[DEVICE,]KEY=VALUE,...");
    play_command
        ->add_option("--cpus", play_options.cpus, "processors of the machine; with 2 the seed makes the schedule")
        ->check(CLI::Range(1, 2))
        ->capture_default_str();
    play_command
        ->add_option("--dpc-delay", play_options.dpc_delay,
                     "how late each DPC of the driver, portcls and ks comes at least, e.g. 2ms")
        ->type_name("TIME");
    play_command->add_option("--seed", play_options.seed, "seed of the run")->check(check_seed)->capture_default_str();
    play_command->add_option("--out", play_options.out, "where runs are left")->capture_default_str();
    play_command
        ->add_option("--package", play_options.package.package, "driver package: a folder with an INF, or the INF")
        ->type_name("DIR");
    play_command
        ->add_option("--id", play_options.package.id,
                     "the device of the INF that is meant, by its hardware id; ROOT\\NAME: a card that no bus reports")
        ->type_name("HARDWARE-ID");
    play_command
        ->add_option("--driver", play_options.package.driver, "a .sys without a package, or in place of the package's")
        ->type_name("FILE");
    play_command->add_option("--profile", profile, "the Windows nanont says it is, e.g. win7, win11-24h2")
        ->capture_default_str();
    play_command
        ->add_option("--choice", play_options.choices,
                     "take this answer where Windows is undocumented, e.g. read-buffer=2")
        ->type_name("NAME=N");
    play_command->add_option("--choices", choices, "\"all\": once more for every other answer the run depended on")
        ->check(CLI::IsMember({"all"}));
    play_command->add_option("--verifier", play_options.verifier, "rules that are on; \"mpulab rules\" lists them")
        ->type_name("all|none|[-]GROUP|RULE,...")
        ->capture_default_str();
    play_command->add_option("--connect", play_options.connect, "libvirt URI; default: libvirt inside this process");
    play_command->add_option("--soundfont", play_options.soundfont, "sound font for the .wav")->type_name("FILE");
    play_command->add_flag_callback(
        "--no-capture", [&play_options] { play_options.capture = false; }, "only out: inject nothing at MIDI IN");
    play_command->add_flag("--json", play_options.json, "print the result document instead of a summary");
    play_command->add_flag("--gdb", play_options.gdb, "stop before DriverEntry and print how to attach gdb");
    play_command->add_flag("--print-command", play_options.print_command,
                           "only write the run's files and print the QEMU command line that makes the same run");

    RunOptions run_options;
    std::string run_profile = kDefaultProfile;
    auto* run_command = app.add_subcommand("run", "run scenarios, each in a machine of its own");
    run_command->add_option("SCENARIO", run_options.what, "files, or folders of *.yaml");
    run_command->add_option("--tag", run_options.tags, "only those with one of these tags")
        ->delimiter(',')
        ->allow_extra_args(false);
    run_command->add_option("--name", run_options.names, "only those with this in their name")->allow_extra_args(false);
    run_command
        ->add_option(
            "--set", run_options.parameters,
            "a parameter, in place of the file's values; what is none: a property of the card, dpc-delay, cpus, "
            "slice")
        ->type_name("NAME=VALUE")
        ->allow_extra_args(false);
    run_command->add_option("-j,--jobs", run_options.jobs, "machines at once; default: one a core")
        ->check(CLI::Range(1, 64));
    bool cold = false;
    bool warm = false;
    run_command->add_flag("--cold", cold, "boot a fresh machine for each scenario");
    run_command->add_flag("--warm", warm, "restore a snapshot for each, even of a machine that few of them use")
        ->excludes("--cold");
    std::string shard;
    run_command->add_option("--repeat", run_options.repeat, "runs of each scenario; all must come to one event log")
        ->check(CLI::Range(1u, 1'000'000u));
    run_command->add_flag("--until-failure", run_options.until_failure,
                          "again and again, a million times at most; stop at the first run that is not green");
    run_command->add_option("--shard", shard, "only the I-th of N parts of the scenarios")->type_name("I/N");
    run_command->add_option("--connect", run_options.libvirt_uri,
                            "libvirt URI for warm machines; default: embedded driver");
    run_command->add_option("--seed", run_options.seed, "in place of the scenarios' own")->check(check_seed);
    run_command
        ->add_option("--seeds", run_options.seeds,
                     "runs of each scenario, from its seed on one seed each, and percentiles over all of them")
        ->check(CLI::Range(1u, static_cast<uint32_t>(kMaxSeeds)));
    run_command->add_option("--out", run_options.out, "where runs are left")->capture_default_str();
    run_command->add_option("--package", run_options.package.package, "driver package of scenarios that name none")
        ->type_name("DIR");
    run_command->add_option("--driver", run_options.package.driver, "a .sys without a package, or in place of its own")
        ->type_name("FILE");
    run_command->add_option("--id", run_options.package.id, "the device of the INF that is meant, by its hardware id")
        ->type_name("HARDWARE-ID");
    run_command->add_option("--profile", run_profile, "Windows of scenarios that name none")->capture_default_str();
    run_command->add_option("--verifier", run_options.verifier, "rules that are on in scenarios that do not say it")
        ->type_name("all|none|[-]GROUP|RULE,...")
        ->capture_default_str();
    run_command->add_option("--junit", run_options.junit, "write the results as JUnit XML, too")->type_name("FILE");
    run_command->add_flag("--compress,!--no-compress", run_options.compress,
                          "keep event logs as events.mpl.gz, a fifth of the size (the default), or as events.mpl; all "
                          "commands read both");
    run_command->add_flag("--json", run_options.json, "print the result documents instead of lines");
    run_command->add_flag("--red", run_options.red, "add each scenario's red cues, and pass when that makes it fail");
    run_command->add_flag("--list", run_options.list, "only say what would run");
    run_command->add_flag("--schema", run_options.schema, "print the JSON Schema of scenario files, for editors");
    run_command->add_flag("--reference", run_options.reference, "print all keys of scenario files (Markdown)");

    std::string new_name;
    auto* new_command = app.add_subcommand("new", "write a commented scenario that runs");
    new_command->add_option("NAME", new_name, "its file; .yaml is added")->required();
    bool new_as_json = false;
    new_command->add_flag("--json", new_as_json, "print its path as JSON");

    SweepOptions sweep_options;
    std::string sweep_profile = kDefaultProfile;
    auto* sweep_command = app.add_subcommand(
        "sweep", "a scenario over ranges of its parameters, of the card's properties and of dpc-delay");
    sweep_command->add_option("SCENARIO", sweep_options.file, "the file")->required();
    sweep_command->add_option("AXIS", sweep_options.axes, "NAME=1..64, NAME=0..4ms:1, NAME=on,off")->required();
    sweep_command->add_option("--csv", sweep_options.csv, "the figures")->capture_default_str();
    sweep_command->add_option("--svg", sweep_options.svg, "the plot of what was lost")->capture_default_str();
    sweep_command->add_option("-j,--jobs", sweep_options.run.jobs, "machines at once; default: one a core")
        ->check(CLI::Range(1, 64));
    sweep_command->add_option("--package", sweep_options.run.package.package, "driver package")->type_name("DIR");
    sweep_command->add_option("--driver", sweep_options.run.package.driver, "a .sys in place of the package's")
        ->type_name("FILE");
    sweep_command->add_option("--profile", sweep_profile, "Windows of the guest")->capture_default_str();
    sweep_command->add_option("--out", sweep_options.run.out, "where runs are left")->capture_default_str();
    sweep_command->add_flag("--json", sweep_options.json, "print the figures as JSON instead of lines");

    RerunOptions rerun_options;
    auto* rerun_command =
        app.add_subcommand("rerun", "make a stored run once more; the event log must be the identical one");
    rerun_command->add_option("RUN", rerun_options.what, "folder of a run, or its id")->required();
    rerun_command->add_option("--out", rerun_options.out, "where runs are left")->capture_default_str();
    rerun_command->add_flag("--json", rerun_options.json, "print the outcome as JSON");

    DiffOptions diff_options;
    auto* diff_command = app.add_subcommand("diff", "say where two runs part for the first time");
    diff_command->add_option("A", diff_options.a, "event log, folder of a run, or its id")->required();
    diff_command->add_option("B", diff_options.b, "the other one")->required();
    diff_command->add_option("--out", diff_options.out, "where runs are left")->capture_default_str();
    diff_command->add_flag("--json", diff_options.json, "print it as JSON");

    ShowOptions show_options;
    auto* show_command = app.add_subcommand("show", "print a run's event log as text");
    show_command->add_option("RUN", show_options.what, "event log, folder of a run, or its id")->required();
    show_command->add_option("--out", show_options.out, "where runs are left")->capture_default_str();
    show_command->add_option("--kind", show_options.kinds, "only these kinds, e.g. WIRE_OUT,IRQ")->delimiter(',');
    show_command->add_option("--from", show_options.from, "first record")->capture_default_str();
    show_command->add_option("--count", show_options.count, "at most so many records");
    show_command->add_flag("--json", show_options.json, "print a JSON object a line");

    InspectOptions inspect_options;
    auto* inspect_command = app.add_subcommand(
        "inspect", "say what a package or a driver image needs and offers, and whether the\nbuilt-in guest can run it");
    inspect_command->add_option("PACKAGE", inspect_options.what,
                                "a package's folder, an INF, or a .sys; with --exports a module");
    inspect_command->add_flag("--exports", inspect_options.exports,
                              "print what nanont exports, and what each export lacks (Markdown)");
    inspect_command->add_flag("--json", inspect_options.json, "print the report as JSON");

    SelftestOptions selftest_options;
    auto* selftest_command =
        app.add_subcommand("selftest", "run small drivers with planted defects: is each caught by its rule?");
    selftest_command->add_option("--drivers", selftest_options.drivers, "where they are")->type_name("DIR");
    selftest_command->add_flag("--json", selftest_options.json, "print the outcome as JSON");

    bool rules_as_json = false;
    auto* rules_command = app.add_subcommand("rules", "print the rules a driver is held to (Markdown)");
    rules_command->add_flag("--json", rules_as_json, "print them as JSON");

    try {
        app.parse(argc, argv);
    } catch (const CLI::CallForHelp& help) {
        return app.exit(help);
    } catch (const CLI::CallForVersion& version) {
        return app.exit(version);
    } catch (const CLI::ParseError& error) {
        if (const std::string word = unknown_command(app, argc, argv); !word.empty())
            return refuse(Error(fmt::format("there is no command '{}'", word), "take one of " + command_names(app),
                                ExitCode::Usage));
        std::string what = error.what();
        if (!what.empty() && what.back() == '\n') what.pop_back();
        return refuse(Error(what, "see \"mpulab --help\" or \"mpulab COMMAND --help\"", ExitCode::Usage));
    }
    set_up_log(verbose);
    play_options.command.assign(argv, argv + argc);
    run_options.command = play_options.command;
    run_options.profile = run_profile;
    sweep_options.run.command = play_options.command;
    sweep_options.run.profile = sweep_profile;
    run_options.lane = cold ? LaneChoice::Cold : warm ? LaneChoice::Warm : LaneChoice::Auto;
    try {
        if (rules_command->parsed()) {
            fmt::print("{}", rules_as_json ? json_text(rules_json()) + "\n" : rules_text());
            return flushed(static_cast<int>(ExitCode::Passed));
        }
        if (selftest_command->parsed()) return flushed(static_cast<int>(selftest(selftest_options)));
        if (!shard.empty()) run_options.shard = parse_shard(shard);
        play_options.package.target = find_profile(profile);
        play_options.all_choices = choices == "all";
        const ExitCode code = play_command->parsed()      ? play(play_options)
                              : run_command->parsed()     ? run_scenarios(run_options)
                              : sweep_command->parsed()   ? sweep(sweep_options)
                              : rerun_command->parsed()   ? rerun(rerun_options)
                              : diff_command->parsed()    ? diff(diff_options)
                              : new_command->parsed()     ? new_scenario(new_name, new_as_json)
                              : inspect_command->parsed() ? inspect(inspect_options)
                                                          : show(show_options);
        return flushed(static_cast<int>(code));
    } catch (const Error& error) {
        return refuse(error);
    } catch (const std::exception& error) {
        if (std::ferror(stdout) != 0) return refuse(unwritten());
        return refuse(Error(fmt::format("unexpected: {}", error.what()), "report this as a bug of mpulab"));
    }
}
