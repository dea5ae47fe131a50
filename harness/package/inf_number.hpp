// SPDX-License-Identifier: MIT
// Numbers as INFs write them.
#pragma once

#include "common/text.hpp"

namespace mpulab {

/// "0x10", "16", "-1" (as its 32 bits): what an INF takes for a number.
inline std::optional<uint64_t> parse_inf_number(std::string_view text) {
    if (text.size() > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
        return parse_number(text.substr(2), 16);
    if (text.size() > 1 && text[0] == '-') {
        const auto positive = parse_number(text.substr(1), 10);
        if (!positive || *positive > 0x80000000u) return std::nullopt;
        return static_cast<uint32_t>(0 - static_cast<uint32_t>(*positive));
    }
    return parse_number(text, 10);
}

} // namespace mpulab
