// SPDX-License-Identifier: MIT
#include "events/names.hpp"

#include "agent/score.h"
#include "link/mpulab_codes.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <fmt/format.h>
#include <iterator>
#include <span>

namespace mpulab {
namespace {

struct Numbered {
    uint16_t number;
    KindInfo info;
};

constexpr Numbered kKinds[] = {
#define MPULAB_KIND(value, name, text, a, b, c) {value, {#name, text, {a, b, c}}},
#include "link/mpulab_link_kinds.def"
#undef MPULAB_KIND
};

/// Kinds by number, for the reader's hot path.
constexpr auto kByNumber = [] {
    std::array<const KindInfo*, kKindLimit> table{};
    for (const Numbered& kind : kKinds)
        table[kind.number] = &kind.info;
    return table;
}();

struct Named {
    uint64_t value;
    std::string_view name;
};

const Named* entry_of(std::span<const Named> table, uint64_t value) {
    const auto found = std::ranges::find(table, value, &Named::value);
    return found == table.end() ? nullptr : &*found;
}

std::string name_of(std::span<const Named> table, uint64_t value) {
    const Named* entry = entry_of(table, value);
    return entry != nullptr ? std::string(entry->name) : fmt::format("?{}", value);
}

constexpr Named kCallbacks[] = {
#define MPULAB_CALLBACK(value, name, text) {value, #name},
#include "link/mpulab_callbacks.def"
#undef MPULAB_CALLBACK
};

constexpr Named kRegisters[] = {
#define MPULAB_REGISTER(number, name, text) {number, #name},
#include "link/mpulab_registers.def"
#undef MPULAB_REGISTER
};

constexpr Named kPhases[] = {{MPULAB_PHASE_LOADER, "loader"},
                             {MPULAB_PHASE_KERNEL, "kernel"},
                             {MPULAB_PHASE_SYSTEM_READY, "system-ready"},
                             {MPULAB_PHASE_DRIVER_LOADED, "driver-loaded"},
                             {MPULAB_PHASE_DRIVER_STARTED, "driver-started"},
                             {MPULAB_PHASE_SCORE_BEGINS, "score-begins"}};

constexpr Named kRunEnds[] = {{MPULAB_END_SCORE_DONE, "score-done"},
                              {MPULAB_END_SCORE_REFUSED, "score-refused"},
                              {MPULAB_END_STEP_FAILED, "step-failed"},
                              {MPULAB_END_DRIVER_REFUSED, "driver-refused"},
                              {MPULAB_END_MISSING_IMPORT, "missing-import"},
                              {MPULAB_END_BAD_IMAGE, "bad-image"},
                              {MPULAB_END_BUGCHECK, "bugcheck"},
                              {MPULAB_END_GUEST_UNFIT, "guest-unfit"}};

constexpr Named kOpcodes[] = {
#define MPULAB_OPCODE(number, NAME, text) {number, #NAME},
#include "agent/score_opcodes.def"
#undef MPULAB_OPCODE
};

constexpr Named kDeviceRequests[] = {
    {0, "none"},
#define MPULAB_DEVICE_REQUEST(number, NAME, text, argument) {number, #NAME},
#include "agent/score_requests.def"
#undef MPULAB_DEVICE_REQUEST
};

constexpr Named kOverruns[] = {{MPULAB_OVERRUN_HOST_LATCH, "host latch"}, {MPULAB_OVERRUN_RX_FIFO, "RX FIFO"}};

constexpr Named kGuestErrors[] = {{MPULAB_GUEST_READ_EMPTY, "read while empty"},
                                  {MPULAB_GUEST_WRITE_NOT_READY, "written while not ready"},
                                  {MPULAB_GUEST_READ_UNPOWERED, "read without power (D3)"},
                                  {MPULAB_GUEST_WRITE_UNPOWERED, "written without power (D3)"}};

constexpr Named kCorrelations[] = {{MPULAB_CORR_TX_BYTE, "tx"},    {MPULAB_CORR_RX_BYTE, "rx"},
                                   {MPULAB_CORR_STEP, "step"},     {MPULAB_CORR_IRP, "irp"},
                                   {MPULAB_CORR_STREAM, "stream"}, {MPULAB_CORR_OWN_BYTE, "own"}};

constexpr Named kCueTriggers[] = {
#define MPULAB_TRIGGER(number, NAME, name, text, argument, most) {number, name},
#include "probe/mpulab_cue_triggers.def"
#undef MPULAB_TRIGGER
};

constexpr Named kCueActions[] = {
#define MPULAB_ACTION(number, NAME, name, text, count, count_least, count_most, time, time_least, time_most, value,    \
                      value_least, value_most)                                                                         \
    {number, name},
#include "probe/mpulab_cue_actions.def"
#undef MPULAB_ACTION
};

// NTSTATUS values that a run of ours can show; the rest stays a number.
constexpr Named kStatuses[] = {{0x00000000, "SUCCESS"},
                               {0x00000102, "TIMEOUT"},
                               {0x00000103, "PENDING"},
                               {0x80000005, "BUFFER_OVERFLOW"},
                               {0x80000011, "DEVICE_BUSY"},
                               {0xc0000001, "UNSUCCESSFUL"},
                               {0xc0000002, "NOT_IMPLEMENTED"},
                               {0xc0000008, "INVALID_HANDLE"},
                               {0xc000000d, "INVALID_PARAMETER"},
                               {0xc000000e, "NO_SUCH_DEVICE"},
                               {0xc0000010, "INVALID_DEVICE_REQUEST"},
                               {0xc0000023, "BUFFER_TOO_SMALL"},
                               {0xc0000034, "OBJECT_NAME_NOT_FOUND"},
                               {0xc0000056, "DELETE_PENDING"},
                               {0xc000009a, "INSUFFICIENT_RESOURCES"},
                               {0xc000009d, "DEVICE_NOT_CONNECTED"},
                               {0xc00000a3, "DEVICE_NOT_READY"},
                               {0xc00000b5, "IO_TIMEOUT"},
                               {0xc00000bb, "NOT_SUPPORTED"},
                               {0xc0000120, "CANCELLED"},
                               {0xc0000139, "ENTRYPOINT_NOT_FOUND"},
                               {0xc000007b, "INVALID_IMAGE_FORMAT"},
                               {0xc0000182, "DEVICE_CONFIGURATION_ERROR"},
                               {0xc0000184, "INVALID_DEVICE_STATE"},
                               {0xc0000185, "IO_DEVICE_ERROR"},
                               {0xc0000225, "NOT_FOUND"},
                               {0xc0000230, "PROPSET_NOT_FOUND"},
                               {0xc0000272, "NO_MATCH"}};
constexpr std::string_view kStatusPrefix = "STATUS_";

struct NamedWord {
    uint16_t kind;
    int word;
    std::span<const Named> names;
    std::string_view prefix = "";
};

constexpr NamedWord kNamedWords[] = {{MPULAB_KIND_RUN_ENDED, 0, kRunEnds},
                                     {MPULAB_KIND_RUN_ENDED, 1, kStatuses, kStatusPrefix},
                                     {MPULAB_KIND_OVERRUN, 0, kOverruns},
                                     {MPULAB_KIND_CUE, 1, kCueTriggers},
                                     {MPULAB_KIND_CUE, 2, kCueActions},
                                     {MPULAB_KIND_GUEST_ERROR, 0, kGuestErrors},
                                     {MPULAB_KIND_PHASE, 0, kPhases},
                                     {MPULAB_KIND_CALL_ENTER, 0, kCallbacks},
                                     {MPULAB_KIND_CALL_LEAVE, 0, kCallbacks},
                                     {MPULAB_KIND_CALL_LEAVE, 1, kStatuses, kStatusPrefix},
                                     {MPULAB_KIND_IRP_DONE, 1, kStatuses, kStatusPrefix},
                                     {MPULAB_KIND_STEP_BEGIN, 0, kOpcodes},
                                     {MPULAB_KIND_STEP_BEGIN, 2, kDeviceRequests},
                                     {MPULAB_KIND_STEP_END, 0, kOpcodes},
                                     {MPULAB_KIND_STEP_END, 1, kStatuses, kStatusPrefix},
                                     {MPULAB_KIND_REGISTER, 0, kRegisters}};

const NamedWord* named_word(uint16_t kind, int word) {
    const auto* found = std::find_if(std::begin(kNamedWords), std::end(kNamedWords),
                                     [&](const NamedWord& one) { return one.kind == kind && one.word == word; });
    return found == std::end(kNamedWords) ? nullptr : found;
}

} // namespace

const KindInfo* kind_info(uint16_t kind) {
    return kind < kKindLimit ? kByNumber[kind] : nullptr;
}

uint16_t kind_by_name(std::string_view name) {
    const auto same = [](char a, char b) {
        return std::toupper(static_cast<unsigned char>(a)) == std::toupper(static_cast<unsigned char>(b));
    };
    for (const Numbered& kind : kKinds) {
        if (std::equal(name.begin(), name.end(), kind.info.name.begin(), kind.info.name.end(), same))
            return kind.number;
    }
    return 0;
}

std::string callback_name(uint64_t callback) {
    return name_of(kCallbacks, callback);
}
std::string phase_name(uint64_t phase) {
    return name_of(kPhases, phase);
}
std::string opcode_name(uint64_t opcode) {
    return name_of(kOpcodes, opcode);
}
std::string overrun_name(uint64_t place) {
    return name_of(kOverruns, place);
}

std::string register_name(uint64_t number) {
    return name_of(kRegisters, number);
}

std::string fault_name(uint64_t fault) {
    return fmt::format("{} of cue {}{}", name_of(kCueActions, MPULAB_FAULT_ACTION(fault)), MPULAB_FAULT_CUE(fault),
                       MPULAB_FAULT_MOMENT(fault) == MPULAB_FAULT_ENDS ? " is over" : "");
}

std::string correlation_name(uint64_t corr) {
    if (corr == 0) return "";
    return fmt::format("{} {}", name_of(kCorrelations, MPULAB_CORR_SPACE(corr)), MPULAB_CORR_NUMBER(corr));
}

std::string status_name(uint64_t status) {
    const uint64_t code = status & 0xffffffffu; // records may hold it sign-extended
    const Named* entry = entry_of(kStatuses, code);
    return entry != nullptr ? fmt::format("0x{:08x} {}{}", code, kStatusPrefix, entry->name)
                            : fmt::format("0x{:08x}", code);
}

std::optional<uint32_t> status_by_name(std::string_view name) {
    uint32_t number = 0;
    if (name.starts_with("0x")) {
        const auto [end, failure] = std::from_chars(name.data() + 2, name.data() + name.size(), number, 16);
        if (failure == std::errc{} && end == name.data() + name.size()) return number;
        return std::nullopt;
    }
    const auto status = word_by_name(MPULAB_KIND_STEP_END, 1, name);
    return status ? std::optional<uint32_t>(static_cast<uint32_t>(*status)) : std::nullopt;
}

bool holds_text(uint16_t kind) {
    return kind == MPULAB_KIND_TEXT || kind == MPULAB_KIND_NAME;
}

bool holds_bytes(uint16_t kind) {
    return kind == MPULAB_KIND_CAPTURED || kind == MPULAB_KIND_RANGE || kind == MPULAB_KIND_ANSWER ||
           kind == MPULAB_KIND_ETW_DATA;
}

std::optional<std::string> word_name(uint16_t kind, int word, uint64_t value) {
    const NamedWord* named = named_word(kind, word);
    if (named == nullptr) return std::nullopt;
    const uint64_t number = named->prefix == kStatusPrefix ? value & 0xffffffffu : value; // may be sign-extended
    const Named* entry = entry_of(named->names, number);
    if (entry == nullptr) return std::nullopt;
    return fmt::format("{}{}", named->prefix, entry->name);
}

std::optional<std::string> shown_word(uint16_t kind, int word, uint64_t value) {
    const NamedWord* named = named_word(kind, word);
    if (named == nullptr) return std::nullopt;
    return named->prefix == kStatusPrefix ? status_name(value) : name_of(named->names, value);
}

std::optional<uint64_t> word_by_name(uint16_t kind, int word, std::string_view name) {
    const NamedWord* named = named_word(kind, word);
    if (named == nullptr || !name.starts_with(named->prefix)) return std::nullopt;
    for (const Named& entry : named->names) {
        if (entry.name == name.substr(named->prefix.size())) return entry.value;
    }
    return std::nullopt;
}

std::vector<std::string> word_names(uint16_t kind, int word) {
    std::vector<std::string> names;
    if (const NamedWord* named = named_word(kind, word)) {
        for (const Named& entry : named->names)
            names.push_back(fmt::format("{}{}", named->prefix, entry.name));
    }
    return names;
}

} // namespace mpulab
