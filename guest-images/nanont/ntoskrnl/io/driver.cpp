// SPDX-License-Identifier: MIT
// Driver objects: made before DriverEntry, gone after DriverUnload.
#include "cm/cm.hpp"
#include "dbg/report.hpp"
#include "etw/provider.hpp"
#include "io.hpp"
#include "ke/call_watch.hpp"
#include "ke/ke.hpp"
#include "mm/driver_blocks.hpp"
#include "vf/driver_call.hpp"
#include "vf/memory.hpp"
#include "vf/registered.hpp"
#include "vf/resolution.hpp"

namespace nanont::io {
namespace {

constexpr WCHAR kServices[] = L"\\Registry\\Machine\\System\\CurrentControlSet\\Services\\";
constexpr WCHAR kDriverFolder[] = L"\\Driver\\";

struct ClientExtension {
    LIST_ENTRY link;
    PVOID client;
    alignas(16) UCHAR bytes[1];
};

NTSTATUS NTAPI invalid_request(PDEVICE_OBJECT, PIRP irp) {
    irp->IoStatus.Status = STATUS_INVALID_DEVICE_REQUEST;
    irp->IoStatus.Information = 0;
    IofCompleteRequest(irp, IO_NO_INCREMENT);
    return STATUS_INVALID_DEVICE_REQUEST;
}

/// `prefix` + the service's name, in pool.
NTSTATUS make_name(const WCHAR* prefix, const char* service, UNICODE_STRING& name) {
    const size_t length = string_length(service);
    const size_t prefix_length = wcslen(prefix);
    auto* buffer = static_cast<PWSTR>(
        ExAllocatePoolWithTag(NonPagedPool, (prefix_length + length + 1) * sizeof(WCHAR), tag("IoNm")));
    if (buffer == nullptr) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    RtlCopyMemory(buffer, prefix, prefix_length * sizeof(WCHAR));
    for (size_t i = 0; i < length; ++i) {
        buffer[prefix_length + i] = static_cast<UCHAR>(service[i]);
    }
    buffer[prefix_length + length] = 0;
    RtlInitUnicodeString(&name, buffer);
    return STATUS_SUCCESS;
}

void free_driver(Driver& driver) {
    ob::remove_name(&driver);
    while (LIST_ENTRY* entry = List::pop_front(driver.client_extensions)) {
        ExFreePool(CONTAINING_RECORD(entry, ClientExtension, link));
    }
    if (driver.object.DriverName.Buffer != nullptr) {
        ExFreePool(driver.object.DriverName.Buffer);
    }
    if (driver.service_key.Buffer != nullptr) {
        ExFreePool(driver.service_key.Buffer);
    }
    ObfDereferenceObject(&driver);
}

const char* name_of(const Driver& driver) {
    return driver.module != nullptr ? driver.module->name : "";
}

bool is_under_test(const Driver& driver) {
    return driver.module != nullptr && driver.module->under_test;
}

/// What AddService of an INF leaves behind.
void publish_service(const Driver& driver) {
    cm::Guard guard;
    cm::Key* key = cm::make_path(driver.service_key.Buffer);
    if (key == nullptr) {
        return; // ZwOpenKey will say so
    }
    const ULONG kernel_driver = 1;
    const ULONG demand_start = 3;
    const ULONG normal_errors = 1;
    cm::set_default(*key, L"Type", REG_DWORD, &kernel_driver, sizeof(ULONG));
    cm::set_default(*key, L"Start", REG_DWORD, &demand_start, sizeof(ULONG));
    cm::set_default(*key, L"ErrorControl", REG_DWORD, &normal_errors, sizeof(ULONG));
    WCHAR path[128];
    const int length = _snwprintf(path, RTL_NUMBER_OF(path), L"\\SystemRoot\\System32\\drivers\\%hs", name_of(driver));
    if (length > 0 && driver.module != nullptr) {
        cm::set_default(*key, L"ImagePath", REG_EXPAND_SZ, path, (static_cast<size_t>(length) + 1) * sizeof(WCHAR));
    }
}

} // namespace

NTSTATUS create_driver(const char* service, ldr::Module* module, Driver*& result) {
    auto* driver = static_cast<Driver*>(ob::create(ob::Type::Driver, sizeof(Driver)));
    if (driver == nullptr) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    List::init(driver->client_extensions);
    driver->module = module;
    DRIVER_OBJECT& object = driver->object;
    object.Type = IO_TYPE_DRIVER;
    object.Size = sizeof(DRIVER_OBJECT);
    object.DriverExtension = &driver->extension;
    driver->extension.DriverObject = &object;
    if (module != nullptr) {
        object.DriverStart = reinterpret_cast<PVOID>(module->base);
        object.DriverSize = module->size;
        object.DriverInit = reinterpret_cast<PDRIVER_INITIALIZE>(module->entry);
    }
    for (auto& function : object.MajorFunction) {
        function = invalid_request;
    }
    NTSTATUS status = make_name(kDriverFolder, service, object.DriverName);
    if (NT_SUCCESS(status)) {
        status = make_name(kServices, service, driver->service_key);
    }
    if (NT_SUCCESS(status)) {
        status = ob::insert_name(driver, object.DriverName);
    }
    if (!NT_SUCCESS(status)) {
        free_driver(*driver);
        return status;
    }
    constexpr USHORT kSkipped = sizeof(kServices) - sizeof(WCHAR);
    driver->extension.ServiceKeyName = {static_cast<USHORT>(driver->service_key.Length - kSkipped),
                                        static_cast<USHORT>(driver->service_key.Length - kSkipped),
                                        driver->service_key.Buffer + kSkipped / sizeof(WCHAR)};
    publish_service(*driver);
    result = driver;
    return STATUS_SUCCESS;
}

NTSTATUS call_driver_entry(Driver& driver) {
    if (driver.object.DriverInit == nullptr) {
        return STATUS_SUCCESS;
    }
    // The driver gets a copy of its key's name: it must not count on it afterwards, so it is gone afterwards.
    UNICODE_STRING path = driver.service_key;
    path.Buffer = static_cast<PWSTR>(ExAllocatePoolWithTag(NonPagedPool, path.MaximumLength, tag("IoNm")));
    if (path.Buffer == nullptr) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    RtlCopyMemory(path.Buffer, driver.service_key.Buffer, path.MaximumLength);
    NTSTATUS status;
    {
        const ke::WatchedCall call(is_under_test(driver), MPULAB_CALLBACK_DriverEntry, name_of(driver), "DriverEntry");
        status = call.leave(vf::call(driver.object.DriverInit, &driver.object, &path));
    }
    ExFreePool(path.Buffer);
    driver.entered = NT_SUCCESS(status);
    if (driver.entered) { // what DriverEntry made can be opened from now on ("Creating a Device Object")
        for (PDEVICE_OBJECT device = driver.object.DeviceObject; device != nullptr; device = device->NextDevice) {
            device->Flags &= ~ULONG{DO_DEVICE_INITIALIZING};
        }
    }
    if (driver.entered && driver.module != nullptr) {
        ldr::discard_initialization(*driver.module);
    }
    return status;
}

void tell_what_is_left() {
    mm::tell_unfreed_blocks();
    vf::tell_resolution_left();
    etw::tell_providers_left();
    vf::tell_links_left();
}

void unload_driver(Driver& driver) {
    if (driver.entered && driver.object.DriverUnload != nullptr) {
        const ke::WatchedCall call(is_under_test(driver), MPULAB_CALLBACK_DriverUnload, name_of(driver),
                                   "DriverUnload");
        vf::call(driver.object.DriverUnload, &driver.object);
        call.leave(STATUS_SUCCESS);
    }
    ldr::Module* module = driver.module;
    if (is_under_test(driver)) {
        if (module != nullptr) {
            vf::memory_goes(reinterpret_cast<const void*>(module->base), module->size,
                            reinterpret_cast<const void*>(module->entry));
        }
        tell_what_is_left();
    }
    free_driver(driver);
    if (module != nullptr) {
        ldr::unload(*module);
    }
}

} // namespace nanont::io

using namespace nanont;
using namespace nanont::io;

extern "C" {

NTSTATUS NTAPI IoAllocateDriverObjectExtension(PDRIVER_OBJECT DriverObject, PVOID ClientIdentificationAddress,
                                               ULONG DriverObjectExtensionSize, PVOID* DriverObjectExtension) {
    *DriverObjectExtension = nullptr;
    if (IoGetDriverObjectExtension(DriverObject, ClientIdentificationAddress) != nullptr) {
        return STATUS_OBJECT_NAME_COLLISION;
    }
    const size_t size = offsetof(ClientExtension, bytes) + DriverObjectExtensionSize;
    auto* extension = static_cast<ClientExtension*>(ExAllocatePoolWithTag(NonPagedPool, size, tag("IoEx")));
    if (extension == nullptr) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    RtlZeroMemory(extension, size);
    extension->client = ClientIdentificationAddress;
    List::push_back(driver_of(DriverObject).client_extensions, extension->link);
    *DriverObjectExtension = extension->bytes;
    return STATUS_SUCCESS;
}

PVOID NTAPI IoGetDriverObjectExtension(PDRIVER_OBJECT DriverObject, PVOID ClientIdentificationAddress) {
    LIST_ENTRY& head = driver_of(DriverObject).client_extensions;
    for (LIST_ENTRY* entry = head.Flink; entry != &head; entry = entry->Flink) {
        auto* extension = CONTAINING_RECORD(entry, ClientExtension, link);
        if (extension->client == ClientIdentificationAddress) {
            return extension->bytes;
        }
    }
    return nullptr;
}

} // extern "C"
