// SPDX-License-Identifier: MIT
// The name under which a client creates a pin: "{146F1A80-4791-11D0-A5D6-28DB04C10000}\" in UTF-16, then the raw bytes
// of KSPIN_CONNECT and KSDATAFORMAT (reference portcls-midi.md §5.3). It comes from outside: every length is doubted.
#pragma once

#include "module/wire.hpp"

namespace ks {

inline constexpr char kPinClass[] = "{146F1A80-4791-11D0-A5D6-28DB04C10000}";
inline constexpr uint32_t kPinClassChars = sizeof kPinClass - 1;

enum class PinNameError {
    None,
    NotAPin,            /* the name does not begin with the pin class and a backslash */
    ConnectTruncated,   /* fewer bytes than KSPIN_CONNECT */
    FormatTruncated,    /* fewer bytes than KSDATAFORMAT after it */
    FormatSizeTooSmall, /* KSDATAFORMAT.FormatSize below its own size */
    FormatSizeTooLarge, /* KSDATAFORMAT.FormatSize beyond the end of the name */
};

/** Where the parts lie in the name, and copies of their fixed heads. */
struct PinName {
    PinNameError error;
    uint32_t connect_offset; /* bytes from the name's start; KSPIN_CONNECT, then the format */
    uint32_t format_size;    /* bytes of the format, its head included */
    wire::PinConnect connect;
    wire::DataFormat format;
};

namespace detail {
constexpr char upper(uint16_t c) {
    if (c > 0x7f) return '\0';
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : static_cast<char>(c);
}
} // namespace detail

/** Parses `bytes` of a create name; a leading backslash is allowed. Pure; any IRQL. */
inline PinName parse_pin_name(const uint8_t* name, uint32_t bytes) {
    PinName parsed{};
    uint32_t at = 0;
    if (bytes >= 2 && wire::load<uint16_t>(name) == '\\') at = 2;
    if (bytes - at < (kPinClassChars + 1) * 2) {
        parsed.error = PinNameError::NotAPin;
        return parsed;
    }
    for (uint32_t i = 0; i < kPinClassChars; ++i)
        if (detail::upper(wire::load<uint16_t>(name + at + 2 * i)) != kPinClass[i])
            parsed.error = PinNameError::NotAPin;
    at += kPinClassChars * 2;
    if (parsed.error != PinNameError::None || wire::load<uint16_t>(name + at) != '\\') {
        parsed.error = PinNameError::NotAPin;
        return parsed;
    }
    at += 2;

    parsed.connect_offset = at;
    if (bytes - at < sizeof(wire::PinConnect)) {
        parsed.error = PinNameError::ConnectTruncated;
        return parsed;
    }
    parsed.connect = wire::load<wire::PinConnect>(name + at);
    at += sizeof(wire::PinConnect);
    if (bytes - at < sizeof(wire::DataFormat)) {
        parsed.error = PinNameError::FormatTruncated;
        return parsed;
    }
    parsed.format = wire::load<wire::DataFormat>(name + at);
    parsed.format_size = parsed.format.format_size;
    if (parsed.format_size < sizeof(wire::DataFormat))
        parsed.error = PinNameError::FormatSizeTooSmall;
    else if (parsed.format_size > bytes - at)
        parsed.error = PinNameError::FormatSizeTooLarge;
    return parsed;
}

} // namespace ks
