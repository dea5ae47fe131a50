// SPDX-License-Identifier: MIT
#include "package/inf_text.hpp"

#include "common/error.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace mpulab {
namespace {

constexpr uint32_t kReplacement = 0xfffd;

// Windows-1252, 0x80..0x9f; the rest of it is Latin-1. Holes keep their number, as Windows maps them.
constexpr uint16_t kCp1252[32] = {0x20ac, 0x81,   0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021,
                                  0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8d,   0x017d, 0x8f,
                                  0x90,   0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014,
                                  0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x9d,   0x017e, 0x0178};

void append_utf8(std::string& out, uint32_t c) {
    if (c < 0x80) {
        out += static_cast<char>(c);
    } else if (c < 0x800) {
        out += static_cast<char>(0xc0 | c >> 6);
        out += static_cast<char>(0x80 | (c & 0x3f));
    } else if (c < 0x10000) {
        out += static_cast<char>(0xe0 | c >> 12);
        out += static_cast<char>(0x80 | (c >> 6 & 0x3f));
        out += static_cast<char>(0x80 | (c & 0x3f));
    } else {
        out += static_cast<char>(0xf0 | c >> 18);
        out += static_cast<char>(0x80 | (c >> 12 & 0x3f));
        out += static_cast<char>(0x80 | (c >> 6 & 0x3f));
        out += static_cast<char>(0x80 | (c & 0x3f));
    }
}

std::string from_utf16(ByteView bytes, bool big_endian) {
    const auto unit = [&](size_t i) {
        const uint32_t low = bytes[i + (big_endian ? 1 : 0)];
        const uint32_t high = bytes[i + (big_endian ? 0 : 1)];
        return high << 8 | low;
    };
    std::string out;
    for (size_t i = 0; i + 1 < bytes.size(); i += 2) {
        uint32_t c = unit(i);
        if (c >= 0xd800 && c < 0xdc00 && i + 3 < bytes.size() && unit(i + 2) >= 0xdc00 && unit(i + 2) < 0xe000) {
            c = 0x10000 + ((c - 0xd800) << 10) + (unit(i + 2) - 0xdc00);
            i += 2;
        } else if (c >= 0xd800 && c < 0xe000) {
            c = kReplacement;
        }
        append_utf8(out, c);
    }
    if (bytes.size() % 2 != 0) append_utf8(out, kReplacement);
    return out;
}

/// Length of the UTF-8 character that begins at `at`; 0: there is none.
size_t utf8_length(ByteView bytes, size_t at) {
    const uint8_t first = bytes[at];
    const size_t length = first < 0x80   ? 1
                          : first < 0xc2 ? 0
                          : first < 0xe0 ? 2
                          : first < 0xf0 ? 3
                          : first < 0xf5 ? 4
                                         : 0;
    if (length == 0 || at + length > bytes.size()) return 0;
    for (size_t i = 1; i < length; ++i) {
        if ((bytes[at + i] & 0xc0) != 0x80) return 0;
    }
    if (first == 0xe0 && bytes[at + 1] < 0xa0) return 0;
    if (first == 0xed && bytes[at + 1] >= 0xa0) return 0;
    if (first == 0xf0 && bytes[at + 1] < 0x90) return 0;
    if (first == 0xf4 && bytes[at + 1] >= 0x90) return 0;
    return length;
}

bool is_utf8(ByteView bytes) {
    for (size_t at = 0; at < bytes.size();) {
        const size_t length = utf8_length(bytes, at);
        if (length == 0) return false;
        at += length;
    }
    return true;
}

std::string from_utf8(ByteView bytes) {
    std::string out;
    for (size_t at = 0; at < bytes.size();) {
        const size_t length = utf8_length(bytes, at);
        if (length == 0) {
            append_utf8(out, kReplacement);
            ++at;
            continue;
        }
        out.append(reinterpret_cast<const char*>(bytes.data()) + at, length);
        at += length;
    }
    return out;
}

std::string from_cp1252(ByteView bytes) {
    std::string out;
    for (const uint8_t byte : bytes)
        append_utf8(out, byte >= 0x80 && byte < 0xa0 ? kCp1252[byte - 0x80] : byte);
    return out;
}

std::string decode(ByteView bytes) {
    const auto starts = [&](std::initializer_list<uint8_t> mark) {
        return bytes.size() >= mark.size() && std::equal(mark.begin(), mark.end(), bytes.begin());
    };
    if (starts({0xff, 0xfe})) return from_utf16(bytes.subspan(2), false);
    if (starts({0xfe, 0xff})) return from_utf16(bytes.subspan(2), true);
    if (starts({0xef, 0xbb, 0xbf})) return from_utf8(bytes.subspan(3));
    return is_utf8(bytes) ? from_utf8(bytes) : from_cp1252(bytes);
}

} // namespace

std::string decode_inf_text(ByteView bytes, std::string_view name) {
    std::string text = decode(bytes);
    if (const size_t nul = text.find('\0'); nul != std::string::npos) {
        const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(nul), '\n');
        throw Error(
            fmt::format("{}:{}: a character of value 0; expected text (UTF-16 needs its byte order mark)", name, line),
            "name the INF of a driver package");
    }
    return text;
}

} // namespace mpulab
