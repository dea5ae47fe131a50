// SPDX-License-Identifier: MIT
// Finding a device interface among the symbolic links of a category: "\??\ACPI#PNPB006#<unit>#{category}\<reference>".
// Pure: the list is plain UTF-16.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace agent {

inline constexpr size_t kMaxLinkChars = 512;

/** Does `link` (`chars` long) belong to the device whose instance id is `unit` in decimal, and to `reference` ("":
 * any)? Reference strings compare without case in ASCII. */
inline bool link_matches(const char16_t* link, size_t chars, uint32_t unit, const uint16_t* reference) {
    auto upper = [](uint16_t c) -> uint16_t { return c >= 'a' && c <= 'z' ? static_cast<uint16_t>(c - 32) : c; };
    size_t hashes = 0;
    size_t at = 0;
    for (; at < chars && hashes < 2; ++at)
        hashes += link[at] == u'#';
    uint64_t instance = 0;
    size_t digits = 0;
    for (; at < chars && link[at] >= u'0' && link[at] <= u'9' && digits < 10; ++at, ++digits)
        instance = instance * 10 + (link[at] - u'0');
    if (digits == 0 || at == chars || link[at] != u'#' || instance != unit) return false;
    if (reference[0] == 0) return true;
    while (at < chars && link[at] != u'\\')
        ++at;
    if (at == chars) return false;
    ++at;
    size_t i = 0;
    for (; reference[i] != 0; ++i)
        if (at + i >= chars || upper(link[at + i]) != upper(reference[i])) return false;
    return at + i == chars;
}

/** First match in a list of zero-terminated strings that ends with an empty one and lies within `list_chars`; its
 * length in `chars`. NULL: none. */
inline const char16_t* find_link(const char16_t* list, size_t list_chars, uint32_t unit, const uint16_t* reference,
                                 size_t& chars) {
    size_t at = 0;
    while (at < list_chars && list[at] != 0) {
        size_t length = 0;
        while (at + length < list_chars && list[at + length] != 0)
            ++length;
        if (link_matches(list + at, length, unit, reference)) {
            chars = length;
            return list + at;
        }
        at += length + 1;
    }
    return nullptr;
}

} // namespace agent
