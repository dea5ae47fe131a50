// SPDX-License-Identifier: MIT
// gzip, as gunzip and zcat know it.
#pragma once

#include "common/bytes.hpp"

namespace mpulab {

/// The same bytes for the same input: the header has neither name nor time.
Bytes gzip(ByteView bytes);

bool is_gzip(ByteView bytes);

/// What `bytes` hold, at most `limit` bytes. `whole` becomes false when they stop early, are damaged or hold more: what
/// came before is returned all the same.
Bytes gunzip(ByteView bytes, size_t limit, bool& whole);

} // namespace mpulab
