// SPDX-License-Identifier: MIT
// A scenario file and the files it includes, as YAML, in the order they are merged.
#pragma once

#include "scenario/yaml_reader.hpp"

#include <filesystem>
#include <memory>

namespace mpulab {

inline constexpr size_t kMaxScenarioBytes = 1u << 20; // of each file
inline constexpr size_t kMaxIncludeDepth = 8;
inline constexpr size_t kMaxIncludes = 64; // of a scenario, all levels together

struct Source {
    std::filesystem::path file;
    std::shared_ptr<const YAML::Node> document;
};

/// What `text` includes, depth first in the order of the lists, then itself. A file that is not there, no YAML, or
/// included twice (by itself, too) is complained of where it is named; what is returned then is not to be used.
std::vector<Source> read_sources(std::string_view text, const std::filesystem::path& file,
                                 std::vector<Complaint>& complaints);

/// One document out of those of all files (as YamlReader gives them) in their order: of keys that hold lists the
/// entries follow one another, of mappings and plain values the later file's take the earlier's place.
nlohmann::json merge_documents(const std::vector<nlohmann::json>& documents);

} // namespace mpulab
