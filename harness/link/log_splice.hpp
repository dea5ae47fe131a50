// SPDX-License-Identifier: MIT
// What a restored machine says, as a fresh one would have said it: the records before the snapshot, which it does not
// make again, go first, unless they are in the log already, and its own are numbered on from there.
#pragma once

#include "common/bytes.hpp"

namespace mpulab {

class LogSplice {
  public:
    /// `prefix`: header and records of the run that the snapshot was taken in, up to the snapshot; at least one record.
    explicit LogSplice(Bytes prefix);
    /// Of a machine that was put back to where its own log has come to: `records` of them are there already.
    explicit LogSplice(uint64_t records) : records_(records) {}

    /// The next bytes of the restored run's link, as bytes of its event log. What is returned is valid until the next
    /// call. Throws Error when the link does not begin as a new run does.
    ByteView feed(ByteView bytes);

  private:
    void begin(ByteView first);

    Bytes prefix_;
    uint64_t records_ = 0; // before the snapshot
    Bytes waiting_;        // not yet a whole record
    Bytes out_;
    bool begun_ = false;
};

} // namespace mpulab
