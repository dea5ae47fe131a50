// SPDX-License-Identifier: MIT
// The streams of dmus.sys: one object behind each open pin.
#pragma once

#include "card.hpp"

#include "../support/counted.hpp"

struct StreamParts {
    ULONG pin;
    Card& card;
    PSERVICEGROUP group;
    PAllocatorMXF allocator;
    PMASTERCLOCK clock;
};

/** What render and capture share: what NewStream handed over is kept with references of its own. */
class Stream : public Counted<IMXF> {
  public:
    explicit Stream(const StreamParts& parts);
    ~Stream() override;
    STDMETHODIMP_(NTSTATUS) QueryInterface(REFIID iid, PVOID* out) override {
        return answer<Stream, IMXF>(this, iid, IID_IMXF, out);
    }

  protected:
    static VOID NTAPI on_timer(PKDPC, PVOID context, PVOID, PVOID) { static_cast<Stream*>(context)->tick(); }
    virtual void tick() = 0;
    /** The timer stops, and its DPC has run. PASSIVE_LEVEL. */
    void quiet();
    LONGLONG now() const;

    StreamParts parts_;
    KSSTATE state_ = KSSTATE_STOP;
    KTIMER timer_;
    KDPC dpc_;
    KSPIN_LOCK lock_;
};

/** NULL: no memory. */
Stream* new_render_stream(const StreamParts& parts);
Stream* new_capture_stream(const StreamParts& parts);
