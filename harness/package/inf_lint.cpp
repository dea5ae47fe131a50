// SPDX-License-Identifier: MIT
#include "package/inf_lint.hpp"

#include "common/text.hpp"
#include "package/inf_number.hpp"
#include "package/log_config.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace fs = std::filesystem;

namespace mpulab {
namespace {

constexpr size_t kMaxFindings = 200;
constexpr size_t kMaxHardwareId = 200; // MAX_DEVICE_ID_LEN
constexpr const char* kMediaGuid = "{4d36e96c-e325-11ce-bfc1-08002be10318}";

class Linter {
  public:
    Linter(const InfFile& inf, const fs::path& folder) : inf_(inf), folder_(folder) {}

    std::vector<InfFinding> run() {
        version();
        for (const auto& [token, line] : inf_.undefined_strings())
            add(line, fmt::format("%{}%", inf_excerpt(token)), "a line for it in [Strings]");
        for (const InfSection& section : inf_.sections()) {
            for (const InfLine& line : section.lines)
                directive(line);
        }
        models();
        std::stable_sort(found_.begin(), found_.end(),
                         [](const InfFinding& a, const InfFinding& b) { return a.line < b.line; });
        return std::move(found_);
    }

  private:
    void add(unsigned line, std::string seen, std::string expected) {
        // Several install sections may name one section: its mistakes are told once.
        const bool told = std::ranges::any_of(
            found_, [&](const InfFinding& other) { return other.line == line && other.seen == seen; });
        if (!told && found_.size() < kMaxFindings) found_.push_back({line, std::move(seen), std::move(expected)});
    }

    void version() {
        const InfSection* section = inf_.section("Version");
        if (section == nullptr) return add(1, "no [Version]", "one: every INF has it");
        bool catalog = false;
        for (const InfLine& line : section->lines)
            catalog |= inf_lower(line.key).rfind("catalogfile", 0) == 0 && !line.value(0).empty();
        if (!catalog) add(section->number, "no CatalogFile", "one: x64 Windows installs nothing that is not signed");
        const InfLine* guid = section->find("ClassGuid");
        const InfLine* name = section->find("Class");
        if (guid != nullptr && name != nullptr &&
            (inf_lower(guid->value(0)) == kMediaGuid) != equal_ignoring_ascii_case(name->value(0), "MEDIA")) {
            add(guid->number,
                fmt::format("Class {} with ClassGuid {}", inf_excerpt(name->value(0)), inf_excerpt(guid->value(0))),
                fmt::format("MEDIA and {} together", kMediaGuid));
        }
        const InfLine* stamp = section->find("DriverVer");
        if (stamp == nullptr) return add(section->number, "no DriverVer", "DriverVer = mm/dd/yyyy,w.x.y.z");
        if (!sound_date(stamp->value(0)) || !sound_version(stamp->value(1)))
            add(stamp->number,
                fmt::format("DriverVer {},{}", inf_excerpt(stamp->value(0)), inf_excerpt(stamp->value(1))),
                "mm/dd/yyyy,w.x.y.z, each of the four at most 65535");
    }

    static bool sound_date(const std::string& date) {
        if (date.size() != 10 || date[2] != '/' || date[5] != '/') return false;
        const auto month = parse_number(date.substr(0, 2), 10);
        const auto day = parse_number(date.substr(3, 2), 10);
        const auto year = parse_number(date.substr(6), 10);
        return month && *month >= 1 && *month <= 12 && day && *day >= 1 && *day <= 31 && year && *year >= 1980;
    }

    static bool sound_version(const std::string& version) {
        size_t parts = 0;
        for (size_t at = 0;; ++parts) {
            const size_t dot = std::min(version.find('.', at), version.size());
            const auto number = parse_number(version.substr(at, dot - at), 10);
            if (!number || *number > 65535) return false;
            if (dot == version.size()) return parts < 4;
            at = dot + 1;
        }
    }

    void must_be_there(const InfLine& line, const std::string& name) {
        if (!name.empty() && inf_.section(name) == nullptr)
            add(line.number, fmt::format("{} names [{}], which is not there", line.key, inf_excerpt(name)),
                "that section");
    }

    void directive(const InfLine& line) {
        const std::string key = inf_lower(line.key);
        if (key == "addreg" || key == "delreg" || key == "logconfig" || key == "copyfiles") {
            for (const std::string& name : line.values) {
                if (key != "copyfiles") {
                    must_be_there(line, name);
                    if (key == "logconfig") check_log_config(name);
                } else if (!name.empty() && name[0] == '@') {
                    copied(line.number, name.substr(1));
                } else if (const InfSection* list = inf_.section(name)) {
                    for (const InfLine& file : list->lines)
                        copied(file.number, file.value(1).empty() ? file.value(0) : file.value(1));
                } else {
                    must_be_there(line, name);
                }
            }
        } else if (key == "addinterface") {
            must_be_there(line, line.value(2));
        } else if (key == "addservice") {
            must_be_there(line, line.value(2));
            if (const InfSection* service = inf_.section(line.value(2))) check_service(*service);
        }
    }

    void check_log_config(const std::string& name) {
        const InfSection* section = inf_.section(name);
        if (section == nullptr) return;
        for (InfFinding& finding : lint_log_config(*section))
            add(finding.line, std::move(finding.seen), std::move(finding.expected));
    }

    void copied(unsigned number, const std::string& file) {
        if (file.empty()) return;
        bool listed = false;
        for (const InfSection& section : inf_.sections()) {
            const std::string name = inf_lower(section.name);
            if (name != "sourcedisksfiles" && name.rfind("sourcedisksfiles.", 0) != 0) continue;
            const InfLine* line = section.find(file);
            if (line == nullptr) continue;
            listed = true;
            std::string below = line->value(1);
            std::replace(below.begin(), below.end(), '\\', '/');
            std::error_code ignored;
            if (!fs::is_regular_file(folder_ / fs::path(below).relative_path() / file, ignored))
                add(line->number, fmt::format("{}, which is not in the package", inf_excerpt(file)),
                    fmt::format("it in {}", below.empty() ? "the INF's folder" : inf_excerpt(below)));
        }
        if (!listed) add(number, fmt::format("{} is copied", inf_excerpt(file)), "a line for it in [SourceDisksFiles]");
    }

    void check_service(const InfSection& service) {
        for (const char* key : {"ServiceType", "StartType", "ErrorControl"}) {
            const InfLine* line = service.find(key);
            const auto number = line == nullptr ? std::nullopt : parse_inf_number(line->value(0));
            const bool sound = number && (std::string_view(key) == "ServiceType" ? *number == 1 : *number <= 3);
            if (!sound)
                add(line == nullptr ? service.number : line->number,
                    line == nullptr ? fmt::format("no {} in [{}]", key, service.name)
                                    : fmt::format("{} {}", key, inf_excerpt(line->value(0))),
                    std::string_view(key) == "ServiceType" ? "1, a kernel driver" : "a number from 0 to 3");
        }
        const InfLine* binary = service.find("ServiceBinary");
        const std::string path = binary == nullptr ? "" : binary->value(0);
        if (path.rfind("%12%\\", 0) != 0 && path.rfind("%13%\\", 0) != 0)
            add(binary == nullptr ? service.number : binary->number,
                fmt::format("ServiceBinary '{}'", inf_excerpt(path)), "one below %12% or %13%");
    }

    void models() {
        const InfSection* makers = inf_.section("Manufacturer");
        if (makers == nullptr) return add(1, "no [Manufacturer]", "one that names the devices");
        for (const InfLine& maker : makers->lines) {
            for (size_t i = maker.values.size() > 1 ? 1 : 0; i < maker.values.size(); ++i) {
                const std::string name = maker.value(0) + (i == 0 ? "" : "." + maker.value(i));
                const InfSection* section = inf_.section(name);
                if (section == nullptr) {
                    add(maker.number, fmt::format("[{}], which is not there", inf_excerpt(name)), "that section");
                    continue;
                }
                for (const InfLine& model : section->lines) {
                    for (size_t k = 1; k < model.values.size(); ++k)
                        check_id(model.number, model.value(k));
                }
            }
        }
    }

    void check_id(unsigned line, const std::string& id) {
        const std::string lower = inf_lower(id);
        const bool printable = std::all_of(id.begin(), id.end(), [](char c) { return c > ' ' && c <= '~'; });
        const auto hex = [&](size_t at) {
            return lower.size() >= at + 4 &&
                   lower.substr(at, 4).find_first_not_of("0123456789abcdef") == std::string::npos;
        };
        bool sound = printable && id.size() <= kMaxHardwareId;
        if (lower.rfind("pci\\", 0) == 0 && lower.rfind("pci\\cc_", 0) != 0)
            sound = sound && lower.rfind("pci\\ven_", 0) == 0 && hex(8) &&
                    (lower.size() == 12 || (lower.compare(12, 5, "&dev_") == 0 && hex(17)));
        if (!sound)
            add(line, fmt::format("the hardware id '{}'", inf_excerpt(id)),
                "printable, at most 200 characters, as PCI\\VEN_1234&DEV_5678");
    }

    const InfFile& inf_;
    const fs::path& folder_;
    std::vector<InfFinding> found_;
};

} // namespace

std::vector<InfFinding> lint_inf(const InfFile& inf, const fs::path& folder) {
    return Linter(inf, folder).run();
}

} // namespace mpulab
