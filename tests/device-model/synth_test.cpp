// SPDX-License-Identifier: MIT
// The synthesizer on MIDI OUT behind its C face: sound begins with the frame after a byte's last bit, and whoever asks
// for the frames, and how often, changes nothing. Skips the sound without a font.
#include "synth/synth_core.h"

#include "synth/wire_synth.hpp"

#include "support/catch.hpp"

#include <cstdlib>
#include <cstring>
#include <string>

using mpulab::find_soundfont;

namespace {

constexpr int64_t kMs = 1'000'000;
constexpr size_t kFramesPerMs10 = 441;

class Synth {
  public:
    Synth() {
        char reason[256] = "";
        synth_ = mpulab_synth_create(nullptr, 50, reason, sizeof reason);
        INFO(reason);
        REQUIRE(synth_ != nullptr);
    }
    ~Synth() { mpulab_synth_destroy(synth_); }
    Synth(const Synth&) = delete;
    Synth& operator=(const Synth&) = delete;

    void send(std::initializer_list<uint8_t> bytes, int64_t at_ns) {
        for (const uint8_t byte : bytes)
            mpulab_synth_byte(synth_, byte, at_ns);
    }

    /// Everything up to `until_ns`, asked for every `step_ns`, at most `most` frames at once.
    std::vector<int16_t> hear(int64_t until_ns, int64_t step_ns = 10 * kMs, size_t most = 1024) {
        std::vector<int16_t> heard;
        while (now_ < until_ns) {
            now_ = std::min(until_ns, now_ + step_ns);
            for (size_t count = most; count == most;) {
                std::vector<int16_t> block(2 * most);
                int64_t skipped = 0;
                count = mpulab_synth_render(synth_, now_, block.data(), most, &skipped);
                skipped_ += skipped;
                heard.insert(heard.end(), block.begin(), block.begin() + static_cast<ptrdiff_t>(2 * count));
            }
        }
        return heard;
    }

    mpulab_synth* get() { return synth_; }
    int64_t skipped() const { return skipped_; }
    void jump(int64_t to_ns) { now_ = to_ns; }

  private:
    mpulab_synth* synth_ = nullptr;
    int64_t now_ = 0;
    int64_t skipped_ = 0;
};

int loudest(const std::vector<int16_t>& samples, size_t first_frame = 0, size_t last_frame = SIZE_MAX) {
    int peak = 0;
    for (size_t at = 2 * first_frame; at < std::min(samples.size(), 2 * std::min(last_frame, samples.size())); ++at)
        peak = std::max(peak, std::abs(int{samples[at]}));
    return peak;
}

bool no_font() {
    if (find_soundfont({})) return false;
    WARN("SKIPPED: no sound font; next: apt-get install timgm6mb-soundfont");
    return true;
}

} // namespace

TEST_CASE("a note sounds from the frame after its last bit and not before") {
    if (no_font()) return;
    Synth synth;
    synth.send({0x90, 0x3c, 0x7f}, 300 * kMs);
    const auto heard = synth.hear(600 * kMs);
    REQUIRE(heard.size() == 2 * 60 * kFramesPerMs10);
    CHECK(loudest(heard, 0, 30 * kFramesPerMs10) < 16);
    CHECK(loudest(heard, 30 * kFramesPerMs10, 32 * kFramesPerMs10) > 100);
    CHECK(loudest(heard, 40 * kFramesPerMs10) > 500);
}

TEST_CASE("the sound is the same however it is asked for") {
    if (no_font()) return;
    std::vector<std::vector<int16_t>> heard;
    for (const auto& [step, most] : {std::pair<int64_t, size_t>{10 * kMs, 1024}, {3'333'333, 1024}, {50 * kMs, 7}}) {
        Synth synth;
        synth.send({0x90, 0x3c, 0x7f}, 11 * kMs + 123);
        synth.send({0x40, 0x7f}, 12 * kMs);
        synth.send({0x3c, 0x00}, 80 * kMs);
        heard.push_back(synth.hear(200 * kMs, step, most));
    }
    CHECK(heard[0] == heard[1]);
    CHECK(heard[0] == heard[2]);
}

TEST_CASE("a listener that falls behind is brought to the present, is told, and no note hangs") {
    if (no_font()) return;
    Synth synth;
    synth.send({0x90, 0x3c, 0x7f}, 100 * kMs);
    synth.send({0x90, 0x3c, 0x00}, 200 * kMs);
    synth.jump(10'000 * kMs);
    synth.hear(10'010 * kMs);
    CHECK(synth.skipped() == 10'010 * kMs);
    CHECK(loudest(synth.hear(14'000 * kMs), 2 * 44'100) < 64);
}

TEST_CASE("a clock that was put back is followed, and what sounded is over") {
    if (no_font()) return;
    Synth synth;
    synth.send({0x90, 0x3c, 0x7f}, 100 * kMs);
    synth.hear(1'000 * kMs);
    mpulab_synth_silence(synth.get());
    synth.jump(500 * kMs);
    CHECK(synth.hear(510 * kMs).empty());
    synth.send({0x90, 0x40, 0x7f}, 700 * kMs);
    const auto heard = synth.hear(1'000 * kMs);
    CHECK(heard.size() == 2 * 49 * kFramesPerMs10);
    CHECK(loudest(heard, 30 * kFramesPerMs10) > 500);
}

TEST_CASE("more bytes than the cable can hold take effect early, and none is lost") {
    if (no_font()) return;
    Synth synth;
    for (size_t i = 0; i < mpulab::WireSynth::kMostQueued; ++i)
        synth.send({0xfe}, 5'000 * kMs);
    synth.send({0x90, 0x3c, 0x7f}, 5'000 * kMs);
    synth.send({0xfe, 0xfe, 0xfe}, 5'000 * kMs);
    CHECK(loudest(synth.hear(100 * kMs)) < 16);
    for (size_t i = 0; i < mpulab::WireSynth::kMostQueued; ++i)
        synth.send({0xfe}, 5'000 * kMs);
    CHECK(loudest(synth.hear(300 * kMs)) > 500);
}

TEST_CASE("a sound font that is not there, and one that is none, are named with what is wrong") {
    char reason[256] = "";
    CHECK(mpulab_synth_create("/no/such.sf2", 50, reason, sizeof reason) == nullptr);
    CHECK(std::string(reason).find("\"/no/such.sf2\" cannot be read: No such file") == 0);
    CHECK(mpulab_synth_create("/proc/self/exe", 50, reason, sizeof reason) == nullptr);
    CHECK(std::string(reason).find("\"/proc/self/exe\" is no sound font") == 0);
}
