// SPDX-License-Identifier: MIT
#include "link/record_reader.hpp"

#include "common/error.hpp"
#include "events/names.hpp"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>

namespace mpulab {
namespace {

constexpr const char* kRebuild = "build QEMU and the harness from one tree (scripts/run does)";
constexpr const char* kReport = "keep this event log and report a defect of the bench";

[[noreturn]] void foreign() {
    throw Error("this is no event log: it does not begin with \"" MPULAB_LINK_MAGIC "\"",
                "name a run's folder or its events.mpl");
}

[[noreturn]] void broken(const std::string& what) {
    throw Error("the event log is broken: " + what, kReport);
}

} // namespace

void RecordReader::feed(ByteView bytes) {
    while (!bytes.empty()) {
        const size_t unit = header_seen_ ? sizeof(mpulab_record) : sizeof(mpulab_link_header);
        if (partial_size_ == 0 && bytes.size() >= unit && header_seen_) { // the usual case: straight from the buffer
            record(read_pod<mpulab_record>(bytes, 0));
            bytes = bytes.subspan(unit);
            continue;
        }
        const size_t take = std::min(unit - partial_size_, bytes.size());
        std::memcpy(partial_ + partial_size_, bytes.data(), take);
        partial_size_ += take;
        bytes = bytes.subspan(take);
        if (partial_size_ < unit) return;
        partial_size_ = 0;
        if (header_seen_) {
            record(read_pod<mpulab_record>(partial_, 0));
        } else {
            header(partial_);
        }
    }
}

void RecordReader::header(const uint8_t* bytes) {
    mpulab_link_header header;
    std::memcpy(&header, bytes, sizeof header);
    if (std::memcmp(header.magic, MPULAB_LINK_MAGIC, sizeof header.magic) != 0) foreign();
    if (header.version != MPULAB_LINK_VERSION || header.record_size != sizeof(mpulab_record)) {
        throw Error(
            fmt::format("the event log has version {} with records of {} bytes; this mpulab reads version {} with {}",
                        header.version, header.record_size, MPULAB_LINK_VERSION, sizeof(mpulab_record)),
            kRebuild);
    }
    header_seen_ = true;
}

void RecordReader::record(const mpulab_record& record) {
    if (ended_) broken(fmt::format("record {} comes after RUN_ENDED", record.seq));
    if (record.seq != records_) broken(fmt::format("record {} where record {} must come", record.seq, records_));
    if (last_ && record.time_ns < last_->time_ns) {
        broken(fmt::format("time runs backwards at record {}: {} ns after {} ns", record.seq, record.time_ns,
                           last_->time_ns));
    }
    if (kind_info(record.kind) == nullptr) {
        throw Error(fmt::format("record {} has kind {}, which this mpulab does not know", record.seq, record.kind),
                    kRebuild);
    }
    ++records_;
    last_ = record;
    ended_ = record.kind == MPULAB_KIND_RUN_ENDED;
    sink_(record);
}

void RecordReader::finish() const {
    if (!header_seen_) {
        if (partial_size_ == 0) broken("it is empty");
        constexpr size_t kMagicSize = sizeof(mpulab_link_header::magic);
        if (std::memcmp(partial_, MPULAB_LINK_MAGIC, std::min(partial_size_, kMagicSize)) != 0) foreign();
        broken(fmt::format("it stops {} bytes into its header", partial_size_));
    }
    if (partial_size_ != 0) broken(fmt::format("it stops {} bytes into record {}", partial_size_, records_));
    if (!ended_) broken(fmt::format("it stops after {} records without RUN_ENDED", records_));
}

} // namespace mpulab
