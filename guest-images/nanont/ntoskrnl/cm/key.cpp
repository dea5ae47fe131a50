// SPDX-License-Identifier: MIT
// Key handles: opened, made, deleted. Rights are those the handle was opened with, checked for kernel callers too, as
// the pages of the Zw functions say; who opens, gets what he asks for.
#include "cm.hpp"
#include "ob/ob.hpp"

namespace nanont::cm {
namespace {

/// Generic rights stand for the registry's own.
ACCESS_MASK specific(ACCESS_MASK access) {
    ACCESS_MASK result = access & ~(GENERIC_READ | GENERIC_WRITE | GENERIC_EXECUTE | GENERIC_ALL | MAXIMUM_ALLOWED);
    result |= (access & (GENERIC_READ | GENERIC_EXECUTE)) != 0 ? KEY_READ : 0;
    result |= (access & GENERIC_WRITE) != 0 ? KEY_WRITE : 0;
    result |= (access & (GENERIC_ALL | MAXIMUM_ALLOWED)) != 0 ? KEY_ALL_ACCESS : 0;
    return result;
}

/// The key that attributes name; `last` as for walk(). With the mutex held.
NTSTATUS find(const OBJECT_ATTRIBUTES& attributes, ACCESS_MASK root_access, bool open_link, Key*& key,
              UNICODE_STRING* last) {
    if (attributes.Length != sizeof(OBJECT_ATTRIBUTES)) {
        return STATUS_INVALID_PARAMETER;
    }
    const UNICODE_STRING empty{};
    const UNICODE_STRING& name = attributes.ObjectName != nullptr ? *attributes.ObjectName : empty;
    if (attributes.RootDirectory == nullptr) {
        return walk_path(name, open_link, key, last);
    }
    Key* from = nullptr;
    NTSTATUS status = reference(attributes.RootDirectory, 0, from);
    if (NT_SUCCESS(status)) {
        status = walk(from, name, open_link, key, last);
        if (status == STATUS_OBJECT_NAME_NOT_FOUND && key != nullptr && last != nullptr && root_access != 0) {
            Key* same = nullptr;
            const NTSTATUS allowed = reference(attributes.RootDirectory, root_access, same);
            if (NT_SUCCESS(allowed)) {
                let_go(*same);
            } else {
                status = allowed;
            }
        }
        let_go(*from); // what was found in it is in the tree
    }
    return status;
}

NTSTATUS open(PHANDLE handle, ACCESS_MASK access, const OBJECT_ATTRIBUTES& attributes, ULONG options) {
    *handle = nullptr;
    if ((options & ~ULONG{REG_OPTION_OPEN_LINK | REG_OPTION_BACKUP_RESTORE}) != 0) {
        return STATUS_INVALID_PARAMETER_4;
    }
    Guard guard;
    const bool open_link = (options & REG_OPTION_OPEN_LINK) != 0 || (attributes.Attributes & OBJ_OPENLINK) != 0;
    Key* key = nullptr;
    const NTSTATUS status = find(attributes, 0, open_link, key, nullptr);
    return NT_SUCCESS(status) ? open_handle(*key, access, *handle) : status;
}

} // namespace

NTSTATUS reference(HANDLE handle, ACCESS_MASK access, Key*& key) {
    PVOID body = nullptr;
    OBJECT_HANDLE_INFORMATION information{};
    const NTSTATUS status = ObReferenceObjectByHandle(handle, 0, ob::g_types[static_cast<int>(ob::Type::Key)],
                                                      KernelMode, &body, &information);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    Key* found = static_cast<OpenKey*>(body)->key;
    const bool allowed = (access & ~information.GrantedAccess) == 0;
    const bool deleted = found->is_deleted;
    if (allowed && !deleted) {
        hold(*found);
        key = found;
    }
    ObfDereferenceObject(body);
    return !allowed ? STATUS_ACCESS_DENIED : deleted ? STATUS_KEY_DELETED : STATUS_SUCCESS;
}

void close(OpenKey& open) {
    let_go(*open.key);
}

NTSTATUS open_handle(Key& key, ACCESS_MASK access, HANDLE& handle) {
    auto* open = static_cast<OpenKey*>(ob::create(ob::Type::Key, sizeof(OpenKey)));
    if (open == nullptr) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    open->key = &key;
    hold(key);
    const NTSTATUS status = ob::open_handle(open, specific(access), handle);
    ObfDereferenceObject(open); // the handle has its own
    return status;
}

} // namespace nanont::cm

using namespace nanont;
using namespace nanont::cm;

extern "C" {

NTSTATUS NTAPI ZwOpenKey(PHANDLE KeyHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes) {
    return cm::open(KeyHandle, DesiredAccess, *ObjectAttributes, 0);
}

NTSTATUS NTAPI ZwOpenKeyEx(PHANDLE KeyHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
                           ULONG OpenOptions) {
    return cm::open(KeyHandle, DesiredAccess, *ObjectAttributes, OpenOptions);
}

NTSTATUS NTAPI ZwCreateKey(PHANDLE KeyHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes, ULONG,
                           PUNICODE_STRING Class, ULONG CreateOptions, PULONG Disposition) {
    *KeyHandle = nullptr;
    if ((CreateOptions & ~ULONG{REG_LEGAL_OPTION}) != 0) {
        return STATUS_INVALID_PARAMETER;
    }
    Guard guard;
    const bool open_link = (CreateOptions & (REG_OPTION_OPEN_LINK | REG_OPTION_CREATE_LINK)) != 0 ||
                           (ObjectAttributes->Attributes & OBJ_OPENLINK) != 0;
    Key* key = nullptr;
    UNICODE_STRING last{};
    NTSTATUS status = cm::find(*ObjectAttributes, KEY_CREATE_SUB_KEY, open_link, key, &last);
    bool is_new = false;
    if (status == STATUS_OBJECT_NAME_NOT_FOUND && key != nullptr) {
        if (key == root()) {
            return STATUS_ACCESS_DENIED; // \Registry itself holds what the system put there
        }
        Key* child = nullptr;
        status = make_child(*key, last, (CreateOptions & REG_OPTION_VOLATILE) != 0, Class, child);
        if (NT_SUCCESS(status)) {
            child->is_link = (CreateOptions & REG_OPTION_CREATE_LINK) != 0;
            is_new = true;
            key = child;
        }
    } else if (NT_SUCCESS(status) && (CreateOptions & REG_OPTION_CREATE_LINK) != 0) {
        status = STATUS_OBJECT_NAME_COLLISION;
    }
    if (!NT_SUCCESS(status)) {
        return status;
    }
    status = open_handle(*key, DesiredAccess, *KeyHandle);
    if (!NT_SUCCESS(status) && is_new) {
        delete_key(*key);
    } else if (NT_SUCCESS(status) && Disposition != nullptr) {
        *Disposition = is_new ? REG_CREATED_NEW_KEY : REG_OPENED_EXISTING_KEY;
    }
    return status;
}

NTSTATUS NTAPI ZwDeleteKey(HANDLE KeyHandle) {
    Guard guard;
    Key* key = nullptr;
    NTSTATUS status = cm::reference(KeyHandle, DELETE, key);
    if (NT_SUCCESS(status)) {
        status = delete_key(*key);
        let_go(*key);
    }
    return status;
}

NTSTATUS NTAPI ZwFlushKey(HANDLE KeyHandle) {
    Guard guard;
    Key* key = nullptr;
    const NTSTATUS status = cm::reference(KeyHandle, 0, key);
    if (NT_SUCCESS(status)) {
        let_go(*key); // memory is all there is to write to
    }
    return status;
}

} // extern "C"
