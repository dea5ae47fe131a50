// SPDX-License-Identifier: MIT
// Signals that are a wish to stop, for whoever asks.
#pragma once

#include <vector>

namespace mpulab {

/// SIGINT, SIGTERM, and SIGHUP unless it is ignored, as under nohup.
std::vector<int> stopping_signals();

/// After SIGHUP nobody reads what we say, and to write to a terminal that is gone is an error: output goes nowhere from
/// here on where it went to a terminal. Safe in a signal handler.
void leave_terminal();

/// What such a signal makes of a run: "interrupted", "terminated", "hung up on".
const char* stopped_word(int signal);

/// While one of these lives the signals are only noted; with the last of them the handlers that were there are back.
/// Any thread may make one.
class SignalWatch {
  public:
    SignalWatch();
    ~SignalWatch();
    SignalWatch(const SignalWatch&) = delete;
    SignalWatch& operator=(const SignalWatch&) = delete;

    /// The signal that came since the first of them was made; 0: none.
    static int seen();
};

} // namespace mpulab
