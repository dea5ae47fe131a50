// SPDX-License-Identifier: MIT
// What reader and writer of catalogues share: ids, owners, text.
#pragma once

#include "catalog/catalog_asn1.hpp"
#include "common/bytes.hpp"
#include "common/error.hpp"

#include <fmt/format.h>
#include <memory>
#include <string>
#include <string_view>

namespace mpulab::asn1 {

inline constexpr const char* kTrustList = "1.3.6.1.4.1.311.10.1";
inline constexpr const char* kCatalogList = "1.3.6.1.4.1.311.12.1.1";
inline constexpr const char* kMemberVersion1 = "1.3.6.1.4.1.311.12.1.2";
inline constexpr const char* kMemberVersion2 = "1.3.6.1.4.1.311.12.1.3";
inline constexpr const char* kNameValue = "1.3.6.1.4.1.311.12.2.1";
inline constexpr const char* kMemberInfo = "1.3.6.1.4.1.311.12.2.2";
inline constexpr const char* kIndirectData = "1.3.6.1.4.1.311.2.1.4";
inline constexpr const char* kPeImageData = "1.3.6.1.4.1.311.2.1.15";
inline constexpr const char* kFlatData = "1.3.6.1.4.1.311.2.1.25";

/// Owns what OpenSSL allocated.
template <auto Free> struct Freeing {
    template <typename T> void operator()(T* thing) const { Free(thing); }
};
template <typename T, auto Free> using Owner = std::unique_ptr<T, Freeing<Free>>;

inline std::string utf16(std::string_view ascii, bool big_endian, bool terminated) {
    std::string out;
    const auto add = [&](char c) { out += big_endian ? std::string{'\0', c} : std::string{c, '\0'}; };
    for (const char c : ascii)
        add(c);
    if (terminated) add('\0');
    return out;
}

/// Printable ASCII of UTF-16, up to its NUL; '?' for all else.
inline std::string ascii_of(const unsigned char* data, int length, bool big_endian) {
    std::string out;
    for (int i = 0; i + 1 < length; i += 2) {
        const unsigned unit = big_endian ? unsigned{data[i]} << 8 | data[i + 1] : unsigned{data[i + 1]} << 8 | data[i];
        if (unit == 0) break;
        out += unit >= ' ' && unit <= '~' ? static_cast<char>(unit) : '?';
    }
    return out;
}

/// A hash as the text that is a version-1 member's tag.
inline std::string hex_tag(const Bytes& hash) {
    std::string hex;
    for (const uint8_t byte : hash)
        hex += fmt::format("{:02X}", byte);
    return hex;
}

} // namespace mpulab::asn1
