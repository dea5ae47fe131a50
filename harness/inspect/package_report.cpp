// SPDX-License-Identifier: MIT
#include "inspect/package_report.hpp"

#include "common/text.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>
#include <nlohmann/json.hpp>

namespace mpulab {
namespace {

using Json = nlohmann::ordered_json;

const char* type_name(RegType type) {
    switch (type) {
    case RegType::None:
        return "REG_NONE";
    case RegType::Sz:
        return "REG_SZ";
    case RegType::ExpandSz:
        return "REG_EXPAND_SZ";
    case RegType::Binary:
        return "REG_BINARY";
    case RegType::Dword:
        return "REG_DWORD";
    case RegType::MultiSz:
        return "REG_MULTI_SZ";
    case RegType::Qword:
        return "REG_QWORD";
    }
    return "?";
}

std::string joined(const std::vector<std::string>& words) {
    std::string out;
    for (const std::string& word : words)
        out += (out.empty() ? "" : ", ") + word;
    return out;
}

std::string verdict(const PackageReport& report) {
    if (!report.image.runs()) return image_verdict(report.image);
    if (!report.start.started) return "nanont cannot run it: " + report.start.reason;
    if (!report.no_targets.empty()) return "nanont can start it, but no song can be played: " + report.no_targets;
    return "nanont can run it";
}

std::string next(const PackageReport& report) {
    return report.image.runs() ? report.start.next : image_next(report.image);
}

void inf_text(std::string& text, const PackageReport& report) {
    const auto out = std::back_inserter(text);
    const InfFacts& facts = *report.package.facts;
    const InfInstall& install = *report.package.install;
    fmt::format_to(out, "  INF      {}: class {} {}\n", report.package.inf.filename().string(), facts.class_name,
                   facts.class_guid);
    fmt::format_to(out, "  version  {} of {}, by {}; for Windows {}; catalogue {}\n",
                   facts.driver_version.empty() ? "none" : facts.driver_version,
                   facts.driver_date.empty() ? "no date" : facts.driver_date,
                   facts.provider.empty() ? "nobody" : facts.provider,
                   facts.minimum ? facts.minimum->text() + " and newer" : "of any version",
                   facts.catalog.empty() ? "none" : facts.catalog);
    for (const InfModel& model : facts.models) {
        const bool chosen = report.package.model && report.package.model->line == model.line;
        fmt::format_to(out, "  {}  {} {}{}\n", chosen ? "device*" : "device ", inf_excerpt(model.description),
                       inf_excerpt(model.hardware_id),
                       model.compatible_ids.empty() ? "" : " (compatible: " + joined(model.compatible_ids) + ")");
    }
    if (report.package.root)
        fmt::format_to(out, "  runs as  {}, root-enumerated, {}\n", report.package.root_id,
                       report.package.resources ? "on a card that no bus reports: LogConfig" : "without hardware");
    fmt::format_to(out, "  service  {} ({}), {} values for the device, {} for its hardware key\n", install.service.name,
                   install.service.file, install.device_values.size(), install.hardware_values.size());
    for (const InfLogConfig& config : install.log_configs)
        fmt::format_to(out, "  config   [{}] {}\n", config.section, joined(config.lines));
    if (!install.includes.empty())
        fmt::format_to(out, "  include  {}; needs {}\n", joined(install.includes), joined(install.needs));
}

Json entries_json(const std::vector<RegEntry>& entries) {
    Json list = Json::array();
    for (const RegEntry& entry : entries) {
        Json json = {{"root", entry.root}, {"key", entry.subkey}, {"name", entry.name}};
        if (entry.deletes) {
            json["deletes"] = true;
        } else if (!entry.key_only) {
            json["type"] = type_name(entry.type);
            std::string hex;
            for (const uint8_t byte : entry.data)
                hex += fmt::format("{:02x}", byte);
            json["value"] = entry.type == RegType::MultiSz ? Json(entry.text)
                            : entry.text.empty()           ? Json(hex)
                                                           : Json(entry.text.front());
        }
        list.push_back(std::move(json));
    }
    return list;
}

Json inf_json(const PackageReport& report) {
    const InfFacts& facts = *report.package.facts;
    const InfInstall& install = *report.package.install;
    Json json = {{"path", report.package.inf.string()},
                 {"class", facts.class_name},
                 {"class_guid", facts.class_guid},
                 {"provider", facts.provider},
                 {"driver_date", facts.driver_date},
                 {"driver_version", facts.driver_version},
                 {"catalog", facts.catalog},
                 {"minimum_windows", facts.minimum ? Json(facts.minimum->text()) : Json(nullptr)},
                 {"models", Json::array()},
                 {"root_device", report.package.root ? Json(report.package.root_id) : Json(nullptr)},
                 {"install", install.section},
                 {"service", install.service.name},
                 {"binary", install.service.binary},
                 {"device_values", entries_json(install.device_values)},
                 {"hardware_values", entries_json(install.hardware_values)},
                 {"service_values", entries_json(install.service.values)},
                 {"interfaces", Json::array()},
                 {"log_configs", Json::array()},
                 {"include", install.includes},
                 {"needs", install.needs}};
    for (const InfModel& model : facts.models) {
        json["models"].push_back({{"description", model.description},
                                  {"hardware_id", model.hardware_id},
                                  {"compatible_ids", model.compatible_ids},
                                  {"chosen", report.package.model && report.package.model->line == model.line}});
    }
    for (const InfInterface& entry : install.interfaces) {
        json["interfaces"].push_back({{"category", guid_name(guid_of(entry.category))},
                                      {"reference", entry.reference},
                                      {"values", entries_json(entry.values)}});
    }
    for (const InfLogConfig& config : install.log_configs)
        json["log_configs"].push_back({{"section", config.section}, {"lines", config.lines}});
    return json;
}

Json offers_json(const std::vector<OfferedSubdevice>& offers) {
    Json list = Json::array();
    for (const OfferedSubdevice& subdevice : offers) {
        Json json = {{"name", subdevice.name},
                     {"port", guid_name(subdevice.port_class)},
                     {"gone", subdevice.gone},
                     {"categories", Json::array()},
                     {"pins", Json::array()}};
        for (const OfferedInterface& entry : subdevice.interfaces)
            json["categories"].push_back(guid_name(entry.category));
        for (const OfferedPin& pin : subdevice.pins) {
            Json ranges = Json::array();
            for (const OfferedRange& range : pin.ranges)
                ranges.push_back(range.text());
            json["pins"].push_back({{"id", pin.id},
                                    {"flow", pin.flow},
                                    {"communication", pin.communication},
                                    {"max_filter_instances", pin.max_filter},
                                    {"max_global_instances", pin.max_global},
                                    {"streams_midi", pin.streams_midi()},
                                    {"ranges", std::move(ranges)}});
        }
        list.push_back(std::move(json));
    }
    return list;
}

} // namespace

std::vector<std::string> disagreements(const PackageReport& report) {
    std::vector<std::string> lines;
    if (!report.package.install || !report.start.started) return lines;
    const std::vector<InfInterface>& prepared = report.package.install->interfaces;
    for (const InfInterface& entry : prepared) {
        const std::string category = guid_name(guid_of(entry.category));
        const OfferedSubdevice* named = nullptr;
        bool agrees = false;
        for (const OfferedSubdevice& subdevice : report.offers) {
            if (!equal_ignoring_ascii_case(subdevice.name, entry.reference)) continue;
            named = &subdevice;
            agrees |= std::any_of(subdevice.interfaces.begin(), subdevice.interfaces.end(),
                                  [&](const OfferedInterface& i) { return guid_text(i.category) == entry.category; });
        }
        if (agrees) continue;
        lines.push_back(fmt::format("{}:{}: AddInterface {} '{}': {}", report.package.inf.filename().string(),
                                    entry.line, category, inf_excerpt(entry.reference),
                                    named != nullptr ? "the subdevice is not registered in that category"
                                                     : "no subdevice of that name was registered"));
    }
    for (const OfferedSubdevice& subdevice : report.offers) {
        for (const OfferedInterface& entry : subdevice.interfaces) {
            const bool known = std::any_of(prepared.begin(), prepared.end(), [&](const InfInterface& i) {
                return i.category == guid_text(entry.category) &&
                       equal_ignoring_ascii_case(i.reference, subdevice.name);
            });
            if (known) continue;
            lines.push_back(fmt::format("subdevice {} is registered in {}, of which the INF says nothing: on Windows "
                                        "it has neither FriendlyName nor CLSID",
                                        inf_excerpt(subdevice.name), guid_name(entry.category)));
        }
    }
    return lines;
}

std::string package_text(const PackageReport& report) {
    std::string text = image_text(report.image);
    const auto out = std::back_inserter(text);
    const ImageNotes& notes = report.image_notes;
    if (report.image.defect.empty()) {
        fmt::format_to(
            out, "  built    {}, {}, {}; symbols {}\n", notes.guard_cf ? "control-flow guard" : "no control-flow guard",
            notes.security_cookie ? "security cookie" : "no security cookie", notes.is_signed ? "signed" : "not signed",
            notes.pdb ? fmt::format("{} {} age {}", notes.pdb->file(), notes.pdb->guid, notes.pdb->age)
                      : "not named in it");
        for (const auto& [name, value] : notes.version) {
            if (name == "FileVersion" || name == "FileDescription" || name == "CompanyName")
                fmt::format_to(out, "  {:<8} {}\n", name, value);
        }
        for (const std::string& remark : notes.remarks())
            fmt::format_to(out, "  note     {}\n", remark);
    }
    if (report.package.facts) inf_text(text, report);
    for (const InfFinding& finding : report.lint)
        fmt::format_to(out, "  lint     {}:{}: {}; expected {}\n", report.package.inf.filename().string(), finding.line,
                       finding.seen, finding.expected);
    if (report.catalog) {
        const CatalogReport& catalog = *report.catalog;
        for (const std::string& problem : catalog.problems)
            fmt::format_to(out, "  catalog  {}: {}\n", catalog.file, problem);
        if (catalog.problems.empty()) {
            fmt::format_to(out, "  catalog  {}: all {} members are as they were; {} signatures, not checked here\n",
                           catalog.file, catalog.members, catalog.signers);
        }
    }
    for (const std::string& note : report.notes)
        fmt::format_to(out, "  note     {}\n", note);
    if (report.start.started) {
        fmt::format_to(out,
                       "  start    {} subdevices, {:.1f} ms of virtual time after power-on (what the card makes a "
                       "driver wait is in it)\n",
                       report.offers.size(), report.start.virtual_ms);
    }
    for (const OfferedSubdevice& subdevice : report.offers) {
        std::vector<std::string> categories;
        for (const OfferedInterface& entry : subdevice.interfaces)
            categories.push_back(guid_name(entry.category));
        fmt::format_to(out, "  subdevice {}: {}; {}{}\n", inf_excerpt(subdevice.name), guid_name(subdevice.port_class),
                       joined(categories), subdevice.gone ? "; gone again" : "");
        for (const OfferedPin& pin : subdevice.pins) {
            fmt::format_to(out, "    {}\n", pin.text());
            for (const OfferedRange& range : pin.ranges)
                fmt::format_to(out, "      {}\n", range.text());
        }
    }
    const auto lines = disagreements(report);
    for (const std::string& line : lines)
        fmt::format_to(out, "  differs  {}\n", line);
    if (report.package.install && report.start.started && lines.empty())
        text += "  agree    INF and registered subdevices\n";
    text += verdict(report) + "\n";
    if (const std::string what = next(report); !what.empty()) text += "next: " + what + "\n";
    return text;
}

nlohmann::ordered_json package_json(const PackageReport& report) {
    Json json = image_json(report.image);
    json["runs"] = report.runs();
    json["verdict"] = verdict(report);
    json["next"] = next(report);
    const ImageNotes& notes = report.image_notes;
    json["image"] = {{"section_alignment", notes.section_alignment},
                     {"writable_code", notes.writable_code},
                     {"relocations", notes.relocations},
                     {"guard_cf", notes.guard_cf},
                     {"security_cookie", notes.security_cookie},
                     {"signed", notes.is_signed}};
    json["image"]["pdb"] =
        notes.pdb ? Json{{"path", notes.pdb->path}, {"guid", notes.pdb->guid}, {"age", notes.pdb->age}} : Json(nullptr);
    json["image"]["version"] = Json::object();
    for (const auto& [name, value] : notes.version)
        json["image"]["version"][name] = value;
    json["inf"] = report.package.facts ? inf_json(report) : Json(nullptr);
    json["start"] = {{"tried", report.start.tried},
                     {"started", report.start.started},
                     {"reason", report.start.reason},
                     {"virtual_ms", report.start.virtual_ms}};
    json["subdevices"] = offers_json(report.offers);
    json["disagreements"] = disagreements(report);
    json["lint"] = Json::array();
    for (const InfFinding& finding : report.lint)
        json["lint"].push_back({{"line", finding.line}, {"seen", finding.seen}, {"expected", finding.expected}});
    json["catalog"] = nullptr;
    if (const auto& catalog = report.catalog) {
        json["catalog"] = {{"file", catalog->file},
                           {"members", catalog->members},
                           {"signatures", catalog->signers},
                           {"problems", catalog->problems}};
    }
    json["notes"] = report.notes;
    return json;
}

} // namespace mpulab
