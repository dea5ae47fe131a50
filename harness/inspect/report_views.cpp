// SPDX-License-Identifier: MIT
// An image report for people and for programs.
#include "inspect/image_report.hpp"

#include <fmt/format.h>
#include <iterator>
#include <nlohmann/json.hpp>

namespace mpulab {
namespace {

std::string rights(const SectionReport& section) {
    return fmt::format("r{}{}{}", section.writable ? "w" : "", section.executable ? "x" : "",
                       section.discardable ? ", discarded" : "");
}

} // namespace

std::string image_verdict(const ImageReport& report) {
    if (!report.defect.empty()) return fmt::format("nanont cannot run it: {}", report.defect);
    const size_t lacking = report.count(ExportState::Absent) + report.count(ExportState::UnknownModule);
    if (lacking != 0) return fmt::format("nanont cannot run it: it lacks {} of its imports", lacking);
    return "nanont can run it";
}

std::string image_next(const ImageReport& report) {
    if (!report.defect.empty()) return "give the driver's whole .sys for amd64, or the folder with its INF";
    for (const ImportReport& import : report.imports) {
        if (import.info.state == ExportState::Absent)
            return fmt::format("\"mpulab inspect --exports {}\" lists what there is", import.module);
        if (import.info.state == ExportState::UnknownModule)
            return fmt::format(
                "nanont has ntoskrnl.exe, hal.dll, ks.sys and portcls.sys alone: a driver that needs no {}",
                import.module);
    }
    return "";
}

std::string image_text(const ImageReport& report) {
    std::string text = fmt::format("{}: {} bytes\n", report.file, report.file_size);
    const auto out = std::back_inserter(text);
    for (const SectionReport& section : report.sections) {
        fmt::format_to(out, "  section  {:<8} 0x{:05x} + 0x{:05x}  {}\n", section.name, section.rva, section.size,
                       rights(section));
    }
    if (report.defect.empty() || !report.imports.empty()) {
        fmt::format_to(out, "  imports  {}: {} complete, {} partial, {} absent, {} from modules nanont lacks\n",
                       report.imports.size(), report.count(ExportState::Complete), report.count(ExportState::Partial),
                       report.count(ExportState::Absent), report.count(ExportState::UnknownModule));
    }
    for (const ImportReport& import : report.imports) {
        if (import.info.state == ExportState::Complete) continue;
        fmt::format_to(out, "  {:<8} {}!{}{}{}\n",
                       import.info.state == ExportState::UnknownModule ? "absent"
                                                                       : export_state_name(import.info.state),
                       import.module, import.name, import.info.limits.empty() ? "" : ": ", import.info.limits);
    }
    return text;
}

nlohmann::ordered_json image_json(const ImageReport& report) {
    nlohmann::ordered_json sections = nlohmann::ordered_json::array();
    for (const SectionReport& s : report.sections) {
        sections.push_back({{"name", s.name},
                            {"rva", s.rva},
                            {"size", s.size},
                            {"writable", s.writable},
                            {"executable", s.executable},
                            {"discardable", s.discardable}});
    }
    nlohmann::ordered_json imports = nlohmann::ordered_json::array();
    for (const ImportReport& import : report.imports) {
        nlohmann::ordered_json entry = {
            {"module", import.module}, {"name", import.name}, {"state", export_state_name(import.info.state)}};
        if (!import.info.limits.empty()) entry["limits"] = import.info.limits;
        imports.push_back(std::move(entry));
    }
    return {{"file", report.file},
            {"bytes", report.file_size},
            {"runs", report.runs()},
            {"verdict", image_verdict(report)},
            {"defect", report.defect},
            {"image_bytes", report.image_size},
            {"entry_rva", report.entry_rva},
            {"checksum", report.checksum},
            {"sections", std::move(sections)},
            {"imports", std::move(imports)}};
}

} // namespace mpulab
