// SPDX-License-Identifier: MIT
// automation.sys: a miniport whose filter, pins and nodes have automation tables, and a kernel-mode client of it in the
// same image: an IOCTL to its control device runs all cases. automation_test.py reads "case NAME" and "FAILED" lines.
#pragma once

#define CHECKS_OF "automation"
#include "../../support/checks.hpp"
#include "../../support/open_file.hpp"
#include "../../support/other_thread.hpp"

/// The miniport's pins and nodes.
enum Pin : ULONG { kRender, kBridge, kNamedTwice, kNameless, kPins };
enum Node : ULONG { kNamedNode, kTypedNode, kNodes };

/// Sets of properties, methods and events that the tables have; kNobodys is in none.
extern const GUID kSet, kOther, kNobodys;
enum Event : ULONG { kPlain, kRefused, kNotListed };
enum Property : ULONG { kPended, kCounted };

/// What the miniport's handlers were asked.
struct Asked {
    LONG adds, removes, supports, methods;
    ULONG node;      // of the last event request
    bool has_stream; // MinorTarget of it
    bool has_irp;
    ULONG properties; // requests for kCounted
    ULONG property_node;
};
extern Asked g_asked;
extern PPORTEVENTS g_events;
/// The request for kPended that nobody has completed.
extern PPCPROPERTY_REQUEST g_pended;
extern PDEVICE_OBJECT g_pdo;

/// What IPinCount was asked last, and what it says instead where that is not kAsItIs.
struct PinCounts {
    ULONG pin, necessary, current, possible, global_current, global_possible;
};
constexpr ULONG kAsItIs = 0xfffffff0;
extern PinCounts g_counted, g_counts;
/// What IPinName calls kNameless; nullptr: it leaves the name to the registry.
extern const WCHAR* g_pin_name;

/// A filter or a stream of the miniport's.
class Object : public OpenFile {
  public:
    NTSTATUS open_filter();
    /// A stream of kRender.
    NTSTATUS open_pin(const Object& filter);
};

/// An event object by handle, as a client has it.
class Signal {
  public:
    Signal();
    ~Signal() { ZwClose(handle); }
    Signal(const Signal&) = delete;
    Signal& operator=(const Signal&) = delete;

    /// Set since it was last asked; waits a moment for it.
    bool take(LONGLONG milliseconds = 0);

    HANDLE handle = nullptr;
};

NTSTATUS get_pin(Object& object, ULONG property, ULONG pin, void* out, ULONG room, ULONG in_size = sizeof(KSP_PIN));
NTSTATUS get_topology(Object& object, ULONG property, ULONG node, void* out, ULONG room,
                      ULONG in_size = sizeof(KSP_NODE));

void pin_names(), node_names(), names_of_the_miniport();                   // names.cpp
void pin_counts(), counts_of_the_miniport();                               // counts.cpp
void node_properties(), pending_properties(), property_sets(), methods();  // properties.cpp
void pin_events(), node_events(), filter_events(), wrong_event_requests(); // events.cpp
void one_shot_events(), closing_handles(), support_queries();
void kernel_notifications(), generating_above_dispatch_level(); // notifications.cpp
