// SPDX-License-Identifier: MIT
// Scalars of a scenario: times, bytes, numbers. Each returns nothing for what is none.
#pragma once

#include "common/bytes.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace mpulab {

/// "320us", "1.5s", "10ns", "2m", "1h": nanoseconds; a number without a unit is refused, unless it is 0.
std::optional<int64_t> parse_time(std::string_view text);

/// "90 3c 40", "903c40", "90, 3C, 40": pairs of hexadecimal digits.
std::optional<Bytes> parse_hex(std::string_view text);

/// "42", "-1", "0x330".
std::optional<int64_t> parse_number(std::string_view text);

/// The shortest text that parse_time() takes for it: "1.5ms".
std::string time_text(int64_t ns);

} // namespace mpulab
