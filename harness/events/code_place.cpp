// SPDX-License-Identifier: MIT
#include "events/code_place.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace mpulab {

std::string line_text(const CodePlace::Line& line) {
    return line.file.empty() ? line.function : fmt::format("{} ({}:{})", line.function, line.file, line.line);
}

std::string CodePlace::text() const {
    std::string out = place;
    for (const Line& line : lines)
        out += (&line == &lines.front() ? " " : ", inlined in ") + line_text(line);
    return out;
}

nlohmann::ordered_json place_json(const CodePlace& place) {
    nlohmann::ordered_json lines = nlohmann::ordered_json::array();
    for (const CodePlace::Line& line : place.lines)
        lines.push_back({{"function", line.function}, {"file", line.file}, {"line", line.line}});
    return {{"address", fmt::format("0x{:x}", place.address)}, {"place", place.place}, {"lines", std::move(lines)}};
}

} // namespace mpulab
