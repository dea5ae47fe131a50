// SPDX-License-Identifier: MIT
// A record as a line of text: number, time, kind, card, chain, words with their names, IRQL, place.
#include "events/format.hpp"

#include "harness/support/log_builder.hpp"
#include "harness/support/text.hpp"

#include "support/catch.hpp"

using namespace mpulab;
using namespace mpulab::test;

namespace {

constexpr uint64_t kBase = 0xfffff80000100000;

/// The line of one record in a log that knows testcard.sys.
std::string line(uint16_t kind, uint64_t a = 0, uint64_t b = 0, uint64_t c = 0, uint64_t corr = 0, uint64_t pc = 0,
                 uint8_t irql = 0) {
    LogBuilder log;
    log.started(1).module("testcard.sys", kBase, 0x8000).at(1'234'567'890).add(kind, a, b, c, corr);
    log.last().pc = pc;
    log.last().irql = irql;
    const EventLog built = log.log();
    return format_record(built, built.records().back());
}

std::string text_line(std::string_view text) {
    LogBuilder log;
    log.started(1).text(text);
    const EventLog built = log.log();
    return format_record(built, built.records().back());
}

} // namespace

TEST_CASE("a line begins with number, time, kind and card, and ends with the place it comes from") {
    CHECK(line(MPULAB_KIND_REG_WRITE, 0, 0x90, 3, MPULAB_CORR(MPULAB_CORR_TX_BYTE, 5), kBase + 0x1234) ==
          "       3    1.234567890 REG_WRITE      card0 [tx 5]  offset=0  value=0x90  FIFO level after it=3"
          "  pc=testcard.sys+0x1234");
    CHECK(line(MPULAB_KIND_MARKER, 7) == "       3    1.234567890 MARKER                marker number=7");
    CHECK_THAT(line(MPULAB_KIND_DPC, kBase + 0x10, 0, 0, 0, 0, 2),
               EndsWith("routine=testcard.sys+0x10  context=0x0  irql=2"));
}

TEST_CASE("bytes are hexadecimal, times are seconds, statuses and opcodes have names") {
    CHECK_THAT(line(MPULAB_KIND_WIRE_OUT, 0x3c, 2'000'000'001, 4),
               ContainsSubstring("byte=0x3c  end of its stop bit=2.000000001  TX FIFO level after it=4"));
    CHECK_THAT(line(MPULAB_KIND_WIRE_IN, 0xf8, 1), ContainsSubstring("byte=0xf8  RX FIFO level after it=1"));
    CHECK_THAT(line(MPULAB_KIND_STEP_END, 7, 0x102, 3),
               ContainsSubstring("opcode=WAIT_CAPTURED  NTSTATUS=0x00000102 STATUS_TIMEOUT"));
    CHECK_THAT(line(MPULAB_KIND_CALL_ENTER, 16, kBase + 8, 7), ContainsSubstring("=InterruptRoutine"));
    CHECK_THAT(line(MPULAB_KIND_CALL_ENTER, 16, kBase + 8, 7), ContainsSubstring("=testcard.sys+0x8"));
    CHECK_THAT(line(MPULAB_KIND_CALL_LEAVE, 1, 0xc0000001), ContainsSubstring("status=0xc0000001 STATUS_UNSUCCESSFUL"));
    CHECK_THAT(line(MPULAB_KIND_IRP_DONE, 0xe00, 0xc0000120, 9), ContainsSubstring("0xc0000120 STATUS_CANCELLED"));
    CHECK_THAT(line(MPULAB_KIND_OVERRUN, 1, 0xfe, 64), ContainsSubstring("place=RX FIFO  byte lost=0xfe"));
    CHECK_THAT(line(MPULAB_KIND_GUEST_ERROR, 0, 1, 0xff), ContainsSubstring("what=read while empty"));
    CHECK_THAT(line(MPULAB_KIND_PHASE, 5), ContainsSubstring("milestone=driver-started"));
    CHECK_THAT(line(MPULAB_KIND_RUN_ENDED, 3, 0xc0000001),
               ContainsSubstring("end code=driver-refused  detail=0xc0000001 STATUS_UNSUCCESSFUL"));
    CHECK_THAT(line(MPULAB_KIND_FRAME, kBase + 0x77, 0x1000), ContainsSubstring("return address=testcard.sys+0x77"));
}

TEST_CASE("a module's line tells where it lies, and a bugcheck's its code as everyone writes it") {
    CHECK_THAT(line(MPULAB_KIND_MODULE, kBase, 0x8000, kBase + 0x1000),
               ContainsSubstring("base=0xfffff80000100000  size in bytes=32768  entry point=testcard.sys+0x1000"));
    CHECK_THAT(line(MPULAB_KIND_BUGCHECK, 0xd1, 0x10, 2), ContainsSubstring("code=0xd1"));
}

TEST_CASE("the step an IRP was made for is shown as its chain") {
    CHECK_THAT(line(MPULAB_KIND_IRP_MADE, 0xe00, 0x2f8007, MPULAB_CORR(MPULAB_CORR_STEP, 12)),
               ContainsSubstring("what it was made for=step 12"));
    CHECK_THAT(line(MPULAB_KIND_IRP_MADE, 0xe00, 0x2f8007, 0), ContainsSubstring("what it was made for=nothing"));
}

TEST_CASE("text is quoted, what could act on a terminal is escaped") {
    CHECK_THAT(text_line("hello\n"), EndsWith(" \"hello\\x0a\""));
    CHECK_THAT(text_line("\x1b[2J\"\\\x7f"), EndsWith(" \"\\x1b[2J\\x22\\x5c\\x7f\""));
    CHECK_THAT(text_line("ä"), EndsWith(" \"ä\""));
    CHECK_THAT(text_line(""), EndsWith(" \"\""));
}

TEST_CASE("captured data is shown byte by byte") {
    LogBuilder log;
    log.started(1).data(MPULAB_KIND_CAPTURED, "\x90\x3c\x40");
    const EventLog built = log.log();
    CHECK_THAT(format_record(built, built.records().back()), EndsWith(" 90 3c 40"));
}

TEST_CASE("every kind of the contract has a line") {
    for (uint16_t kind = 0; kind < 256; ++kind) {
        LogBuilder log;
        log.started(1).add(kind, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX);
        log.last().count = 24;
        const EventLog built = log.log();
        if (built.records().size() == 2) CHECK(format_record(built, built.records()[1]).size() > 40);
    }
}

TEST_CASE("times have seconds and nine digits") {
    CHECK(format_time(0) == "0.000000000");
    CHECK(format_time(1) == "0.000000001");
    CHECK(format_time(86'400'000'000'000) == "86400.000000000");
}

TEST_CASE("long bytes are cut, with how many there are") {
    CHECK(format_hex({}) == "");
    CHECK(format_hex(hex("00 7f ff"), 3) == "00 7f ff");
    CHECK(format_hex(hex("00 7f ff 01"), 3) == "00 7f ff … (4 bytes)");
}

TEST_CASE("the records around one are ten, with itself marked, and fewer where the log has fewer") {
    LogBuilder log;
    log.started(1);
    for (uint64_t i = 1; i < 30; ++i)
        log.at(i).add(MPULAB_KIND_MARKER, i);
    const EventLog built = log.log();
    const auto marked = [&built](uint64_t center) {
        const auto lines = format_around(built, center);
        std::string numbers; // of the first and last line, and of the marked one
        for (const std::string& line : lines) {
            if (line[0] == '>') numbers = line.substr(1, 8);
        }
        return std::vector<std::string>{std::to_string(lines.size()), lines.front().substr(1, 8), numbers,
                                        lines.back().substr(1, 8)};
    };
    using Numbers = std::vector<std::string>;
    CHECK(marked(15) == Numbers{"10", "      10", "      15", "      19"});
    CHECK(marked(0) == Numbers{"10", "       0", "       0", "       9"});
    CHECK(marked(29) == Numbers{"10", "      20", "      29", "      29"});
    LogBuilder small;
    small.started(1).ended();
    CHECK(format_around(small.log(), 1).size() == 2);
}
