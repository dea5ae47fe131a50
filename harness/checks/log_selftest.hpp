// SPDX-License-Identifier: MIT
// The own test of the rules that are judged over the log: for each a short log that breaks it.
#pragma once

#include <cstdint>
#include <vector>

namespace mpulab {

/// Rules that did not tell what their log does; none, when all is well. `tried`: all that have a log. Judged once per
/// process.
struct LogSelftest {
    std::vector<uint32_t> tried;
    std::vector<uint32_t> missed;
};
const LogSelftest& log_selftest();

} // namespace mpulab
