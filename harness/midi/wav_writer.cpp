// SPDX-License-Identifier: MIT
#include "midi/wav_writer.hpp"

#include "common/error.hpp"
#include "common/files.hpp"
#include "synth/message_parser.hpp"
#include "synth/synthesizer.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <fmt/format.h>
#include <memory>
#include <unistd.h>

namespace mpulab {
namespace {

constexpr uint32_t kRate = 44'100;
constexpr uint32_t kFrameBytes = 4; // two channels of 16 bits
constexpr size_t kBlockFrames = 4096;
constexpr uint64_t kTailNs = 2'000'000'000;
constexpr uint64_t kMaxFrames = 0x7fffffffu / kFrameBytes; // a WAV's sizes have 32 bits: some 3.4 hours
constexpr double kGain = 0.5;

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
        char reason[256];
        ErrorText error(reason, sizeof reason);
        synth_ = Synthesizer::create(soundfont, kRate, kGain, error);
        if (!synth_) {
            throw Error(fmt::format("sound font {}", reason),
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
            synth_->render(block, count);
            write_all(file_.get(), ByteView(reinterpret_cast<const uint8_t*>(block), count * kFrameBytes), path_);
            frames_ += count;
        }
    }

    void play(ByteView message) { synth_->play(message); }

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
    std::unique_ptr<Synthesizer> synth_;
    WavHeader header_;
    uint64_t frames_ = 0;
};

} // namespace

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
