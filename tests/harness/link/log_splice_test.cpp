// SPDX-License-Identifier: MIT
// A restored machine's link as the event log of a fresh one; what does not begin like a new run is refused.
#include "link/log_splice.hpp"

#include "harness/support/log_builder.hpp"
#include "harness/support/text.hpp"
#include "link/mpulab_link.h"

#include "support/catch.hpp"

using namespace mpulab;
using namespace mpulab::test;

namespace {

constexpr size_t kHeader = sizeof(mpulab_link_header);
constexpr size_t kRecord = sizeof(mpulab_record);

/// A fresh run, with the seed and what the driver said before and after a snapshot.
Bytes fresh(uint64_t seed) {
    LogBuilder log;
    log.started(seed).at(10).text("before the snapshot\n").at(20).wire_out(20, {0x90, 0x3c, 0x40});
    log.at(1'000'000).ended();
    return log.bytes();
}

/// Its first `records` records, with the header.
Bytes prefix_of(const Bytes& log, size_t records) {
    return Bytes(log.begin(), log.begin() + static_cast<std::ptrdiff_t>(kHeader + records * kRecord));
}

/// What the machine says that was put back to where `prefix` ends: the rest of `log` as a run of its own.
Bytes restored(const Bytes& log, size_t prefix) {
    Bytes link = prefix_of(log, 1);
    const uint64_t time = read_pod<mpulab_record>(log, kHeader + (prefix - 1) * kRecord).time_ns;
    std::memcpy(link.data() + kHeader + offsetof(mpulab_record, time_ns), &time, sizeof time);
    append(link, ByteView(log).subspan(kHeader + prefix * kRecord));
    uint64_t seq = 0;
    for (size_t at = kHeader; at < link.size(); at += kRecord, ++seq)
        std::memcpy(link.data() + at + offsetof(mpulab_record, seq), &seq, sizeof seq);
    return link;
}

Bytes spliced(const Bytes& prefix, const Bytes& link, size_t piece) {
    LogSplice splice(prefix);
    Bytes out;
    for (size_t at = 0; at < link.size(); at += piece)
        append(out, splice.feed(ByteView(link).subspan(at, std::min(piece, link.size() - at))));
    return out;
}

} // namespace

TEST_CASE("the log of a restored run is that of a fresh one, whatever pieces the link comes in") {
    const Bytes log = fresh(7);
    const size_t records = (log.size() - kHeader) / kRecord;
    for (size_t prefix = 1; prefix < records; ++prefix) {
        for (const size_t piece : {size_t{1}, size_t{15}, kRecord, kRecord + 1, size_t{100'000}})
            CHECK(spliced(prefix_of(log, prefix), restored(log, prefix), piece) == log);
    }
}

TEST_CASE("a machine put back to where its log has come to goes on in it, and what it begins anew is swallowed") {
    const Bytes log = fresh(7);
    const size_t records = (log.size() - kHeader) / kRecord;
    for (size_t before = 1; before < records; ++before) {
        const Bytes link = restored(log, before);
        for (const size_t piece : {size_t{1}, kRecord, size_t{100'000}}) {
            LogSplice splice(before);
            Bytes out = prefix_of(log, before);
            for (size_t at = 0; at < link.size(); at += piece)
                append(out, splice.feed(ByteView(link).subspan(at, std::min(piece, link.size() - at))));
            CHECK(out == log);
        }
    }
    LogSplice splice(uint64_t{2});
    Bytes link = restored(log, 2);
    link.erase(link.begin() + kHeader, link.begin() + kHeader + kRecord);
    CHECK_THAT(refusal([&] { splice.feed(link); }), ContainsSubstring("does not begin a new run"));
}

TEST_CASE("seed, plan and cards are those of the restored run, not of the one the snapshot was taken in") {
    const Bytes log = fresh(99);
    CHECK(spliced(prefix_of(fresh(7), 2), restored(log, 2), 64) == log);
}

TEST_CASE("a link that does not begin with a run's first record is refused") {
    const Bytes log = fresh(7);
    Bytes link = restored(log, 2);
    link.erase(link.begin() + kHeader, link.begin() + kHeader + kRecord);
    CHECK_THAT(refusal([&] { spliced(prefix_of(log, 2), link, 64); }), ContainsSubstring("does not begin a new run"));
    Bytes other = restored(log, 2);
    other[8] ^= 1; // another version of the link
    CHECK_THAT(refusal([&] { spliced(prefix_of(log, 2), other, 64); }), ContainsSubstring("does not begin a new run"));
}
