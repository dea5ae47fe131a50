// SPDX-License-Identifier: MIT
#include "synth/synthesizer.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

namespace mpulab {
namespace {

/// FluidSynth has one log for the process. While a font is loaded its first error is kept, else nobody is told: what a
/// guest plays makes no text on the host.
class FluidErrors {
  public:
    FluidErrors() { listen(keep, this); }
    ~FluidErrors() { listen(drop, nullptr); }
    FluidErrors(const FluidErrors&) = delete;
    FluidErrors& operator=(const FluidErrors&) = delete;

    const std::string& first() const { return first_; }

  private:
    static void listen(fluid_log_function_t listener, void* self) {
        for (const int level : {FLUID_PANIC, FLUID_ERR, FLUID_WARN, FLUID_INFO, FLUID_DBG})
            fluid_set_log_function(level, listener, self);
    }
    static void drop(int, const char*, void*) {}
    static void keep(int level, const char* text, void* self) {
        std::string& first = static_cast<FluidErrors*>(self)->first_;
        if (level <= FLUID_ERR && first.empty()) first = text;
    }

    std::string first_;
};

/// FluidSynth's loaders take other files apart too, and complain to standard error of what they meet there.
bool looks_like_soundfont(const std::filesystem::path& path, ErrorText& error) {
    std::ifstream file(path, std::ios::binary);
    char head[12] = {};
    if (std::error_code failure; !file || std::filesystem::is_directory(path, failure)) {
        return error.say("\"%s\" cannot be read: %s; a sound font (.sf2, .sf3) expected", path.c_str(),
                         std::strerror(file ? EISDIR : errno));
    }
    if (!file.read(head, sizeof head) || std::memcmp(head, "RIFF", 4) != 0 || std::memcmp(head + 8, "sfbk", 4) != 0)
        return error.say("\"%s\" is no sound font: it does not begin with RIFF and sfbk; a .sf2 or .sf3 file expected",
                         path.c_str());
    return true;
}

} // namespace

std::unique_ptr<Synthesizer> Synthesizer::create(const std::filesystem::path& soundfont, uint32_t rate, double gain,
                                                 ErrorText& error) {
    if (!looks_like_soundfont(soundfont, error)) return nullptr;
    const FluidErrors errors;
    std::unique_ptr<Synthesizer> made(new Synthesizer);
    made->settings_.reset(new_fluid_settings());
    fluid_settings_setnum(made->settings_.get(), "synth.sample-rate", rate);
    fluid_settings_setnum(made->settings_.get(), "synth.gain", gain);
    fluid_settings_setint(made->settings_.get(), "synth.cpu-cores", 1);
    made->synth_.reset(new_fluid_synth(made->settings_.get()));
    if (!made->synth_ || fluid_synth_sfload(made->synth_.get(), soundfont.c_str(), 1) == FLUID_FAILED) {
        error.say("\"%s\" is a sound font that FluidSynth cannot load (%s); another one expected", soundfont.c_str(),
                  errors.first().c_str());
        return nullptr;
    }
    return made;
}

void Synthesizer::play(std::span<const uint8_t> message) {
    fluid_synth_t* synth = synth_.get();
    const int channel = message[0] & 0x0f;
    const int first = message.size() > 1 ? message[1] : 0;
    const int second = message.size() > 2 ? message[2] : 0;
    switch (message[0] & 0xf0) {
    case 0x80:
        fluid_synth_noteoff(synth, channel, first);
        break;
    case 0x90:
        fluid_synth_noteon(synth, channel, first, second); // velocity 0 ends the note
        break;
    case 0xa0:
        fluid_synth_key_pressure(synth, channel, first, second);
        break;
    case 0xb0:
        fluid_synth_cc(synth, channel, first, second);
        break;
    case 0xc0:
        fluid_synth_program_change(synth, channel, first);
        break;
    case 0xd0:
        fluid_synth_channel_pressure(synth, channel, first);
        break;
    case 0xe0:
        fluid_synth_pitch_bend(synth, channel, first | second << 7);
        break;
    default:
        if (message[0] == 0xf0 && message.size() > 2) { // without F0 and F7, as FluidSynth wants it
            fluid_synth_sysex(synth, reinterpret_cast<const char*>(message.data() + 1),
                              static_cast<int>(message.size() - 2), nullptr, nullptr, nullptr, 0);
        } else if (message[0] == 0xff) {
            fluid_synth_system_reset(synth);
        }
    }
}

void Synthesizer::render(int16_t* samples, size_t count) {
    fluid_synth_write_s16(synth_.get(), static_cast<int>(count), samples, 0, 2, samples, 1, 2);
}

void Synthesizer::silence() {
    for (int channel = 0; channel < kChannels; ++channel)
        fluid_synth_all_sounds_off(synth_.get(), channel);
}

std::optional<std::filesystem::path> find_soundfont(const std::filesystem::path& chosen) {
    if (!chosen.empty()) return chosen;
    std::error_code failure;
    for (const char* name : {"/usr/share/sounds/sf2/TimGM6mb.sf2", "/usr/share/sounds/sf2/default-GM.sf2"}) {
        if (std::filesystem::exists(name, failure)) return name;
    }
    std::vector<std::filesystem::path> fonts;
    for (const auto& entry : std::filesystem::directory_iterator("/usr/share/sounds/sf2", failure)) {
        if (entry.path().extension() == ".sf2") fonts.push_back(entry.path());
    }
    if (fonts.empty()) return std::nullopt;
    return *std::min_element(fonts.begin(), fonts.end());
}

} // namespace mpulab
