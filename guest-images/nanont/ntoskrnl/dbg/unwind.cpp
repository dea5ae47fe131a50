// SPDX-License-Identifier: MIT
#include "unwind.hpp"

#include "ldr/ldr.hpp"
#include "mm/mm.hpp"

namespace nanont::dbg {
namespace {

enum Operation : UCHAR {
    kPushNonvolatile = 0,
    kAllocateLarge = 1,
    kAllocateSmall = 2,
    kSetFramePointer = 3,
    kSaveNonvolatile = 4,
    kSaveNonvolatileFar = 5,
    kEpilog = 6,
    kSaveXmm = 8,
    kSaveXmmFar = 9,
    kPushMachineFrame = 10
};
constexpr UCHAR kChained = 0x4;

struct UnwindInfo {
    UCHAR version_and_flags, prolog_size, code_count, frame;
};

bool read(ULONGLONG address, ULONGLONG& value) {
    if ((address & 7) != 0 || !mm::is_mapped(address)) {
        return false;
    }
    value = *reinterpret_cast<const ULONGLONG*>(address);
    return true;
}

/// How many slots an operation takes.
unsigned slots_of(UCHAR operation, UCHAR info) {
    switch (operation) {
    case kAllocateLarge:
        return info == 0 ? 2 : 3;
    case kSaveNonvolatile:
    case kSaveXmm:
        return 2;
    case kSaveNonvolatileFar:
    case kSaveXmmFar:
        return 3;
    default:
        return 1;
    }
}

struct Undo {
    Frame& frame;
    bool machine_frame = false;
};

bool undo_one(Undo& undo, const UCHAR* code, UCHAR frame_info) {
    Frame& frame = undo.frame;
    const UCHAR operation = code[1] & 0xf;
    const UCHAR info = code[1] >> 4;
    const auto operand = [code](int slot) { return ULONGLONG{code[2 * slot]} | ULONGLONG{code[2 * slot + 1]} << 8; };
    switch (operation) {
    case kPushNonvolatile:
        if (!read(frame.rsp(), frame.integer[info])) {
            return false;
        }
        frame.rsp() += 8;
        return true;
    case kAllocateLarge:
        frame.rsp() += info == 0 ? operand(1) * 8 : operand(1) | operand(2) << 16;
        return true;
    case kAllocateSmall:
        frame.rsp() += info * 8 + 8;
        return true;
    case kSetFramePointer:
        frame.rsp() = frame.integer[frame_info & 0xf] - (frame_info >> 4) * 16ull;
        return true;
    case kSaveNonvolatile:
        return read(frame.rsp() + operand(1) * 8, frame.integer[info]);
    case kSaveNonvolatileFar:
        return read(frame.rsp() + (operand(1) | operand(2) << 16), frame.integer[info]);
    case kPushMachineFrame: {
        const ULONGLONG at = frame.rsp() + (info != 0 ? 8 : 0);
        ULONGLONG rsp = 0;
        if (!read(at, frame.rip) || !read(at + 24, rsp)) {
            return false;
        }
        frame.rsp() = rsp;
        undo.machine_frame = true;
        return true;
    }
    default:
        return true; // xmm registers and epilogs do not move the stack
    }
}

} // namespace

const RuntimeFunction* find_function(ULONGLONG rip, ULONGLONG& image_base) {
    const ldr::Module* module = ldr::find_by_address(rip);
    if (module == nullptr) {
        return nullptr;
    }
    image_base = module->base;
    const PeDirectoryEntry directory = module->image.directory(PeDirectory::Exception);
    const auto* table = reinterpret_cast<const RuntimeFunction*>(module->base + directory.rva);
    size_t low = 0;
    size_t high = directory.size / sizeof(RuntimeFunction);
    const ULONG rva = static_cast<ULONG>(rip - module->base);
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (rva < table[middle].BeginAddress) {
            high = middle;
        } else if (rva >= table[middle].EndAddress) {
            low = middle + 1;
        } else {
            return &table[middle];
        }
    }
    return nullptr;
}

bool step_out(Frame& frame, bool first) {
    ULONGLONG base = 0;
    const RuntimeFunction* function = find_function(frame.rip, base);
    Undo undo{frame};
    ULONG inside = function != nullptr ? static_cast<ULONG>(frame.rip - base) - function->BeginAddress : 0;
    constexpr int kMostChained = 32;
    for (int chained = 0; function != nullptr && chained < kMostChained; ++chained) {
        const auto* info = reinterpret_cast<const UnwindInfo*>(base + function->UnwindData);
        const auto* codes = reinterpret_cast<const UCHAR*>(info + 1);
        for (unsigned i = 0; i < info->code_count;) {
            const UCHAR* code = codes + 2 * i;
            // What the prologue has not done yet need not be undone.
            if ((chained != 0 || code[0] <= inside) && !undo_one(undo, code, info->frame)) {
                return false;
            }
            i += slots_of(code[1] & 0xf, code[1] >> 4);
        }
        if ((info->version_and_flags >> 3 & kChained) == 0) {
            break;
        }
        function = reinterpret_cast<const RuntimeFunction*>(codes + 2 * ((info->code_count + 1u) & ~1u));
    }
    if (undo.machine_frame) {
        return true;
    }
    if (function == nullptr && !first && ldr::find_by_address(frame.rip) == nullptr) {
        return false;
    }
    if (!read(frame.rsp(), frame.rip)) {
        return false;
    }
    frame.rsp() += 8;
    return true;
}

} // namespace nanont::dbg

using namespace nanont;

extern "C" {

const dbg::RuntimeFunction* export_RtlLookupFunctionEntry(ULONG64 ControlPc, PULONG64 ImageBase,
                                                          PVOID HistoryTable) __asm__("RtlLookupFunctionEntry");
const dbg::RuntimeFunction* export_RtlLookupFunctionEntry(ULONG64 ControlPc, PULONG64 ImageBase, PVOID) {
    ULONGLONG base = 0;
    const dbg::RuntimeFunction* function = dbg::find_function(ControlPc, base);
    *ImageBase = base;
    return function;
}

PVOID NTAPI RtlPcToFileHeader(PVOID PcValue, PVOID* BaseOfImage) {
    const ldr::Module* module = ldr::find_by_address(reinterpret_cast<ULONGLONG>(PcValue));
    *BaseOfImage = module != nullptr ? reinterpret_cast<PVOID>(module->base) : nullptr;
    return *BaseOfImage;
}

} // extern "C"
