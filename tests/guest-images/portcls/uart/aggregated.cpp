// SPDX-License-Identifier: MIT
// The streams of the system's UART miniports as parts of one of the adapter's objects: NewStream's OuterUnknown.
#include "module/ddk.hpp"

#include <dmusicks.h>

#define CHECKS_OF "uart"
#include "../support/aggregate.hpp"

namespace {

// mingw-w64's portcls.h declares no name for it
constexpr GUID kMxf = {0xc096df9e, 0xfb09, 0x11d1, {0x81, 0xb0, 0x00, 0x60, 0x08, 0x33, 0x16, 0xc1}};

/** What the port gives a DirectMusic stream, as far as a stream that is never run needs it. */
struct Allocator final : IAllocatorMXF {
    STDMETHODIMP_(NTSTATUS) QueryInterface(REFIID, PVOID*) override { return STATUS_INVALID_PARAMETER; }
    STDMETHODIMP_(ULONG) AddRef() override { return ++references; }
    STDMETHODIMP_(ULONG) Release() override { return --references; }
    STDMETHODIMP_(NTSTATUS) SetState(KSSTATE) override { return STATUS_SUCCESS; }
    STDMETHODIMP_(NTSTATUS) PutMessage(PDMUS_KERNEL_EVENT) override { return STATUS_SUCCESS; }
    STDMETHODIMP_(NTSTATUS) ConnectOutput(PMXF) override { return STATUS_SUCCESS; }
    STDMETHODIMP_(NTSTATUS) DisconnectOutput(PMXF) override { return STATUS_SUCCESS; }
    STDMETHODIMP_(NTSTATUS) GetMessage(PDMUS_KERNEL_EVENT*) override { return STATUS_NO_MEMORY; }
    STDMETHODIMP_(USHORT) GetBufferSize() override { return 0; }
    STDMETHODIMP_(NTSTATUS) GetBuffer(PBYTE*) override { return STATUS_NO_MEMORY; }
    STDMETHODIMP_(NTSTATUS) PutBuffer(PBYTE) override { return STATUS_SUCCESS; }
    ULONG references = 1;
};

struct Clock final : IMasterClock {
    STDMETHODIMP_(NTSTATUS) QueryInterface(REFIID, PVOID*) override { return STATUS_INVALID_PARAMETER; }
    STDMETHODIMP_(ULONG) AddRef() override { return ++references; }
    STDMETHODIMP_(ULONG) Release() override { return --references; }
    STDMETHODIMP_(NTSTATUS) GetTime(REFERENCE_TIME* time) override {
        *time = 0;
        return STATUS_SUCCESS;
    }
    ULONG references = 1;
};

void midi_stream(IMiniportMidi* miniport, ULONG pin, BOOLEAN capture) {
    PSERVICEGROUP group = nullptr;
    check_aggregated<IMiniportMidiStream>(
        capture ? "capture" : "render", IID_IMiniportMidiStream,
        [&](PUNKNOWN outer, IMiniportMidiStream** out) {
            return miniport->NewStream(out, outer, NonPagedPool, pin, capture, nullptr, &group);
        },
        [&](IMiniportMidiStream* face) {
            UCHAR byte = 0;
            ULONG count = 9;
            CHECK_EQUAL(face->SetState(KSSTATE_STOP), STATUS_SUCCESS);
            CHECK_EQUAL(face->Read(&byte, 1, &count), capture ? STATUS_SUCCESS : STATUS_INVALID_DEVICE_REQUEST);
            CHECK_EQUAL(count, 0);
        });
    CHECK((group != nullptr) == !!capture);
    if (group) group->Release();
}

void dmus_stream(IMiniportDMus* miniport, ULONG pin, bool capture) {
    Allocator allocator;
    Clock clock;
    PSERVICEGROUP group = nullptr;
    ULONGLONG ahead = 1;
    check_aggregated<IMXF>(
        capture ? "capture MXF" : "render MXF", kMxf,
        [&](PUNKNOWN outer, IMXF** out) {
            return miniport->NewStream(out, outer, NonPagedPool, pin,
                                       capture ? DMUS_STREAM_MIDI_CAPTURE : DMUS_STREAM_MIDI_RENDER, nullptr, &group,
                                       &allocator, &clock, &ahead);
        },
        [](IMXF* face) { CHECK_EQUAL(face->PutMessage(nullptr), STATUS_SUCCESS); });
    if (group) group->Release();
    CHECK_EQUAL(allocator.references, 1);
    CHECK_EQUAL(clock.references, 1);
}

/** A stream of the wrong pin is refused with an outer unknown as without. */
void wrong_pin(IMiniportMidi* miniport) {
    Outer outer(IID_IMiniportMidiStream);
    IMiniportMidiStream* none = reinterpret_cast<IMiniportMidiStream*>(&none);
    PSERVICEGROUP group = nullptr;
    CHECK_EQUAL(miniport->NewStream(&none, &outer, NonPagedPool, 99, FALSE, nullptr, &group),
                STATUS_INVALID_DEVICE_REQUEST);
    CHECK(none == nullptr);
    CHECK_EQUAL(outer.references, 1);
}

/** Made, used and released twice: the first gives back its direction. */
template <class Interface, class Try> void with(PMINIPORT miniport, REFIID iid, Try attempt) {
    Interface* found = nullptr;
    if (!NT_SUCCESS(miniport->QueryInterface(iid, reinterpret_cast<PVOID*>(&found)))) return;
    attempt(found);
    attempt(found);
    found->Release();
}

} // namespace

void aggregated(PMINIPORT miniport) {
    with<IMiniportMidi>(miniport, IID_IMiniportMidi, [](IMiniportMidi* it) {
        midi_stream(it, 0, FALSE);
        midi_stream(it, 2, TRUE);
        wrong_pin(it);
    });
    with<IMiniportDMus>(miniport, IID_IMiniportDMus, [&](IMiniportDMus* it) {
        PPCFILTER_DESCRIPTOR filter = nullptr;
        CHECK_EQUAL(miniport->GetDescription(&filter), STATUS_SUCCESS);
        const bool capture_only = filter->PinCount < 3;
        if (!capture_only) dmus_stream(it, 0, false);
        dmus_stream(it, capture_only ? 0 : 2, true);
    });
}
