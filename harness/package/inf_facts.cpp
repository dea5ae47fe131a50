// SPDX-License-Identifier: MIT
// [Version], [Manufacturer] and the models.
#include "package/inf_facts.hpp"

#include "common/text.hpp"
#include "package/inf_number.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace mpulab {
namespace {

constexpr const char* kMediaGuid = "{4d36e96c-e325-11ce-bfc1-08002be10318}";

/// What follows the '.' or ',' of a decorated name: "NTamd64.10.0...16299".
struct Decoration {
    std::string architecture; // lower case; empty: for all
    WindowsVersion version;
    bool sound = true;
};

Decoration read_decoration(std::string_view text) {
    Decoration decoration;
    std::vector<std::string> parts;
    for (size_t at = 0;;) {
        const size_t dot = text.find('.', at);
        parts.emplace_back(text.substr(at, dot == std::string_view::npos ? dot : dot - at));
        if (dot == std::string_view::npos || parts.size() > 8) break;
        at = dot + 1;
    }
    // NT[Architecture].[Major].[Minor].[ProductType].[SuiteMask].[Build]
    std::string first = inf_lower(parts[0]);
    decoration.sound = first.rfind("nt", 0) == 0 && parts.size() <= 6;
    if (!decoration.sound) return decoration;
    decoration.architecture = first.substr(2);
    unsigned* const fields[] = {&decoration.version.major, &decoration.version.minor, nullptr, nullptr,
                                &decoration.version.build};
    for (size_t i = 1; i < parts.size(); ++i) {
        if (fields[i - 1] == nullptr || parts[i].empty()) continue;
        const auto number = parse_inf_number(parts[i]);
        if (!number || *number > 1'000'000) {
            decoration.sound = false;
        } else {
            *fields[i - 1] = static_cast<unsigned>(*number);
        }
    }
    return decoration;
}

void read_version(const InfFile& inf, InfFacts& facts) {
    const InfSection* version = inf.section("Version");
    if (version == nullptr) throw inf.error(1, "no section [Version]", "one: every INF has it");
    const auto text = [&](const char* key) {
        const InfLine* line = version->find(key);
        return line == nullptr ? std::string() : line->value(0);
    };
    const InfLine* signature = version->find("Signature");
    const std::string sign = inf_lower(text("Signature"));
    if (sign != "$windows nt$" && sign != "$chicago$" && sign != "$windows 95$") {
        throw inf.error(signature == nullptr ? version->number : signature->number,
                        signature == nullptr ? "no Signature"
                                             : fmt::format("Signature '{}'", inf_excerpt(signature->value(0))),
                        "\"$Windows NT$\" or \"$Chicago$\"");
    }
    facts.class_name = text("Class");
    facts.class_guid = inf_lower(text("ClassGuid"));
    const InfLine* class_line =
        version->find("ClassGuid") != nullptr ? version->find("ClassGuid") : version->find("Class");
    const bool media = facts.class_guid.empty() ? equal_ignoring_ascii_case(facts.class_name, "MEDIA")
                                                : facts.class_guid == kMediaGuid;
    if (!media) {
        throw inf.error(class_line == nullptr ? version->number : class_line->number,
                        fmt::format("device class {} {}",
                                    facts.class_name.empty() ? "without a name" : inf_excerpt(facts.class_name),
                                    facts.class_guid.empty() ? "without a GUID" : inf_excerpt(facts.class_guid)),
                        fmt::format("MEDIA {}: PortCls MIDI drivers are what nanont runs", kMediaGuid));
    }
    if (facts.class_guid.empty()) facts.class_guid = kMediaGuid;
    facts.provider = text("Provider");
    if (const InfLine* line = version->find("DriverVer")) {
        facts.driver_date = line->value(0);
        facts.driver_version = line->value(1);
    }
    for (const char* key : {"CatalogFile.NTamd64", "CatalogFile.NT", "CatalogFile"}) {
        if (facts.catalog.empty()) facts.catalog = text(key);
    }
}

/// A models section for amd64 and where it is named.
struct Candidate {
    std::string section;
    WindowsVersion version;
    unsigned line;
};

void read_models(const InfFile& inf, const Candidate& candidate, InfFacts& facts) {
    const InfSection* section = inf.section(candidate.section);
    if (section == nullptr) return;
    for (const InfLine& line : section->lines) {
        // %Description%=InstallSection,HardwareId[,CompatibleId…]
        if (line.key.empty() || line.value(0).empty()) {
            throw inf.error(line.number, fmt::format("'{}' in [{}]", inf_excerpt(line.value(0)), section->name),
                            "description=install-section,hardware-id");
        }
        InfModel model;
        model.description = line.key;
        model.install = line.value(0);
        model.hardware_id = line.value(1);
        for (size_t i = 2; i < line.values.size(); ++i) {
            if (line.values[i].empty()) continue;
            if (model.hardware_id.empty()) {
                model.hardware_id = line.values[i]; // "section,,*PNPB006": a compatible id alone
            } else {
                model.compatible_ids.push_back(line.values[i]);
            }
        }
        model.line = line.number;
        facts.models.push_back(std::move(model));
    }
}

} // namespace

std::string WindowsVersion::text() const {
    return build == 0 ? fmt::format("{}.{}", major, minor) : fmt::format("{}.{}.{}", major, minor, build);
}

InfFacts read_inf_facts(const InfFile& inf, const WindowsVersion& target) {
    InfFacts facts;
    read_version(inf, facts);
    const InfSection* manufacturer = inf.section("Manufacturer");
    if (manufacturer == nullptr || manufacturer->lines.empty()) {
        throw inf.error(1,
                        inf.section("DefaultInstall") || inf.section("DefaultInstall.NTamd64") ||
                                inf.section("DefaultInstall.NT")
                            ? "only a [DefaultInstall], no [Manufacturer]"
                            : "no [Manufacturer], or an empty one",
                        "one that names the devices");
    }
    std::vector<Candidate> candidates;
    std::string others;
    for (const InfLine& line : manufacturer->lines) {
        const std::string& base = line.value(0);
        if (base.empty())
            throw inf.error(line.number, "a manufacturer without a models section", "%Name%=Models,NTamd64");
        if (line.values.size() == 1 || (line.values.size() == 2 && line.values[1].empty()))
            others += " [" + base + "] (undecorated: for x86)";
        for (size_t i = 1; i < line.values.size(); ++i) {
            if (line.values[i].empty()) continue;
            const Decoration decoration = read_decoration(line.values[i]);
            if (!decoration.sound) {
                throw inf.error(line.number, fmt::format("the decoration '{}'", inf_excerpt(line.values[i])),
                                "NT[architecture][.major[.minor[.type[.suite[.build]]]]], as NTamd64.10.0...16299");
            }
            const std::string section = base + "." + line.values[i];
            if (decoration.architecture != "amd64" && !decoration.architecture.empty()) {
                others += " [" + section + "]";
                continue;
            }
            candidates.push_back({section, decoration.version, line.number});
        }
    }
    if (candidates.empty()) {
        throw inf.error(manufacturer->lines.front().number,
                        fmt::format("no models for amd64{}{}", others.empty() ? "" : ", only", inf_excerpt(others)),
                        "a decoration NTamd64 in [Manufacturer]: nanont is amd64");
    }
    std::vector<Candidate> fitting;
    for (const Candidate& candidate : candidates) {
        if (!facts.minimum || candidate.version < *facts.minimum) facts.minimum = candidate.version;
        if (candidate.version <= target) fitting.push_back(candidate);
    }
    if (fitting.empty()) {
        throw inf.error(candidates.front().line, fmt::format("it wants Windows {} or newer", facts.minimum->text()),
                        fmt::format("one that takes Windows {}: choose another with --profile", target.text()));
    }
    if (*facts.minimum == WindowsVersion{}) facts.minimum.reset();
    // Of each manufacturer's sections the one nearest to the target is read.
    const Candidate best = *std::max_element(
        fitting.begin(), fitting.end(), [](const Candidate& a, const Candidate& b) { return a.version < b.version; });
    for (const Candidate& candidate : fitting) {
        if (candidate.version != best.version) continue;
        facts.models_section += (facts.models_section.empty() ? "" : ", ") + candidate.section;
        read_models(inf, candidate, facts);
    }
    if (facts.models.empty()) {
        throw inf.error(best.line, fmt::format("no device in [{}]", inf_excerpt(facts.models_section)),
                        "description=install-section,hardware-id in it");
    }
    for (const auto& [token, line] : inf.undefined_strings())
        facts.notes.push_back(
            fmt::format("{}:{}: %{}% stands in no [Strings] section", inf.name(), line, inf_excerpt(token)));
    return facts;
}

} // namespace mpulab
