// SPDX-License-Identifier: MIT
// Unwind information, code and stack from anywhere: a step reads what it is given and nothing else, and ends.
#include "unwind.hpp"

#include <cstdlib>
#include <cstring>

namespace {

constexpr uint64_t kBase = 0x10000;

struct World {
    const uint8_t* data;
    size_t size;
    long reads;
};

bool read(void* context, uint64_t address, void* out, size_t size) {
    World& world = *static_cast<World*>(context);
    if (++world.reads > 100'000) std::abort(); // not bounded
    if (address < kBase || address - kBase > world.size || size > world.size - (address - kBase)) return false;
    std::memcpy(out, world.data + (address - kBase), size);
    return true;
}

bool find(void* context, uint64_t pc, nanont::RuntimeFunction& function, uint64_t& base) {
    base = kBase;
    function = {0, 0x40, 0x40};
    return static_cast<World*>(context)->size > 0x40 && pc - kBase < 0x1000;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size < 8) return 0;
    World world{data + 8, size - 8, 0};
    const nanont::UnwindMemory memory{&world, read, find};
    nanont::Context context{};
    for (auto& value : context.integer)
        value = kBase + data[0]; // stack and frame pointers that may lie inside
    context.rip = kBase + data[1];
    const nanont::RuntimeFunction function{data[2], data[3] + 1u, uint32_t{data[4]} + data[5]};
    nanont::UnwindStep step;
    nanont::ContextPointers pointers{};
    for (int i = 0; i < 4; ++i) {
        if (!nanont::virtual_unwind(memory, data[6] & 3u, kBase, context.rip, function, context, step, &pointers))
            break;
    }
    nanont::RuntimeFunction found;
    if (nanont::find_runtime_function(memory, kBase, (size - 8) / sizeof(found), data[7], found) &&
        (found.begin > data[7] || found.end <= data[7]))
        std::abort();
    return 0;
}
