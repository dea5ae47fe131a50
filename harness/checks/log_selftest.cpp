// SPDX-License-Identifier: MIT
#include "checks/log_selftest.hpp"

#include "checks/log_rules.hpp"
#include "link/mpulab_codes.h"

#include <array>

namespace mpulab {
namespace {

constexpr uint64_t kUs = 1'000, kMs = 1'000'000;
constexpr uint64_t kRun = 3, kStop = 0; // KSSTATE
constexpr uint64_t kDriver = 0xfffff80000010000;

/// A log of a driver with an open stream, on a card in UART mode.
class Defect {
  public:
    explicit Defect(uint32_t broken) : rule(broken) {
        add(MPULAB_KIND_RUN_STARTED).add(MPULAB_KIND_MODE, MPULAB_MODE_UART);
        call(MPULAB_CALLBACK_NewStream);
    }
    Defect& at(uint64_t ns) {
        now_ = ns;
        return *this;
    }
    Defect& add(uint16_t kind, uint64_t a = 0, uint64_t b = 0, uint64_t c = 0) {
        mpulab_record record{};
        record.seq = records_.size();
        record.time_ns = now_;
        record.kind = kind;
        record.irql = 2;
        record.count = 1;
        record.a = a;
        record.b = b;
        record.c = c;
        records_.push_back(record);
        return *this;
    }
    /// The instruction that the record before comes from.
    Defect& from(uint64_t pc) {
        records_.back().pc = pc;
        return *this;
    }
    Defect& enter(uint64_t callback, uint64_t b = 0, uint64_t c = 0) {
        return add(MPULAB_KIND_CALL_ENTER, callback, b, c);
    }
    Defect& leave(uint64_t callback, uint64_t status = 0, uint64_t result = 0) {
        return add(MPULAB_KIND_CALL_LEAVE, callback, status, result);
    }
    Defect& call(uint64_t callback, uint64_t b = 0, uint64_t c = 0, uint64_t result = 0) {
        return enter(callback, b, c).leave(callback, 0, result);
    }
    Defect& status(uint64_t value) { return add(MPULAB_KIND_REG_READ, 1, value); }
    Defect& write_data() { return add(MPULAB_KIND_REG_WRITE, 0, 0x90); }

    bool is_told() const {
        constexpr uint32_t kVersion = MPULAB_LINK_VERSION, kRecordSize = sizeof(mpulab_record);
        const std::string_view magic = MPULAB_LINK_MAGIC;
        Bytes bytes(magic.begin(), magic.end());
        append_pod(bytes, kVersion);
        append_pod(bytes, kRecordSize);
        for (const mpulab_record& record : records_)
            append_pod(bytes, record);
        const EventLog log = EventLog::from_bytes(std::move(bytes));
        const std::set<uint64_t> none;
        return judge_log_rules({log, none}).findings[rule] != 0;
    }

    uint32_t rule;

  private:
    uint64_t now_ = kMs;
    std::vector<mpulab_record> records_;
};

constexpr uint64_t kDenied = 0xC0000001;

std::vector<Defect> defects() {
    std::vector<Defect> all;
    const auto planted = [&all](uint32_t rule) -> Defect& { return all.emplace_back(rule); };
    all.reserve(32); // the references stay
    planted(4)
        .enter(MPULAB_CALLBACK_DeferredRoutine)
        .add(MPULAB_KIND_IRQL_WRITTEN, 1, 2)
        .leave(MPULAB_CALLBACK_DeferredRoutine);
    planted(9).at(2 * kMs).add(MPULAB_KIND_LOCK_HELD, 0, 2 * kMs - 101 * kUs);
    planted(11).enter(MPULAB_CALLBACK_DeferredRoutine).at(kMs + 101 * kUs).leave(MPULAB_CALLBACK_DeferredRoutine);
    planted(12).call(MPULAB_CALLBACK_InterruptRoutine);
    planted(13).add(MPULAB_KIND_IRQ, 1).call(MPULAB_CALLBACK_InterruptRoutine);
    planted(14)
        .add(MPULAB_KIND_IRQ, 1)
        .enter(MPULAB_CALLBACK_InterruptRoutine)
        .add(MPULAB_KIND_REG_READ, 0, 0x90)
        .leave(MPULAB_CALLBACK_InterruptRoutine, kDenied);
    Defect& idle = planted(25).status(0x80);
    for (int i = 0; i < 100; ++i)
        idle.call(MPULAB_CALLBACK_Write, 4, 1);
    planted(33).add(MPULAB_KIND_MODULE, kDriver, 0x1000).add(MPULAB_KIND_NO_DEVICE, 0x80).from(kDriver + 1);
    planted(34).add(MPULAB_KIND_GUEST_ERROR, MPULAB_GUEST_READ_UNPOWERED, 1);
    planted(35).add(MPULAB_KIND_GUEST_ERROR, MPULAB_GUEST_WRITE_NOT_READY);
    planted(36).add(MPULAB_KIND_GUEST_ERROR, MPULAB_GUEST_READ_EMPTY);
    planted(37).add(MPULAB_KIND_POWER, 3, 0).add(MPULAB_KIND_POWER, 0, 3).write_data();
    Defect& synchronized = planted(46).enter(MPULAB_CALLBACK_SynchronizedRoutine);
    for (int i = 0; i < 51; ++i)
        synchronized.status(0x80);
    synchronized.leave(MPULAB_CALLBACK_SynchronizedRoutine);
    planted(77)
        .call(MPULAB_CALLBACK_SetState, kRun, 1)
        .enter(MPULAB_CALLBACK_Write, 3, 1)
        .add(MPULAB_KIND_STREAM_RANGE, 0, 3, 0)
        .leave(MPULAB_CALLBACK_Write, 0, 3)
        .at(1'100 * kMs)
        .call(MPULAB_CALLBACK_SetState, kStop, 1);
    planted(78).call(MPULAB_CALLBACK_Write, 1, 1, 1).call(MPULAB_CALLBACK_SetState, kStop, 1).write_data();
    Defect& flood = planted(81);
    for (int i = 0; i < 100; ++i)
        flood.add(MPULAB_KIND_TEXT);
    return all;
}

} // namespace

const LogSelftest& log_selftest() {
    static const LogSelftest result = [] {
        LogSelftest books;
        for (const Defect& defect : defects()) {
            books.tried.push_back(defect.rule);
            if (!defect.is_told()) books.missed.push_back(defect.rule);
        }
        return books;
    }();
    return result;
}

} // namespace mpulab
