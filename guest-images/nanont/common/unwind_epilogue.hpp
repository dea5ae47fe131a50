// SPDX-License-Identifier: MIT
// Epilogues, read from the code itself: on x64 each is an optional "add rsp, n" or "lea rsp, [frame + n]", pops of
// whole registers, and a return or a jump out of the function, and nothing else looks so ("x64 prolog and epilog",
// learn.microsoft.com).
#ifndef NANONT_COMMON_UNWIND_EPILOGUE_HPP
#define NANONT_COMMON_UNWIND_EPILOGUE_HPP

#include "unwind.hpp"

namespace nanont {

class Epilogue {
  public:
    const UnwindMemory& memory;
    uint64_t image_base;
    const RuntimeFunction& function;
    unsigned frame_register; // 0: the function has none

    /// Whether what stands at `pc` is the rest of an epilogue.
    bool covers(uint64_t pc) const {
        Walk walk{*this, pc};
        return walk.go(nullptr, nullptr);
    }

    /// Carries it out; the return address too.
    bool finish(uint64_t pc, Context& context, ContextPointers* pointers) const {
        Walk walk{*this, pc};
        return walk.go(&context, pointers) && unwind_leaf(memory, context);
    }

  private:
    struct Walk {
        const Epilogue& epilogue;
        uint64_t pc;

        uint8_t byte(unsigned offset) const {
            uint8_t value = 0; // no instruction looked for has a byte 0 where it matters
            epilogue.memory.read(epilogue.memory.context, pc + offset, &value, 1);
            return value;
        }
        int64_t displacement(unsigned offset, unsigned size) const {
            uint32_t value = 0;
            for (unsigned i = 0; i < size; ++i) {
                value |= uint32_t{byte(offset + i)} << (8 * i);
            }
            return size == 1 ? int64_t{static_cast<int8_t>(value)} : int64_t{static_cast<int32_t>(value)};
        }

        bool go(Context* context, ContextPointers* pointers) {
            free_stack(context);
            constexpr int kMostPops = 16;
            for (int i = 0; i < kMostPops && pop(context, pointers); ++i) {
            }
            return leaves();
        }

        void free_stack(Context* context) {
            const uint8_t rex = byte(0);
            const uint8_t modrm = byte(2);
            if (rex == 0x48 && (byte(1) == 0x83 || byte(1) == 0x81) && modrm == 0xc4) { // add rsp, n
                const unsigned size = byte(1) == 0x83 ? 1 : 4;
                if (context != nullptr) {
                    context->rsp() += static_cast<uint64_t>(displacement(3, size));
                }
                pc += 3 + size;
                return;
            }
            // lea rsp, [frame + n]
            const unsigned mode = modrm >> 6;
            const unsigned base = (modrm & 7u) | (rex & 1u) << 3;
            if ((rex & 0xfe) == 0x48 && byte(1) == 0x8d && (modrm & 0x38) == 0x20 && (mode == 1 || mode == 2) &&
                epilogue.frame_register != 0 && base == epilogue.frame_register) {
                const unsigned sib = (base & 7u) == 4 ? 1 : 0; // r12 is encoded with one
                const unsigned size = mode == 1 ? 1 : 4;
                if (context != nullptr) {
                    context->rsp() = context->integer[base] + static_cast<uint64_t>(displacement(3 + sib, size));
                }
                pc += 3 + sib + size;
            }
        }

        bool pop(Context* context, ContextPointers* pointers) {
            const unsigned prefix = byte(0) == 0x41 ? 1 : 0;
            const uint8_t opcode = byte(prefix);
            if ((opcode & 0xf8) != 0x58) {
                return false;
            }
            const unsigned which = (opcode & 7u) + 8 * prefix;
            if (context != nullptr) {
                const Epilogue& e = epilogue;
                if (!e.memory.read(e.memory.context, context->rsp(), &context->integer[which], 8)) {
                    return false; // the return that follows fails too, and says so
                }
                if (pointers != nullptr) {
                    pointers->integer[which] = context->rsp();
                }
                context->rsp() += 8;
            }
            pc += 1 + prefix;
            return true;
        }

        bool leaves() const {
            switch (byte(0)) {
            case 0xc3:
            case 0xc2:
                return true; // ret, ret n
            case 0xf3:
                return byte(1) == 0xc3; // rep ret
            case 0xeb:
                return leads_out(pc + 2 + static_cast<uint64_t>(displacement(1, 1)));
            case 0xe9:
                return leads_out(pc + 5 + static_cast<uint64_t>(displacement(1, 4)));
            case 0xff:
                return byte(1) == 0x25; // jmp [rip + n]
            default:
                // With the otherwise needless prefix REX.W compilers mark a jump as a call that ends the function.
                return (byte(0) & 0xf8) == 0x48 && byte(1) == 0xff && (byte(2) & 0x38) == 0x20;
            }
        }

        /// A jump to another part of the same function leaves nothing; a part is told by the entry it is chained to.
        bool leads_out(uint64_t target) const {
            const uint64_t rva = target - epilogue.image_base;
            const RuntimeFunction& own = epilogue.function;
            if (rva >= own.begin && rva < own.end) {
                return rva == own.begin; // calls itself anew
            }
            RuntimeFunction other;
            uint64_t base = 0;
            const UnwindMemory& memory = epilogue.memory;
            if (!memory.find(memory.context, target, other, base) || base != epilogue.image_base) {
                return true;
            }
            const uint32_t here = primary(own);
            const uint32_t there = primary(other);
            return here != there || rva == there;
        }

        /// Begin of the entry that a chain ends at.
        uint32_t primary(RuntimeFunction entry) const {
            const UnwindMemory& memory = epilogue.memory;
            for (int i = 0; i < 32; ++i) {
                uint8_t head[4] = {};
                if (!memory.read(memory.context, epilogue.image_base + entry.unwind, head, sizeof(head)) ||
                    (head[0] >> 3 & 4) == 0) {
                    break;
                }
                const uint64_t behind = epilogue.image_base + entry.unwind + 4 + ((head[2] + 1u) & ~1u) * 2u;
                if (!memory.read(memory.context, behind, &entry, sizeof(entry))) {
                    break;
                }
            }
            return entry.begin;
        }
    };
};

} // namespace nanont

#endif
