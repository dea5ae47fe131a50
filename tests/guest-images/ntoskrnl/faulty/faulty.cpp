// SPDX-License-Identifier: MIT
// A driver that does one thing wrong: the function that chosen.cpp names. `outer` and `inner`
// stand on the stack between DriverEntry and the fault, so that a test can see whether a report finds its way back.
#include "module/ddk.hpp"

namespace {

#define PLAIN_FUNCTION __attribute__((noinline, noclone, used)) NTSTATUS
using Fault = NTSTATUS (*)();

struct NamedFault {
    const char* name;
    Fault function;
};
const NamedFault* g_fault;

bool fault_is(Fault function) {
    return g_fault->function == function;
}

constexpr ULONG kTag = 'tluF';
volatile ULONG g_zero = 0;
volatile UCHAR* volatile g_null = nullptr;
ULONG g_data[4] = {0xc3c3c3c3}; // RET, if it were code
KSPIN_LOCK g_lock;
KDPC g_dpc;
PDRIVER_OBJECT g_driver;
volatile LONG g_dpc_ran;

struct AtDispatch {
    KIRQL old;
    AtDispatch() { KeRaiseIrql(DISPATCH_LEVEL, &old); }
    ~AtDispatch() { KeLowerIrql(old); }
};

UCHAR* allocate(SIZE_T bytes) {
    return static_cast<UCHAR*>(ExAllocatePoolWithTag(NonPagedPoolNx, bytes, kTag));
}

VOID NTAPI never_called(PDRIVER_OBJECT) {
    DbgPrint("faulty: DriverUnload was called\n");
}

#include "dpc_faults.inc"
#include "pool_faults.inc"

PLAIN_FUNCTION none() {
    DbgPrint("faulty: nothing is wrong\n");
    return STATUS_SUCCESS;
}

PLAIN_FUNCTION null_read_at_passive() {
    return g_null[0x10];
}

PLAIN_FUNCTION null_read_at_dispatch() {
    AtDispatch raised;
    return g_null[0x10];
}

PLAIN_FUNCTION null_call() {
    auto call = reinterpret_cast<Fault>(const_cast<UCHAR*>(g_null));
    return call() + 1;
}

PLAIN_FUNCTION wild_read() {
    return *reinterpret_cast<volatile LONG*>(0xfffff70012345678);
}

PLAIN_FUNCTION read_only_write() {
    *reinterpret_cast<volatile UCHAR*>(&none) = 0xc3; // code
    return STATUS_SUCCESS;
}

PLAIN_FUNCTION data_executed() {
    return reinterpret_cast<Fault>(g_data)() + 1;
}

PLAIN_FUNCTION divide_by_zero() {
    ULONG zero = g_zero;
    ULONG result = 1;
    asm volatile("xorl %%edx, %%edx; divl %1" : "+a"(result) : "r"(zero) : "edx", "cc");
    return static_cast<NTSTATUS>(result);
}

PLAIN_FUNCTION illegal_instruction() {
    asm volatile("ud2");
    return STATUS_SUCCESS;
}

PLAIN_FUNCTION breakpoint() {
    asm volatile("int3");
    return STATUS_SUCCESS;
}

PLAIN_FUNCTION wait_at_dispatch() {
    KEVENT event;
    KeInitializeEvent(&event, NotificationEvent, FALSE);
    AtDispatch raised;
    return KeWaitForSingleObject(&event, Executive, KernelMode, FALSE, nullptr);
}

/// An IRP of our own that nobody else knows.
PIRP own_irp() {
    PIRP irp = IoAllocateIrp(2, FALSE);
    IoSetNextIrpStackLocation(irp);
    irp->IoStatus.Status = STATUS_SUCCESS;
    return irp;
}

NTSTATUS NTAPI keep(PDEVICE_OBJECT, PIRP, PVOID) {
    return STATUS_MORE_PROCESSING_REQUIRED;
}

PLAIN_FUNCTION double_completion() {
    PIRP irp = own_irp();
    IoSetCompletionRoutine(irp, keep, nullptr, TRUE, TRUE, TRUE);
    IoSetNextIrpStackLocation(irp);
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    IoFreeIrp(irp);
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return STATUS_SUCCESS;
}

PLAIN_FUNCTION completed_as_pending() {
    PIRP irp = own_irp();
    irp->IoStatus.Status = STATUS_PENDING;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return STATUS_SUCCESS;
}

PDEVICE_OBJECT own_device() {
    PDEVICE_OBJECT device = nullptr;
    IoCreateDevice(g_driver, 0, nullptr, FILE_DEVICE_UNKNOWN, 0, FALSE, &device);
    return device;
}

PLAIN_FUNCTION counted_irp_reused() {
    KEVENT event;
    IO_STATUS_BLOCK io;
    PIRP irp = IoBuildSynchronousFsdRequest(IRP_MJ_FLUSH_BUFFERS, own_device(), nullptr, 0, nullptr, &event, &io);
    IoReuseIrp(irp, STATUS_SUCCESS);
    return STATUS_SUCCESS;
}

VOID NTAPI never_cancelled(PDEVICE_OBJECT, PIRP) {}

PLAIN_FUNCTION held_irp_reused() {
    PIRP irp = own_irp();
    IoSetCancelRoutine(irp, never_cancelled);
    IoReuseIrp(irp, STATUS_SUCCESS);
    return STATUS_SUCCESS;
}

PLAIN_FUNCTION partial_mdl(ULONG_PTR from, ULONG made_for, ULONG wanted) {
    UCHAR* block = allocate(2 * PAGE_SIZE); // begins a page
    PMDL source = IoAllocateMdl(block, 2 * PAGE_SIZE, FALSE, FALSE, nullptr);
    MmBuildMdlForNonPagedPool(source);
    PMDL target = IoAllocateMdl(block + from, made_for, FALSE, FALSE, nullptr);
    IoBuildPartialMdl(source, target, block + from, wanted);
    return STATUS_SUCCESS;
}

PLAIN_FUNCTION partial_mdl_too_small() {
    return partial_mdl(0, 8, PAGE_SIZE + 1) + 1;
}

PLAIN_FUNCTION partial_mdl_outside() {
    return partial_mdl(PAGE_SIZE, PAGE_SIZE + 1, PAGE_SIZE + 1) + 1;
}

VOID NTAPI never_worked(PDEVICE_OBJECT, PVOID) {}

PLAIN_FUNCTION work_item_queued_twice() {
    PIO_WORKITEM item = IoAllocateWorkItem(own_device());
    AtDispatch raised; // the worker cannot take it in between
    IoQueueWorkItem(item, never_worked, DelayedWorkQueue, nullptr);
    IoQueueWorkItem(item, never_worked, DelayedWorkQueue, nullptr);
    return STATUS_SUCCESS;
}

#include "lock_faults.inc"

PLAIN_FUNCTION relations_of_own_device() {
    PDEVICE_OBJECT upper = own_device();
    IoAttachDeviceToDeviceStack(upper, own_device());
    IoInvalidateDeviceRelations(upper, BusRelations);
    return STATUS_SUCCESS;
}

PLAIN_FUNCTION quota_raises() {
    return ExAllocatePoolWithQuotaTag(NonPagedPoolNx, 1ull << 40, kTag) != nullptr;
}

PLAIN_FUNCTION power_down_at_dispatch() {
    POWER_STATE state;
    state.DeviceState = PowerDeviceD0;
    PDEVICE_OBJECT device = own_device();
    AtDispatch raised;
    PoSetPowerState(device, DevicePowerState, state); // that is allowed
    state.DeviceState = PowerDeviceD3;
    return PoSetPowerState(device, DevicePowerState, state).DeviceState == PowerDeviceD0;
}

/// Some bytes too many in an array on the stack: what lies behind it is the security cookie, where there is one.
PLAIN_FUNCTION stack_overrun() {
    UCHAR buffer[16];
    volatile ULONG size = sizeof(buffer) + 4; // the compiler does not see how far it goes
    for (ULONG i = 0; i < size; ++i)
        const_cast<volatile UCHAR*>(buffer)[i] = 0x5a;
    return STATUS_SUCCESS;
}

PLAIN_FUNCTION bugcheck_ex() {
    KeBugCheckEx(MANUALLY_INITIATED_CRASH, 0x11, 0x2222222222222222, 0x33, 0xfedcba9876543210);
    return STATUS_SUCCESS;
}

PLAIN_FUNCTION bugcheck_alone() {
    KeBugCheck(MANUALLY_INITIATED_CRASH);
    return STATUS_SUCCESS;
}

PLAIN_FUNCTION endless_entry() {
    DbgPrint("faulty: for ever\n");
    for (;;) {
        g_dpc_ran = g_dpc_ran + 1;
    }
}

PLAIN_FUNCTION endless_wait() {
    KEVENT event;
    KeInitializeEvent(&event, NotificationEvent, FALSE);
    return KeWaitForSingleObject(&event, Executive, KernelMode, FALSE, nullptr);
}

PLAIN_FUNCTION stack_overflow() {
    volatile UCHAR frame[512];
    frame[0] = static_cast<UCHAR>(g_zero);
    if (g_zero == 1) return STATUS_SUCCESS; // never
    return stack_overflow() + frame[0];
}

PLAIN_FUNCTION entry_leaks_irql() {
    KIRQL old;
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    return STATUS_SUCCESS;
}

PLAIN_FUNCTION promised_wait_never_comes() {
    KEVENT event;
    KeInitializeEvent(&event, NotificationEvent, FALSE);
    return KeSetEvent(&event, IO_NO_INCREMENT, TRUE);
}

PLAIN_FUNCTION wait_promised_at_dispatch() {
    KEVENT event;
    KeInitializeEvent(&event, NotificationEvent, FALSE);
    AtDispatch raised;
    return KeSetEvent(&event, IO_NO_INCREMENT, TRUE);
}

PLAIN_FUNCTION lock_taken_twice() {
    KIRQL old;
    KeAcquireSpinLock(&g_lock, &old);
    KeAcquireSpinLockAtDpcLevel(&g_lock);
    return STATUS_SUCCESS;
}

PLAIN_FUNCTION lock_not_held() {
    KIRQL old;
    KeRaiseIrql(DISPATCH_LEVEL, &old); // or its IRQL is told first
    KeReleaseSpinLock(&g_lock, old);
    return STATUS_SUCCESS;
}

/// A call of hand-written code that forgets the 8 bytes of its own return address.
PLAIN_FUNCTION stack_misaligned() {
    void(NTAPI * function)() = &KeFlushQueuedDpcs;
    asm volatile("movq %%rsp, %%rbx\n\tandq $-16, %%rsp\n\tsubq $40, %%rsp\n\tcall *%0\n\tmovq %%rbx, %%rsp"
                 :
                 : "r"(function)
                 : "rax", "rbx", "rcx", "rdx", "r8", "r9", "r10", "r11", "memory", "cc");
    return STATUS_SUCCESS;
}

PLAIN_FUNCTION second_fault() { // the stack pointer is wild when the first fault happens
    asm volatile("movq $0x10000, %rsp; ud2");
    return STATUS_SUCCESS;
}

/// Every register has a value of its own when the fault comes.
PLAIN_FUNCTION registers() {
    asm volatile(R"(
        movq $0x1111000000000000, %rax
        movq %rax, %xmm0
        leaq 1(%rax), %rcx
        movq %rcx, %xmm1
        punpcklqdq %xmm1, %xmm0
        leaq 2(%rax), %rdx
        movq %rdx, %xmm7
        leaq 3(%rax), %rbx
        movq %rbx, %xmm1
        punpcklqdq %xmm1, %xmm7
        leaq 4(%rax), %rsi
        leaq 5(%rax), %rdi
        leaq 6(%rax), %r8
        leaq 7(%rax), %r9
        leaq 8(%rax), %r10
        leaq 9(%rax), %r11
        leaq 10(%rax), %r12
        leaq 11(%rax), %r13
        leaq 12(%rax), %r14
        leaq 13(%rax), %r15
        stc
        ud2
    )");
    return STATUS_SUCCESS;
}

PLAIN_FUNCTION entry_fails() {
    return STATUS_DEVICE_CONFIGURATION_ERROR;
}

PLAIN_FUNCTION entry_leaks_pool() {
    ExFreePoolWithTag(allocate(40), kTag);
    for (int i = 0; i < 18; ++i) {
        allocate(100);
    }
    ExSetTimerResolution(10'000, TRUE);
    static const GUID id = {0x2f5ac7f0, 0x52d6, 0x4c58, {0x9e, 0x0b, 0x1d, 0x10, 0x5c, 0x4e, 0x10, 0x02}};
    REGHANDLE provider = 0;
    EtwRegister(&id, nullptr, nullptr, &provider);
    g_driver->DriverUnload = never_called;
    return STATUS_DEVICE_CONFIGURATION_ERROR;
}

PLAIN_FUNCTION add_device_fails() {
    return STATUS_SUCCESS;
}

PLAIN_FUNCTION start_fails() {
    return STATUS_SUCCESS;
}

PLAIN_FUNCTION add_device_waits() {
    return STATUS_SUCCESS;
}

PLAIN_FUNCTION start_pends() {
    return STATUS_SUCCESS;
}

PLAIN_FUNCTION start_loops() {
    return STATUS_SUCCESS;
}

PLAIN_FUNCTION entry_takes_long() {
    LARGE_INTEGER five_seconds;
    five_seconds.QuadPart = -50'000'000;
    return KeDelayExecutionThread(KernelMode, FALSE, &five_seconds);
}

/// Two RESETs without a look at STATUS: the second comes while the card is busy with the first.
PLAIN_FUNCTION card_written_unready() {
    auto* command = reinterpret_cast<PUCHAR>(0x331); // where every machine of these tests has its card
    WRITE_PORT_UCHAR(command, 0xff);
    WRITE_PORT_UCHAR(command, 0xff);
    return STATUS_SUCCESS;
}

/// So many reads take few instructions, and far more than 100 us of a bus.
void read_status_150_times() {
    auto* status = reinterpret_cast<PUCHAR>(0x331);
    for (ULONG i = 0; i < 150; ++i)
        READ_PORT_UCHAR(status);
}

VOID NTAPI poll_in_dpc(PKDPC, PVOID, PVOID, PVOID) {
    read_status_150_times();
}

PLAIN_FUNCTION dpc_polls_card() {
    KeInitializeDpc(&g_dpc, poll_in_dpc, nullptr);
    KeInsertQueueDpc(&g_dpc, nullptr, nullptr);
    KeFlushQueuedDpcs();
    return STATUS_SUCCESS;
}

PLAIN_FUNCTION lock_held_over_polls() {
    KIRQL old;
    KeInitializeSpinLock(&g_lock);
    KeAcquireSpinLock(&g_lock, &old);
    read_status_150_times();
    KeReleaseSpinLock(&g_lock, old);
    return STATUS_SUCCESS;
}

PLAIN_FUNCTION inner() {
    NTSTATUS status = g_fault->function();
    return status == 1 ? STATUS_SUCCESS : status; // no tail call: inner has to be on the stack
}

PLAIN_FUNCTION outer() {
    NTSTATUS status = inner();
    return status == 1 ? STATUS_SUCCESS : status;
}

NTSTATUS NTAPI refuse_start(PDEVICE_OBJECT, PIRP irp) {
    if (fault_is(start_loops)) endless_entry();
    if (fault_is(start_pends)) {
        IoMarkIrpPending(irp);
        return STATUS_PENDING; // and nobody will complete it
    }
    irp->IoStatus.Status = STATUS_DEVICE_DATA_ERROR;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return STATUS_DEVICE_DATA_ERROR;
}

NTSTATUS NTAPI add_device(PDRIVER_OBJECT driver, PDEVICE_OBJECT pdo) {
    if (fault_is(add_device_fails)) return STATUS_NO_MEMORY;
    if (fault_is(add_device_waits)) return endless_wait();
    PDEVICE_OBJECT device;
    NTSTATUS status = IoCreateDevice(driver, 0, nullptr, FILE_DEVICE_UNKNOWN, 0, FALSE, &device);
    if (!NT_SUCCESS(status)) return status;
    IoAttachDeviceToDeviceStack(device, pdo);
    device->Flags &= ~DO_DEVICE_INITIALIZING;
    return STATUS_SUCCESS;
}

constexpr NamedFault kFaults[] = {
#define FAULT(name) {#name, name},
#include "faults.def"
#undef FAULT
};

} // namespace

extern const char chosen_fault[];

extern "C" NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING) {
    for (const NamedFault& one : kFaults) {
        if (strcmp(one.name, chosen_fault) == 0) g_fault = &one;
    }
    g_driver = driver;
    if (g_fault == nullptr) {
        DbgPrint("faulty: '%s' is no fault of faults.def\n", chosen_fault);
        return STATUS_OBJECT_NAME_NOT_FOUND;
    }
    if (fault_is(add_device_fails) || fault_is(start_fails) || fault_is(add_device_waits) || fault_is(start_pends) ||
        fault_is(start_loops)) {
        driver->DriverExtension->AddDevice = add_device;
        driver->MajorFunction[IRP_MJ_PNP] = refuse_start;
    }
    NTSTATUS status = outer();
    return status == 1 ? STATUS_SUCCESS : status;
}
