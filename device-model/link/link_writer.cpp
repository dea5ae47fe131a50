// SPDX-License-Identifier: MIT
#include "link_writer.hpp"

#include "../common/bytes.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstring>
#include <type_traits>

namespace mpulab {

LinkWriter::LinkWriter(Sink sink, void* opaque)
    : sink_(sink), opaque_(opaque), batch_(std::make_unique<uint8_t[]>(kBatchBytes)) {}

void LinkWriter::begin() {
    flush();
    uint8_t* const header = batch_.get() + used_;
    std::copy_n(MPULAB_LINK_MAGIC, 8, header);
    store_le(header + offsetof(mpulab_link_header, version), uint32_t{MPULAB_LINK_VERSION});
    store_le(header + offsetof(mpulab_link_header, record_size), static_cast<uint32_t>(sizeof(mpulab_record)));
    used_ += sizeof(mpulab_link_header);
    seq_ = 0;
    last_time_ns_ = 0;
}

void LinkWriter::put(const mpulab_record& record) {
    const uint64_t seq = seq_++;
    last_time_ns_ = std::max(last_time_ns_, record.time_ns);
    if (sink_ == nullptr) return;
    if (used_ + sizeof(mpulab_record) > kBatchBytes) flush();
    mpulab_record numbered = record;
    numbered.seq = seq;
    numbered.time_ns = last_time_ns_;
    encode_record(numbered, batch_.get() + used_);
    used_ += sizeof(mpulab_record);
}

void LinkWriter::flush() {
    if (used_ == 0) return;
    if (!broken_ && sink_ != nullptr) broken_ = !sink_(opaque_, batch_.get(), used_);
    used_ = 0;
}

// A record has no padding, and its layout in memory is the link's on the little-endian hosts that QEMU runs on here.
static_assert(std::endian::native == std::endian::little && std::has_unique_object_representations_v<mpulab_record>,
              "the link is little-endian: encode_record() and decode_record() must turn every field round");

void encode_record(const mpulab_record& record, uint8_t* into) {
    std::memcpy(into, &record, sizeof record);
}

mpulab_record decode_record(const uint8_t (&from)[sizeof(mpulab_record)]) {
    mpulab_record record = {};
    std::memcpy(&record, from, sizeof record);
    return record;
}

} // namespace mpulab
