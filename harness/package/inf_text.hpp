// SPDX-License-Identifier: MIT
// The encodings that INF files come in, as UTF-8.
#pragma once

#include "common/bytes.hpp"

#include <string>
#include <string_view>

namespace mpulab {

/// Largest INF that is read: the ones Windows ships stay below a megabyte.
inline constexpr size_t kMaxInfBytes = 4u << 20;

/// UTF-16 (either byte order, by its byte order mark), UTF-8 (with a mark, or without one where the bytes are valid),
/// else Windows-1252 (what tools call ANSI). What is no character becomes U+FFFD. Throws Error when there is a NUL in
/// it, which no text has, naming `name` and the line.
std::string decode_inf_text(ByteView bytes, std::string_view name);

} // namespace mpulab
