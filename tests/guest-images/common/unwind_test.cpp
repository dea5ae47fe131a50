// SPDX-License-Identifier: MIT
// One step up the stack by unwind information ("x64 exception handling", learn.microsoft.com): each operation, prologue
// and epilogue at each instruction, chains, and information that makes no sense.
#include "unwind.hpp"

#include "support/catch.hpp"

#include <cstring>
#include <initializer_list>
#include <vector>

using namespace nanont;

namespace {

constexpr uint64_t kBase = 0xfffff80000000000, kStack = 0xfffff88000000000, kReturn = 0xfffff80012345678;
constexpr uint32_t kCode = 0x100, kInfo = 0x400, kOther = 0x600, kEnd = 0x180;

/// An image and a stack, and nothing else: every other read fails.
struct World {
    std::vector<uint8_t> image = std::vector<uint8_t>(0x1000, 0xcc);
    std::vector<uint64_t> stack = std::vector<uint64_t>(64);
    std::vector<RuntimeFunction> functions = {{kCode, kEnd, kInfo}};
    Context context{};
    UnwindStep step{};
    ContextPointers pointers{};

    World() {
        context.rsp() = kStack;
        for (size_t i = 0; i < stack.size(); ++i)
            stack[i] = 0x1000 + i;
    }
    World& put(uint32_t rva, std::initializer_list<uint8_t> bytes) {
        std::memcpy(&image[rva], bytes.begin(), bytes.size());
        return *this;
    }
    /// Step out from `offset` bytes into the function.
    bool unwind(uint32_t offset, uint32_t wanted = 0) {
        const UnwindMemory memory{this, &World::read, &World::find};
        context.rip = kBase + kCode + offset;
        return virtual_unwind(memory, wanted, kBase, context.rip, functions[0], context, step, &pointers);
    }
    static bool read(void* self, uint64_t address, void* out, size_t size) {
        World& world = *static_cast<World*>(self);
        const auto copy = [&](const void* from, size_t room, uint64_t at) {
            if (address < at || address - at > room || size > room - (address - at)) return false;
            std::memcpy(out, static_cast<const uint8_t*>(from) + (address - at), size);
            return true;
        };
        return copy(world.image.data(), world.image.size(), kBase) ||
               copy(world.stack.data(), world.stack.size() * 8, kStack);
    }
    static bool find(void* self, uint64_t pc, RuntimeFunction& function, uint64_t& base) {
        base = kBase;
        for (const RuntimeFunction& one : static_cast<World*>(self)->functions) {
            if (pc - kBase >= one.begin && pc - kBase < one.end) {
                function = one;
                return true;
            }
        }
        return false;
    }
};

// push rbp; push rbx; sub rsp, 0x28: codes are listed last first.
constexpr std::initializer_list<uint8_t> kPlain = {0x01, 6, 3, 0, 6, 0x42, 2, 0x30, 1, 0x50};

} // namespace

TEST_CASE("pushes and an allocation are undone in the body") {
    World world;
    REQUIRE(world.put(kInfo, kPlain).unwind(0x20));
    CHECK(world.context.integer[kRbx] == 0x1005); // above 0x28 bytes
    CHECK(world.context.integer[kRbp] == 0x1006);
    CHECK(world.context.rip == 0x1007);
    CHECK(world.context.rsp() == kStack + 0x40);
    CHECK(world.step.establisher == kStack);
    CHECK(world.pointers.integer[kRbx] == kStack + 0x28);
    CHECK((world.context.flags & kContextUnwound) != 0);
}

TEST_CASE("in a prologue only what has been done is undone") {
    const uint64_t expected[] = {0x1000, 0x1001, 0x1002};
    const uint32_t at[] = {0, 1, 2};
    for (int i = 0; i < 3; ++i) {
        World world;
        REQUIRE(world.put(kInfo, kPlain).unwind(at[i]));
        CHECK(world.context.rip == expected[i]);
    }
}

TEST_CASE("in an epilogue what is left of it is carried out") {
    // add rsp, 0x28; pop rbx; pop rbp; ret
    const auto epilogue = {uint8_t{0x48}, uint8_t{0x83}, uint8_t{0xc4}, uint8_t{0x28},
                           uint8_t{0x5b}, uint8_t{0x5d}, uint8_t{0xc3}};
    const uint32_t at[] = {0, 4, 5, 6};
    const uint64_t expected[] = {0x1007, 0x1002, 0x1001, 0x1000};
    for (int i = 0; i < 4; ++i) {
        World world;
        REQUIRE(world.put(kInfo, kPlain).put(kCode + 0x40, epilogue).unwind(0x40 + at[i]));
        CHECK(world.context.rip == expected[i]);
    }
}

TEST_CASE("a jump out of the function ends an epilogue, one inside the function does not") {
    World out; // jmp to another function
    REQUIRE(out.put(kInfo, kPlain).put(kCode + 0x40, {0xe9, 0x00, 0x01, 0x00, 0x00}).unwind(0x40));
    CHECK(out.context.rip == 0x1000);
    World inside; // jmp back into the body
    REQUIRE(inside.put(kInfo, kPlain).put(kCode + 0x40, {0xeb, 0xe0}).unwind(0x40));
    CHECK(inside.context.rip == 0x1007);
}

TEST_CASE("version 2 knows its epilogues by its list alone") {
    // Epilogues of 1 byte: at the function's end, and 0x20 before it; then sub rsp, 8.
    const std::initializer_list<uint8_t> info = {0x02, 4, 3, 0, 0x01, 0x16, 0x20, 0x06, 4, 0x02};
    World last;
    last.put(kEnd - 1, {0xc3});
    REQUIRE(last.put(kInfo, info).unwind(kEnd - 1 - kCode));
    CHECK(last.context.rip == 0x1000);
    World listed;
    listed.put(kEnd - 0x20, {0xc3});
    REQUIRE(listed.put(kInfo, info).unwind(kEnd - 0x20 - kCode));
    CHECK(listed.context.rip == 0x1000);
    World looks_like_one; // in the body, and not listed
    looks_like_one.put(kCode + 0x10, {0xc3});
    REQUIRE(looks_like_one.put(kInfo, info).unwind(0x10));
    CHECK(looks_like_one.context.rip == 0x1001);
}

TEST_CASE("a frame pointer tells the frame in the body, the stack pointer before it is set") {
    // push rbp; sub rsp, 0x20; lea rbp, [rsp+0x10]
    const std::initializer_list<uint8_t> info = {0x01, 10, 3, 0x15, 10, 0x03, 5, 0x32, 1, 0x50};
    World body;
    body.context.integer[kRbp] = kStack + 0x50 + 0x10;
    REQUIRE(body.put(kInfo, info).unwind(0x20));
    CHECK(body.step.establisher == kStack + 0x50);
    CHECK(body.context.rip == 0x100f); // above 0x50 + 0x20, and rbp
    World early;
    early.context.integer[kRbp] = 0x77; // the caller's own
    REQUIRE(early.put(kInfo, info).unwind(5));
    CHECK(early.step.establisher == kStack);
    CHECK(early.context.rip == 0x1005);
}

TEST_CASE("large allocations and saved registers are found where the codes say") {
    // sub rsp, 0x100 (one operand slot); mov [rsp+0x20], rsi; movaps [rsp+0x30], xmm6
    const std::initializer_list<uint8_t> info = {0x01, 20, 6, 0, 20, 0x68, 3, 0, 14, 0x64, 4, 0, 7, 0x01, 0x20, 0};
    World world;
    world.image[kInfo + 2] = 6;
    REQUIRE(world.put(kInfo, info).unwind(0x30));
    CHECK(world.context.floating.xmm[6].low == 0x1006);
    CHECK(world.context.floating.xmm[6].high == 0x1007);
    CHECK(world.context.integer[kRsi] == 0x1004);
    CHECK(world.context.rip == 0x1020);
    World far; // the same with 32-bit operands
    const std::initializer_list<uint8_t> far_info = {0x01, 20,   9, 0, 20, 0x69, 0x30, 0, 0, 0, 14,
                                                     0x65, 0x20, 0, 0, 0,  7,    0x11, 0, 1, 0, 0};
    REQUIRE(far.put(kInfo, far_info).unwind(0x30));
    CHECK(far.context.floating.xmm[6].low == 0x1006);
    CHECK(far.context.integer[kRsi] == 0x1004);
    CHECK(far.context.rip == 0x1020);
}

TEST_CASE("a machine frame gives back what was interrupted") {
    World world;
    world.stack = {0x99, kReturn, 8, 0x202, kStack + 0x300, 0x10}; // an error code before it
    REQUIRE(world.put(kInfo, {0x01, 0, 1, 0, 0, 0x1a}).unwind(0x10));
    CHECK(world.context.rip == kReturn);
    CHECK(world.context.rsp() == kStack + 0x300);
    CHECK((world.context.flags & kContextUnwound) == 0);
}

TEST_CASE("a chained entry goes on where the first one's codes end") {
    World world;
    world.put(kInfo, {0x21, 0, 1, 0, 0, 0x30, 0, 0}); // push rbx, CHAININFO; one slot of padding
    const RuntimeFunction first{0x80, 0x90, kOther};
    std::memcpy(&world.image[kInfo + 8], &first, sizeof(first));
    REQUIRE(world.put(kOther, {0x01, 1, 1, 0, 1, 0x50}).unwind(0x20)); // push rbp
    CHECK(world.context.integer[kRbx] == 0x1000);
    CHECK(world.context.integer[kRbp] == 0x1001);
    CHECK(world.context.rip == 0x1002);
}

TEST_CASE("a handler is told to who asks for its kind, and never in prologue or epilogue") {
    const auto world = [] {
        World made;
        made.put(kInfo, {0x09, 4, 1, 0, 4, 0x02, 0, 0, 0x40, 0x02, 0, 0, 1, 2, 3, 4}); // EHANDLER
        return made;
    };
    World body = world();
    REQUIRE(body.unwind(0x20, kHandlerForExceptions));
    CHECK(body.step.handler == kBase + 0x240);
    CHECK(body.step.handler_data == kBase + kInfo + 12);
    World other = world();
    REQUIRE(other.unwind(0x20, kHandlerForUnwind));
    CHECK(other.step.handler == 0);
    World prologue = world();
    REQUIRE(prologue.unwind(2, kHandlerForExceptions));
    CHECK(prologue.step.handler == 0);
    World epilogue = world();
    REQUIRE(epilogue.put(kCode + 0x40, {0xc3}).unwind(0x40, kHandlerForExceptions));
    CHECK(epilogue.step.handler == 0);
}

TEST_CASE("unwind information that makes no sense, or is not there, is refused") {
    const std::initializer_list<std::initializer_list<uint8_t>> bad = {
        {0x03, 0, 0, 0},             // no such version
        {0x00, 0, 0, 0},             // none at all
        {0x01, 0, 1, 0, 0, 0x0b},    // no such operation
        {0x01, 0, 1, 0, 0, 0x01},    // an operand that is not there
        {0x01, 0, 2, 0, 0, 0x21, 0}, // a form of allocation that does not exist
        {0x01, 0, 1, 0, 0, 0x03},    // a frame pointer without a register
        {0x01, 0, 1, 0, 0, 0x2a},    // a form of machine frame that does not exist
    };
    for (const auto& info : bad) {
        World world;
        CHECK_FALSE(world.put(kInfo, info).unwind(0x20));
    }
    World outside;
    outside.functions[0].unwind = 0x10000;
    CHECK_FALSE(outside.unwind(0x20));
    World no_stack;
    no_stack.context.rsp() = 0x1000;
    CHECK_FALSE(no_stack.put(kInfo, kPlain).unwind(0x20));
    World endless; // chained to itself
    endless.put(kInfo, {0x21, 0, 0, 0});
    std::memcpy(&endless.image[kInfo + 4], &endless.functions[0], sizeof(RuntimeFunction));
    CHECK_FALSE(endless.unwind(0x20));
}

TEST_CASE("an entry is found by bisection, and nothing between or outside entries") {
    const RuntimeFunction table[] = {{0x10, 0x20, 1}, {0x20, 0x30, 2}, {0x40, 0x50, 3}};
    World world;
    std::memcpy(&world.image[kOther], table, sizeof(table));
    const UnwindMemory memory{&world, &World::read, &World::find};
    const auto found = [&](uint32_t rva) -> uint32_t {
        RuntimeFunction entry{};
        return find_runtime_function(memory, kBase + kOther, 3, rva, entry) ? entry.unwind : 0;
    };
    CHECK(found(0x0f) == 0);
    CHECK(found(0x10) == 1);
    CHECK(found(0x1f) == 1);
    CHECK(found(0x20) == 2);
    CHECK(found(0x30) == 0);
    CHECK(found(0x4f) == 3);
    CHECK(found(0x50) == 0);
}
