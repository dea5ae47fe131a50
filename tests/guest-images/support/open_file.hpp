// SPDX-License-Identifier: MIT
// A kernel-mode client: a file it has opened, and the requests it sends there.
#pragma once

#include "module/ddk.hpp"

/** A handle and its file object; both go with the scope. PASSIVE_LEVEL. */
class OpenFile {
  public:
    OpenFile() = default;
    ~OpenFile() { close(); }
    OpenFile(const OpenFile&) = delete;
    OpenFile& operator=(const OpenFile&) = delete;

    NTSTATUS open(PCWSTR text, ACCESS_MASK access, HANDLE root = nullptr) {
        UNICODE_STRING name;
        RtlInitUnicodeString(&name, text);
        OBJECT_ATTRIBUTES attributes;
        InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, root, nullptr);
        IO_STATUS_BLOCK io{};
        const NTSTATUS status = ZwCreateFile(&handle, access, &attributes, &io, nullptr, FILE_ATTRIBUTE_NORMAL, 0,
                                             FILE_OPEN, 0, nullptr, 0);
        return NT_SUCCESS(status) ? find_file() : status;
    }

    void close() {
        if (file) ObDereferenceObject(file);
        if (handle) ZwClose(handle);
        file = nullptr;
        handle = nullptr;
    }

    /** KsSynchronousIoControlDevice; `returned` is what came back. */
    NTSTATUS send(ULONG code, const void* in, ULONG in_size, void* out, ULONG out_size,
                  KPROCESSOR_MODE mode = KernelMode) {
        returned = 0xffffffff;
        return KsSynchronousIoControlDevice(file, mode, code, const_cast<void*>(in), in_size, out, out_size, &returned);
    }

    HANDLE handle = nullptr;
    PFILE_OBJECT file = nullptr;
    ULONG returned = 0;

  protected:
    /** Behind `handle`. */
    NTSTATUS find_file() {
        PVOID object = nullptr;
        const NTSTATUS status = ObReferenceObjectByHandle(handle, 0, *IoFileObjectType, KernelMode, &object, nullptr);
        file = static_cast<PFILE_OBJECT>(object);
        return status;
    }
};
