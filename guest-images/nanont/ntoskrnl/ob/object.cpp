// SPDX-License-Identifier: MIT
#include "ob.hpp"

#include "cm/cm.hpp"
#include "dbg/report.hpp"
#include "io/io.hpp"
#include "ke/ke.hpp"

namespace nanont::ob {
namespace {

_OBJECT_TYPE g_type_objects[] = {{"Device"}, {"Driver"}, {"File"}, {"Event"}, {"SymbolicLink"}, {"Thread"}, {"Key"}};

struct alignas(16) Header {
    ULONG signature;
    Type type;
    LONG references;
    LONG handles;
    LIST_ENTRY names;            // in the list of all named objects; a list of itself when it has no name
    UNICODE_STRING name;         // its own copy
    WORK_QUEUE_ITEM destruction; // closing a file sends IRPs, which wants PASSIVE_LEVEL
};
constexpr ULONG kSignature = tag("Obj ");

LIST_ENTRY g_names = {&g_names, &g_names};
ke::Mutex g_names_mutex;

constexpr size_t kMaxHandles = 1024;
struct Handle {
    void* body;
    ACCESS_MASK access;
};
Handle g_handles[kMaxHandles];
KSPIN_LOCK g_handles_lock;
constexpr ULONG_PTR kKernelHandle = 0xffffffff80000000;

Header* header_of(const void* body) {
    auto* header = const_cast<Header*>(static_cast<const Header*>(body)) - 1;
    if (header->signature != kSignature) {
        dbg::bugcheck(REFERENCE_BY_POINTER, 0, reinterpret_cast<ULONG_PTR>(body), header->signature, kSignature,
                      "%p is no object, or one that is gone", body);
    }
    return header;
}

/// \DosDevices and \GLOBAL?? are other names of \??.
UNICODE_STRING without_prefix(const UNICODE_STRING& name, bool& is_dos) {
    static constexpr WCHAR kPrefixes[][14] = {L"\\??\\", L"\\DosDevices\\", L"\\GLOBAL??\\"};
    for (const auto& text : kPrefixes) {
        UNICODE_STRING prefix;
        RtlInitUnicodeString(&prefix, text);
        if (RtlPrefixUnicodeString(&prefix, &name, TRUE)) {
            is_dos = true;
            const USHORT skipped = prefix.Length;
            return {static_cast<USHORT>(name.Length - skipped), static_cast<USHORT>(name.Length - skipped),
                    name.Buffer + skipped / sizeof(WCHAR)};
        }
    }
    is_dos = false;
    return name;
}

bool same_name(const UNICODE_STRING& a, const UNICODE_STRING& b) {
    bool a_dos = false;
    bool b_dos = false;
    const UNICODE_STRING a_rest = without_prefix(a, a_dos);
    const UNICODE_STRING b_rest = without_prefix(b, b_dos);
    return a_dos == b_dos && RtlEqualUnicodeString(&a_rest, &b_rest, TRUE);
}

NTSTATUS check_name(const UNICODE_STRING& name) {
    if (name.Length < sizeof(WCHAR) || name.Buffer[0] != L'\\') {
        return STATUS_OBJECT_PATH_SYNTAX_BAD;
    }
    return name.Length >= 2 * sizeof(WCHAR) ? STATUS_SUCCESS : STATUS_OBJECT_NAME_INVALID;
}

/// The object whose name is the longest beginning of `name` that ends at a backslash or at its end.
void* find_longest(const UNICODE_STRING& name, USHORT& length) {
    for (USHORT end = name.Length; end != 0; end = static_cast<USHORT>(end - sizeof(WCHAR))) {
        if (end != name.Length && name.Buffer[end / sizeof(WCHAR)] != L'\\') {
            continue;
        }
        const UNICODE_STRING beginning{end, end, name.Buffer};
        if (void* body = find_name(beginning)) {
            length = end;
            return body;
        }
    }
    return nullptr;
}

void NTAPI destroy_now(PVOID context) {
    auto* header = static_cast<Header*>(context);
    void* body = header + 1;
    if (header->type == Type::File) {
        io::close_file(static_cast<PFILE_OBJECT>(body));
    } else if (header->type == Type::SymbolicLink) {
        ExFreePool(static_cast<SymbolicLink*>(body)->target.Buffer);
    } else if (header->type == Type::Device) {
        io::device_is_freed(static_cast<PDEVICE_OBJECT>(body));
    } else if (header->type == Type::Key) {
        cm::close(*static_cast<cm::OpenKey*>(body));
    }
    header->signature = 0;
    ExFreePool(header);
}

void destroy(Header* header) {
    if (header->type != Type::File || ke::current_irql() == PASSIVE_LEVEL) {
        destroy_now(header);
        return;
    }
    ExInitializeWorkItem(&header->destruction, destroy_now, header);
    ExQueueWorkItem(&header->destruction, DelayedWorkQueue);
}

} // namespace

POBJECT_TYPE g_types[] = {&g_type_objects[0], &g_type_objects[1], &g_type_objects[2], &g_type_objects[3],
                          &g_type_objects[4], &g_type_objects[5], &g_type_objects[6]};

void* create(Type type, size_t size) {
    auto* header = static_cast<Header*>(ExAllocatePoolWithTag(NonPagedPool, sizeof(Header) + size, tag("Obj ")));
    if (header == nullptr) {
        return nullptr;
    }
    RtlZeroMemory(header, sizeof(Header) + size);
    header->signature = kSignature;
    header->type = type;
    header->references = 1;
    List::init(header->names);
    return header + 1;
}

bool is_type(const void* body, Type type) {
    return header_of(body)->type == type;
}

Type type_of(const void* body) {
    return header_of(body)->type;
}

NTSTATUS insert_name(void* body, const UNICODE_STRING& name) {
    Header* header = header_of(body);
    const NTSTATUS status = check_name(name);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    auto* copy = static_cast<PWSTR>(ExAllocatePoolWithTag(NonPagedPool, name.Length, tag("ObNm")));
    if (copy == nullptr) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    RtlCopyMemory(copy, name.Buffer, name.Length);
    ke::MutexGuard lock(g_names_mutex);
    for (LIST_ENTRY* entry = g_names.Flink; entry != &g_names; entry = entry->Flink) {
        if (same_name(CONTAINING_RECORD(entry, Header, names)->name, name)) {
            ExFreePool(copy);
            return STATUS_OBJECT_NAME_COLLISION;
        }
    }
    header->name = {name.Length, name.Length, copy};
    List::push_back(g_names, header->names);
    ObfReferenceObject(body);
    return STATUS_SUCCESS;
}

void remove_name(void* body) {
    Header* header = header_of(body);
    if (header->name.Buffer == nullptr) {
        return;
    }
    {
        ke::MutexGuard lock(g_names_mutex);
        List::remove(header->names);
        ExFreePool(header->name.Buffer);
        header->name = {};
    }
    ObfDereferenceObject(body);
}

void* find_name(const UNICODE_STRING& name) {
    ke::MutexGuard lock(g_names_mutex);
    for (LIST_ENTRY* entry = g_names.Flink; entry != &g_names; entry = entry->Flink) {
        Header* header = CONTAINING_RECORD(entry, Header, names);
        if (same_name(header->name, name)) {
            ObfReferenceObject(header + 1);
            return header + 1;
        }
    }
    return nullptr;
}

void for_each_named(Type type, void (*visit)(void* body)) {
    ke::MutexGuard lock(g_names_mutex);
    for (LIST_ENTRY* entry = g_names.Flink; entry != &g_names; entry = entry->Flink) {
        Header* header = CONTAINING_RECORD(entry, Header, names);
        if (header->type == type) {
            visit(header + 1);
        }
    }
}

UNICODE_STRING name_of(const void* body) {
    return header_of(body)->name;
}

NTSTATUS find_device(const UNICODE_STRING& name, PDEVICE_OBJECT& device, UNICODE_STRING& rest, PWSTR& buffer) {
    constexpr int kMostLinks = 8;
    buffer = nullptr;
    NTSTATUS status = check_name(name);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    status = STATUS_OBJECT_NAME_NOT_FOUND;
    UNICODE_STRING at = name;
    for (int i = 0; i <= kMostLinks; ++i) {
        USHORT length = 0;
        void* body = at.Length != 0 ? find_longest(at, length) : nullptr;
        if (body == nullptr) {
            break;
        }
        const auto left = static_cast<USHORT>(at.Length - length);
        if (is_type(body, Type::Device)) {
            device = static_cast<PDEVICE_OBJECT>(body);
            rest = {left, left, at.Buffer + length / sizeof(WCHAR)};
            return STATUS_SUCCESS;
        }
        if (!is_type(body, Type::SymbolicLink)) {
            ObfDereferenceObject(body);
            status = STATUS_OBJECT_TYPE_MISMATCH;
            break;
        }
        const UNICODE_STRING target = static_cast<SymbolicLink*>(body)->target;
        PWSTR longer = nullptr;
        if (target.Length <= 0xfffe - left) {
            longer = static_cast<PWSTR>(
                ExAllocatePoolWithTag(NonPagedPool, target.Length + left + sizeof(WCHAR), tag("ObNm")));
        }
        if (longer != nullptr) {
            RtlCopyMemory(longer, target.Buffer, target.Length);
            RtlCopyMemory(longer + target.Length / sizeof(WCHAR), at.Buffer + length / sizeof(WCHAR), left);
        }
        ObfDereferenceObject(body);
        if (buffer != nullptr) {
            ExFreePool(buffer);
        }
        buffer = longer;
        if (longer == nullptr) {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        const auto total = static_cast<USHORT>(target.Length + left);
        at = {total, total, longer};
    }
    if (buffer != nullptr) {
        ExFreePool(buffer);
        buffer = nullptr;
    }
    return status;
}

NTSTATUS open_handle(void* body, ACCESS_MASK access, HANDLE& handle) {
    ke::SpinLockGuard guard(g_handles_lock);
    for (size_t i = 1; i < kMaxHandles; ++i) {
        if (g_handles[i].body == nullptr) {
            g_handles[i] = {body, access};
            Header* header = header_of(body);
            InterlockedIncrement(&header->references);
            InterlockedIncrement(&header->handles);
            handle = reinterpret_cast<HANDLE>(kKernelHandle | i << 2);
            return STATUS_SUCCESS;
        }
    }
    return STATUS_INSUFFICIENT_RESOURCES;
}

} // namespace nanont::ob

using namespace nanont;
using namespace nanont::ob;

namespace {

/// The table's slot of a handle; nullptr = it is none.
Handle* slot_of(HANDLE handle) {
    const auto value = reinterpret_cast<ULONG_PTR>(handle);
    const ULONG_PTR index = (value & ~kKernelHandle) >> 2;
    if ((value & kKernelHandle) != kKernelHandle || index >= kMaxHandles || g_handles[index].body == nullptr) {
        return nullptr;
    }
    return &g_handles[index];
}

} // namespace

extern "C" {

POBJECT_TYPE* export_IoFileObjectType __asm__("IoFileObjectType") = &g_types[static_cast<int>(Type::File)];
POBJECT_TYPE* export_IoDeviceObjectType __asm__("IoDeviceObjectType") = &g_types[static_cast<int>(Type::Device)];
POBJECT_TYPE* export_ExEventObjectType __asm__("ExEventObjectType") = &g_types[static_cast<int>(Type::Event)];
POBJECT_TYPE* export_PsThreadType __asm__("PsThreadType") = &g_types[static_cast<int>(Type::Thread)];

LONG_PTR FASTCALL ObfReferenceObject(PVOID Object) {
    return InterlockedIncrement(&header_of(Object)->references);
}

LONG_PTR FASTCALL ObfDereferenceObject(PVOID Object) {
    Header* header = header_of(Object);
    const LONG left = InterlockedDecrement(&header->references);
    if (left < 0) {
        dbg::bugcheck(REFERENCE_BY_POINTER, 0, reinterpret_cast<ULONG_PTR>(Object), 1, static_cast<ULONG_PTR>(left),
                      "object %p (%s) is dereferenced once too often", Object,
                      g_type_objects[static_cast<int>(header->type)].name);
    }
    if (left == 0) {
        destroy(header);
    }
    return left;
}

VOID NTAPI ObDereferenceObjectDeferDelete(PVOID Object) {
    ObfDereferenceObject(Object);
}

NTSTATUS NTAPI ObReferenceObjectByPointer(PVOID Object, ACCESS_MASK, POBJECT_TYPE ObjectType, KPROCESSOR_MODE) {
    if (ObjectType != nullptr && ObjectType != g_types[static_cast<int>(type_of(Object))]) {
        return STATUS_OBJECT_TYPE_MISMATCH;
    }
    ObfReferenceObject(Object);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI ObReferenceObjectByHandle(HANDLE Handle, ACCESS_MASK DesiredAccess, POBJECT_TYPE ObjectType,
                                         KPROCESSOR_MODE AccessMode, PVOID* Object,
                                         POBJECT_HANDLE_INFORMATION HandleInformation) {
    *Object = nullptr;
    constexpr LONG_PTR kCurrentThread = -2;
    if (reinterpret_cast<LONG_PTR>(Handle) == kCurrentThread) {
        *Object = ke::current_thread();
        return ObReferenceObjectByPointer(*Object, DesiredAccess, ObjectType, AccessMode);
    }
    ke::SpinLockGuard guard(g_handles_lock);
    const auto* slot = slot_of(Handle);
    if (slot == nullptr) {
        return STATUS_INVALID_HANDLE;
    }
    if (ObjectType != nullptr && ObjectType != g_types[static_cast<int>(type_of(slot->body))]) {
        return STATUS_OBJECT_TYPE_MISMATCH;
    }
    if (AccessMode != KernelMode && (DesiredAccess & ~slot->access) != 0) {
        return STATUS_ACCESS_DENIED;
    }
    if (HandleInformation != nullptr) {
        HandleInformation->HandleAttributes = 0;
        HandleInformation->GrantedAccess = slot->access;
    }
    ObfReferenceObject(slot->body);
    *Object = slot->body;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI ZwClose(HANDLE Handle) {
    void* body = nullptr;
    {
        ke::SpinLockGuard guard(g_handles_lock);
        auto* slot = slot_of(Handle);
        if (slot == nullptr) {
            return STATUS_INVALID_HANDLE;
        }
        body = slot->body;
        *slot = {};
    }
    if (InterlockedDecrement(&header_of(body)->handles) == 0) {
        if (is_type(body, Type::File)) {
            io::clean_up_file(static_cast<PFILE_OBJECT>(body));
        } else if (is_type(body, Type::Event)) {
            remove_name(body); // a name lives as long as the last handle
        }
    }
    ObfDereferenceObject(body);
    return STATUS_SUCCESS;
}

} // extern "C"
