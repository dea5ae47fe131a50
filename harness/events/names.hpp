// SPDX-License-Identifier: MIT
// Names of everything that travels as a number in the link; taken from the contract's own .def files.
#pragma once

#include "link/mpulab_link.h"

#include <optional>
#include <string>
#include <string_view>

namespace mpulab {

struct KindInfo {
    std::string_view name;     // "WIRE_OUT"
    std::string_view text;     // what it tells
    std::string_view words[3]; // what a, b and c hold; "-" = nothing
};

/// nullptr: no such kind.
const KindInfo* kind_info(uint16_t kind);
/// The kind of that name, in any case; 0: there is none.
uint16_t kind_by_name(std::string_view name);

// "?" followed by the number for values nobody knows.
std::string callback_name(uint64_t callback);
std::string phase_name(uint64_t phase);
std::string run_end_name(uint64_t code);
std::string opcode_name(uint64_t opcode);
std::string device_request_name(uint64_t request); // of a DEVICE step; 0: "none"
std::string overrun_name(uint64_t place);
std::string guest_error_name(uint64_t what);
std::string register_name(uint64_t number);     // of a REGISTER record: "RIP"
std::string cue_trigger_name(uint64_t trigger); // "wire-out"
std::string cue_action_name(uint64_t action);   // "drop-irq"
/// Word a of a FAULT: "hold-dsr of cue 3", "hold-dsr of cue 3 is over".
std::string fault_name(uint64_t fault);
std::string correlation_name(uint64_t corr); // "rx 12"; "" for 0
/// "0xc0000034 STATUS_OBJECT_NAME_NOT_FOUND"; the number alone when it has no name here.
std::string status_name(uint64_t status);
/// "STATUS_TIMEOUT", "0xc0000184"; empty: there is no such status here.
std::optional<uint32_t> status_by_name(std::string_view name);

} // namespace mpulab
