// SPDX-License-Identifier: MIT
// The render engine on arbitrary stream data of either layout, with a miniport that takes what the input says: every
// byte is offered once and in order, nothing outside the data is touched, and it always comes to an end.
#include "portcls/render_engine.hpp"

#include <cstdlib>
#include <vector>

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

struct Host {
    const std::vector<uint8_t>& data;
    const uint8_t* script;
    size_t script_size;
    portcls::DataLayout layout;
    size_t script_at = 0;
    int64_t time = 0;
    bool queued = true, finished = false;
    const uint8_t* expected_at = nullptr; // where the rest of a partly taken record begins
    portcls::RenderFrame frame{};
    uint64_t taken = 0;

    uint8_t next() { return script_size ? script[script_at++ % script_size] : 0xff; }
    int64_t now() const { return time; }
    int64_t lead() const { return 0; }
    bool take(const portcls::RenderFrame*& frames, uint32_t& count) {
        if (!queued) return false;
        queued = false;
        frame = {data.data(), static_cast<uint32_t>(data.size()), 0, layout};
        frames = &frame;
        count = 1;
        return true;
    }
    bool resume() { return true; }
    void park() {}
    portcls::RenderAnswer offer(const portcls::RenderOffer& offered) {
        const uint8_t* bytes = offered.bytes;
        const uint32_t count = offered.count;
        require(count > 0 && bytes >= data.data() + 8 && bytes + count <= data.data() + data.size());
        require(!expected_at || expected_at == bytes);
        const uint8_t how = next();
        if (how == 0) return {true, count, 0};
        const uint32_t take_now = how >= count ? count : how - 1u;
        expected_at = take_now < count ? bytes + take_now : nullptr;
        taken += take_now;
        return {false, count, take_now};
    }
    void finish(portcls::RenderEnd, uint32_t accepted) {
        require(accepted == taken && !finished);
        finished = true;
    }
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* input, size_t size) {
    if (size == 0) return 0;
    const size_t script = input[0] % (size < 17 ? size : 17);
    const std::vector<uint8_t> data(input + 1 + (script < size - 1 ? script : size - 1), input + size);
    const auto layout = input[0] & 0x80 ? portcls::DataLayout::DirectMusic : portcls::DataLayout::Music;
    Host host{data, input + 1, script < size - 1 ? script : size - 1, layout};
    portcls::RenderEngine engine;
    int64_t due = 0;
    for (uint32_t pumps = 0; pumps < 4096 && !host.finished; ++pumps) {
        if (engine.pump(host, due) == portcls::PumpResult::Until) {
            require(due > host.time);
            host.time = due; // a stamp near the end of time comes at once
        }
    }
    require(engine.pump(host, due) == portcls::PumpResult::Idle || !host.finished);
    return 0;
}
