// SPDX-License-Identifier: MIT
// A stored log: what can be read of a sound one, of one that stops early, and of none.
#include "events/event_log.hpp"

#include "harness/support/log_builder.hpp"
#include "harness/support/temp_dir.hpp"
#include "harness/support/text.hpp"

#include "support/catch.hpp"

using namespace mpulab;
using namespace mpulab::test;

namespace {

constexpr uint64_t kBase = 0xfffff80000100000;

LogBuilder small_log() {
    LogBuilder log;
    log.started(1).module("testcard.sys", kBase, 0x8000).at(10).wire_out(10, {0x90, 0x3c}).at(2'000'000).ended();
    return log;
}

std::string text_at(const EventLog& log, size_t index, size_t& next) {
    const Bytes bytes = log.payload(index, next);
    return std::string(bytes.begin(), bytes.end());
}

} // namespace

TEST_CASE("a log on the disk and the same in memory hold the same records") {
    const TempDir dir;
    const Bytes bytes = small_log().bytes();
    const EventLog mapped = EventLog::open(dir.file("events.mpl", bytes));
    const EventLog owned = EventLog::from_bytes(bytes);
    CHECK(mapped.problem().empty());
    REQUIRE(mapped.records().size() == 6);
    REQUIRE(owned.records().size() == 6);
    for (size_t i = 0; i < 6; ++i)
        CHECK(std::memcmp(&mapped.records()[i], &owned.records()[i], sizeof(mpulab_record)) == 0);
    CHECK(mapped.records()[3].a == 0x90);
}

TEST_CASE("a log keeps its records when it is moved") {
    EventLog first = small_log().log();
    const EventLog second = std::move(first);
    CHECK(second.records().back().kind == MPULAB_KIND_RUN_ENDED);
    CHECK(second.modules().size() == 1);
    const TempDir dir;
    EventLog mapped = EventLog::open(dir.file("events.mpl", small_log().bytes()));
    const EventLog moved = std::move(mapped);
    CHECK(moved.records().back().kind == MPULAB_KIND_RUN_ENDED);
}

TEST_CASE("a log that cannot be read is refused with its path and the reason") {
    const TempDir dir;
    const std::string path = (dir / "no.mpl").string();
    CHECK(refusal([&] { EventLog::open(path); }) ==
          "cannot read event log " + path + ": No such file or directory; next: name a run's folder or its events.mpl");
    CHECK_THAT(refusal([&] { EventLog::open(dir.path()); }), ContainsSubstring(": not a regular file"));
    CHECK_THAT(refusal([&] { EventLog::open(dir.file("empty", "")); }),
               ContainsSubstring("empty is empty; next: run again"));
    CHECK_THAT(refusal([&] { EventLog::open(dir.file("foreign", "MThd and a lot more of it")); }),
               StartsWith("this is no event log"));
    CHECK_THAT(refusal([&] { EventLog::open(dir.file("old", link_header(9))); }), ContainsSubstring("has version 9"));
    CHECK_THAT(refusal([&] { EventLog::open(dir.file("short", "MPLBLINK")); }),
               ContainsSubstring("8 bytes into its header"));
}

TEST_CASE("a log that stops early is readable up to there, and says so") {
    Bytes bytes = small_log().bytes();
    bytes.resize(bytes.size() - 64);
    const EventLog no_end = EventLog::from_bytes(bytes);
    CHECK(no_end.records().size() == 5);
    CHECK_THAT(no_end.problem(), ContainsSubstring("stops after 5 records without RUN_ENDED"));
    bytes.resize(bytes.size() - 1);
    const EventLog half = EventLog::from_bytes(bytes);
    CHECK(half.records().size() == 4);
    CHECK_THAT(half.problem(), ContainsSubstring("stops 63 bytes into record 4"));
    const EventLog none = EventLog::from_bytes(link_header());
    CHECK(none.records().empty());
    CHECK_THAT(none.problem(), ContainsSubstring("stops after 0 records"));
}

TEST_CASE("a log is readable up to the first record that is not sound") {
    auto records = small_log().records();
    records[3].seq = 7;
    const EventLog log = EventLog::from_bytes(LogBuilder::bytes_of(records));
    CHECK(log.records().size() == 3);
    CHECK_THAT(log.problem(), ContainsSubstring("record 7 where record 3 must come"));
}

TEST_CASE("an address in a module is shown as module and offset, from its first byte to its last") {
    const EventLog log = small_log().log();
    REQUIRE(log.modules().size() == 1);
    CHECK(log.modules()[0].name == "testcard.sys");
    CHECK(log.modules()[0].base == kBase);
    CHECK(log.modules()[0].size == 0x8000);
    CHECK(log.modules()[0].entry == kBase + 0x1000);
    CHECK(log.modules()[0].record == 1);
    CHECK(log.symbol(kBase) == "testcard.sys+0x0");
    CHECK(log.symbol(kBase + 0x7fff) == "testcard.sys+0x7fff");
    CHECK(log.symbol(kBase + 0x8000) == "0xfffff80000108000");
    CHECK(log.symbol(kBase - 1) == "0xfffff800000fffff");
    CHECK(log.module_at(0) == nullptr);
}

TEST_CASE("a module at the end of the address space and one of no size hold what they hold") {
    LogBuilder builder;
    builder.started(1).module("top.sys", 0xfffffffffffff000, 0x1000).module("none.sys", 0x1000, 0).ended();
    const EventLog log = builder.log();
    CHECK(log.symbol(UINT64_MAX) == "top.sys+0xfff");
    CHECK(log.symbol(0x1000) == "0x1000");
}

TEST_CASE("text in several records is put together, records of others in between left out") {
    LogBuilder builder;
    builder.started(1).text("0123456789abcdefghijklmnOPQ\n");
    builder.at(1).add(MPULAB_KIND_INTERRUPT, 7, 1).text("next\n").at(2).ended();
    auto records = builder.records();
    std::swap(records[2], records[3]); // the interrupt comes between the two halves
    for (size_t i = 0; i < records.size(); ++i) {
        records[i].seq = i;
        records[i].time_ns = 0;
    }
    const EventLog log = EventLog::from_bytes(LogBuilder::bytes_of(records));
    size_t next = 0;
    CHECK(text_at(log, 1, next) == "0123456789abcdefghijklmnOPQ\n");
    CHECK(next == 4);
    CHECK(text_at(log, 4, next) == "next\n");
    CHECK(next == 5);
}

TEST_CASE("text that never ends ends with the log") {
    LogBuilder builder;
    builder.started(1).text("no end");
    builder.last().flags = MPULAB_RECORD_MORE;
    const EventLog log = builder.log();
    size_t next = 0;
    CHECK(text_at(log, 1, next) == "no end");
    CHECK(next == 2);
}

TEST_CASE("a record holds at most 24 bytes, whatever its count says") {
    mpulab_record record{};
    record.count = 65535;
    record.a = 0x0807060504030201;
    CHECK(record_payload(record).size() == 24);
    record.count = 3;
    CHECK(record_payload(record) == hex("01 02 03"));
    record.count = 0;
    CHECK(record_payload(record).empty());
}

TEST_CASE("a name belongs to the record before it with the same correlation id") {
    const uint64_t irp = MPULAB_CORR(MPULAB_CORR_IRP, 3);
    LogBuilder builder;
    builder.started(1);
    builder.add(MPULAB_KIND_FINDING, 3, 2, 0, irp).name("another's", 0).name("IRQL too high", irp);
    builder.add(MPULAB_KIND_MODULE, 0x1000, 0x1000).add(MPULAB_KIND_MODULE, 0x2000, 0x1000).name("b.sys").ended();
    const EventLog log = builder.log();
    CHECK(log.name_after(1) == "IRQL too high");
    REQUIRE(log.modules().size() == 2);
    CHECK(log.modules()[0].name.empty()); // the next one's name is not its own
    CHECK(log.modules()[1].name == "b.sys");
    CHECK(log.name_after(6).empty());
}
