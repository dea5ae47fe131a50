// SPDX-License-Identifier: MIT
// The link's writing end, and text on its way into records.
#include "link_writer.hpp"
#include "text_chunker.hpp"

#include <catch.hpp>

#include <cstring>
#include <string>
#include <vector>

using namespace mpulab;

namespace {

struct Reader {
    std::vector<uint8_t> bytes;
    std::vector<size_t> batches;
    bool gone = false;

    static bool take(void* opaque, const void* from, size_t size) {
        auto* self = static_cast<Reader*>(opaque);
        self->batches.push_back(size);
        const auto* begin = static_cast<const uint8_t*>(from);
        if (!self->gone) self->bytes.insert(self->bytes.end(), begin, begin + size);
        return !self->gone;
    }
    mpulab_record record(size_t index) const {
        uint8_t raw[sizeof(mpulab_record)];
        std::memcpy(raw, bytes.data() + sizeof(mpulab_link_header) + index * sizeof raw, sizeof raw);
        return decode_record(raw);
    }
};

mpulab_record at(uint64_t time_ns) {
    mpulab_record record = {};
    record.time_ns = time_ns;
    return record;
}

std::vector<mpulab_record> chunk(const std::string& text, bool end) {
    std::vector<mpulab_record> records;
    TextChunker chunker;
    for (const char byte : text) {
        if (!chunker.add(static_cast<uint8_t>(byte))) continue;
        records.emplace_back();
        chunker.take(records.back(), false);
    }
    if (end && !chunker.empty()) {
        records.emplace_back();
        chunker.take(records.back(), true);
    }
    return records;
}

} // namespace

TEST_CASE("a stream begins with magic, version and record size, little-endian") {
    Reader reader;
    LinkWriter writer(&Reader::take, &reader);
    writer.begin();
    writer.flush();
    const std::vector<uint8_t> expected = {'M', 'P', 'L', 'B', 'L', 'I', 'N', 'K', 1, 0, 0, 0, 64, 0, 0, 0};
    CHECK(reader.bytes == expected);
}

TEST_CASE("a record's fields stand at their places, little-endian") {
    mpulab_record record = {};
    record.seq = 0x0102030405060708;
    record.time_ns = 0x11;
    record.corr = 0x22;
    record.pc = 0xfffff80000001234;
    record.kind = 0x4142;
    record.cpu = 0x43;
    record.unit = 0x44;
    record.count = 0x4546;
    record.irql = 0x47;
    record.flags = 0x48;
    record.c = 0x80;
    uint8_t raw[64];
    encode_record(record, raw);
    CHECK(raw[0] == 0x08);
    CHECK(raw[7] == 0x01);
    CHECK(raw[24] == 0x34);
    CHECK(raw[31] == 0xff);
    const std::vector<uint8_t> middle(raw + 32, raw + 40);
    CHECK(middle == std::vector<uint8_t>{0x42, 0x41, 0x43, 0x44, 0x46, 0x45, 0x47, 0x48});
    CHECK(raw[56] == 0x80);
    const mpulab_record back = decode_record(raw);
    CHECK(std::memcmp(&back, &record, sizeof record) == 0);
}

TEST_CASE("records are numbered without a gap across batches of at most 64 KiB, and none is lost") {
    Reader reader;
    LinkWriter writer(&Reader::take, &reader);
    writer.begin();
    constexpr size_t kCount = 5000;
    for (size_t i = 0; i < kCount; ++i)
        writer.put(at(i));
    CHECK(reader.batches.size() == 4); // full ones went out by themselves
    writer.flush();
    CHECK(reader.bytes.size() == 16 + kCount * 64);
    for (const size_t size : reader.batches)
        CHECK(size <= LinkWriter::kBatchBytes);
    for (size_t i = 0; i < kCount; ++i)
        CHECK(reader.record(i).seq == i);
}

TEST_CASE("without a reader records are counted, and go nowhere") {
    LinkWriter writer(nullptr, nullptr);
    writer.begin();
    for (size_t i = 0; i < 5000; ++i)
        writer.put(at(i));
    writer.flush();
    CHECK(writer.next_seq() == 5000);
    CHECK_FALSE(writer.broken());
}

TEST_CASE("flushing nothing hands nothing on") {
    Reader reader;
    LinkWriter writer(&Reader::take, &reader);
    writer.flush();
    CHECK(reader.batches.empty());
}

TEST_CASE("time in the stream stands still where it would run back") {
    Reader reader;
    LinkWriter writer(&Reader::take, &reader);
    writer.begin();
    writer.put(at(100));
    writer.put(at(50));
    writer.put(at(101));
    writer.flush();
    CHECK(reader.record(1).time_ns == 100);
    CHECK(reader.record(2).time_ns == 101);
}

TEST_CASE("a new stream has a header of its own and counts from 0 again") {
    Reader reader;
    LinkWriter writer(&Reader::take, &reader);
    writer.begin();
    writer.put(at(500));
    writer.begin();
    writer.put(at(3));
    writer.flush();
    REQUIRE(reader.bytes.size() == 2 * (16 + 64));
    CHECK(std::memcmp(reader.bytes.data() + 80, MPULAB_LINK_MAGIC, 8) == 0);
    CHECK(reader.bytes[80 + 16] == 0);     // seq
    CHECK(reader.bytes[80 + 16 + 8] == 3); // time starts anew
}

TEST_CASE("once the reader is gone the writer asks it no more") {
    Reader reader;
    reader.gone = true;
    LinkWriter writer(&Reader::take, &reader);
    writer.begin();
    writer.flush();
    CHECK(writer.broken());
    for (int i = 0; i < 5000; ++i)
        writer.put(at(0));
    writer.flush();
    CHECK(reader.batches.size() == 1);
}

TEST_CASE("a line becomes one record with its newline, a long one records of 24 bytes that say there is more") {
    const auto shorter = chunk("hello\n", false);
    REQUIRE(shorter.size() == 1);
    CHECK(shorter[0].kind == MPULAB_KIND_TEXT);
    CHECK(shorter[0].count == 6);
    CHECK(shorter[0].flags == 0);
    CHECK(std::memcmp(&shorter[0].a, "hello\n\0", 8) == 0);

    const auto longer = chunk("0123456789abcdefghijklmnopqrstuvwxyz\n", false);
    REQUIRE(longer.size() == 2);
    CHECK(longer[0].count == 24);
    CHECK(longer[0].flags == MPULAB_RECORD_MORE);
    CHECK(longer[1].count == 13);
    CHECK(longer[1].flags == 0);
    CHECK(longer[1].c == 0); // nothing of the record before is left
}

TEST_CASE("a newline as 24th byte ends the line, 24 bytes without one do not") {
    const auto exact = chunk(std::string(23, 'x') + "\n", false);
    REQUIRE(exact.size() == 1);
    CHECK(exact[0].flags == 0);
    const auto open = chunk(std::string(24, 'x'), true);
    REQUIRE(open.size() == 1);
    CHECK(open[0].flags == MPULAB_RECORD_MORE);
}

TEST_CASE("half a line at the end is a record that says there is no more") {
    const auto records = chunk("a\nb", true);
    REQUIRE(records.size() == 2);
    CHECK(records[1].count == 1);
    CHECK(records[1].flags == 0);
}
