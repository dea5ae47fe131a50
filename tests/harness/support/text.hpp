// SPDX-License-Identifier: MIT
// Bytes as tests write them, and errors as tests look at them.
#pragma once

#include "common/bytes.hpp"
#include "common/error.hpp"

#include <string>
#include <string_view>

namespace mpulab::test {

/// "90 3c 40" → three bytes. Spaces mean nothing.
inline Bytes hex(std::string_view text) {
    const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
    Bytes bytes;
    int high = -1;
    for (const char c : text) {
        if (c == ' ') continue;
        if (high < 0) {
            high = digit(c);
        } else {
            bytes.push_back(static_cast<uint8_t>(high << 4 | digit(c)));
            high = -1;
        }
    }
    return bytes;
}

inline Bytes bytes_of(std::string_view text) {
    return Bytes(text.begin(), text.end());
}

inline Bytes joined(Bytes first, const Bytes& second) {
    first.insert(first.end(), second.begin(), second.end());
    return first;
}

/// What `action` is refused with: "what; next: …" as it is shown. "no error" when it is not refused.
template <typename Action> std::string refusal(Action action) {
    try {
        action();
    } catch (const Error& error) {
        if (error.next().empty()) return "an error without a next step: " + error.line();
        return error.line();
    }
    return "no error";
}

/// How mpulab would exit.
template <typename Action> ExitCode refusal_code(Action action) {
    try {
        action();
    } catch (const Error& error) {
        return error.code();
    }
    return ExitCode::Passed;
}

} // namespace mpulab::test
