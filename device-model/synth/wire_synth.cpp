// SPDX-License-Identifier: MIT
#include "synth/wire_synth.hpp"

#include <algorithm>

namespace mpulab {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

} // namespace

uint64_t WireSynth::frames_before(int64_t at_ns) const {
    if (at_ns <= origin_ns_) return 0;
    const auto ns = static_cast<uint64_t>(at_ns - origin_ns_);
    return ns / kSecond * rate_ + (ns % kSecond * rate_ + kSecond - 1) / kSecond;
}

void WireSynth::byte(uint8_t byte, int64_t at_ns) {
    if (queue_.size() == kMostQueued) take_first();
    queue_.push_back({at_ns, byte});
}

void WireSynth::take_first() {
    if (const auto message = parser_.feed(queue_.front().byte)) synthesizer_->play(*message);
    queue_.pop_front();
}

size_t WireSynth::render(int64_t now_ns, int16_t* samples, size_t most, int64_t& skipped_ns) {
    uint64_t due = frames_before(now_ns);
    const uint64_t most_behind = static_cast<uint64_t>(kMostBehindNs) * rate_ / kSecond;
    skipped_ns = 0;
    if (due + most_behind < frames_ || due > frames_ + most_behind) {
        const int64_t heard_until = origin_ns_ + static_cast<int64_t>(frames_ / rate_) * kSecond +
                                    static_cast<int64_t>(frames_ % rate_ * kSecond / rate_);
        skipped_ns = std::max<int64_t>(0, now_ns - heard_until);
        while (!queue_.empty() && queue_.front().at_ns <= now_ns)
            take_first();
        origin_ns_ = now_ns;
        frames_ = due = 0;
    }
    const uint64_t end = std::min(due, frames_ + most);
    const uint64_t begin = frames_;
    while (true) {
        while (!queue_.empty() && frames_before(queue_.front().at_ns) <= frames_)
            take_first();
        if (frames_ >= end) break;
        const uint64_t until = queue_.empty() ? end : std::min(end, frames_before(queue_.front().at_ns));
        synthesizer_->render(samples + 2 * (frames_ - begin), static_cast<size_t>(until - frames_));
        frames_ = until;
    }
    return static_cast<size_t>(frames_ - begin);
}

void WireSynth::silence() {
    synthesizer_->silence();
    parser_ = MessageParser();
    queue_.clear();
}

} // namespace mpulab
