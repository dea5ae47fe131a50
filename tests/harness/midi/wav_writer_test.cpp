// SPDX-License-Identifier: MIT
// The .wav of a run: its header as RIFF has it, silence and sound where they must be. Skips the sound without a font.
#include "midi/wav_writer.hpp"
#include "synth/synthesizer.hpp"

#include "harness/support/temp_dir.hpp"
#include "harness/support/text.hpp"

#include "support/catch.hpp"

#include <cstdlib>

using namespace mpulab;
using namespace mpulab::test;

namespace {

constexpr uint64_t kSecond = 1'000'000'000;
constexpr uint64_t kRun = 5 * kSecond;

/// A note that a synthesizer has whole half a second after the run began.
std::vector<WireByte> one_note() {
    const uint64_t end = kRun + kSecond / 2;
    return {{end - 640'000, 0x90}, {end - 320'000, 0x3c}, {end, 0x7f}};
}

int loudest(const Bytes& file, uint64_t first_frame, uint64_t last_frame) {
    int peak = 0;
    for (uint64_t frame = first_frame; frame < last_frame; ++frame)
        peak = std::max(peak, std::abs(int{read_pod<int16_t>(file, 44 + frame * 4)}));
    return peak;
}

} // namespace

TEST_CASE("a note sounds from the end of its last byte, and the file ends two seconds later") {
    const auto font = find_soundfont({});
    if (!font) {
        WARN("SKIPPED: no sound font; next: apt-get install timgm6mb-soundfont");
        return;
    }
    const TempDir dir;
    write_wav(dir / "a.wav", *font, one_note(), kRun);
    const Bytes file = bytes_of(text_of(dir / "a.wav"));
    constexpr uint32_t kFrames = 44'100 * 5 / 2;
    REQUIRE(file.size() == 44 + kFrames * 4);
    CHECK(Bytes(file.begin(), file.begin() + 4) == bytes_of("RIFF"));
    CHECK(read_pod<uint32_t>(file, 4) == file.size() - 8);
    CHECK(Bytes(file.begin() + 8, file.begin() + 16) == bytes_of("WAVEfmt "));
    CHECK(read_pod<uint32_t>(file, 16) == 16);
    CHECK(read_pod<uint16_t>(file, 20) == 1); // PCM
    CHECK(read_pod<uint16_t>(file, 22) == 2); // channels
    CHECK(read_pod<uint32_t>(file, 24) == 44'100);
    CHECK(read_pod<uint32_t>(file, 28) == 176'400); // bytes a second
    CHECK(read_pod<uint16_t>(file, 32) == 4);
    CHECK(read_pod<uint16_t>(file, 34) == 16);
    CHECK(Bytes(file.begin() + 36, file.begin() + 40) == bytes_of("data"));
    CHECK(read_pod<uint32_t>(file, 40) == kFrames * 4);
    CHECK(loudest(file, 0, 22'050) < 16);
    CHECK(loudest(file, 22'050, 44'100) > 500);

    write_wav(dir / "b.wav", *font, one_note(), kRun);
    CHECK(bytes_of(text_of(dir / "b.wav")) == file); // same bytes, times and font
}

TEST_CASE("a sound font that is none, and a file that cannot be made, are named") {
    const TempDir dir;
    const auto text = dir.file("font.sf2", "no sound font").string();
    CHECK_THAT(refusal([&] { write_wav(dir / "a.wav", text, one_note(), 0); }),
               StartsWith("sound font \"" + text + "\" is no sound font"));
    const auto nowhere = (dir / "no/a.wav").string();
    CHECK_THAT(refusal([&] { write_wav(nowhere, text, one_note(), 0); }),
               StartsWith("cannot create " + nowhere + ": No such"));
}

TEST_CASE("the sound font that was named is taken as it is") {
    CHECK(find_soundfont("/no/such.sf2") == std::filesystem::path("/no/such.sf2"));
}
