// SPDX-License-Identifier: MIT
// The writing end of the link: gives each record its sequence number, encodes it and hands whole batches on. Knows no
// socket; what takes the batches (QEMU's glue, a test) may block as long as it likes, and then everything waits.
#pragma once

#include "mpulab_link.h"

#include <cstddef>
#include <cstdint>
#include <memory>

namespace mpulab {

class LinkWriter {
  public:
    // Takes all bytes or says that the link is gone. nullptr: there is none, records are only counted.
    using Sink = bool (*)(void* opaque, const void* bytes, size_t size);

    static constexpr size_t kBatchBytes = 64 * 1024; // a power of two of records; the header rides in the first batch

    LinkWriter(Sink sink, void* opaque);

    // Begins a stream: header, then sequence number 0. What the stream before left in the batch goes out first.
    void begin();
    // `record.seq` is ignored. Flushes when the batch is full. Time that would run backwards stands still.
    void put(const mpulab_record& record);
    // Hands on what there is; nothing to do is fine.
    void flush();

    uint64_t next_seq() const { return seq_; }
    bool broken() const { return broken_; } // the sink has failed once; from then on everything is thrown away

  private:
    Sink sink_;
    void* opaque_;
    std::unique_ptr<uint8_t[]> batch_; // kBatchBytes
    size_t used_ = 0;
    uint64_t seq_ = 0;
    uint64_t last_time_ns_ = 0;
    bool broken_ = false;
};

// A record as it stands on the wire and back: little-endian, the layout of mpulab_record.
void encode_record(const mpulab_record& record, uint8_t* into); // sizeof(mpulab_record) bytes
mpulab_record decode_record(const uint8_t (&from)[sizeof(mpulab_record)]);

} // namespace mpulab
