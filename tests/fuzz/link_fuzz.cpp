// SPDX-License-Identifier: MIT
// The link's reader, the stored log, its text and the judge against any stream. Half of the inputs are made sound in
// what the reader insists on (header, sequence, time, kinds), so that the rest is reached: what a guest can write.
#include "checks/interrupts.hpp"
#include "common/error.hpp"
#include "debug/gdb_script.hpp"
#include "events/event_log.hpp"
#include "events/format.hpp"
#include "events/names.hpp"
#include "link/record_reader.hpp"
#include "report/verdict.hpp"

#include <cstdlib>

namespace {

using namespace mpulab;

void check(bool condition) {
    if (!condition) std::abort();
}

/// The kind that `number` stands for, skipping those that do not exist.
uint16_t some_kind(uint16_t number) {
    uint16_t kind = number % 128;
    while (kind_info(kind) == nullptr)
        kind = static_cast<uint16_t>((kind + 1) % 128);
    return kind;
}

Bytes made_sound(ByteView input, bool with_end) {
    Bytes stream;
    append_pod(stream, mpulab_link_header{{'M', 'P', 'L', 'B', 'L', 'I', 'N', 'K'}, MPULAB_LINK_VERSION, 64});
    uint64_t time = 0;
    for (uint64_t seq = 0; input.size() >= sizeof(mpulab_record); ++seq) {
        auto record = read_pod<mpulab_record>(input, 0);
        input = input.subspan(sizeof record);
        record.seq = seq;
        record.time_ns = time += record.time_ns % 1'000'000'000;
        record.kind = seq == 0 ? uint16_t{MPULAB_KIND_RUN_STARTED} : some_kind(record.kind);
        if (with_end && input.size() < sizeof(mpulab_record)) {
            record.kind = MPULAB_KIND_RUN_ENDED;
            record.a %= 9;
        }
        append_pod(stream, record);
    }
    return stream;
}

/// The records of a stream fed in pieces, up to what is refused.
Bytes read(ByteView stream, size_t piece) {
    Bytes records;
    RecordReader reader([&records](const mpulab_record& record) { append_pod(records, record); });
    try {
        for (; !stream.empty(); stream = stream.subspan(std::min(piece, stream.size())))
            reader.feed(stream.first(std::min(piece, stream.size())));
        reader.finish();
    } catch (const Error& error) {
        check(!error.next().empty());
    }
    check(records.size() == reader.records() * sizeof(mpulab_record));
    return records;
}

void look_at(const EventLog& log) {
    ModuleWatcher watcher;
    for (size_t i = 0; i < log.records().size(); ++i) {
        check(format_record(log, log.records()[i]).find('\n') == std::string::npos);
        size_t next = 0;
        log.payload(i, next);
        check(next > i && next <= log.records().size());
        log.name_after(i);
        watcher.record(log.records()[i]);
    }
    gdb_script("/socket", watcher.modules(), {});
    Song song;
    song.wire = {0x90, 0x3c, 0x40};
    song.events = {{0, 0, 0, 0, 3}};
    SongRun run;
    run.capture = true;
    run.render_run_step = 1;
    const Judgement judgement = judge({log, song, run, 0});
    check((judgement.verdict == Verdict::Passed) == judgement.reason.empty());
    check(judgement.reason.find('\n') == std::string::npos);
    for (const CheckResult& result : judgement.checks)
        check(result.status != CheckStatus::Passed || result.looked_at > 0);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size == 0) return 0;
    ByteView input(data + 1, size - 1);
    const Bytes stream = data[0] % 2 == 0 ? Bytes(input.begin(), input.end()) : made_sound(input, data[0] % 4 == 1);
    const Bytes whole = read(stream, stream.size() + 1);
    for (const size_t piece : {size_t{1}, size_t{63}, size_t{data[0]} + 1})
        check(read(stream, piece) == whole);
    try {
        const EventLog log = EventLog::from_bytes(stream);
        check(log.records().size() * sizeof(mpulab_record) == whole.size());
        look_at(log);
    } catch (const Error&) {
        check(whole.empty());
    }
    return 0;
}
