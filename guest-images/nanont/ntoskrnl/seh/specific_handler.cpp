// SPDX-License-Identifier: MIT
// __C_specific_handler: the handler behind __try, __except and __finally of every C and C++ compiler for x64. Its data
// is a scope table: which part of the function is guarded, by which filter or termination handler, and where __except
// goes on ("x64 exception handling" and the compiler's output tell its layout).
#include "seh.hpp"

namespace nanont::seh {
namespace {

struct Scope {
    uint32_t begin, end;
    uint32_t handler; // RVA of filter or termination handler; 1 = a filter that takes everything
    uint32_t target;  // RVA where __except goes on; 0 = this is a __finally

    bool covers(uint64_t rva) const { return rva >= begin && rva < end; }
};

struct ExceptionPointers {
    ExceptionRecord* record;
    Context* context;
};

using Filter = int(ExceptionPointers* pointers, void* frame);
using Termination = void(bool abnormal, void* frame);

int ask_filter(const DispatcherContext& dispatcher, const Scope& scope, ExceptionPointers& pointers, void* frame) {
    constexpr int kTakesAll = 1;
    return scope.handler == kTakesAll
               ? kTakesAll
               : reinterpret_cast<Filter*>(dispatcher.image_base + scope.handler)(&pointers, frame);
}

} // namespace
} // namespace nanont::seh

using namespace nanont;
using namespace nanont::seh;

extern "C" int specific_handler(ExceptionRecord* record, void* frame, Context* context,
                                DispatcherContext* dispatcher) __asm__("__C_specific_handler");
extern "C" int specific_handler(ExceptionRecord* record, void* frame, Context* context, DispatcherContext* dispatcher) {
    const auto* table = reinterpret_cast<const uint32_t*>(dispatcher->handler_data);
    const uint32_t count = *table;
    const auto* scopes = reinterpret_cast<const Scope*>(table + 1);
    const uint64_t rva = dispatcher->control_pc - dispatcher->image_base;
    if ((record->flags & kExceptionUnwind) == 0) {
        ExceptionPointers pointers{record, context};
        for (uint32_t i = dispatcher->scope_index; i < count; ++i) {
            if (!scopes[i].covers(rva) || scopes[i].target == 0) {
                continue;
            }
            const int answer = ask_filter(*dispatcher, scopes[i], pointers, frame);
            if (answer < 0) {
                return kContinueExecution;
            }
            if (answer > 0) {
                rtl_unwind_ex(frame, reinterpret_cast<void*>(dispatcher->image_base + scopes[i].target), record,
                              reinterpret_cast<void*>(uint64_t{record->code}), dispatcher->context,
                              dispatcher->history);
            }
        }
        return kContinueSearch;
    }
    const uint64_t target = dispatcher->target_ip - dispatcher->image_base;
    for (uint32_t i = dispatcher->scope_index; i < count; ++i) {
        if (!scopes[i].covers(rva)) {
            continue;
        }
        if ((record->flags & kExceptionTargetUnwind) != 0 &&
            (scopes[i].covers(target) || (scopes[i].target != 0 && scopes[i].target == target))) {
            break; // the unwind ends inside this scope, or in its own __except: it, and what is around it, stays
        }
        if (scopes[i].target == 0) {
            dispatcher->scope_index = i + 1; // should the handler leave by an exception, it is not called again
            reinterpret_cast<Termination*>(dispatcher->image_base + scopes[i].handler)(true, frame);
        }
    }
    return kContinueSearch;
}
