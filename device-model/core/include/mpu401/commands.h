/* SPDX-License-Identifier: MIT */
/*
 * Every command the card knows, 00h to FFh, as reference §5.3 (mpu401.md) lists them: the one table that the card, logs
 * and tests go by. constexpr only and freestanding.
 */
#ifndef MPU401_COMMANDS_H
#define MPU401_COMMANDS_H

#include "mpu401/registers.h"

namespace mpu401 {

enum class Function : uint8_t {
    Modelled, /* the card does what the command says */
    None,     /* the command does nothing on a Roland, or is undefined: an ACK is all of it */
    NotYet    /* acknowledged, its parameters and replies handled; what it does beyond that is not modelled */
};

struct CommandRange {
    uint8_t first;
    uint8_t last;
    const char* name;
    uint8_t parameters; /* bytes that follow at DATA */
    uint8_t replies;    /* bytes that follow the ACK */
    Function function;
};

/* Start/stop matrix 00h-2Fh: bits 1-0 MIDI, 3-2 play, 5-4 record. Stopping what never runs is done; starting is not. */
inline constexpr CommandRange kCommands[] = {
    {0x00, 0x01, "START_STOP", 0, 0, Function::Modelled},
    {0x02, 0x03, "START_STOP", 0, 0, Function::NotYet},
    {0x04, 0x05, "START_STOP", 0, 0, Function::Modelled},
    {0x06, 0x0b, "START_STOP", 0, 0, Function::NotYet},
    {0x0c, 0x0d, "START_STOP", 0, 0, Function::Modelled},
    {0x0e, 0x0f, "START_STOP", 0, 0, Function::NotYet},
    {0x10, 0x11, "START_STOP", 0, 0, Function::Modelled},
    {0x12, 0x13, "START_STOP", 0, 0, Function::NotYet},
    {0x14, 0x15, "START_STOP", 0, 0, Function::Modelled},
    {0x16, 0x1b, "START_STOP", 0, 0, Function::NotYet},
    {0x1c, 0x1d, "START_STOP", 0, 0, Function::Modelled},
    {0x1e, 0x2f, "START_STOP", 0, 0, Function::NotYet},
    {0x30, 0x30, "NO_ALL_NOTES_OFF", 0, 0, Function::NotYet},
    {0x31, 0x31, "NOTHING_31", 0, 0, Function::None},
    {0x32, 0x32, "NO_REAL_TIME", 0, 0, Function::Modelled},
    {0x33, 0x33, "NO_THRU_OF_UNACCEPTED", 0, 0, Function::NotYet},
    {0x34, 0x34, "TIMED_DATA_IN_STOP", 0, 0, Function::NotYet},
    {0x35, 0x35, "MODE_MESSAGES_TO_HOST", 0, 0, Function::NotYet},
    {0x36, 0x36, "NOTHING_36", 0, 0, Function::None},
    {0x37, 0x37, "SYSEX_THRU", 0, 0, Function::NotYet},
    {0x38, 0x38, "COMMON_TO_HOST", 0, 0, Function::NotYet},
    {0x39, 0x39, "REAL_TIME_TO_HOST", 0, 0, Function::NotYet},
    {0x3a, 0x3e, "UNDEFINED", 0, 0, Function::None},
    {kCommandEnterUart, kCommandEnterUart, "ENTER_UART", 0, 0, Function::Modelled},
    {0x40, 0x7f, "CHANNEL_TABLE", 0, 0, Function::NotYet},
    {0x80, 0x80, "INTERNAL_CLOCK", 0, 0, Function::Modelled},
    {0x81, 0x81, "FSK_CLOCK", 0, 0, Function::NotYet},
    {0x82, 0x82, "MIDI_CLOCK", 0, 0, Function::NotYet},
    {0x83, 0x85, "METRONOME", 0, 0, Function::NotYet},
    {0x86, 0x87, "BENDER_TO_HOST", 0, 0, Function::NotYet},
    {0x88, 0x89, "MIDI_THRU", 0, 0, Function::NotYet},
    {0x8a, 0x8b, "DATA_IN_STOP", 0, 0, Function::NotYet},
    {0x8c, 0x8d, "MEASURE_END_TO_HOST", 0, 0, Function::NotYet},
    {0x8e, 0x8f, "CONDUCTOR", 0, 0, Function::NotYet},
    {0x90, 0x91, "REAL_TIME_AFFECTION", 0, 0, Function::NotYet},
    {0x92, 0x93, "FSK_RESOLUTION", 0, 0, Function::NotYet},
    {0x94, 0x95, "CLOCK_TO_HOST", 0, 0, Function::NotYet},
    {0x96, 0x97, "SYSEX_TO_HOST", 0, 0, Function::NotYet},
    {0x98, 0x9f, "REFERENCE_TABLE", 0, 0, Function::NotYet},
    {0xa0, 0xa7, "READ_PLAY_COUNTER", 0, 1, Function::Modelled},
    {0xa8, 0xaa, "UNDEFINED", 0, 0, Function::None},
    {0xab, 0xab, "READ_RECORD_COUNTER", 0, 1, Function::Modelled},
    {0xac, 0xac, "READ_VERSION", 0, 1, Function::Modelled},
    {0xad, 0xad, "READ_REVISION", 0, 1, Function::Modelled},
    {0xae, 0xae, "UNDEFINED", 0, 0, Function::None},
    {0xaf, 0xaf, "READ_TEMPO", 0, 1, Function::Modelled},
    {0xb0, 0xb0, "UNDEFINED", 0, 0, Function::None},
    {0xb1, 0xb1, "RESET_RELATIVE_TEMPO", 0, 0, Function::Modelled},
    {0xb2, 0xb7, "UNDEFINED", 0, 0, Function::None},
    {0xb8, 0xb8, "CLEAR_PLAY_COUNTERS", 0, 0, Function::Modelled},
    {0xb9, 0xb9, "CLEAR_PLAY_MAP", 0, 0, Function::NotYet},
    {0xba, 0xba, "CLEAR_RECORD_COUNTER", 0, 0, Function::Modelled},
    {0xbb, 0xc1, "UNDEFINED", 0, 0, Function::None},
    {0xc2, 0xc8, "TIMEBASE", 0, 0, Function::Modelled},
    {0xc9, 0xcf, "UNDEFINED", 0, 0, Function::None},
    {0xd0, 0xd7, "WANT_TO_SEND_DATA", 0, 0, Function::NotYet},
    {0xd8, 0xde, "UNDEFINED", 0, 0, Function::None},
    {0xdf, 0xdf, "WANT_TO_SEND_SYSTEM", 0, 0, Function::NotYet},
    {0xe0, 0xe0, "TEMPO", 1, 0, Function::Modelled},
    {0xe1, 0xe1, "RELATIVE_TEMPO", 1, 0, Function::Modelled},
    {0xe2, 0xe2, "GRADUATION", 1, 0, Function::NotYet},
    {0xe3, 0xe3, "UNDEFINED", 1, 0, Function::None},
    {0xe4, 0xe4, "CLOCKS_PER_BEAT", 1, 0, Function::NotYet},
    {0xe5, 0xe5, "UNDEFINED", 1, 0, Function::None},
    {0xe6, 0xe6, "BEATS_PER_MEASURE", 1, 0, Function::NotYet},
    {0xe7, 0xe7, "CLOCK_TO_HOST_INTERVAL", 1, 0, Function::NotYet},
    {0xe8, 0xeb, "UNDEFINED", 1, 0, Function::None},
    {0xec, 0xec, "ACTIVE_TRACKS", 1, 0, Function::NotYet},
    {0xed, 0xed, "PLAY_COUNTER_MASK", 1, 0, Function::None}, /* made no difference in Roland's firmware */
    {0xee, 0xef, "ACCEPTED_CHANNELS", 1, 0, Function::NotYet},
    {0xf0, 0xfe, "UNDEFINED", 0, 0, Function::None},
    {kCommandReset, kCommandReset, "RESET", 0, 0, Function::Modelled},
};

struct CommandIndex {
    uint8_t range_of[256];
    bool complete; /* each code is in exactly one range, and the ranges stand in order */
};

inline constexpr CommandIndex kCommandIndex = [] {
    CommandIndex index = {};
    unsigned next = 0;
    bool complete = true;
    for (uint8_t i = 0; i < sizeof(kCommands) / sizeof(kCommands[0]); ++i) {
        complete = complete && kCommands[i].first == next && kCommands[i].last >= kCommands[i].first;
        for (unsigned code = kCommands[i].first; code <= kCommands[i].last; ++code)
            index.range_of[code] = i;
        next = kCommands[i].last + 1u;
    }
    index.complete = complete && next == 256;
    return index;
}();
static_assert(kCommandIndex.complete);

constexpr const CommandRange& command_range(uint8_t code) {
    return kCommands[kCommandIndex.range_of[code]];
}

} // namespace mpu401

#endif /* MPU401_COMMANDS_H */
