// SPDX-License-Identifier: MIT
// The link's bytes, in whatever pieces they come, into records; refuses what the contract does not allow.
#pragma once

#include "common/bytes.hpp"
#include "link/mpulab_link.h"

#include <functional>
#include <optional>

namespace mpulab {

class RecordReader {
  public:
    using Sink = std::function<void(const mpulab_record&)>;

    /// `sink` gets each record, in order, after it was checked.
    explicit RecordReader(Sink sink) : sink_(std::move(sink)) {}

    /// Takes the next bytes of the stream. Throws Error on a foreign header, a version or record kind it does not know,
    /// a gap in the sequence, time running backwards, or a record after RUN_ENDED; after that it must not be fed again.
    void feed(ByteView bytes);

    /// The stream is over. Throws Error when it stops inside a record or before RUN_ENDED.
    void finish() const;

    bool header_seen() const { return header_seen_; }
    bool ended() const { return ended_; }
    uint64_t records() const { return records_; }
    const std::optional<mpulab_record>& last() const { return last_; }

  private:
    void header(const uint8_t* bytes);
    void record(const mpulab_record& record);

    Sink sink_;
    uint8_t partial_[sizeof(mpulab_record)] = {};
    size_t partial_size_ = 0;
    bool header_seen_ = false;
    bool ended_ = false;
    uint64_t records_ = 0;
    std::optional<mpulab_record> last_;
};

} // namespace mpulab
