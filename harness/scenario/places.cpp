// SPDX-License-Identifier: MIT
#include "scenario/places.hpp"

#include <filesystem>
#include <fmt/format.h>

namespace mpulab {

using Json = nlohmann::json;

std::string Complaint::text() const {
    std::string out =
        line == 0 ? fmt::format("{}: {}", file, what) : fmt::format("{}:{}:{}: {}", file, line, column, what);
    return expected.empty() ? out : out + "; expected " + expected;
}

Complaint complaint_at(const Json& object, const std::string& file, std::string what, std::string expected) {
    const Json& place = object.at(kPlaceKey);
    return {file_of(object, file), place[0], place[1], std::move(what), std::move(expected)};
}

std::string file_of(const Json& object, const std::string& file) {
    const Json& place = object.at(kPlaceKey);
    return place.size() > 2 ? place[2].get<std::string>() : file;
}

std::string place_text(const Json& object) {
    const Json& place = object.at(kPlaceKey);
    const int line = place[0];
    if (place.size() < 3) return fmt::format("{}", line);
    return fmt::format("{}:{}", std::filesystem::path(place[2].get<std::string>()).filename().string(), line);
}

} // namespace mpulab
