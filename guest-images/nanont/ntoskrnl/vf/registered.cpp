// SPDX-License-Identifier: MIT
#include "registered.hpp"

#include "ob/ob.hpp"
#include "rules.hpp"

namespace nanont::vf {
namespace {

void look_at_link(void* body) {
    const void* from = static_cast<const ob::SymbolicLink*>(body)->made_from;
    if (from == nullptr) {
        return;
    }
    judged(74);
    finding_at(74, reinterpret_cast<ULONG_PTR>(from), "V74 a symbolic link made at %s is there when its driver goes",
               from);
    static_cast<ob::SymbolicLink*>(body)->made_from = nullptr; // it stays, as on Windows, and is told once
}

} // namespace

void judge_interface(const void* from, bool is_enabled) {
    judged(74);
    if (is_enabled) {
        finding_at(74, reinterpret_cast<ULONG_PTR>(from),
                   "V74 a device interface enabled at %s is enabled when its device is gone", from);
    }
}

void tell_links_left() {
    ob::for_each_named(ob::Type::SymbolicLink, look_at_link);
}

} // namespace nanont::vf
