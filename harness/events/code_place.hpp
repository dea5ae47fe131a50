// SPDX-License-Identifier: MIT
// A place in a guest's code: an address, the module it lies in, and, where symbols are found, function, file and line.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace mpulab {

struct CodePlace {
    struct Line {
        std::string function, file;
        uint32_t line = 0;
    };
    uint64_t address = 0;
    std::string place;       // "driver.sys+0x1234", or the address
    std::vector<Line> lines; // the function, then those it was inlined into; empty: no symbols
    bool exact = false; // the instruction itself, where an exception or an interrupt came; else where a call returns to

    std::string text() const; // "driver.sys+0x1234 Output::write (output.cpp:55), inlined in Output::submit (…)"
};

/// "Output::write (output.cpp:55)"; the file is left out where it is not known.
std::string line_text(const CodePlace::Line& line);

nlohmann::ordered_json place_json(const CodePlace& place);

} // namespace mpulab
