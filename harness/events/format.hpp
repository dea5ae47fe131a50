// SPDX-License-Identifier: MIT
// A record as one line of text.
#pragma once

#include "events/event_log.hpp"

namespace mpulab {

/// "   123  12.345678901  WIRE_OUT       card0 tx 5  byte=0x90 end=12.345998901", without a newline.
std::string format_record(const EventLog& log, const mpulab_record& record);

/// "12.345678901": seconds and nanoseconds.
std::string format_time(uint64_t ns);

/// "90 3c 40 …": at most `limit` bytes.
std::string format_hex(ByteView bytes, size_t limit = 16);

/// A guest's words on one line that no terminal acts on: control characters become spaces.
std::string one_line(std::string text);

/// The records around number `center`, `count` in all, the one itself marked with ">".
std::vector<std::string> format_around(const EventLog& log, uint64_t center, size_t count = 10);

} // namespace mpulab
