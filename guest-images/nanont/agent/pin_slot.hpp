// SPDX-License-Identifier: MIT
// A handle the score holds, and the stream I/O that is in flight on it.
#pragma once

#include "score_check.hpp"

#include "module/pool.hpp"
#include "module/trace.hpp"

namespace agent {

/** One request: its status block belongs to the I/O manager while `active`. */
struct Request {
    IO_STATUS_BLOCK io;
    KSSTREAM_HEADER header;
    bool active;
    ULONGLONG order; // of sending, within the slot
    ULONGLONG step;  // correlation id
    bool may_fail;
    PUCHAR buffer; // of a read: ours

    /** Looks whether the I/O manager has let it go. */
    bool is_done() const { return *const_cast<const volatile NTSTATUS*>(&io.Status) != STATUS_PENDING; }
};

/** An IOCTL of the score. */
struct Control {
    IO_STATUS_BLOCK io;
    bool active;
    bool may_fail;
    bool pends;     // the step went on without it
    ULONGLONG step; // correlation id
    ULONG code;
    PUCHAR input; // the input, and in the same block behind it the output
    PUCHAR output;
    ULONG output_bytes;

    /** Looks whether the I/O manager has let it go. */
    bool is_done() const { return *const_cast<const volatile NTSTATUS*>(&io.Status) != STATUS_PENDING; }
};

struct Slot {
    HANDLE handle;
    bool is_pin;
    Control controls[MPULAB_SCORE_MAX_IOCTLS];
    Request writes[MPULAB_SCORE_MAX_PENDING];
    ULONGLONG sent;
    ULONG next_write; // ring: the oldest active one, if any, is behind it
    Request reads[MPULAB_SCORE_MAX_PENDING];
    ULONG read_count; // of READ_START; 0: not reading
    ULONG read_bytes;
    ULONGLONG read_step;
    ULONGLONG captured; // payload bytes since READ_START
    ULONG empty_reads;  // in a row
    NTSTATUS read_status;

    ULONG writes_active() const { return count(writes); }
    ULONG reads_active() const { return count(reads); }
    ULONG controls_active() const { return count(controls); }
    /** NULL: no read is in flight. */
    Request* oldest_read() {
        Request* oldest = nullptr;
        for (Request& read : reads)
            if (read.active && (!oldest || read.order < oldest->order)) oldest = &read;
        return oldest;
    }

  private:
    template <class Any, size_t kCount> static ULONG count(const Any (&requests)[kCount]) {
        ULONG active = 0;
        for (const Any& request : requests)
            active += request.active;
        return active;
    }
};

} // namespace agent
