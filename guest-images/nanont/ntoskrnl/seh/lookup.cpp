// SPDX-License-Identifier: MIT
// Which function an address lies in, and what it says about its frame.
#include "seh.hpp"

#include "ke/ke.hpp"
#include "ldr/ldr.hpp"
#include "mm/mm.hpp"

namespace nanont::seh {
namespace {

bool read(void*, uint64_t address, void* out, size_t size) {
    const uint64_t last = address + size - 1;
    const uint64_t first_part = PAGE_SIZE - address % PAGE_SIZE;
    const void* begin = mm::readable(address);
    if (last < address || begin == nullptr || mm::readable(last) == nullptr) {
        return false; // nothing read is longer than a page
    }
    const size_t here = size < first_part ? size : first_part;
    __builtin_memcpy(out, begin, here);
    if (here != size) {
        __builtin_memcpy(static_cast<UCHAR*>(out) + here, mm::readable(address + here), size - here);
    }
    return true;
}

bool find(void*, uint64_t pc, RuntimeFunction& function, uint64_t& image_base) {
    const RuntimeFunction* found = find_function(pc, image_base);
    if (found != nullptr) {
        function = *found;
    }
    return found != nullptr;
}

} // namespace

const UnwindMemory& memory() {
    static const UnwindMemory kMemory{nullptr, read, find};
    return kMemory;
}

const RuntimeFunction* find_function(uint64_t pc, uint64_t& image_base) {
    const ldr::Module* module = ldr::find_by_address(pc);
    if (module == nullptr) {
        return nullptr;
    }
    image_base = module->base;
    const PeDirectoryEntry directory = module->image.directory(PeDirectory::Exception);
    const auto* table = reinterpret_cast<const RuntimeFunction*>(module->base + directory.rva);
    size_t low = 0;
    size_t high = directory.size / sizeof(RuntimeFunction);
    const auto rva = static_cast<uint32_t>(pc - module->base);
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (rva < table[middle].begin) {
            high = middle;
        } else if (rva >= table[middle].end) {
            low = middle + 1;
        } else {
            return &table[middle];
        }
    }
    return nullptr;
}

bool step_out(Context& context, bool first) {
    uint64_t base = 0;
    const RuntimeFunction* function = find_function(context.rip, base);
    if (function != nullptr) {
        UnwindStep step;
        return virtual_unwind(memory(), 0, base, context.rip, *function, context, step, nullptr);
    }
    return (first || ldr::find_by_address(context.rip) != nullptr) && unwind_leaf(memory(), context);
}

bool on_stack(uint64_t address) {
    const ke::Thread* thread = ke::current_thread();
    return thread != nullptr && address >= thread->stack_limit && address <= thread->stack_base && address % 8 == 0;
}

} // namespace nanont::seh

using namespace nanont;
using namespace nanont::seh;

extern "C" {

const RuntimeFunction* export_RtlLookupFunctionEntry(ULONG64 ControlPc, PULONG64 ImageBase,
                                                     PVOID HistoryTable) __asm__("RtlLookupFunctionEntry");
const RuntimeFunction* export_RtlLookupFunctionEntry(ULONG64 ControlPc, PULONG64 ImageBase, PVOID) {
    uint64_t base = 0;
    const RuntimeFunction* function = find_function(ControlPc, base);
    *ImageBase = base;
    return function;
}

/// A frame that cannot be unwound ends where it is: rip 0, which no walk takes for code.
PVOID export_RtlVirtualUnwind(ULONG HandlerType, ULONG64 ImageBase, ULONG64 ControlPc,
                              const RuntimeFunction* FunctionEntry, Context* ContextRecord, PVOID* HandlerData,
                              PULONG64 EstablisherFrame, ContextPointers* Pointers) __asm__("RtlVirtualUnwind");
PVOID export_RtlVirtualUnwind(ULONG HandlerType, ULONG64 ImageBase, ULONG64 ControlPc,
                              const RuntimeFunction* FunctionEntry, Context* ContextRecord, PVOID* HandlerData,
                              PULONG64 EstablisherFrame, ContextPointers* Pointers) {
    UnwindStep step{};
    const bool done = FunctionEntry != nullptr ? virtual_unwind(memory(), HandlerType, ImageBase, ControlPc,
                                                                *FunctionEntry, *ContextRecord, step, Pointers)
                                               : unwind_leaf(memory(), *ContextRecord);
    if (!done) {
        ContextRecord->rip = 0;
    }
    *EstablisherFrame = step.establisher;
    *HandlerData = reinterpret_cast<PVOID>(step.handler_data);
    return reinterpret_cast<PVOID>(step.handler);
}

PVOID NTAPI RtlPcToFileHeader(PVOID PcValue, PVOID* BaseOfImage) {
    const ldr::Module* module = ldr::find_by_address(reinterpret_cast<ULONGLONG>(PcValue));
    *BaseOfImage = module != nullptr ? reinterpret_cast<PVOID>(module->base) : nullptr;
    return *BaseOfImage;
}

} // extern "C"
