// SPDX-License-Identifier: MIT
// PcNewPort: which port class is which object.
#include "new_port.hpp"

#include "port_midi.hpp"

namespace portcls {
namespace {

struct Refused {
    GUID id;
    const char* why;
};

// {CC9BE57A-EB9E-42B4-94FC-0CAD3DBCE7FA}: PortWaveRT
const Refused kRefused[] = {
    {{0xB4C90A2A, 0x5791, 0x11D0, {0x86, 0xF9, 0x00, 0xA0, 0xC9, 0x11, 0xB5, 0x44}},
     "PortWaveCyclic moves data by DMA, which is out of scope"},
    {{0xB4C90A54, 0x5791, 0x11D0, {0x86, 0xF9, 0x00, 0xA0, 0xC9, 0x11, 0xB5, 0x44}},
     "PortWavePci moves data by DMA, which is out of scope"},
    {{0xCC9BE57A, 0xEB9E, 0x42B4, {0x94, 0xFC, 0x0C, 0xAD, 0x3D, 0xBC, 0xE7, 0xFA}},
     "PortWaveRT moves data by DMA, which is out of scope"},
};

} // namespace

void tell_class(const char* function, REFCLSID id, const char* why) {
    DbgPrint("portcls.sys: %s: class {%08X-%04X-%04X-%02X%02X-%02X%02X%02X%02X%02X%02X} is not there: %s\n", function,
             id.Data1, id.Data2, id.Data3, id.Data4[0], id.Data4[1], id.Data4[2], id.Data4[3], id.Data4[4], id.Data4[5],
             id.Data4[6], id.Data4[7], why);
}

PPORT new_midi_port(REFCLSID port_class) {
    return new (kObjectTag) PortMidi(port_class);
}

} // namespace portcls

using namespace portcls;

/** One reference. STATUS_NOT_SUPPORTED: a class that is not there, named in the log with the reason. PASSIVE_LEVEL. */
PORTCLASSAPI NTSTATUS NTAPI PcNewPort(PPORT* out, REFCLSID id) {
    if (!out) return STATUS_INVALID_PARAMETER;
    *out = nullptr;
    if (IsEqualGUIDAligned(id, CLSID_PortMidi) || IsEqualGUIDAligned(id, CLSID_PortDMus)) {
        *out = new_midi_port(id);
    } else if (IsEqualGUIDAligned(id, CLSID_PortTopology)) {
        *out = new_topology_port(id);
    } else {
        const char* why = "PortMidi, PortDMus and PortTopology are";
        for (const Refused& it : kRefused)
            if (IsEqualGUIDAligned(id, it.id)) why = it.why;
        tell_class("PcNewPort", id, why);
        return STATUS_NOT_SUPPORTED;
    }
    return *out ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
}
