// SPDX-License-Identifier: MIT
// The end of a MIDI cable: each byte takes effect on the first frame that begins no sooner than its last bit.
#pragma once

#include "synth/message_parser.hpp"
#include "synth/synthesizer.hpp"

#include <cstdint>
#include <deque>
#include <memory>

namespace mpulab {

class WireSynth {
  public:
    static constexpr int64_t kMostBehindNs = 200'000'000;
    // More bytes than that on their way (timing=fast) take effect early rather than never: a lost note-off hangs.
    static constexpr size_t kMostQueued = 16 * 1024;

    WireSynth(std::unique_ptr<Synthesizer> synthesizer, uint32_t rate)
        : synthesizer_(std::move(synthesizer)), rate_(rate) {}

    void byte(uint8_t byte, int64_t at_ns);
    size_t render(int64_t now_ns, int16_t* samples, size_t most, int64_t& skipped_ns);
    void silence();

  private:
    struct Arriving {
        int64_t at_ns;
        uint8_t byte;
    };

    void take_first();
    // Frames that begin before `at_ns`, counted from origin_ns_.
    uint64_t frames_before(int64_t at_ns) const;

    std::unique_ptr<Synthesizer> synthesizer_;
    uint32_t rate_;
    MessageParser parser_;
    std::deque<Arriving> queue_;
    int64_t origin_ns_ = 0;
    uint64_t frames_ = 0; // rendered since origin_ns_
};

} // namespace mpulab
