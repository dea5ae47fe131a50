// SPDX-License-Identifier: MIT
// KsValidateConnectRequest: a pin's create name becomes a checked, aligned KSPIN_CONNECT with its format.
#include "pin_name.hpp"

#include "module/pool.hpp"

namespace {

/** An identifier the client asks for against what a pin offers; no list = the standard one. */
bool offered(const wire::Identifier& wanted, ULONG count, const KSIDENTIFIER* list, const wire::Guid& standard) {
    if (count == 0) return wanted.set == standard && wanted.id == 0;
    for (ULONG i = 0; i < count; ++i) {
        auto mine = wire::load<wire::Identifier>(&list[i]);
        if (mine.set == wanted.set && mine.id == wanted.id) return true;
    }
    return false;
}

} // namespace

/** Parses the create name of `irp` and checks pin, interface and medium against `descriptors`; the format's match with
 * the pin's ranges is the caller's. `*connect` is followed by its format and lives until the IRP completes.
 * STATUS_OBJECT_NAME_INVALID, STATUS_INVALID_PARAMETER (no such pin), STATUS_NO_MATCH. PASSIVE_LEVEL. */
KSDDKAPI NTSTATUS NTAPI KsValidateConnectRequest(PIRP irp, ULONG count, const KSPIN_DESCRIPTOR* descriptors,
                                                 PKSPIN_CONNECT* connect) {
    *connect = nullptr;
    const UNICODE_STRING& name = IoGetCurrentIrpStackLocation(irp)->FileObject->FileName;
    auto* bytes = reinterpret_cast<const uint8_t*>(name.Buffer);
    ks::PinName parsed = ks::parse_pin_name(bytes, name.Length);
    if (parsed.error != ks::PinNameError::None) {
        DbgPrint("ks.sys: pin create refused: its name of %u bytes is malformed (%u)\n", name.Length,
                 static_cast<ULONG>(parsed.error));
        return STATUS_OBJECT_NAME_INVALID;
    }
    if (parsed.connect.pin_id >= count) return STATUS_INVALID_PARAMETER;
    const KSPIN_DESCRIPTOR& pin = descriptors[parsed.connect.pin_id];
    if (!offered(parsed.connect.pin_interface, pin.InterfacesCount, pin.Interfaces, wire::kInterfaceStandard) ||
        !offered(parsed.connect.medium, pin.MediumsCount, pin.Mediums, wire::kMediumStandard))
        return STATUS_NO_MATCH;
    ULONG size = sizeof(KSPIN_CONNECT) + parsed.format_size;
    void* copy = allocate_zeroed(size, 'csKM');
    if (!copy) return STATUS_INSUFFICIENT_RESOURCES;
    RtlCopyMemory(copy, bytes + parsed.connect_offset, size);
    *connect = static_cast<PKSPIN_CONNECT>(copy);
    irp->Tail.Overlay.AuxiliaryBuffer = static_cast<PCHAR>(copy); // the I/O manager frees it with the IRP
    return STATUS_SUCCESS;
}
