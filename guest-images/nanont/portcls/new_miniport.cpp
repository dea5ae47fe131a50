// SPDX-License-Identifier: MIT
// PcNewMiniport: the miniports of the system's own (Microsoft Learn: PcNewMiniport).
#include "new_port.hpp"
#include "uart_miniport.hpp"

using namespace portcls;

/** One reference. STATUS_NOT_SUPPORTED: a class that is not there, named in the log with the reason. PASSIVE_LEVEL. */
PORTCLASSAPI NTSTATUS NTAPI PcNewMiniport(PMINIPORT* out, REFCLSID id) {
    if (!out) return STATUS_INVALID_PARAMETER;
    *out = nullptr;
    if (IsEqualGUIDAligned(id, CLSID_MiniportDriverUart)) {
        *out = new_uart_midi();
    } else if (IsEqualGUIDAligned(id, CLSID_MiniportDriverDMusUART)) {
        *out = new_uart_dmus(UartFilter::Pins::RenderAndCapture);
    } else if (IsEqualGUIDAligned(id, CLSID_MiniportDriverDMusUARTCapture)) {
        *out = new_uart_dmus(UartFilter::Pins::CaptureOnly);
    } else {
        const bool fm = IsEqualGUIDAligned(id, CLSID_MiniportDriverFmSynth) ||
                        IsEqualGUIDAligned(id, CLSID_MiniportDriverFmSynthWithVol);
        tell_class("PcNewMiniport", id,
                   fm ? "64-bit Windows has no FM synthesizer miniport either" : "only the UART miniports are");
        return STATUS_NOT_SUPPORTED;
    }
    return *out ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
}
