// SPDX-License-Identifier: MIT
// Names of everything that travels as a number in the link; taken from the contract's own .def files.
#pragma once

#include "link/mpulab_link.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mpulab {

/// Kinds are below it.
inline constexpr uint16_t kKindLimit = 256;

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
std::string opcode_name(uint64_t opcode);
std::string overrun_name(uint64_t place);
std::string register_name(uint64_t number); // of a REGISTER record: "RIP"
/// Word a of a FAULT: "hold-dsr of cue 3", "hold-dsr of cue 3 is over".
std::string fault_name(uint64_t fault);
std::string correlation_name(uint64_t corr); // "rx 12"; "" for 0
/// "0xc0000034 STATUS_OBJECT_NAME_NOT_FOUND"; the number alone when it has no name here.
std::string status_name(uint64_t status);
/// "STATUS_TIMEOUT", "0xc0000184"; empty: there is no such status here.
std::optional<uint32_t> status_by_name(std::string_view name);

/// Whether such a record's payload is text, or bytes of data; else it has words.
bool holds_text(uint16_t kind);
bool holds_bytes(uint16_t kind);

// Words of records (0 a, 1 b, 2 c) whose numbers have names.
inline constexpr const char* kWordNames[] = {"a", "b", "c"};
/// What `value` is called in that word of such a record; empty: it has no name there.
std::optional<std::string> word_name(uint16_t kind, int word, uint64_t value);
/// The same for people: a status with its number, "?99" for what has no name; empty: the word is a plain number.
std::optional<std::string> shown_word(uint16_t kind, int word, uint64_t value);
/// Its number, by a name that word_names() has; empty: it has no such name.
std::optional<uint64_t> word_by_name(uint16_t kind, int word, std::string_view name);
/// All names of that word; empty: it is a plain number.
std::vector<std::string> word_names(uint16_t kind, int word);

} // namespace mpulab
