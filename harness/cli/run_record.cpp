// SPDX-License-Identifier: MIT
#include "cli/run_record.hpp"

#include "checks/finding_places.hpp"
#include "cli/package_facts.hpp"
#include "cli/run_folder.hpp"
#include "common/file_hash.hpp"
#include "common/files.hpp"
#include "events/format.hpp"
#include "inspect/image_notes.hpp"
#include "link/mpulab_codes.h"
#include "machine/domain_xml.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace mpulab {
namespace {

/// Where Windows is undocumented: the answers this run took.
std::vector<ChoiceFacts> choice_facts(const EventLog& log, const std::vector<mpulab_choice>& forced) {
    std::vector<ChoiceFacts> facts;
    for (const mpulab_choice& choice : choices_of(log)) {
        ChoiceFacts fact;
        fact.number = choice.number;
        fact.taken = choice.alternative;
        fact.forced = std::any_of(forced.begin(), forced.end(),
                                  [&](const mpulab_choice& f) { return f.number == choice.number; });
        if (const ChoiceInfo* info = find_choice(choice.number)) {
            fact.name = info->name;
            fact.what = info->what;
            for (const std::string& text : info->alternatives)
                fact.alternatives.push_back({text, "", ""});
        } else {
            fact.name = fmt::format("choice {}", choice.number);
        }
        facts.push_back(std::move(fact));
    }
    return facts;
}

/// What the guest's loader had to say of an image.
std::vector<std::string> image_remarks(const EventLog& log) {
    std::vector<std::string> remarks;
    size_t module = 0;
    for (size_t i = 0; i < log.records().size(); ++i) {
        const mpulab_record& record = log.records()[i];
        if (record.kind == MPULAB_KIND_MODULE) module = i;
        if (record.kind == MPULAB_KIND_IMAGE_NOTE && record.a == MPULAB_IMAGE_MAPPED_WHOLE)
            remarks.push_back(fmt::format("{}: {}", one_line(log.name_after(module)), mapped_whole_remark(record.b)));
    }
    return remarks;
}

} // namespace

RunFacts machine_facts(const Guest& guest, const MachineSpec& spec, const std::string& windows) {
    RunFacts facts;
    facts.seed = spec.seed;
    facts.package = package_facts(guest);
    facts.windows = windows;
    facts.input_sha256 = guest.input_sha256;
    facts.input_sha256["kernel"] = file_sha256(spec.kernel, "nanont's loader");
    facts.input_sha256["firmware"] = file_sha256(spec.firmware, "firmware");
    facts.input_sha256["qemu"] = file_sha256(spec.qemu, "QEMU");
    for (const CardSpec& card : spec.cards) {
        facts.cards.emplace_back(card.properties.begin(), card.properties.end());
        facts.cards.back().emplace("device", card.device);
        facts.cards.back().emplace(kIoCostKey, fmt::format("{} ns", card.io_cost_ns));
    }
    return facts;
}

void keep_command(RunFacts& facts, MachineSpec spec) {
    spec.link_chardev = link_file_chardev(facts.folder / kEventLogName);
    write_file(facts.folder / kCommandName, shell_quoted(qemu_command(spec)) + "\n");
    facts.artefacts["command"] = kCommandName;
    keep_xml(facts, domain_xml(spec, kDomainName));
}

void keep_xml(RunFacts& facts, const std::string& xml) {
    write_file(facts.folder / kMachineName, xml);
    facts.artefacts["machine"] = kMachineName;
}

void note_log(RunFacts& facts, const EventLog& log, const MachineSpec& spec, uint32_t unit,
              const std::vector<mpulab_choice>& forced) {
    facts.interrupts = interrupt_statistics(log, unit, io_costs_of(spec.cards).of(unit));
    if (!log.records().empty()) facts.virtual_ns = log.records().back().time_ns;
    for (const mpulab_record& record : log.records())
        facts.guest_errors += record.kind == MPULAB_KIND_GUEST_ERROR;
    facts.choices = choice_facts(log, forced);
    facts.image_remarks = image_remarks(log);
}

void keep_findings(RunFacts& facts, Judgement& judgement, const RuleBooks& books, const EventLog& log,
                   const SymbolPath& symbols, const std::filesystem::path& driver) {
    const std::string module = driver.filename().string();
    facts.findings = books.told;
    std::vector<CodePlace*> places;
    for (RuleFinding& finding : facts.findings) {
        finding.places = find_places(finding, log, module);
        for (CodePlace& place : finding.places)
            places.push_back(&place);
    }
    if (places.empty()) return; // a run without findings costs nothing
    name_lines(places, log.modules(), {symbols, {{module, driver}}});
    for (CheckResult& check : judgement.checks) {
        if (check.status != CheckStatus::Failed) continue;
        for (const RuleFinding& finding : facts.findings) {
            if (finding.text == check.message && finding.record == check.record) check.places = finding.places;
        }
        if (check.places.empty() || check.places.front().lines.empty()) continue;
        const std::string told = check.name + ": " + check.message;
        if (judgement.reason.compare(0, told.size(), told) == 0)
            judgement.reason.insert(told.size(), "; in " + line_text(check.places.front().lines.back()));
    }
}

void keep_crash(RunFacts& facts, Judgement& judgement, const SymbolPath& symbols, const std::filesystem::path& driver) {
    if (!judgement.crash) return;
    symbolize(*judgement.crash, {symbols, {{driver.filename().string(), driver}}});
    write_file(facts.folder / "crash.txt", crash_text(*judgement.crash));
    facts.artefacts["crash report"] = "crash.txt";
}

std::string keep_result(RunFacts& facts, const Judgement& judgement) {
    facts.artefacts["result"] = "result.json";
    std::string document = result_text(result_document(facts, judgement));
    write_whole_file(facts.folder / "result.json", document);
    return document;
}

} // namespace mpulab
