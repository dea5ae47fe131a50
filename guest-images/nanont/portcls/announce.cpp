// SPDX-License-Identifier: MIT
#include "announce.hpp"

#include "module/trace.hpp"

namespace portcls {
namespace {

constexpr ULONG kMaxNameBytes = 768;
constexpr ULONG kMaxRangeBytes = 256; // as mpulab_link_kinds.def says

LONG g_count; // subdevices so far, of all adapters

/** Both halves of a GUID as it lies in memory. */
struct Halves {
    ULONGLONG first, second;
    explicit Halves(const GUID& guid) {
        static_assert(sizeof(GUID) == 2 * sizeof(ULONGLONG));
        RtlCopyMemory(this, &guid, sizeof(GUID));
    }
};

/** NAME records, in UTF-8; a lone surrogate becomes U+FFFD. */
void emit_name(const UNICODE_STRING& name) {
    UCHAR out[kMaxNameBytes];
    ULONG length = 0;
    const ULONG units = name.Length / sizeof(WCHAR);
    for (ULONG i = 0; i < units && length + 4 <= sizeof(out); ++i) {
        ULONG c = name.Buffer[i];
        const bool high = c >= 0xd800 && c < 0xdc00;
        if (high && i + 1 < units && name.Buffer[i + 1] >= 0xdc00 && name.Buffer[i + 1] < 0xe000)
            c = 0x10000 + ((c - 0xd800) << 10) + (name.Buffer[++i] - 0xdc00u);
        else if (c >= 0xd800 && c < 0xe000)
            c = 0xfffd;
        const ULONG more = c < 0x80 ? 0 : c < 0x800 ? 1 : c < 0x10000 ? 2 : 3; // bytes behind the first
        static constexpr UCHAR kLead[] = {0x00, 0xc0, 0xe0, 0xf0};
        out[length++] = static_cast<UCHAR>(kLead[more] | c >> (6 * more));
        for (ULONG k = more; k-- > 0;)
            out[length++] = static_cast<UCHAR>(0x80 | (c >> (6 * k) & 0x3f));
    }
    trace::bytes(MPULAB_KIND_NAME, 0, out, length);
}

} // namespace

void announce(Subdevice& subdevice) {
    subdevice.number = static_cast<ULONG>(InterlockedIncrement(&g_count));
    const Halves port(subdevice.port->port_class());
    trace::record(MPULAB_KIND_SUBDEVICE, 0, subdevice.number, port.first, port.second);
    emit_name(subdevice.name);

    for (ULONG i = 0; i < subdevice.link_count; ++i) {
        const Halves category(subdevice.categories[i]);
        trace::record(MPULAB_KIND_CATEGORY, 0, subdevice.number, category.first, category.second);
        emit_name(subdevice.links[i]);
    }

    const Description& description = subdevice.port->description();
    for (ULONG id = 0; id < description.pin_count(); ++id) {
        const PCPIN_DESCRIPTOR& pin = description.pin(id);
        const KSPIN_DESCRIPTOR& ks = pin.KsPinDescriptor;
        trace::record(MPULAB_KIND_PIN, 0, static_cast<ULONGLONG>(subdevice.number) << 32 | id,
                      static_cast<ULONGLONG>(ks.DataRangesCount) << 32 | (ks.Communication & 0xff) << 8 |
                          (ks.DataFlow & 0xff),
                      static_cast<ULONGLONG>(pin.MaxFilterInstanceCount) << 32 | pin.MaxGlobalInstanceCount);
        for (ULONG i = 0; i < ks.DataRangesCount; ++i) {
            const ULONG size = ks.DataRanges[i]->FormatSize;
            trace::bytes(MPULAB_KIND_RANGE, 0, ks.DataRanges[i], size < kMaxRangeBytes ? size : kMaxRangeBytes);
        }
    }
}

void announce_gone(const Subdevice& subdevice) {
    trace::record(MPULAB_KIND_SUBDEVICE_GONE, 0, subdevice.number);
}

} // namespace portcls
