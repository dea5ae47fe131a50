// SPDX-License-Identifier: MIT
// What an object answers by KS' own helpers: lists, data intersections; and requests that are wrong.
#include "objects.hpp"

namespace {

const KSPIN_DESCRIPTOR g_pins[2]{};
const GUID kPinSet = {STATIC_KSPROPSETID_Pin};

/// What the intersection handler was shown.
struct Shown {
    ULONG ranges;
    ULONG last_size;
} g_shown;

/// Sizes with a meaning: 72 is taken, 80 is refused for good, anything else is passed over.
NTSTATUS NTAPI intersect(PIRP irp, PKSP_PIN, PKSDATARANGE range, PVOID data) {
    ++g_shown.ranges;
    g_shown.last_size = range->FormatSize;
    if (range->FormatSize == 80) return STATUS_DEVICE_BUSY;
    if (range->FormatSize != 72) return STATUS_NO_MATCH;
    if (IoGetCurrentIrpStackLocation(irp)->Parameters.DeviceIoControl.OutputBufferLength == 0) {
        irp->IoStatus.Information = sizeof(KSDATAFORMAT);
        return STATUS_BUFFER_OVERFLOW;
    }
    auto* format = static_cast<PKSDATAFORMAT>(data);
    *format = *range;
    format->FormatSize = sizeof(KSDATAFORMAT);
    irp->IoStatus.Information = sizeof(KSDATAFORMAT);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI intersection(PIRP irp, PKSIDENTIFIER request, PVOID data) {
    return KsPinDataIntersection(irp, reinterpret_cast<PKSP_PIN>(request), data, 2, g_pins, intersect);
}

NTSTATUS property(PIRP irp) {
    static KSPROPERTY_ITEM item[1];
    item[0].PropertyId = KSPROPERTY_PIN_DATAINTERSECTION;
    item[0].GetPropertyHandler = intersection;
    item[0].MinProperty = sizeof(KSPROPERTY);
    static KSPROPERTY_SET sets[1 + kMoreSets];
    sets[0].Set = &kPinSet;
    sets[0].PropertiesCount = 1;
    sets[0].PropertyItem = item;
    for (ULONG i = 0; i < kMoreSets; ++i)
        sets[1 + i] = more_properties()[i];
    return KsPropertyHandler(irp, 1 + kMoreSets, sets);
}

/// A question with up to three ranges of the given sizes.
struct Question {
    KSP_PIN pin;
    KSMULTIPLE_ITEM list;
    UCHAR ranges[3 * 80];

    explicit Question(ULONG a = 0, ULONG b = 0, ULONG c = 0) {
        RtlZeroMemory(this, sizeof *this);
        pin.Property.Set = kPinSet;
        pin.Property.Id = KSPROPERTY_PIN_DATAINTERSECTION;
        pin.Property.Flags = KSPROPERTY_TYPE_GET;
        list.Size = sizeof list;
        UCHAR* at = ranges;
        for (ULONG size : {a, b, c}) {
            if (size == 0) break;
            reinterpret_cast<PKSDATARANGE>(at)->FormatSize = size;
            at += size; // all are multiples of 8
            ++list.Count;
            list.Size += size;
        }
        g_shown = {};
    }
    ULONG bytes() const { return sizeof(KSP_PIN) + list.Size; }
};

} // namespace

NTSTATUS NTAPI control(PDEVICE_OBJECT device, PIRP irp) {
    NTSTATUS status;
    switch (IoGetCurrentIrpStackLocation(irp)->Parameters.DeviceIoControl.IoControlCode) {
    case kListIoctl:
        status = KsHandleSizedListQuery(irp, 3, sizeof(ULONG), kListed);
        break;
    case kQueueIoctl:
        return keep_request(irp);
    case kMethodIoctl:
        status = handle_method(irp);
        break;
    case IOCTL_KS_PROPERTY:
        status = property(irp);
        break;
    case IOCTL_KS_ENABLE_EVENT:
    case IOCTL_KS_DISABLE_EVENT:
        status = handle_event(irp, IoGetCurrentIrpStackLocation(irp)->Parameters.DeviceIoControl.IoControlCode ==
                                       IOCTL_KS_ENABLE_EVENT);
        break;
    default:
        return KsDefaultDeviceIoCompletion(device, irp);
    }
    irp->IoStatus.Status = status;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return status;
}

void lists() {
    Object root;
    CHECK_EQUAL(root.open(L"root"), STATUS_SUCCESS);
    struct {
        KSMULTIPLE_ITEM head;
        ULONG numbers[3];
    } list{};
    constexpr ULONG kSize = sizeof(KSMULTIPLE_ITEM) + sizeof kListed;
    CHECK_EQUAL(root.send(kListIoctl, nullptr, 0, &list, kSize), STATUS_SUCCESS);
    CHECK_EQUAL(root.returned, kSize);
    CHECK_EQUAL(list.head.Size, kSize);
    CHECK_EQUAL(list.head.Count, 3);
    for (ULONG i = 0; i < 3; ++i)
        CHECK_EQUAL(list.numbers[i], kListed[i]);
    CHECK_REFUSES(KsHandleSizedListQuery, root.send(kListIoctl, nullptr, 0, nullptr, 0), STATUS_BUFFER_OVERFLOW);
    CHECK_EQUAL(root.returned, kSize); // with the size to ask with
    ULONG size = 0;
    CHECK_EQUAL(root.send(kListIoctl, nullptr, 0, &size, sizeof size), STATUS_SUCCESS);
    CHECK_EQUAL(size, kSize);
    CHECK_EQUAL(root.returned, sizeof size);
    CHECK_REFUSES(KsHandleSizedListQuery, root.send(kListIoctl, nullptr, 0, &list, kSize - 1), STATUS_BUFFER_TOO_SMALL);
}

void intersections() {
    Object root;
    CHECK_EQUAL(root.open(L"root"), STATUS_SUCCESS);
    KSDATAFORMAT format{};
    {
        const Question asked(64, 72, 80);
        CHECK_EQUAL(root.send(IOCTL_KS_PROPERTY, &asked, asked.bytes(), &format, sizeof format), STATUS_SUCCESS);
        CHECK_EQUAL(g_shown.ranges, 2); // in the client's order, until one is taken
        CHECK_EQUAL(root.returned, sizeof format);
        CHECK_EQUAL(format.FormatSize, sizeof format);
        CHECK_EQUAL(root.send(IOCTL_KS_PROPERTY, &asked, asked.bytes(), nullptr, 0), STATUS_BUFFER_OVERFLOW);
        CHECK_EQUAL(root.returned, sizeof format);
    }
    {
        const Question asked(64, 64);
        CHECK_REFUSES(KsPinDataIntersection,
                      root.send(IOCTL_KS_PROPERTY, &asked, asked.bytes(), &format, sizeof format), STATUS_NO_MATCH);
        CHECK_EQUAL(g_shown.ranges, 2);
    }
    {
        const Question asked(80, 72); // an error ends it
        CHECK_EQUAL(root.send(IOCTL_KS_PROPERTY, &asked, asked.bytes(), &format, sizeof format), STATUS_DEVICE_BUSY);
        CHECK_EQUAL(g_shown.ranges, 1);
    }
    {
        Question asked(72);
        asked.pin.PinId = 2;
        CHECK_REFUSES(KsPinDataIntersection,
                      root.send(IOCTL_KS_PROPERTY, &asked, asked.bytes(), &format, sizeof format),
                      STATUS_INVALID_PARAMETER);
        asked.pin.PinId = 1;
        CHECK_REFUSES(KsPinDataIntersection,
                      root.send(IOCTL_KS_PROPERTY, &asked, sizeof(KSP_PIN), &format, sizeof format),
                      STATUS_INVALID_BUFFER_SIZE);
        asked.list.Count = 2; // more than there are
        CHECK_REFUSES(KsPinDataIntersection,
                      root.send(IOCTL_KS_PROPERTY, &asked, asked.bytes() - 72 + 64, &format, sizeof format),
                      STATUS_INVALID_PARAMETER);
        CHECK_EQUAL(g_shown.ranges, 0);
    }
    {
        Question asked(64, 64);
        reinterpret_cast<PKSDATARANGE>(asked.ranges)->FormatSize = 8; // no range is as small
        CHECK_REFUSES(KsPinDataIntersection,
                      root.send(IOCTL_KS_PROPERTY, &asked, asked.bytes(), &format, sizeof format),
                      STATUS_INVALID_PARAMETER);
        CHECK_EQUAL(g_shown.ranges, 0);
    }
}

void wrong_requests() {
    Object root;
    CHECK_EQUAL(root.open(L"root"), STATUS_SUCCESS);
    ULONG value = 0;
    constexpr ULONG kNobodysIoctl = CTL_CODE(FILE_DEVICE_UNKNOWN, 0x8ff, METHOD_BUFFERED, FILE_ANY_ACCESS);
    CHECK_REFUSES(KsDefaultDeviceIoCompletion, root.send(kNobodysIoctl, nullptr, 0, nullptr, 0),
                  STATUS_INVALID_DEVICE_REQUEST);
    CHECK_EQUAL(KsSynchronousIoControlDevice(root.file, KernelMode, kNobodysIoctl, nullptr, 0, nullptr, 0, &value),
                STATUS_INVALID_DEVICE_REQUEST);
    CHECK_EQUAL(root.returned, 0);
    KSPROPERTY nobodys{{{kNobodys, 0, KSPROPERTY_TYPE_GET}}};
    CHECK_EQUAL(root.send(IOCTL_KS_PROPERTY, &nobodys, sizeof nobodys, &value, sizeof value), STATUS_PROPSET_NOT_FOUND);
    CHECK_REFUSES(KsDefaultDeviceIoCompletion,
                  root.send(IOCTL_KS_METHOD, &nobodys, sizeof nobodys, &value, sizeof value), STATUS_PROPSET_NOT_FOUND);
    CHECK_EQUAL(root.send(IOCTL_KS_PROPERTY, nullptr, 0, &value, sizeof value), STATUS_INVALID_BUFFER_SIZE);
    CHECK_EQUAL(root.send(IOCTL_KS_PROPERTY, &nobodys, sizeof nobodys, &value, sizeof value, UserMode),
                STATUS_NOT_SUPPORTED); // nanont's clients are the kernel's
}
