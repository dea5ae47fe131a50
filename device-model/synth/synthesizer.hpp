// SPDX-License-Identifier: MIT
// FluidSynth with one sound font: MIDI messages in, 16-bit stereo out. One thread, so that the same messages between
// the same frames give the same sound.
#pragma once

#include "common/error_text.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fluidsynth.h>
#include <memory>
#include <optional>
#include <span>

namespace mpulab {

class Synthesizer {
  public:
    static constexpr int kChannels = 16;

    /// `gain`: FluidSynth's own default is 0.2. Null: the reason, with what FluidSynth said of it, stands in `error`.
    static std::unique_ptr<Synthesizer> create(const std::filesystem::path& soundfont, uint32_t rate, double gain,
                                               ErrorText& error);

    /// A whole message (MessageParser).
    void play(std::span<const uint8_t> message);
    /// The next `count` frames: 2 * count samples, left and right in turn.
    void render(int16_t* samples, size_t count);
    /// What sounds stops at once; instruments stay.
    void silence();

  private:
    struct SettingsDelete {
        void operator()(fluid_settings_t* settings) const { delete_fluid_settings(settings); }
    };
    struct SynthDelete {
        void operator()(fluid_synth_t* synth) const { delete_fluid_synth(synth); }
    };

    Synthesizer() = default;

    std::unique_ptr<fluid_settings_t, SettingsDelete> settings_; // outlives the synth
    std::unique_ptr<fluid_synth_t, SynthDelete> synth_;
};

/// The sound font to use: `chosen` if given, else one of Debian's; empty: none is installed.
std::optional<std::filesystem::path> find_soundfont(const std::filesystem::path& chosen);

} // namespace mpulab
