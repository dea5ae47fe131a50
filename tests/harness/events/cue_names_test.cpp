// SPDX-License-Identifier: MIT
// CUE and FAULT records as lines of text.
#include "events/event_log.hpp"
#include "events/format.hpp"
#include "events/names.hpp"
#include "link/mpulab_codes.h"
#include "probe/plan.h"

#include <catch.hpp>

namespace {

// The line for one record, the only one of a log.
std::string line(uint16_t kind, uint64_t a, uint64_t b, uint64_t c) {
    mpulab_link_header header = {};
    std::memcpy(header.magic, MPULAB_LINK_MAGIC, sizeof header.magic);
    header.version = MPULAB_LINK_VERSION;
    header.record_size = sizeof(mpulab_record);
    mpulab_record record = {};
    record.kind = kind;
    record.cpu = MPULAB_NO_CPU;
    record.count = 1;
    record.a = a;
    record.b = b;
    record.c = c;
    mpulab::Bytes bytes;
    mpulab::append_pod(bytes, header);
    mpulab::append_pod(bytes, record);
    const auto log = mpulab::EventLog::from_bytes(bytes);
    return mpulab::format_record(log, log.records()[0]);
}

} // namespace

TEST_CASE("a CUE record names its trigger and its action") {
    CHECK_THAT(line(MPULAB_KIND_CUE, 3, MPULAB_TRIGGER_WIRE_OUT, MPULAB_ACTION_DROP_IRQ),
               ContainsSubstring("cue number=3  trigger=wire-out  action=drop-irq"));
    CHECK_THAT(line(MPULAB_KIND_CUE, 0, 99, 98), ContainsSubstring("trigger=?99  action=?98"));
}

TEST_CASE("a FAULT record names action and cue, and shows bytes, times and nothing as such") {
    const auto fault = [](uint32_t action, uint32_t moment = MPULAB_FAULT_ACTS) {
        return MPULAB_FAULT(action, moment, 12);
    };
    CHECK_THAT(line(MPULAB_KIND_FAULT, fault(MPULAB_ACTION_CORRUPT_OUT), 0x90, 0x10),
               ContainsSubstring("fault=corrupt-out of cue 12  before=0x90  after=0x10"));
    CHECK_THAT(line(MPULAB_KIND_FAULT, fault(MPULAB_ACTION_LOSE_IN), 0x90, MPULAB_FAULT_NOTHING),
               ContainsSubstring("fault=lose-in of cue 12  before=0x90  after=nothing"));
    CHECK_THAT(line(MPULAB_KIND_FAULT, fault(MPULAB_ACTION_DELAY_ACK), 1'000'000'005, 2'000'000'000),
               ContainsSubstring("fault=delay-ack of cue 12  before=1.000000005  after=2.000000000"));
    CHECK_THAT(line(MPULAB_KIND_FAULT, fault(MPULAB_ACTION_DEAD_IRQ, MPULAB_FAULT_ENDS), 0, 1),
               ContainsSubstring("fault=dead-irq of cue 12 is over  before=0x00  after=0x01"));
}
