// SPDX-License-Identifier: MIT
// A control device as IoCreateDeviceSecure's static library makes it: the calls it imports.
#include "habits.hpp"

extern "C" __declspec(dllimport) POBJECT_TYPE* IoDeviceObjectType;
extern "C" NTSTATUS NTAPI SeCaptureSecurityDescriptor(PSECURITY_DESCRIPTOR given, KPROCESSOR_MODE mode, POOL_TYPE type,
                                                      BOOLEAN copy, PSECURITY_DESCRIPTOR* captured);

namespace {

constexpr ULONG kAclBytes = 64;
constexpr ACCESS_MASK kAll = GENERIC_ALL;

void put_on_device(PSECURITY_DESCRIPTOR descriptor) {
    PDEVICE_OBJECT device;
    UNICODE_STRING name;
    RtlInitUnicodeString(&name, L"\\Device\\Habits");
    CHECK_EQUAL(IoCreateDevice(g_driver, 0, &name, FILE_DEVICE_UNKNOWN, FILE_DEVICE_SECURE_OPEN, FALSE, &device),
                STATUS_SUCCESS);
    HANDLE handle;
    CHECK_EQUAL(
        ObOpenObjectByPointer(device, OBJ_KERNEL_HANDLE, nullptr, WRITE_DAC, *IoFileObjectType, KernelMode, &handle),
        STATUS_OBJECT_TYPE_MISMATCH);
    CHECK_EQUAL(
        ObOpenObjectByPointer(device, OBJ_KERNEL_HANDLE, nullptr, WRITE_DAC, *IoDeviceObjectType, KernelMode, &handle),
        STATUS_SUCCESS);
    CHECK_EQUAL(ZwSetSecurityObject(handle, DACL_SECURITY_INFORMATION, descriptor), STATUS_SUCCESS);
    CHECK(device->SecurityDescriptor != nullptr && device->SecurityDescriptor != descriptor);
    ZwClose(handle);
    CHECK_EQUAL(ZwSetSecurityObject(handle, DACL_SECURITY_INFORMATION, descriptor), STATUS_INVALID_HANDLE);
    IoDeleteDevice(device);
}

} // namespace

void secure_device() {
    CHECK_EQUAL(RtlLengthSid(SeExports->SeLocalSystemSid), 12);
    CHECK_EQUAL(RtlLengthSid(SeExports->SeAliasAdminsSid), 16);
    alignas(8) UCHAR buffer[kAclBytes];
    PACL acl = reinterpret_cast<PACL>(buffer);
    CHECK_EQUAL(RtlCreateAcl(acl, 4, ACL_REVISION), STATUS_BUFFER_TOO_SMALL);
    CHECK_EQUAL(RtlCreateAcl(acl, kAclBytes, 9), STATUS_INVALID_PARAMETER);
    CHECK_EQUAL(RtlCreateAcl(acl, 8 + 20 + 24, ACL_REVISION), STATUS_SUCCESS);
    CHECK_EQUAL(RtlAddAccessAllowedAce(acl, ACL_REVISION, kAll, SeExports->SeLocalSystemSid), STATUS_SUCCESS);
    CHECK_EQUAL(RtlAddAccessAllowedAce(acl, ACL_REVISION, kAll, SeExports->SeAliasAdminsSid), STATUS_SUCCESS);
    CHECK_EQUAL(RtlAddAccessAllowedAce(acl, ACL_REVISION, kAll, SeExports->SeWorldSid), STATUS_ALLOTTED_SPACE_EXCEEDED);
    CHECK_EQUAL(acl->AceCount, 2);
    UCHAR no_sid[8] = {9};
    CHECK_EQUAL(RtlAddAccessAllowedAce(acl, ACL_REVISION, kAll, no_sid), STATUS_INVALID_SID);

    alignas(8) UCHAR descriptor[64];
    CHECK_EQUAL(RtlCreateSecurityDescriptor(descriptor, 7), STATUS_UNKNOWN_REVISION);
    CHECK_EQUAL(RtlCreateSecurityDescriptor(descriptor, SECURITY_DESCRIPTOR_REVISION), STATUS_SUCCESS);
    CHECK_EQUAL(RtlLengthSecurityDescriptor(descriptor), 20);
    CHECK_EQUAL(RtlSetDaclSecurityDescriptor(descriptor, TRUE, acl, FALSE), STATUS_SUCCESS);
    CHECK_EQUAL(RtlLengthSecurityDescriptor(descriptor), 20 + 52);

    alignas(8) UCHAR relative[128];
    ULONG length = 71;
    CHECK_EQUAL(RtlAbsoluteToSelfRelativeSD(descriptor, relative, &length), STATUS_BUFFER_TOO_SMALL);
    CHECK_EQUAL(length, 72);
    CHECK_EQUAL(RtlAbsoluteToSelfRelativeSD(descriptor, relative, &length), STATUS_SUCCESS);
    CHECK_EQUAL(RtlAbsoluteToSelfRelativeSD(relative, relative, &length), STATUS_BAD_DESCRIPTOR_FORMAT);
    CHECK_EQUAL(RtlSetDaclSecurityDescriptor(relative, TRUE, acl, FALSE), STATUS_INVALID_SECURITY_DESCR);
    BOOLEAN present = FALSE, defaulted = TRUE;
    PACL found = nullptr;
    CHECK_EQUAL(RtlGetDaclSecurityDescriptor(relative, &present, &found, &defaulted), STATUS_SUCCESS);
    CHECK(present && !defaulted && found && found->AceCount == 2);
    CHECK_EQUAL(RtlGetSaclSecurityDescriptor(relative, &present, &found, &defaulted), STATUS_SUCCESS);
    CHECK(!present);
    PSID owner = relative;
    CHECK_EQUAL(RtlGetOwnerSecurityDescriptor(relative, &owner, &defaulted), STATUS_SUCCESS);
    CHECK(owner == nullptr);

    PSECURITY_DESCRIPTOR captured = nullptr;
    CHECK_EQUAL(SeCaptureSecurityDescriptor(relative, KernelMode, PagedPool, FALSE, &captured), STATUS_SUCCESS);
    CHECK(captured == relative);
    CHECK_EQUAL(SeCaptureSecurityDescriptor(relative, KernelMode, PagedPool, TRUE, &captured), STATUS_SUCCESS);
    CHECK(captured != nullptr && captured != relative);
    put_on_device(captured);
    ExFreePool(captured);
}
