// SPDX-License-Identifier: MIT
// Logs for the tests of the rules that are judged over them.
#pragma once

#include "checks/log_rules.hpp"
#include "harness/checks/good_run.hpp"

namespace mpulab::test {

inline constexpr uint64_t kUs = 1'000;
inline const std::set<uint64_t> kNothingMayFail;

/// A card in UART mode and a driver with an open stream.
struct Scene {
    LogBuilder log;
    RuleSet off;
    IoCosts io_costs;

    Scene() {
        log.started(1).at(kMs).module("testcard.sys", kDriver, 0x8000);
        enter(MPULAB_CALLBACK_StartDevice).leave(MPULAB_CALLBACK_StartDevice);
        log.add(MPULAB_KIND_MODE, MPULAB_MODE_UART, MPULAB_MODE_INTELLIGENT);
        at(10 * kMs).enter(MPULAB_CALLBACK_NewStream).leave(MPULAB_CALLBACK_NewStream);
    }
    Scene& at(uint64_t ns) {
        log.at(ns);
        return *this;
    }
    Scene& enter(uint64_t callback, uint64_t b = 0, uint64_t c = 0) {
        log.add(MPULAB_KIND_CALL_ENTER, callback, b, c);
        return *this;
    }
    Scene& leave(uint64_t callback, uint64_t status = 0, uint64_t result = 0) {
        log.add(MPULAB_KIND_CALL_LEAVE, callback, status, result);
        return *this;
    }
    Scene& access(uint16_t kind, uint64_t offset, uint64_t value) {
        log.add(kind, offset, value);
        log.last().pc = kDriver + 0x1234;
        return *this;
    }
    Scene& status(uint64_t value) { return access(MPULAB_KIND_REG_READ, 1, value); }
    Scene& read_data() { return access(MPULAB_KIND_REG_READ, 0, 0x90); }
    Scene& write_data() { return access(MPULAB_KIND_REG_WRITE, 0, 0x90); }
    Scene& line(uint64_t level) {
        log.add(MPULAB_KIND_IRQ, level);
        return *this;
    }
    Scene& state(uint64_t state, uint64_t stream = 1) {
        return enter(MPULAB_CALLBACK_SetState, state, stream).leave(MPULAB_CALLBACK_SetState);
    }
    /// A Write of `offered` bytes of which `taken` are taken.
    Scene& write(uint64_t offered, uint64_t taken, uint64_t stream = 1) {
        enter(MPULAB_CALLBACK_Write, offered, stream);
        if (taken) log.add(MPULAB_KIND_STREAM_RANGE, 0, taken, 0);
        return leave(MPULAB_CALLBACK_Write, 0, taken);
    }

    RuleBooks books() const {
        const EventLog built = log.log();
        return judge_rules({built, kNothingMayFail, 0, 1, off, nullptr, io_costs});
    }
    /// Rules that fired.
    std::vector<uint32_t> fired() const {
        std::vector<uint32_t> rules;
        for (uint32_t rule = 1; rule <= kRules; ++rule) {
            if (books().findings[rule] != 0) rules.push_back(rule);
        }
        return rules;
    }
};

using Rules = std::vector<uint32_t>;

} // namespace mpulab::test
