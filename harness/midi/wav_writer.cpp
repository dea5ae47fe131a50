// SPDX-License-Identifier: MIT
#include "midi/wav_writer.hpp"

#include "common/error.hpp"
#include "common/files.hpp"
#include "midi/message_parser.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <fluidsynth.h>
#include <fmt/format.h>
#include <memory>
#include <spdlog/spdlog.h>
#include <unistd.h>

namespace mpulab {
namespace {

constexpr uint32_t kRate = 44'100;
constexpr uint32_t kFrameBytes = 4; // two channels of 16 bits
constexpr size_t kBlockFrames = 4096;
constexpr uint64_t kTailNs = 2'000'000'000;
constexpr uint64_t kMaxFrames = 0x7fffffffu / kFrameBytes; // a WAV's sizes have 32 bits: some 3.4 hours
constexpr float kGain = 0.5F;

struct SettingsDelete {
    void operator()(fluid_settings_t* settings) const { delete_fluid_settings(settings); }
};
struct SynthDelete {
    void operator()(fluid_synth_t* synth) const { delete_fluid_synth(synth); }
};

#pragma pack(push, 1)
struct WavHeader {
    char riff[4] = {'R', 'I', 'F', 'F'};
    uint32_t riff_size = 0;
    char wave[8] = {'W', 'A', 'V', 'E', 'f', 'm', 't', ' '};
    uint32_t format_size = 16;
    uint16_t format = 1; // PCM
    uint16_t channels = 2;
    uint32_t rate = kRate;
    uint32_t byte_rate = kRate * kFrameBytes;
    uint16_t block = kFrameBytes;
    uint16_t bits = 16;
    char data[4] = {'d', 'a', 't', 'a'};
    uint32_t data_size = 0;
};
#pragma pack(pop)
static_assert(sizeof(WavHeader) == 44);

class Renderer {
  public:
    Renderer(const std::filesystem::path& path, const std::filesystem::path& soundfont)
        : path_(path), file_(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)) {
        if (!file_) {
            throw Error(fmt::format("cannot create {}: {}", path.string(), errno_text(errno)),
                        "name another folder with --out");
        }
        for (const int level : {FLUID_PANIC, FLUID_ERR, FLUID_WARN, FLUID_INFO}) {
            fluid_set_log_function(
                level, [](int, const char* text, void*) { spdlog::debug("fluidsynth: {}", text); }, nullptr);
        }
        settings_.reset(new_fluid_settings());
        fluid_settings_setnum(settings_.get(), "synth.sample-rate", kRate);
        fluid_settings_setnum(settings_.get(), "synth.gain", kGain);
        fluid_settings_setint(settings_.get(), "synth.cpu-cores", 1); // one thread: one result
        synth_.reset(new_fluid_synth(settings_.get()));
        if (!synth_ || fluid_synth_sfload(synth_.get(), soundfont.c_str(), 1) == FLUID_FAILED) {
            throw Error(fmt::format("FluidSynth cannot load sound font {}", soundfont.string()),
                        "name another one with --soundfont, or apt-get install timgm6mb-soundfont");
        }
        write_all(file_.get(), ByteView(reinterpret_cast<const uint8_t*>(&header_), sizeof header_), path_);
    }

    void until(uint64_t ns) {
        const uint64_t target =
            std::min(ns / 1'000'000'000 * kRate + ns % 1'000'000'000 * kRate / 1'000'000'000, kMaxFrames);
        int16_t block[kBlockFrames * 2];
        while (frames_ < target) {
            const auto count = static_cast<size_t>(std::min<uint64_t>(kBlockFrames, target - frames_));
            fluid_synth_write_s16(synth_.get(), static_cast<int>(count), block, 0, 2, block, 1, 2);
            write_all(file_.get(), ByteView(reinterpret_cast<const uint8_t*>(block), count * kFrameBytes), path_);
            frames_ += count;
        }
    }

    void play(ByteView message) {
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

    void finish() {
        header_.data_size = static_cast<uint32_t>(frames_ * kFrameBytes);
        header_.riff_size = header_.data_size + static_cast<uint32_t>(sizeof header_) - 8;
        if (::lseek(file_.get(), 0, SEEK_SET) != 0) {
            throw Error(fmt::format("cannot rewind {}: {}", path_.string(), errno_text(errno)),
                        "name a local folder with --out");
        }
        write_all(file_.get(), ByteView(reinterpret_cast<const uint8_t*>(&header_), sizeof header_), path_);
    }

  private:
    std::filesystem::path path_;
    FileDescriptor file_;
    std::unique_ptr<fluid_settings_t, SettingsDelete> settings_;
    std::unique_ptr<fluid_synth_t, SynthDelete> synth_;
    WavHeader header_;
    uint64_t frames_ = 0;
};

} // namespace

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

void write_wav(const std::filesystem::path& path, const std::filesystem::path& soundfont,
               const std::vector<WireByte>& bytes, uint64_t start_ns) {
    Renderer renderer(path, soundfont);
    MessageParser parser;
    for (const WireByte& byte : bytes) {
        if (const auto message = parser.feed(byte.value)) {
            if (byte.end_ns > start_ns) renderer.until(byte.end_ns - start_ns);
            renderer.play(*message);
        }
    }
    const uint64_t last = bytes.empty() ? start_ns : bytes.back().end_ns;
    renderer.until((last > start_ns ? last - start_ns : 0) + kTailNs);
    renderer.finish();
}

} // namespace mpulab
