// SPDX-License-Identifier: MIT
// A pool tag for people.
#ifndef NANONT_MM_TAG_TEXT_HPP
#define NANONT_MM_TAG_TEXT_HPP

#include "nt.hpp"

namespace nanont::mm {

/// Four characters, a dot for what cannot be printed.
struct TagText {
    explicit TagText(ULONG value) {
        for (int i = 0; i < 4; ++i) {
            const char c = static_cast<char>(value >> (8 * i) & 0x7f);
            text[i] = c >= ' ' && c < 0x7f ? c : '.';
        }
    }
    char text[5] = {};
};

} // namespace nanont::mm

#endif
