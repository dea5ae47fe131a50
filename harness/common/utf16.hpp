// SPDX-License-Identifier: MIT
// UTF-8 to UTF-16, as the guest's names are kept.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace mpulab {

/// Of sound UTF-8; what is none becomes some character or other, never an overrun.
inline std::u16string utf16(std::string_view text) {
    std::u16string out;
    for (size_t i = 0; i < text.size();) {
        const auto byte = static_cast<uint8_t>(text[i]);
        const size_t length = byte < 0x80 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
        uint32_t c = length == 1 ? byte : byte & (0x7fu >> length);
        for (size_t k = 1; k < length && i + k < text.size(); ++k)
            c = c << 6 | (static_cast<uint8_t>(text[i + k]) & 0x3f);
        i += length;
        if (c >= 0x10000) out += static_cast<char16_t>(0xd800 + ((c - 0x10000) >> 10));
        out += static_cast<char16_t>(c < 0x10000 ? c : 0xdc00 + ((c - 0x10000) & 0x3ff));
    }
    return out;
}

} // namespace mpulab
