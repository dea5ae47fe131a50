// SPDX-License-Identifier: MIT
#include "checks/named_checks.hpp"

#include "scenario/places.hpp"

#include <fmt/format.h>

namespace mpulab {

std::string name_of_check(const nlohmann::json& check) {
    return fmt::format("{}:{}", check.at("verb").get<std::string>(), place_text(check));
}

std::span<const mpulab_record> between_markers(const EventLog& log, const nlohmann::json& check) {
    const auto records = log.records();
    const auto marker = [&](const char* key, size_t from) {
        const uint64_t number = check[key].get<uint64_t>();
        while (from < records.size() && !(records[from].kind == MPULAB_KIND_MARKER && records[from].a == number))
            ++from;
        return from;
    };
    const size_t begin = check.contains("after-marker") ? marker("after-marker", 0) : 0;
    const size_t end = check.contains("before-marker") ? marker("before-marker", begin) : records.size();
    return records.subspan(begin, end - begin);
}

} // namespace mpulab
