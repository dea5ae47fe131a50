// SPDX-License-Identifier: MIT
// The link's bytes in whatever pieces; what the contract (mpulab_link.h) does not allow is refused by name.
#include "link/record_reader.hpp"

#include "harness/support/log_builder.hpp"
#include "harness/support/text.hpp"

#include "support/catch.hpp"

using namespace mpulab;
using namespace mpulab::test;

namespace {

LogBuilder short_run() {
    LogBuilder log;
    log.started(7).at(10).text("a line of text that needs two records\n").at(20).wire_out(20, {0x90, 0x3c, 0x40});
    log.at(1'000'000).ended();
    return log;
}

/// What a reader gives for `stream` cut into pieces of `piece` bytes.
Bytes read_in_pieces(const Bytes& stream, const std::vector<size_t>& pieces) {
    Bytes out;
    RecordReader reader([&out](const mpulab_record& record) { append_pod(out, record); });
    size_t turn = 0;
    for (size_t at = 0; at < stream.size();) {
        const size_t size = std::min(pieces[turn++ % pieces.size()], stream.size() - at);
        reader.feed(ByteView(stream).subspan(at, size));
        at += size;
    }
    reader.finish();
    CHECK(reader.ended());
    return out;
}

/// The refusal of a stream, and how many records came before it.
struct Outcome {
    std::string text;
    uint64_t records = 0;
};

Outcome outcome(const Bytes& stream) {
    RecordReader reader([](const mpulab_record&) {});
    Outcome result;
    result.text = refusal([&] {
        reader.feed(stream);
        reader.finish();
    });
    result.records = reader.records();
    return result;
}

/// The run with one of its records bent.
template <typename Bend> Outcome bent(size_t record, Bend bend) {
    auto records = short_run().records();
    bend(records[record]);
    return outcome(LogBuilder::bytes_of(records));
}

} // namespace

TEST_CASE("a stream gives the same records whole, byte by byte and in odd pieces") {
    const Bytes stream = short_run().bytes();
    const Bytes expected(stream.begin() + 16, stream.end());
    for (const std::vector<size_t>& pieces : std::vector<std::vector<size_t>>{
             {stream.size()}, {1}, {7}, {63}, {64}, {65}, {16, 64}, {15, 1, 128}, {80, 3, 1000}, {17, 129, 2}}) {
        CHECK(read_in_pieces(stream, pieces) == expected);
    }
}

TEST_CASE("the reader knows how far it is") {
    RecordReader reader([](const mpulab_record&) {});
    const Bytes stream = short_run().bytes();
    CHECK_FALSE(reader.header_seen());
    reader.feed(ByteView(stream).first(16));
    CHECK(reader.header_seen());
    CHECK(reader.records() == 0);
    CHECK_FALSE(reader.last());
    reader.feed(ByteView(stream).subspan(16, 64 + 63));
    CHECK(reader.records() == 1);
    CHECK(reader.last()->kind == MPULAB_KIND_RUN_STARTED);
    CHECK_FALSE(reader.ended());
    reader.feed(ByteView(stream).subspan(16 + 64 + 63));
    CHECK(reader.ended());
    CHECK(reader.records() == 7);
    CHECK(reader.last()->kind == MPULAB_KIND_RUN_ENDED);
}

TEST_CASE("a stream that begins with anything else is no event log") {
    for (const Bytes& stream :
         {bytes_of("MPLBPLAN\1\0\0\0\1\0\0\0"), bytes_of("a text file of some length"), Bytes(16)}) {
        const auto [text, records] = outcome(stream);
        CHECK_THAT(text, StartsWith("this is no event log: it does not begin with \"MPLBLINK\""));
        CHECK(records == 0);
    }
}

TEST_CASE("a foreign file shorter than a header is no event log either") {
    CHECK_THAT(outcome(bytes_of("hello")).text, StartsWith("this is no event log"));
    CHECK_THAT(outcome(bytes_of("MPLBLINE")).text, StartsWith("this is no event log"));
}

TEST_CASE("another version or record size is refused with both numbers") {
    CHECK_THAT(outcome(link_header(2)).text,
               StartsWith("the event log has version 2 with records of 64 bytes; this mpulab reads version 1 with 64"));
    CHECK_THAT(outcome(link_header(1, 72)).text, ContainsSubstring("version 1 with records of 72 bytes"));
    CHECK_THAT(outcome(link_header(0)).text, ContainsSubstring("next: build QEMU and the harness from one tree"));
}

TEST_CASE("a gap, a repeat or a wrong start of the sequence is refused with both numbers") {
    const auto seq = [](size_t record, uint64_t value) {
        return bent(record, [value](mpulab_record& r) { r.seq = value; });
    };
    CHECK_THAT(seq(3, 4).text, StartsWith("the event log is broken: record 4 where record 3 must come"));
    CHECK(seq(3, 4).records == 3);
    CHECK_THAT(seq(3, 2).text, ContainsSubstring("record 2 where record 3 must come"));
    CHECK_THAT(seq(0, 1).text, ContainsSubstring("record 1 where record 0 must come"));
}

TEST_CASE("time that runs backwards is refused, time that stands is not") {
    const auto refused = bent(3, [](mpulab_record& record) { record.time_ns = 9; });
    CHECK_THAT(refused.text, ContainsSubstring("time runs backwards at record 3: 9 ns after 10 ns"));
    CHECK(bent(3, [](mpulab_record& record) { record.time_ns = 10; }).text == "no error");
}

TEST_CASE("a record kind that nobody knows is refused by number") {
    for (const uint16_t kind : std::vector<uint16_t>{0, 15, 200, 255, 256, 65535}) {
        const auto refused = bent(2, [kind](mpulab_record& record) { record.kind = kind; });
        CHECK_THAT(refused.text,
                   StartsWith("record 2 has kind " + std::to_string(kind) + ", which this mpulab does not know"));
        CHECK(refused.records == 2);
    }
}

TEST_CASE("a record behind RUN_ENDED is refused") {
    auto records = short_run().records();
    records.push_back(records.back());
    records.back().seq++;
    CHECK_THAT(outcome(LogBuilder::bytes_of(records)).text, ContainsSubstring("record 7 comes after RUN_ENDED"));
}

TEST_CASE("a stream cut off at any byte is refused, with how far it came") {
    const Bytes stream = short_run().bytes();
    for (size_t size = 0; size < stream.size(); ++size) {
        const auto [text, records] = outcome({stream.begin(), stream.begin() + static_cast<ptrdiff_t>(size)});
        INFO(size << " bytes: " << text);
        CHECK(records == (size < 16 ? 0 : (size - 16) / 64));
        if (size == 0) {
            CHECK_THAT(text, StartsWith("the event log is broken: it is empty"));
        } else if (size < 16) {
            CHECK_THAT(text, StartsWith("the event log is broken: it stops " + std::to_string(size) +
                                        " bytes into its header"));
        } else if ((size - 16) % 64 != 0) {
            CHECK_THAT(text, ContainsSubstring("it stops " + std::to_string((size - 16) % 64) + " bytes into record " +
                                               std::to_string(records)));
        } else {
            CHECK_THAT(text,
                       ContainsSubstring("it stops after " + std::to_string(records) + " records without RUN_ENDED"));
        }
    }
}
