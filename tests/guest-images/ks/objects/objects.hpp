// SPDX-License-Identifier: MIT
// objects.sys: a driver that lives on ks.sys alone, without PortCls: its control device has a device header, what is
// opened on it object headers. objects_test.py reads "case NAME" and "FAILED" lines.
#pragma once

#define CHECKS_OF "objects"
#include "../../support/checks.hpp"
#include "../../support/open_file.hpp"
#include "../../support/other_thread.hpp"

#include <initializer_list>

/// IOCTLs of an opened object, beside those of KS: what KsHandleSizedListQuery answers for three numbers; a request
/// that stays in a cancelable queue; a method.
inline constexpr ULONG kListIoctl = CTL_CODE(FILE_DEVICE_UNKNOWN, 0x800, METHOD_BUFFERED, FILE_ANY_ACCESS);
inline constexpr ULONG kQueueIoctl = CTL_CODE(FILE_DEVICE_UNKNOWN, 0x801, METHOD_BUFFERED, FILE_ANY_ACCESS);
inline constexpr ULONG kMethodIoctl = CTL_CODE(FILE_DEVICE_UNKNOWN, 0x802, METHOD_NEITHER, FILE_ANY_ACCESS);
inline constexpr ULONG kListed[] = {3, 1, 4};

extern PDRIVER_OBJECT g_driver;
extern PDEVICE_OBJECT g_device;
extern KSDEVICE_HEADER g_header;
extern const GUID kNobodys;

/// What is behind an opened file; its header comes first (KsDispatchIrp wants it behind FsContext).
struct Opened {
    KSOBJECT_HEADER header;
    KSOBJECT_CREATE_ITEM items[1]; // children by the name "given"
};

/// The Create routine of every item: an Opened is put behind the file.
NTSTATUS NTAPI create(PDEVICE_OBJECT, PIRP irp);
/// DeviceIoControl of the dispatch table (answers.cpp).
NTSTATUS NTAPI control(PDEVICE_OBJECT, PIRP irp);
/// Its requests that are kept (queue.cpp).
NTSTATUS keep_request(PIRP irp);

/// Its property sets beside that of pins (properties.cpp).
inline constexpr ULONG kMoreSets = 2;
const KSPROPERTY_SET* more_properties();
/// Its methods (methods.cpp).
NTSTATUS handle_method(PIRP irp);
/// Its events, enabled and disabled; those of a file that is closed (events.cpp).
NTSTATUS handle_event(PIRP irp, bool enable);
void free_events(PFILE_OBJECT file);

/// A file on the control device, or below another object.
class Object : public OpenFile {
  public:
    NTSTATUS open(PCWSTR name, ACCESS_MASK access = GENERIC_READ);
    NTSTATUS open(const Object& parent, PCWSTR name, ACCESS_MASK access = GENERIC_READ) {
        return OpenFile::open(name, access, parent.handle);
    }
    Opened& opened() const { return *static_cast<Opened*>(file->FsContext); }
};

void device_objects(), given_items(), added_items(), items_by_context(), items_in_use(); // create_items.cpp
void lists(), intersections(), wrong_requests();                                         // answers.cpp
void topology_answers(), extended_intersections();                                       // properties.cpp
void methods();                                                                          // methods.cpp
void refused_pins(), refused_dispatches();                                               // refusals.cpp
void one_shot_events(), discarded_events();                                              // events.cpp
void queued_requests(), chained_cancel(), acquired_requests();                           // queue.cpp
