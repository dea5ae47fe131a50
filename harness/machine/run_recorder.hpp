// SPDX-License-Identifier: MIT
// Reads one run off a link into its event log, and notices when nothing more will come.
#pragma once

#include "link/log_splice.hpp"
#include "link/log_writer.hpp"
#include "link/record_reader.hpp"
#include "machine/guest_voice.hpp"
#include "machine/session.hpp"

#include <chrono>

namespace mpulab {

class RunRecorder {
  public:
    enum class Stop {
        Ended,  // RUN_ENDED came
        Phase,  // the phase asked for came
        Marker, // the marker asked for came
        Closed, // the link's other end is gone
    };

    /// `splice`: of a restored machine.
    RunRecorder(std::filesystem::path log, const WatchdogLimits& watchdog, std::optional<LogSplice> splice = {});

    RunRecorder(const RunRecorder&) = delete; // its reader knows where it lies
    RunRecorder& operator=(const RunRecorder&) = delete;

    /// Reads `link` until one of these; `phase`, `marker` 0: none. To be called again after Phase and Marker. Throws
    /// Error: on a link that breaks the contract, a log that cannot be written, a guest silent beyond the limit, and on
    /// a stopping signal while a SignalWatch lives.
    Stop read(int link, uint64_t phase = 0, uint64_t marker = 0);
    /// Reads what there is, of a machine that stands.
    void catch_up(int link);
    /// The machine was put back to where the log has come to: what it begins anew continues that. Nothing is left to
    /// read of what it said before.
    void machine_was_restored() { splice_.emplace(reader_.records()); }

    /// The log's hash; once, at the end.
    std::string finish() { return log_.finish(); }
    uint64_t records() const { return reader_.records(); }
    /// Keeps the log's bytes from here on, too; call before the first read().
    void keep() { keep_ = true; }
    /// What was kept; nothing more will be.
    Bytes take_kept() {
        keep_ = false;
        return std::move(kept_);
    }

  private:
    using Clock = std::chrono::steady_clock;

    void check_quiet(Clock::time_point now) const;
    void take(ByteView bytes);
    bool take_what_came(int link);

    LogWriter log_;
    WatchdogLimits watchdog_;
    std::optional<LogSplice> splice_;
    GuestVoice guest_;
    RecordReader reader_;
    std::vector<uint8_t> buffer_;
    Clock::time_point last_word_;
    uint64_t phase_ = 0;  // the last that came
    uint64_t marker_ = 0; // the same
    bool keep_ = false;
    Bytes kept_;
};

} // namespace mpulab
