// SPDX-License-Identifier: MIT
#include "synth/synth_core.h"

#include "synth/wire_synth.hpp"

using mpulab::ErrorText;
using mpulab::Synthesizer;

struct mpulab_synth {
    mpulab::WireSynth wire;
};

mpulab_synth* mpulab_synth_create(const char* soundfont, unsigned gain, char* error, size_t error_size) {
    ErrorText text(error, error_size);
    const auto font = mpulab::find_soundfont(soundfont == nullptr ? "" : soundfont);
    if (!font) {
        text.say(
            "none was named, and /usr/share/sounds/sf2 has none; the path of a .sf2 file expected (apt-get install "
            "timgm6mb-soundfont)");
        return nullptr;
    }
    auto synthesizer = Synthesizer::create(*font, MPULAB_SYNTH_RATE, gain / 100.0, text);
    if (!synthesizer) return nullptr;
    return new mpulab_synth{mpulab::WireSynth(std::move(synthesizer), MPULAB_SYNTH_RATE)};
}

void mpulab_synth_destroy(mpulab_synth* synth) {
    delete synth;
}

void mpulab_synth_byte(mpulab_synth* synth, uint8_t byte, int64_t at_ns) {
    synth->wire.byte(byte, at_ns);
}

size_t mpulab_synth_render(mpulab_synth* synth, int64_t now_ns, int16_t* samples, size_t most, int64_t* skipped_ns) {
    return synth->wire.render(now_ns, samples, most, *skipped_ns);
}

void mpulab_synth_silence(mpulab_synth* synth) {
    synth->wire.silence();
}
