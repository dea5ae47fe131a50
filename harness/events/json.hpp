// SPDX-License-Identifier: MIT
// A record as JSON, for programs.
#pragma once

#include "events/event_log.hpp"

#include <nlohmann/json.hpp>

namespace mpulab {

/// seq, time_ns, kind, unit (null: of no card), corr ("rx 12"), then what the record holds: "text" of a text, "bytes"
/// of data in hexadecimal, else the words a, b and c, and of those that have one the name ("a_name"); irql and cpu; pc
/// and, where a module lies there, at ("synth.sys+0x1852").
nlohmann::ordered_json record_json(const EventLog& log, const mpulab_record& record);

} // namespace mpulab
