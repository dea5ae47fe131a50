// SPDX-License-Identifier: MIT
// Save and load of what a guest's next access to the probe depends on. A state is input like any other: all of it is
// checked before any of it is taken.
#include "probe.hpp"

#include "../common/bytes.hpp"

#include <memory>

namespace mpulab {
namespace {

constexpr uint32_t kStateMagic = 0x5350504d; // "MPPS"
constexpr uint32_t kStateVersion = 4;

} // namespace

size_t Probe::save(void* buffer, size_t size) const {
    const auto write_all = [this](ByteWriter& out) {
        out.put(kStateMagic);
        out.put(kStateVersion);
        out.put(selected_);
        out.put(cursor_);
        for (const TextChunker& text : texts_) {
            out.put(text.used());
            out.put_bytes(text.bytes().data(), text.bytes().size());
        }
        out.put(awaited_.kind_of_unit);
        out.put(awaited_.a);
        out.put(awaited_.b);
        out.put(awaited_.seen);
        out.put(watched_.base);
        out.put(watched_.bytes);
    };
    ByteWriter counter(nullptr, 0);
    write_all(counter);
    if (buffer != nullptr && counter.written() <= size) {
        ByteWriter out(buffer, size);
        write_all(out);
    }
    return counter.written();
}

bool Probe::load(const void* buffer, size_t size, ErrorText& error) {
    ByteReader in(buffer, size);
    const uint32_t magic = in.get<uint32_t>();
    const uint32_t version = in.get<uint32_t>();
    if (magic != kStateMagic) {
        return error.say("state: begins with 0x%08x; no probe's state (0x%08x)", magic, kStateMagic);
    }
    if (version != kStateVersion) return error.say("state: version %u; %u expected", version, kStateVersion);
    const uint32_t selected = in.get<uint32_t>();
    const uint32_t cursor = in.get<uint32_t>();
    const auto texts = std::make_unique<std::array<TextChunker, kCpus>>();
    for (size_t cpu = 0; cpu < kCpus; ++cpu) {
        const uint8_t used = in.get<uint8_t>();
        const uint8_t* bytes = in.get_bytes(MPULAB_RECORD_PAYLOAD);
        if (!in.ok()) return error.say("state: ends, or holds an impossible value, at vCPU %zu", cpu);
        if (!(*texts)[cpu].restore(bytes, used)) {
            return error.say("state: vCPU %zu has %u bytes of text pending", cpu, used);
        }
    }
    Awaited awaited;
    awaited.kind_of_unit = in.get<uint64_t>();
    awaited.a = in.get<uint64_t>();
    awaited.b = in.get<uint64_t>();
    awaited.seen = in.get<uint32_t>();
    Watched watched;
    watched.base = in.get<uint64_t>();
    watched.bytes = in.get<uint64_t>();
    if (!in.ok()) return error.say("state: ends within what the score waits for, or the code that is watched");
    if (in.left() != 0) return error.say("state: %zu bytes too many", in.left());
    selected_ = selected;
    cursor_ = cursor;
    awaited_ = awaited;
    watched_ = watched;
    texts_ = *texts;
    started_ = false;
    ended_ = false;
    return true;
}

} // namespace mpulab
