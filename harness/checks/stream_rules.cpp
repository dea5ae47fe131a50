// SPDX-License-Identifier: MIT
#include "checks/stream_rules.hpp"

#include "link/mpulab_codes.h"

#include <algorithm>
#include <fmt/format.h>

namespace mpulab {
namespace {

constexpr uint64_t kIdleWrites = 100;        // V25
constexpr uint64_t kStuckNs = 1'000'000'000; // V77
constexpr uint64_t kStop = 0, kRun = 3;      // KSSTATE

} // namespace

void StreamRules::card(const mpulab_record& record) {
    if (record.kind == MPULAB_KIND_WIRE_OUT) idle_writes_ = 0;
    if (record.kind == MPULAB_KIND_POWER && record.a == kD3) forgive();
    if (record.kind == MPULAB_KIND_REG_WRITE && record.a == kDataOffset) data_written(record);
}

void StreamRules::data_written(const mpulab_record& record) {
    idle_writes_ = 0;
    if (!card_.uart) return;
    ++written_;
    last_write_ = record.time_ns;
    if (!rendered_) return;
    desk_.judged(78);
    if (rendering_.empty() && in_write_.empty()) {
        desk_.tell(78, record,
                   fmt::format("a byte is written after the last render stream has stopped{}", desk_.at(record)),
                   fmt::format("0x{:02x}", record.b), "silence");
    }
}

void StreamRules::irp_done(const mpulab_record& record) {
    if (record.a == kRemoveDevice || record.a == kSurpriseRemoval) forgive();
}

void StreamRules::accepted(const mpulab_record& record) {
    accepted_ += record.b;
    last_accept_ = record.time_ns;
}

void StreamRules::entered(const OpenCall& call, const mpulab_record& enter) {
    if (call.callback == MPULAB_CALLBACK_Write) in_write_.insert(call.stream);
    if (call.callback != MPULAB_CALLBACK_SetState || call.offered >= kRun) return;
    leaving_.insert(call.stream);
    check_stuck(enter, call.stream);
}

void StreamRules::left(const OpenCall& call, const mpulab_record& leave) {
    if (call.callback == MPULAB_CALLBACK_Write) write(call, leave);
    if (call.callback == MPULAB_CALLBACK_SetState) state(call, leave);
    if (call.callback == MPULAB_CALLBACK_StreamRelease) ended(call.stream);
}

/// What it had taken and not sent, the driver may drop. With several streams nobody knows whose it was: it is forgiven.
void StreamRules::ended(uint64_t stream) {
    if (rendering_.erase(stream) != 0) forgive();
}

void StreamRules::write(const OpenCall& call, const mpulab_record& leave) {
    if (const auto open = in_write_.find(call.stream); open != in_write_.end()) in_write_.erase(open);
    if (went_well(leave) && leave.c != 0) {
        rendered_ = true;
        rendering_.insert(call.stream);
    }
    if (leaving_.contains(call.stream)) return; // it may well refuse what comes in the meantime
    const bool excused = !card_.status || !card_.uart || card_.faulty;
    if (!excused) desk_.judged(25);
    const bool busy = excused || card_.tx_level != 0;
    if (!went_well(leave) || leave.c != 0 || call.offered == 0 || busy) {
        idle_writes_ = 0;
    } else if (++idle_writes_ == kIdleWrites) {
        desk_.tell(
            25, leave,
            fmt::format("{} Writes in a row took nothing, though the card is ready and sends nothing", kIdleWrites),
            "0 bytes", "at least 1");
    }
}

void StreamRules::state(const OpenCall& call, const mpulab_record& leave) {
    leaving_.erase(call.stream);
    if (!went_well(leave)) return;
    if (call.offered == kRun) running_since_[call.stream] = leave.time_ns;
    if (call.offered == kStop) ended(call.stream);
}

/// A stream leaves RUN: what was taken a second ago must have left.
void StreamRules::check_stuck(const mpulab_record& record, uint64_t stream) {
    const auto running = running_since_.find(stream);
    if (running == running_since_.end() || !rendering_.contains(stream)) return;
    const uint64_t due = std::max(last_accept_, running->second) + kStuckNs;
    if (record.time_ns > due && !card_.faulty) desk_.judged(77);
    const uint64_t since = std::max({last_write_, last_accept_, running->second});
    if (accepted_ > written_ && record.time_ns - since > kStuckNs && !card_.faulty) {
        desk_.tell(77, record,
                   fmt::format("{} of {} bytes that Write took never reached the card, and nothing has moved for {} ms",
                               accepted_ - written_, accepted_, (record.time_ns - since) / 1'000'000),
                   fmt::format("{} bytes written", written_), fmt::format("{}", accepted_));
    }
    running_since_.erase(running);
}

} // namespace mpulab
