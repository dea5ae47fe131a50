// SPDX-License-Identifier: MIT
// IMasterClock of a DirectMusic stream: "a wrapper for the KS clock" that presentation times are to be evaluated with
// (Microsoft Learn: IMiniportDMus::NewStream, DMUS_KERNEL_EVENT). The pages say of presentation time that it stands
// still outside RUN, and of the clock that it is the reference time all share: which of the two is a choice.
#pragma once

#include "com.hpp"
#include "dmus.hpp"
#include "stream.hpp"
#include "time.hpp"

namespace portcls {

/** An object of its own, never an alias of the pin (reference §7.2): the driver may hold it longer than its stream
 * lives, and is told STATUS_INVALID_DEVICE_STATE then. */
class MasterClock final : public ComObject<IMasterClock> {
  public:
    explicit MasterClock(StreamHost& host)
        : host_(&host), counts_since_boot_(trace::choose(NANONT_CHOICE_DMUS_CLOCK) == 1) {}

    /** Any IRQL. */
    STDMETHODIMP_(NTSTATUS) GetTime(REFERENCE_TIME* time) override {
        if (!time) return STATUS_INVALID_PARAMETER;
        StreamHost* host = host_;
        if (!host) return STATUS_INVALID_DEVICE_STATE;
        *time = counts_since_boot_ ? now_100ns() : host->stream_time();
        return STATUS_SUCCESS;
    }

    /** Stream time on this clock, and back. */
    int64_t from_stream(int64_t time) const { return time + offset(); }
    int64_t to_stream(int64_t time) const { return time - offset(); }

    void detach() { host_ = nullptr; }

  private:
    int64_t offset() const {
        StreamHost* host = host_;
        return counts_since_boot_ && host ? now_100ns() - host->stream_time() : 0;
    }

    StreamHost* volatile host_;
    const bool counts_since_boot_;
};

} // namespace portcls
