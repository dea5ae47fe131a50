// SPDX-License-Identifier: MIT
// The scenario format: every key, what may stand behind it, and one line about it. Reader, JSON Schema
// (`mpulab run --schema`) and the reference (`mpulab run --reference`) are made from it.
#pragma once

#include "scenario/shape.hpp"

namespace mpulab {

inline constexpr int64_t kMaxScenarioSteps = 10'000;
inline constexpr int64_t kMaxWriteBytes = 60'000; // of one write: with its KSMUSICFORMAT headers it fits into a step

const Shape& scenario_shape();

/// Of a file that a scenario includes: what several scenarios can share.
const Shape& included_shape();

/// "QUERY_STOP" of a .def file as it stands in a scenario: "query-stop".
std::string scenario_word(std::string_view name);

/// The JSON Schema editors complete from.
nlohmann::ordered_json scenario_schema();

/// All keys as Markdown.
std::string scenario_reference();

} // namespace mpulab
