// SPDX-License-Identifier: MIT
#include "cli/inspect.hpp"

#include "catalog/catalog.hpp"
#include "cli/first_look.hpp"
#include "common/files.hpp"
#include "common/json_text.hpp"
#include "inspect/package_report.hpp"
#include "package/inf_text.hpp"
#include "report/verdict.hpp"
#include "scenario/song_targets.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace mpulab {
namespace {

/// Why a start that was looked at came to nothing: the same words as a run's verdict.
void say_why(const FirstLook& look, uint64_t seed, StartReport& start) {
    if (look.outcome.trouble) {
        start.reason = look.outcome.trouble->what();
        start.next = look.outcome.trouble->next();
        return;
    }
    const Song song;
    const SongRun run;
    const Judgement judgement = judge({*look.log, song, run, seed});
    start.reason = judgement.reason;
    start.next = with_run(judgement.next, "FOLDER (that mpulab play leaves)"); // no run is kept here
}

/// None: the INF names no catalogue, which the linter tells, or it is not there.
std::optional<CatalogReport> look_at_catalog(const std::filesystem::path& inf) {
    CatalogReport report;
    try {
        const std::filesystem::path path = catalog_path(inf.parent_path());
        if (!std::filesystem::exists(path)) return std::nullopt;
        report.file = path.filename().string();
        const Catalog catalog = read_catalog(read_file(path, kMaxCatalogBytes, "catalogue"), report.file);
        report.members = catalog.members.size();
        report.signers = catalog.signers;
        report.problems = verify_catalog(catalog, inf.parent_path());
    } catch (const Error& error) {
        if (report.file.empty()) return std::nullopt;
        report.problems.push_back(error.what());
    }
    return report;
}

void look(const Guest& guest, PackageReport& report) {
    MachineSpec spec = find_machine_parts();
    if (guest.package.has_hardware()) spec.cards.push_back(card_of(guest.package, {"", {}}));
    const FirstLook look = look_at_driver(guest, spec, {options_section(0)}, {});
    if (look.outcome.trouble && look.outcome.trouble->code() == ExitCode::Interrupted) throw *look.outcome.trouble;
    report.start.tried = true;
    report.start.started = look.started;
    report.start.virtual_ms = look.start_ms;
    report.offers = look.offers;
    if (!look.started) {
        say_why(look, spec.seed, report.start);
        return;
    }
    try {
        choose_targets(look.offers);
    } catch (const Error& error) {
        report.no_targets = error.what();
        report.start.next = error.next();
    }
}

} // namespace

ExitCode inspect(const InspectOptions& options) {
    if (options.exports) {
        const std::string text = exports_text(options.what.string());
        if (text.empty()) {
            throw Error(fmt::format("nanont has no module '{}'", options.what.string()),
                        "ntoskrnl.exe, hal.dll, ks.sys and portcls.sys are there", ExitCode::Usage);
        }
        fmt::print("{}", text);
        return ExitCode::Passed;
    }
    if (options.what.empty())
        throw Error("inspect wants a package", "name a folder with an INF, an INF, or a .sys", ExitCode::Usage);
    PackageChoice choice;
    choice.package = options.what;
    const Guest guest = make_guest(choice, 1);
    PackageReport report;
    report.package = guest.package;
    report.notes = guest.notes;
    if (const auto& inf = guest.package.inf; !inf.empty()) {
        report.lint = lint_inf(InfFile::parse(read_file(inf, kMaxInfBytes, "INF"), inf.string()), inf.parent_path());
        report.catalog = look_at_catalog(inf);
    }
    report.image = inspect_image(guest.package.driver.filename().string(), guest.package.image);
    report.image_notes = read_image_notes(guest.package.image);
    if (report.image.runs()) look(guest, report);
    if (options.json) {
        fmt::print("{}\n", json_text(package_json(report)));
    } else {
        fmt::print("{}", package_text(report));
    }
    return report.runs() ? ExitCode::Passed : ExitCode::Error;
}

} // namespace mpulab
