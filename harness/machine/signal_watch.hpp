// SPDX-License-Identifier: MIT
// SIGINT and SIGTERM as a wish to stop, for whoever asks.
#pragma once

namespace mpulab {

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
