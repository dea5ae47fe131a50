// SPDX-License-Identifier: MIT
// A run's folder, read back: what it was made of, and what it came to.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

namespace mpulab {

struct StoredRun {
    std::filesystem::path folder;
    std::map<std::string, std::string> inputs; // name → sha256
    uint64_t seed = 0;
    std::string event_log_sha256;
    nlohmann::json document; // result.json
};

/// Throws Error when there is no result, or one of another version. `needed` false: a folder without one is an empty
/// run.
StoredRun read_stored_run(const std::filesystem::path& folder, bool needed);

} // namespace mpulab
