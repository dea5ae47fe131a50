// SPDX-License-Identifier: MIT
// The I/O manager: drivers, devices, files, IRPs; and the PnP manager that finds the machine's devices.
#ifndef NANONT_IO_IO_HPP
#define NANONT_IO_IO_HPP

#include <plan.h>

#include "ldr/ldr.hpp"
#include "nt.hpp"
#include "ob/ob.hpp"
#include "pci_function.hpp"

namespace nanont::ke {
struct InterruptRequest;
}

namespace nanont::io {

/// A Driver object's body: what the driver sees, and what it does not.
struct Driver {
    DRIVER_OBJECT object;
    DRIVER_EXTENSION extension;
    LIST_ENTRY client_extensions; // IoAllocateDriverObjectExtension
    ldr::Module* module;
    bool entered;               // DriverEntry succeeded: only then is DriverUnload called
    LONG devices;               // device objects, deleted ones with open files too: its code may be called for them
    UNICODE_STRING service_key; // \Registry\Machine\…\Services\name; ServiceKeyName is its last part
};

struct DeviceNode;

/// DEVICE_OBJECT.DeviceObjectExtension, in which Windows keeps what is not the driver's either.
struct DeviceExtension {
    DEVOBJ_EXTENSION visible;
    PDEVICE_OBJECT attached_to; // next lower device of the stack
    DeviceNode* node;           // of a PDO
    DEVICE_POWER_STATE power;   // as PoSetPowerState was told last; unspecified = never
    bool deleted;
};
inline DeviceExtension& extension_of(PDEVICE_OBJECT device) {
    return *reinterpret_cast<DeviceExtension*>(device->DeviceObjectExtension);
}

/// A File object's body.
struct File {
    FILE_OBJECT object;
    bool opened; // its IRP_MJ_CREATE succeeded, so it gets CLEANUP and CLOSE
};

struct Interface {
    LIST_ENTRY link;
    GUID category;
    UNICODE_STRING name;      // \??\ACPI#PNPB006#0#{category}\reference
    UNICODE_STRING link_name; // the same without \reference: the symbolic link
    bool enabled;
    const void* enabled_from; // code of the driver under test that did it last; nullptr: not its
};

/// "State Transitions for PnP Devices" of the driver documentation.
enum class NodeState : UCHAR { Found, Added, Started, StopPending, Stopped, RemovePending, SurpriseRemoved, Removed };

/// A device: one of the machine's, as the bus driver found it, or one that boot.cfg asks for (root=), which has no
/// hardware.
struct DeviceNode {
    mpulab_machine_device machine; // of a root-enumerated device only `unit`, behind those of the machine's
    bool is_root;
    bool is_pci;
    bool is_wanted; // the driver under test is for it
    PciFunction pci;
    ResourceList raw, translated; // what it was started with; Count 0 = nothing
    PDEVICE_OBJECT pdo;
    WCHAR device_id[64];     // ACPI\PNPB006
    WCHAR instance_id[16];   // 0
    WCHAR instance[96];      // ACPI\PNPB006\0
    WCHAR hardware_ids[400]; // one after the other, each zero-terminated, an empty one at the end
    NodeState state;
    DeviceNode* resources_of; // the machine device it was started on last; itself, unless a score moved it
    ULONG dealt;              // resource_lists.def: what it is started with
    bool is_pulled_out;       // the hardware is not there
    bool has_lost_power;      // with the system's, and its driver had not put it to D3
    ULONG d_state;            // 0..3, as the bus was told last
    LIST_ENTRY interfaces;

    // What a worker has to do for it (device_work.cpp); under its lock.
    WORK_QUEUE_ITEM work;
    bool work_queued, wants_removal, wants_state, wants_relations;
};

// interrupt_ex.cpp

/// V40: the driver under test connects to a vector; the raw resource's is not the interrupt's. PASSIVE_LEVEL.
void judge_vector(const ke::InterruptRequest& request);

// driver.cpp

/// A DRIVER_OBJECT for a module; its DriverEntry has not run yet. `service`: name of its key under Services and of its
/// object; makes the key what an INF's AddService would have made it, as far as registry.reg did not. PASSIVE_LEVEL.
NTSTATUS create_driver(const char* service, ldr::Module* module, Driver*& driver);
/// Calls DriverEntry; reports it when the driver is the one under test.
NTSTATUS call_driver_entry(Driver& driver);
/// Calls DriverUnload, if there is one, and gives the driver's memory back.
void unload_driver(Driver& driver);
/// The driver under test goes: V20 for each thing that it has left behind. PASSIVE_LEVEL.
void tell_what_is_left();
inline Driver& driver_of(PDRIVER_OBJECT object) {
    return *CONTAINING_RECORD(object, Driver, object);
}

// irp.cpp

/// Sends an IRP the I/O manager made and waits for it; the IRP is gone afterwards. PASSIVE_LEVEL.
struct Outcome {
    NTSTATUS status;
    ULONG_PTR information;
};
Outcome send_and_wait(PDEVICE_OBJECT device, PIRP irp);
/// The same with a bound, 100 ns. False: it has not come back; IRP and `outcome` must stay, for it may yet.
struct BoundedWait {
    KEVENT event;
    IO_STATUS_BLOCK status;
};
bool send_and_wait(PDEVICE_OBJECT device, PIRP irp, LONGLONG limit, BoundedWait& wait);
/// An IRP whose completion writes an IO_STATUS_BLOCK, signals an event, and frees it. `room`: bytes of the UserBuffer
/// that it will get.
PIRP allocate_counted_irp(PDEVICE_OBJECT device, ULONG room);
/// Its event is an object that was referenced for it (or nullptr): dereferenced when it is done.
void set_event_object(PIRP irp, PKEVENT event);
/// What is done for such an IRP when the last driver is through with it.
void finish_irp(PIRP irp);
ULONGLONG irp_number(PIRP irp);
void init_irps();
/// Cancels what `matches` says yes to among the IRPs that are on their way. Returns how many.
ULONG cancel_irps(bool (*matches)(PIRP irp, void* context), void* context);

// file.cpp

void clean_up_file(PFILE_OBJECT file);
void close_file(PFILE_OBJECT file);

// interface.cpp

void disable_interfaces(DeviceNode& node);
void forget_interfaces(DeviceNode& node);

/// Calls `action` for an interface that is registered under `name`, the interfaces' mutex held. False: there is none.
bool with_interface(const UNICODE_STRING& name, void (*action)(DeviceNode& node, Interface& item, void* context),
                    void* context);

/// The name of the interface of `category` that has the device and the reference string of `item`, in pool. With the
/// interfaces' mutex held. STATUS_OBJECT_NAME_NOT_FOUND, STATUS_INSUFFICIENT_RESOURCES.
NTSTATUS copy_alias(DeviceNode& node, const Interface& item, const GUID& category, UNICODE_STRING& out);

// interface_keys.cpp: its place in the registry
void publish(const DeviceNode& node, const Interface& item);

// node.cpp: a device's place in the registry

/// Its keys under Enum and Control\Class, filled with what an installation would have written, as far as registry.reg
/// did not.
void publish(const DeviceNode& node);
inline constexpr size_t kLongestKeyPath = 400;
/// \Registry\Machine\SYSTEM\CurrentControlSet\Enum\<instance> + `rest`.
void enum_path(const DeviceNode& node, const WCHAR* rest, WCHAR (&path)[kLongestKeyPath]);
/// Text in `out`: a value of its Enum key. False: it is not there, or no string.
bool enum_text(const DeviceNode& node, const WCHAR* value, WCHAR* out, size_t room);
/// Units of a list of zero-terminated texts, its last empty one included.
size_t multi_text_units(const WCHAR* texts);
/// An id matches whatever its case.
bool has_hardware_id(const DeviceNode& node, const char* id);

// bus.cpp, pnp.cpp

void init_bus();
/// Makes a PDO for every device of the plan's MACHINE section, for each function on a PCI bus that an id= of boot.cfg
/// names, and for each root= of boot.cfg. False: no memory, or a
/// machine nobody can describe.
bool enumerate_machine(ConstBytes settings);
DeviceNode* node_at(size_t index);
DeviceNode* node_of(PDEVICE_OBJECT pdo);
/// Gives or takes the power of what the node stands on; 0..3. PCI functions and machine devices; PASSIVE_LEVEL.
void set_hardware_power(DeviceNode& node, ULONG d_state);
/// AddDevice and START_DEVICE for every device found.
NTSTATUS start_devices(Driver& driver);

// pnp.cpp: for device_requests.cpp and device_work.cpp, which hold the lock. PASSIVE_LEVEL.

/// One PnP or power operation at a time, whoever asks for it.
class DeviceLock {
  public:
    DeviceLock();
    ~DeviceLock();
    DeviceLock(const DeviceLock&) = delete;
    DeviceLock& operator=(const DeviceLock&) = delete;
};
/// A PnP request without parameters to the top of the device's stack.
NTSTATUS send_pnp(DeviceNode& node, UCHAR minor);
NTSTATUS add_device(DeviceNode& node);
/// With the resources of `node.resources_of`.
NTSTATUS start_device(DeviceNode& node);
/// IRP_MN_SURPRISE_REMOVAL, and IRP_MN_REMOVE_DEVICE now or when the last handle is closed.
void take_away(DeviceNode& node);
/// IRP_MN_REMOVE_DEVICE, interfaces forgotten, the driver unloaded when it has no device left.
NTSTATUS finish_removal(DeviceNode& node);
/// The node at the bottom of the stack that `device` is in; nullptr: in none.
DeviceNode* node_below(PDEVICE_OBJECT device);
/// Open files keep a device from being removed.
bool has_open_files(const DeviceNode& node);
/// Stopped and started again with what it has, if its drivers let it: device_requests.cpp.
void restart_device(DeviceNode& node);
/// IRP_MN_QUERY_PNP_DEVICE_STATE; a device that has failed or is gone by its own account is taken away.
/// One whose resource requirements have changed is started again, unless it has just been started.
void look_at_state(DeviceNode& node, bool may_restart = true);
/// IRP_MN_QUERY_DEVICE_RELATIONS for BusRelations; what children it names is told and let go.
void look_at_relations(DeviceNode& node);

/// Unloads the driver under test when it has no device object left.
void unload_if_unused();
/// The object manager frees a device object. IRQL <= DISPATCH_LEVEL.
void device_is_freed(PDEVICE_OBJECT device);

// device_work.cpp

/// Has a worker look at the device: any IRQL up to DISPATCH_LEVEL.
enum class DeviceWork { Removal, State, Relations };
void queue_device_work(DeviceNode& node, DeviceWork what);
/// The driver of a device object that has just gone may be without any now: a worker looks whether it can be unloaded.
void queue_unload_check();
/// A file on `device` was closed: a device that waits for that to be removed is. Any thread, PASSIVE_LEVEL.
void file_was_closed(PDEVICE_OBJECT device);

// power.cpp

/// A power request to the top of the device's stack; one that is not completed within two minutes stops the machine
/// with DRIVER_POWER_STATE_FAILURE (sub-code 3), as in Windows. PASSIVE_LEVEL.
NTSTATUS send_power(DeviceNode& node, UCHAR minor, POWER_STATE_TYPE type, POWER_STATE state);

// kernel_main.cpp

/// Maps and binds the driver under test again after it was unloaded; DriverEntry has not run yet. What is wrong with it
/// ends the run. PASSIVE_LEVEL.
Driver& reload_driver_under_test();

// pci_bus.cpp

/// What a PCI bus answers beside other buses; STATUS_NOT_SUPPORTED = nothing, and the IRP is as it was.
NTSTATUS answer_pci(DeviceNode& node, PIRP irp);
/// Names a function's node by its ids ("Identifiers for PCI devices"). `node.pci` has been read.
void name_pci_device(DeviceNode& node);
/// Resources, and a vector for messages when the registry says that the package asks for them. False: no room.
bool prepare_pci_device(DeviceNode& node);

// work_item.cpp

void init_workers();

} // namespace nanont::io

#endif
