// SPDX-License-Identifier: MIT
#include "checks/finding_places.hpp"

#include <algorithm>
#include <charconv>

namespace mpulab {
namespace {

constexpr std::string_view kOffset = "+0x";
constexpr std::string_view kBegins = "routine "; // before a place that is where a function begins

/// What `text` names at `at`, where "name+0x" of `module` stands; no address: it names none.
std::optional<CodePlace> named_place(const std::string& text, size_t at, const Module& module) {
    const size_t digits = at + module.name.size() + kOffset.size();
    uint64_t offset = 0;
    const char* end = text.data() + text.size();
    const auto [stop, failure] = std::from_chars(text.data() + digits, end, offset, 16);
    if (failure != std::errc() || offset >= module.size) return std::nullopt;
    CodePlace place;
    place.address = module.base + offset;
    place.place = text.substr(at, static_cast<size_t>(stop - text.data()) - at);
    place.exact = at >= kBegins.size() && text.compare(at - kBegins.size(), kBegins.size(), kBegins) == 0;
    return place;
}

void add_once(std::vector<CodePlace>& places, CodePlace place) {
    const auto same = [&place](const CodePlace& other) { return other.address == place.address; };
    if (std::none_of(places.begin(), places.end(), same)) places.push_back(std::move(place));
}

std::vector<CodePlace> named_places(const std::string& text, const EventLog& log) {
    std::map<size_t, CodePlace> by_position;
    for (const Module& module : log.modules()) {
        if (module.name.empty()) continue;
        const std::string what = module.name + std::string(kOffset);
        for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) {
            if (auto place = named_place(text, at, module)) by_position.try_emplace(at, std::move(*place));
        }
    }
    std::vector<CodePlace> places;
    for (auto& [at, place] : by_position)
        add_once(places, std::move(place));
    return places;
}

/// The innermost frame in `driver` of the stack that follows the FINDING `told`, or the bugcheck that ends the run for
/// it. What the same CPU says at another IRQL in between is an interrupt's.
std::optional<CodePlace> stack_place(const mpulab_record& told, const EventLog& log, const std::string& driver) {
    const auto records = log.records();
    bool first = true;
    for (size_t i = told.seq + 1; i < records.size(); ++i) {
        const mpulab_record& record = records[i];
        if (record.cpu != told.cpu || record.irql != told.irql) continue;
        switch (record.kind) {
        case MPULAB_KIND_BUGCHECK:
        case MPULAB_KIND_NAME:
        case MPULAB_KIND_BUGCHECK_MORE:
        case MPULAB_KIND_REGISTER:
            break;
        case MPULAB_KIND_FRAME: {
            if (!first && record.c == 1) return std::nullopt; // from here on it is what was interrupted
            const Module* module = log.module_at(record.a);
            if (module != nullptr && module->name == driver)
                return CodePlace{record.a, log.symbol(record.a), {}, record.c == 1};
            first = false;
            break;
        }
        default:
            return std::nullopt;
        }
    }
    return std::nullopt;
}

} // namespace

std::vector<CodePlace> find_places(const RuleFinding& finding, const EventLog& log, const std::string& driver) {
    std::vector<CodePlace> places = named_places(finding.text, log);
    const mpulab_record& record = log.records()[finding.record];
    for (CodePlace& place : places)
        place.exact |= record.pc == place.address; // of the access itself
    if (record.kind == MPULAB_KIND_FINDING) {
        if (auto place = stack_place(record, log, driver)) add_once(places, std::move(*place));
    }
    return places;
}

} // namespace mpulab
