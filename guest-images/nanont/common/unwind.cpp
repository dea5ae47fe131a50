// SPDX-License-Identifier: MIT
#include "unwind.hpp"

#include "unwind_epilogue.hpp"

namespace nanont {
namespace {

enum Operation : uint8_t {
    kPushNonvolatile = 0,
    kAllocateLarge = 1,
    kAllocateSmall = 2,
    kSetFramePointer = 3,
    kSaveNonvolatile = 4,
    kSaveNonvolatileFar = 5,
    kEpilogue = 6, // version 2; in version 1 an old save of half an xmm register: two slots
    kSpare = 7,    // version 1: the same with a far offset, three slots
    kSaveXmm = 8,
    kSaveXmmFar = 9,
    kPushMachineFrame = 10
};
constexpr uint8_t kChained = 0x4;
constexpr int kMostChained = 32;
constexpr uint32_t kIndirect = 1; // RUNTIME_FUNCTION_INDIRECT: `unwind` leads to another entry

struct Info {
    uint8_t version_and_flags, prologue_size, code_count, frame;

    unsigned version() const { return version_and_flags & 7u; }
    unsigned flags() const { return version_and_flags >> 3u; }
    unsigned frame_register() const { return frame & 0xfu; }
    uint64_t frame_offset() const { return (frame >> 4u) * 16u; }
};

struct Code {
    uint8_t offset;
    uint8_t operation : 4;
    uint8_t info : 4;
};
static_assert(sizeof(Code) == 2);

/// UNWIND_INFO with its codes, and what follows them.
struct Unwind {
    Info info;
    Code codes[256];
    uint64_t behind; // address of the handler's RVA, or of the chained entry

    uint32_t operand(unsigned slot) const {
        return codes[slot].offset | uint32_t{codes[slot].operation} << 8 | uint32_t{codes[slot].info} << 12;
    }
    uint32_t far_operand(unsigned slot) const { return operand(slot) | operand(slot + 1) << 16; }
};

unsigned slots_of(const Code& code, unsigned version) {
    switch (code.operation) {
    case kAllocateLarge:
        return code.info == 0 ? 2 : 3;
    case kSaveNonvolatile:
    case kSaveXmm:
        return 2;
    case kSaveNonvolatileFar:
    case kSaveXmmFar:
        return 3;
    case kEpilogue:
        return version == 1 ? 2 : 1;
    case kSpare:
        return 3;
    default:
        return 1;
    }
}

bool read_unwind(const UnwindMemory& memory, uint64_t address, Unwind& unwind) {
    if (!memory.read(memory.context, address, &unwind.info, sizeof(Info)) || unwind.info.version() < 1 ||
        unwind.info.version() > 2) {
        return false;
    }
    const size_t size = unwind.info.code_count * sizeof(Code);
    unwind.behind = address + sizeof(Info) + ((unwind.info.code_count + 1u) & ~1u) * sizeof(Code);
    return size == 0 || memory.read(memory.context, address + sizeof(Info), unwind.codes, size);
}

/// Follows indirect entries.
bool read_entry(const UnwindMemory& memory, uint64_t image_base, RuntimeFunction& function, Unwind& unwind) {
    if ((function.unwind & kIndirect) != 0 &&
        !memory.read(memory.context, image_base + (function.unwind & ~kIndirect), &function, sizeof(function))) {
        return false;
    }
    return (function.unwind & kIndirect) == 0 && read_unwind(memory, image_base + function.unwind, unwind);
}

class Step {
  public:
    Step(const UnwindMemory& memory, Context& context, ContextPointers* pointers)
        : memory_(memory), context_(context), pointers_(pointers) {}

    bool load(unsigned which, uint64_t address) {
        if (!memory_.read(memory_.context, address, &context_.integer[which], 8)) {
            return false;
        }
        if (pointers_ != nullptr) {
            pointers_->integer[which] = address;
        }
        return true;
    }
    bool load_xmm(unsigned which, uint64_t address) {
        if (!memory_.read(memory_.context, address, &context_.floating.xmm[which], 16)) {
            return false;
        }
        if (pointers_ != nullptr) {
            pointers_->xmm[which] = address;
        }
        return true;
    }

    /// Undoes one operation. `frame`: the establisher, which saved registers are counted from.
    bool undo(const Unwind& unwind, unsigned slot, uint64_t frame) {
        const Code& code = unwind.codes[slot];
        switch (code.operation) {
        case kPushNonvolatile: {
            const uint64_t at = context_.rsp();
            if (!load(code.info, at)) {
                return false;
            }
            context_.rsp() = code.info == kRsp ? context_.rsp() : at + 8;
            return true;
        }
        case kAllocateLarge:
            if (code.info > 1) {
                return false;
            }
            context_.rsp() += code.info == 0 ? unwind.operand(slot + 1) * 8ull : unwind.far_operand(slot + 1);
            return true;
        case kAllocateSmall:
            context_.rsp() += code.info * 8u + 8u;
            return true;
        case kSetFramePointer:
            context_.rsp() = context_.integer[unwind.info.frame_register()] - unwind.info.frame_offset();
            return unwind.info.frame_register() != 0;
        case kSaveNonvolatile:
            return load(code.info, frame + unwind.operand(slot + 1) * 8ull);
        case kSaveNonvolatileFar:
            return load(code.info, frame + unwind.far_operand(slot + 1));
        case kSaveXmm:
            return load_xmm(code.info, frame + unwind.operand(slot + 1) * 16ull);
        case kSaveXmmFar:
            return load_xmm(code.info, frame + unwind.far_operand(slot + 1));
        case kEpilogue:
        case kSpare:
            return true; // nothing of the prologue
        case kPushMachineFrame: {
            const uint64_t at = context_.rsp() + (code.info != 0 ? 8 : 0);
            uint64_t words[5]; // rip cs flags rsp ss
            if (code.info > 1 || !memory_.read(memory_.context, at, words, sizeof(words))) {
                return false;
            }
            context_.rip = words[0];
            context_.eflags = static_cast<uint32_t>(words[2]);
            context_.rsp() = words[3];
            machine_frame = true;
            return true;
        }
        default:
            return false;
        }
    }

    bool machine_frame = false;

  private:
    const UnwindMemory& memory_;
    Context& context_;
    ContextPointers* pointers_;
};

/// The stack pointer the function's prologue ends with, or has reached so far.
uint64_t establisher_of(const Unwind& unwind, uint32_t inside, const Context& context) {
    const uint64_t framed = context.integer[unwind.info.frame_register()] - unwind.info.frame_offset();
    if (unwind.info.frame_register() == 0) {
        return context.rsp();
    }
    if (inside >= unwind.info.prologue_size || (unwind.info.flags() & kChained) != 0) {
        return framed;
    }
    for (unsigned i = 0; i < unwind.info.code_count; i += slots_of(unwind.codes[i], unwind.info.version())) {
        if (unwind.codes[i].operation == kSetFramePointer) {
            return inside >= unwind.codes[i].offset ? framed : context.rsp();
        }
    }
    return context.rsp();
}

/// Version 2 lists its epilogues: the first code tells their size and whether one ends the function, the others where
/// each begins, counted back from the function's end.
bool listed_epilogue(const Unwind& unwind, const RuntimeFunction& function, uint32_t rva) {
    const unsigned count = unwind.info.code_count;
    if (count == 0 || unwind.codes[0].operation != kEpilogue) {
        return false;
    }
    const uint32_t size = unwind.codes[0].offset;
    const auto covers = [&](uint32_t start) { return rva - start < size; };
    if ((unwind.codes[0].info & 1u) != 0 && covers(function.end - size)) {
        return true;
    }
    for (unsigned i = 1; i < count && unwind.codes[i].operation == kEpilogue; ++i) {
        const uint32_t back = unwind.codes[i].offset | uint32_t{unwind.codes[i].info} << 8;
        if (back != 0 && covers(function.end - back)) {
            return true;
        }
    }
    return false;
}

} // namespace

bool virtual_unwind(const UnwindMemory& memory, uint32_t handler_type, uint64_t image_base, uint64_t control_pc,
                    const RuntimeFunction& entry, Context& context, UnwindStep& step, ContextPointers* pointers) {
    step = {};
    RuntimeFunction function = entry;
    Unwind unwind;
    if (!read_entry(memory, image_base, function, unwind)) {
        return false;
    }
    const auto rva = static_cast<uint32_t>(control_pc - image_base);
    const uint32_t inside = rva - function.begin;
    const bool in_prologue = inside < unwind.info.prologue_size;
    step.establisher = establisher_of(unwind, inside, context);
    Step undoing(memory, context, pointers);

    // In an epilogue part of the frame is gone already: what is left of it is carried out.
    if (!in_prologue && (unwind.info.version() == 1 || listed_epilogue(unwind, function, rva))) {
        const Epilogue epilogue{memory, image_base, function, unwind.info.frame_register()};
        if (epilogue.covers(control_pc)) {
            return epilogue.finish(control_pc, context, pointers);
        }
    }

    for (int chained = 0;; ++chained) {
        for (unsigned i = 0; i < unwind.info.code_count;) {
            const unsigned slots = slots_of(unwind.codes[i], unwind.info.version());
            if (i + slots > unwind.info.code_count) {
                return false;
            }
            // What the prologue has not done yet need not be undone.
            const bool done = chained != 0 || unwind.codes[i].offset <= inside ||
                              (unwind.info.version() == 2 && unwind.codes[i].operation == kEpilogue);
            if (done && !undoing.undo(unwind, i, step.establisher)) {
                return false;
            }
            i += slots;
        }
        if ((unwind.info.flags() & kChained) == 0) {
            break;
        }
        if (chained == kMostChained || !memory.read(memory.context, unwind.behind, &function, sizeof(function)) ||
            !read_entry(memory, image_base, function, unwind)) {
            return false;
        }
    }
    if (!in_prologue && (unwind.info.flags() & handler_type) != 0) {
        uint32_t handler = 0;
        if (!memory.read(memory.context, unwind.behind, &handler, sizeof(handler))) {
            return false;
        }
        step.handler = image_base + handler;
        step.handler_data = unwind.behind + sizeof(handler);
    }
    if (undoing.machine_frame) {
        context.flags &= ~kContextUnwound;
        return true;
    }
    return unwind_leaf(memory, context);
}

bool unwind_leaf(const UnwindMemory& memory, Context& context) {
    if (!memory.read(memory.context, context.rsp(), &context.rip, 8)) {
        return false;
    }
    context.rsp() += 8;
    context.flags |= kContextUnwound;
    return true;
}

bool find_runtime_function(const UnwindMemory& memory, uint64_t table, size_t count, uint32_t rva,
                           RuntimeFunction& found) {
    size_t low = 0;
    size_t high = count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        RuntimeFunction entry;
        if (!memory.read(memory.context, table + middle * sizeof(entry), &entry, sizeof(entry))) {
            return false;
        }
        if (rva < entry.begin) {
            high = middle;
        } else if (rva >= entry.end) {
            low = middle + 1;
        } else {
            found = entry;
            return true;
        }
    }
    return false;
}

} // namespace nanont
