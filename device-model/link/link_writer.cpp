// SPDX-License-Identifier: MIT
#include "link_writer.hpp"

#include "../common/bytes.hpp"

#include <algorithm>
#include <cstddef>

namespace mpulab {

LinkWriter::LinkWriter(Sink sink, void* opaque) : sink_(sink), opaque_(opaque) {
    batch_.reserve(kBatchBytes);
}

void LinkWriter::begin() {
    flush();
    uint8_t header[sizeof(mpulab_link_header)];
    std::copy_n(MPULAB_LINK_MAGIC, 8, header);
    store_le(header + offsetof(mpulab_link_header, version), uint32_t{MPULAB_LINK_VERSION});
    store_le(header + offsetof(mpulab_link_header, record_size), static_cast<uint32_t>(sizeof(mpulab_record)));
    batch_.insert(batch_.end(), header, header + sizeof header);
    seq_ = 0;
    last_time_ns_ = 0;
}

void LinkWriter::put(const mpulab_record& record) {
    if (batch_.size() + sizeof(mpulab_record) > kBatchBytes) flush();
    mpulab_record numbered = record;
    numbered.seq = seq_++;
    last_time_ns_ = std::max(last_time_ns_, record.time_ns);
    numbered.time_ns = last_time_ns_;
    uint8_t bytes[sizeof(mpulab_record)];
    encode_record(numbered, bytes);
    batch_.insert(batch_.end(), bytes, bytes + sizeof bytes);
}

void LinkWriter::flush() {
    if (batch_.empty()) return;
    if (!broken_ && sink_ != nullptr) broken_ = !sink_(opaque_, batch_.data(), batch_.size());
    batch_.clear();
}

void encode_record(const mpulab_record& record, uint8_t (&into)[sizeof(mpulab_record)]) {
    store_le(into + offsetof(mpulab_record, seq), record.seq);
    store_le(into + offsetof(mpulab_record, time_ns), record.time_ns);
    store_le(into + offsetof(mpulab_record, corr), record.corr);
    store_le(into + offsetof(mpulab_record, pc), record.pc);
    store_le(into + offsetof(mpulab_record, kind), record.kind);
    store_le(into + offsetof(mpulab_record, cpu), record.cpu);
    store_le(into + offsetof(mpulab_record, unit), record.unit);
    store_le(into + offsetof(mpulab_record, count), record.count);
    store_le(into + offsetof(mpulab_record, irql), record.irql);
    store_le(into + offsetof(mpulab_record, flags), record.flags);
    store_le(into + offsetof(mpulab_record, a), record.a);
    store_le(into + offsetof(mpulab_record, b), record.b);
    store_le(into + offsetof(mpulab_record, c), record.c);
}

mpulab_record decode_record(const uint8_t (&from)[sizeof(mpulab_record)]) {
    mpulab_record record = {};
    record.seq = load_le<uint64_t>(from + offsetof(mpulab_record, seq));
    record.time_ns = load_le<uint64_t>(from + offsetof(mpulab_record, time_ns));
    record.corr = load_le<uint64_t>(from + offsetof(mpulab_record, corr));
    record.pc = load_le<uint64_t>(from + offsetof(mpulab_record, pc));
    record.kind = load_le<uint16_t>(from + offsetof(mpulab_record, kind));
    record.cpu = load_le<uint8_t>(from + offsetof(mpulab_record, cpu));
    record.unit = load_le<uint8_t>(from + offsetof(mpulab_record, unit));
    record.count = load_le<uint16_t>(from + offsetof(mpulab_record, count));
    record.irql = load_le<uint8_t>(from + offsetof(mpulab_record, irql));
    record.flags = load_le<uint8_t>(from + offsetof(mpulab_record, flags));
    record.a = load_le<uint64_t>(from + offsetof(mpulab_record, a));
    record.b = load_le<uint64_t>(from + offsetof(mpulab_record, b));
    record.c = load_le<uint64_t>(from + offsetof(mpulab_record, c));
    return record;
}

} // namespace mpulab
