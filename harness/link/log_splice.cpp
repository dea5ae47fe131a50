// SPDX-License-Identifier: MIT
#include "link/log_splice.hpp"

#include "common/error.hpp"
#include "link/mpulab_link.h"

#include <algorithm>

namespace mpulab {
namespace {

constexpr size_t kHeader = sizeof(mpulab_link_header);
constexpr size_t kRecord = sizeof(mpulab_record);

} // namespace

LogSplice::LogSplice(Bytes prefix) : prefix_(std::move(prefix)), records_((prefix_.size() - kHeader) / kRecord) {}

// The first record tells seed, plan and cards of the run that it begins; its time is that of the restore.
void LogSplice::begin(ByteView first) {
    const auto started = read_pod<mpulab_record>(first, kHeader);
    const bool continues = prefix_.empty();
    if ((!continues && !std::equal(first.begin(), first.begin() + kHeader, prefix_.begin())) ||
        started.kind != MPULAB_KIND_RUN_STARTED || started.seq != 0) {
        throw Error("a restored machine does not begin a new run",
                    "keep the event log and report a defect of the bench");
    }
    begun_ = true;
    if (continues) return;
    auto original = read_pod<mpulab_record>(prefix_, kHeader);
    original.a = started.a;
    original.b = started.b;
    original.c = started.c;
    out_ = prefix_;
    std::memcpy(out_.data() + kHeader, &original, kRecord);
}

ByteView LogSplice::feed(ByteView bytes) {
    out_.clear();
    append(waiting_, bytes);
    ByteView left = waiting_;
    if (!begun_) {
        if (left.size() < kHeader + kRecord) return {};
        begin(left);
        left = left.subspan(kHeader + kRecord);
    }
    const size_t whole = left.size() / kRecord * kRecord;
    const size_t at = out_.size();
    append(out_, left.first(whole));
    for (size_t offset = at; offset < out_.size(); offset += kRecord) {
        auto seq = read_pod<uint64_t>(out_, offset + offsetof(mpulab_record, seq));
        seq += records_ - 1; // its RUN_STARTED is the prefix's
        std::memcpy(out_.data() + offset + offsetof(mpulab_record, seq), &seq, sizeof seq);
    }
    const Bytes rest(left.begin() + static_cast<std::ptrdiff_t>(whole), left.end());
    waiting_ = rest;
    return out_;
}

} // namespace mpulab
