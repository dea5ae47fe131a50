// SPDX-License-Identifier: MIT
#include "machine/run_recorder.hpp"

#include "machine/signal_watch.hpp"

#include <cerrno>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

namespace mpulab {
namespace {

constexpr size_t kReadBytes = 1u << 18;
constexpr int kLookEveryMs = 50; // for a signal, and for silence

} // namespace

RunRecorder::RunRecorder(std::filesystem::path log, const WatchdogLimits& watchdog, std::optional<LogSplice> splice)
    : log_(std::move(log), watchdog.most_log_bytes), watchdog_(watchdog), splice_(std::move(splice)),
      reader_([this](const mpulab_record& record) {
          guest_.record(record);
          if (record.kind == MPULAB_KIND_PHASE) phase_ = record.a;
          if (record.kind == MPULAB_KIND_MARKER) marker_ = record.a;
      }),
      buffer_(kReadBytes), last_word_(Clock::now()) {}

void RunRecorder::check_quiet(Clock::time_point now) const {
    if (const int signal = SignalWatch::seen(); signal != 0)
        throw Error(stopped_word(signal), "run again", ExitCode::Interrupted);
    if (!watchdog_.enabled || now - last_word_ <= watchdog_.silent) return;
    throw Error(fmt::format("the guest made no record for {} s, {}",
                            std::chrono::duration_cast<std::chrono::seconds>(now - last_word_).count(), guest_.where()),
                "see where it spins with \"mpulab play --gdb\"");
}

void RunRecorder::take(ByteView bytes) {
    if (splice_) bytes = splice_->feed(bytes);
    log_.append(bytes);
    if (keep_) append(kept_, bytes);
    reader_.feed(bytes);
}

/// false: the other end is gone.
bool RunRecorder::take_what_came(int link) {
    for (;;) {
        const ssize_t got = ::read(link, buffer_.data(), buffer_.size());
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        take({buffer_.data(), static_cast<size_t>(got)});
        return true;
    }
}

RunRecorder::Stop RunRecorder::read(int link, uint64_t phase, uint64_t marker) {
    phase_ = 0;
    marker_ = 0;
    last_word_ = Clock::now();
    while (!reader_.ended()) {
        if (phase != 0 && phase_ == phase) return Stop::Phase;
        if (marker != 0 && marker_ == marker) return Stop::Marker;
        pollfd waiting{link, POLLIN, 0};
        const int ready = ::poll(&waiting, 1, kLookEveryMs);
        const auto now = Clock::now();
        check_quiet(now);
        if (ready == 0 || (ready < 0 && errno == EINTR)) continue;
        if (!take_what_came(link)) return Stop::Closed;
        if (guest_.spoke()) last_word_ = now;
    }
    return Stop::Ended;
}

void RunRecorder::catch_up(int link) {
    pollfd waiting{link, POLLIN, 0};
    while (::poll(&waiting, 1, 0) > 0 && take_what_came(link))
        ;
}

} // namespace mpulab
