// SPDX-License-Identifier: MIT
// Upper and lower case of single UTF-16 units, as counted strings compare them: Latin-1, Latin Extended-A, Greek and
// Cyrillic by Unicode's simple case mappings (UnicodeData.txt, fields 12 and 13). Other letters keep their case.
#ifndef NANONT_RTL_LETTER_CASE_HPP
#define NANONT_RTL_LETTER_CASE_HPP

#include "nt.hpp"

namespace nanont::rtl {

/// Lower case letters `first` to `last`, each `step`-th; the upper case one of each is `distance` below.
struct LetterRange {
    WCHAR first, last;
    USHORT step;
    USHORT distance;
};

inline constexpr LetterRange kLetterRanges[] = {
    {'a', 'z', 1, 0x20},     {0xe0, 0xf6, 1, 0x20},   {0xf8, 0xfe, 1, 0x20},   {0x101, 0x12f, 2, 1},
    {0x133, 0x137, 2, 1},    {0x13a, 0x148, 2, 1},    {0x14b, 0x177, 2, 1},    {0x17a, 0x17e, 2, 1},
    {0x3ac, 0x3ac, 1, 0x26}, {0x3ad, 0x3af, 1, 0x25}, {0x3b1, 0x3c1, 1, 0x20}, {0x3c3, 0x3cb, 1, 0x20},
    {0x3cc, 0x3cc, 1, 0x40}, {0x3cd, 0x3ce, 1, 0x3f}, {0x430, 0x44f, 1, 0x20}, {0x450, 0x45f, 1, 0x50},
};

constexpr WCHAR upper(WCHAR c) {
    if (c == 0xff) {
        return 0x178; // the only one whose upper case lies above
    }
    for (const LetterRange& range : kLetterRanges) {
        if (c >= range.first && c <= range.last && (c - range.first) % range.step == 0) {
            return static_cast<WCHAR>(c - range.distance);
        }
    }
    return c;
}

constexpr WCHAR lower(WCHAR c) {
    if (c == 0x178) {
        return 0xff;
    }
    for (const LetterRange& range : kLetterRanges) {
        const WCHAR candidate = static_cast<WCHAR>(c + range.distance);
        if (candidate >= range.first && candidate <= range.last && (candidate - range.first) % range.step == 0) {
            return candidate;
        }
    }
    return c;
}

static_assert(upper('q') == 'Q' && upper('Q') == 'Q' && upper('1') == '1');
static_assert(upper(0xe4) == 0xc4 && upper(0xf7) == 0xf7 && upper(0xdf) == 0xdf && lower(0xd7) == 0xd7);
static_assert(upper(0x151) == 0x150 && lower(0x150) == 0x151 && upper(0x3c2) == 0x3c2 && lower(0x416) == 0x436);

} // namespace nanont::rtl

#endif
