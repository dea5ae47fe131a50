// SPDX-License-Identifier: MIT
#include "careless.hpp"

namespace {

constexpr UCHAR kReset = 0xff;
constexpr UCHAR kNotReady = 0x40; // DRR
constexpr int kLooks = 10'000;    // 10 us each

PUCHAR g_ports;
PPORTMIDI g_port;
PSERVICEGROUP g_group;
ULONG g_notifies;  // that the next interrupt makes
bool g_notify_all; // they are of every group
LONG g_interrupts;

struct Sink final : Counted<IServiceSink> {
    STDMETHODIMP_(NTSTATUS) QueryInterface(REFIID iid, PVOID* out) override {
        return gives<IServiceSink>(iid, IID_IServiceSink, out) ? STATUS_SUCCESS : gives_unknown(iid, out);
    }
    STDMETHODIMP_(void) RequestService() override {
        InterlockedIncrement(&served);
        if (PSERVICEGROUP last = releases) {
            releases = nullptr;
            last->Release();
        }
    }
    LONG served = 0;
    PSERVICEGROUP releases = nullptr; // when it is served
};

NTSTATUS NTAPI serve(IInterruptSync*, PVOID) {
    READ_PORT_UCHAR(g_ports);
    for (ULONG i = 0; i < g_notifies; ++i)
        g_port->Notify(g_notify_all ? nullptr : g_group);
    InterlockedIncrement(&g_interrupts);
    return STATUS_SUCCESS;
}

void interrupt_once(ULONG notifies) {
    const LONG before = g_interrupts;
    g_notifies = notifies;
    for (int i = 0; i < kLooks && (READ_PORT_UCHAR(g_ports + 1) & kNotReady) != 0; ++i)
        KeStallExecutionProcessor(10);
    WRITE_PORT_UCHAR(g_ports + 1, kReset); // its ACK interrupts
    for (int i = 0; i < kLooks && g_interrupts == before; ++i)
        KeStallExecutionProcessor(10);
    CHECK_EQUAL(g_interrupts, before + 1);
}

void notifies(PRESOURCELIST resources) {
    PINTERRUPTSYNC sync = nullptr;
    CHECK_EQUAL(PcNewInterruptSync(&sync, nullptr, resources, 0, InterruptSyncModeNormal), STATUS_SUCCESS);
    if (!sync) return;
    CHECK_EQUAL(sync->RegisterServiceRoutine(serve, nullptr, FALSE), STATUS_SUCCESS);
    CHECK_EQUAL(sync->Connect(), STATUS_SUCCESS);
    begin("notifies_twice");
    interrupt_once(2);
    begin("notifies_each_byte");
    interrupt_once(3);
    begin("notifies_all_each_byte");
    g_notify_all = true;
    interrupt_once(3);
    sync->Disconnect();
    sync->Release();
}

PSERVICEGROUP group_with(Sink& sink) {
    PSERVICEGROUP group = nullptr;
    CHECK_EQUAL(PcNewServiceGroup(&group, nullptr), STATUS_SUCCESS);
    if (group) CHECK_EQUAL(group->AddMember(&sink), STATUS_SUCCESS);
    return group;
}

void groups() {
    Sink sink;
    begin("group_at_rest");
    if (PSERVICEGROUP group = group_with(sink)) {
        group->RequestService();
        KeFlushQueuedDpcs();
        group->Release();
        CHECK_EQUAL(sink.served, 1);
    }
    begin("group_without_members");
    if (PSERVICEGROUP group = group_with(sink)) {
        group->SupportDelayedService();
        group->RequestDelayedService(100'000);
        group->RemoveMember(&sink);
        group->Release();
    }
    begin("group_awaited");
    if (PSERVICEGROUP group = group_with(sink)) {
        group->SupportDelayedService();
        group->RequestDelayedService(100'000);
        group->Release();
    }
    begin("group_released_by_its_member");
    if (PSERVICEGROUP group = group_with(sink)) {
        const LONG before = sink.served;
        sink.releases = group;
        group->RequestService();
        KeFlushQueuedDpcs();
        CHECK_EQUAL(sink.served, before + 1);
    }
    CHECK_EQUAL(sink.references, 1);
}

// What they do is all there is of them: no prologue saves anything.
[[gnu::naked]] NTSTATUS NTAPI keeps(IInterruptSync*, PVOID) {
    asm("xorl %eax, %eax\n"
        "ret");
}
[[gnu::naked]] NTSTATUS NTAPI changes_rbx_and_r15(IInterruptSync*, PVOID) {
    asm("xorl %eax, %eax\n"
        "xorl %ebx, %ebx\n"
        "incq %r15\n"
        "ret");
}
[[gnu::naked]] NTSTATUS NTAPI changes_xmm12(IInterruptSync*, PVOID) {
    asm("xorl %eax, %eax\n"
        "pxor %xmm12, %xmm12\n"
        "pxor %xmm3, %xmm3\n" // is the caller's to save
        "ret");
}
[[gnu::naked]] NTSTATUS NTAPI sets_direction(IInterruptSync*, PVOID) {
    asm("xorl %eax, %eax\n"
        "std\n"
        "ret");
}
[[gnu::naked]] VOID NTAPI changes_rsi(PKDPC, PVOID, PVOID, PVOID) {
    asm("leaq 1(%rsi), %rsi\n"
        "ret");
}
VOID NTAPI keeps_all(PKDPC, PVOID context, PVOID, PVOID) {
    ++*static_cast<ULONG*>(context);
}

void registers(PRESOURCELIST resources) {
    PINTERRUPTSYNC sync = nullptr;
    CHECK_EQUAL(PcNewInterruptSync(&sync, nullptr, resources, 0, InterruptSyncModeNormal), STATUS_SUCCESS);
    if (!sync) return;
    CHECK_EQUAL(sync->Connect(), STATUS_SUCCESS);
    static const struct {
        const char* name;
        PINTERRUPTSYNCROUTINE routine;
    } routines[] = {{"registers_kept", keeps},
                    {"registers_rbx_r15", changes_rbx_and_r15},
                    {"registers_xmm12", changes_xmm12},
                    {"registers_direction", sets_direction}};
    for (const auto& [name, routine] : routines) {
        begin(name);
        CHECK_EQUAL(sync->CallSynchronizedRoutine(routine, nullptr), STATUS_SUCCESS);
    }
    sync->Disconnect();
    sync->Release();

    static KDPC dpc;
    static ULONG calls;
    begin("dpc_registers_kept");
    KeInitializeDpc(&dpc, keeps_all, &calls);
    KeInsertQueueDpc(&dpc, nullptr, nullptr);
    KeFlushQueuedDpcs();
    CHECK_EQUAL(calls, 1);
    begin("dpc_registers_rsi");
    KeInitializeDpc(&dpc, changes_rsi, nullptr);
    KeInsertQueueDpc(&dpc, nullptr, nullptr);
    KeFlushQueuedDpcs();
}

BOOLEAN NTAPI deny(PKINTERRUPT, PVOID) {
    return FALSE;
}

NTSTATUS connect(const CM_PARTIAL_RESOURCE_DESCRIPTOR& item, PKINTERRUPT& interrupt) {
    const auto irql = static_cast<KIRQL>(item.u.Interrupt.Level);
    return IoConnectInterrupt(&interrupt, deny, nullptr, nullptr, item.u.Interrupt.Vector, irql, irql, Latched, FALSE,
                              item.u.Interrupt.Affinity, FALSE);
}

void vectors(PRESOURCELIST resources) {
    PKINTERRUPT interrupt = nullptr;
    begin("translated_vector");
    CHECK_EQUAL(connect(*resources->FindTranslatedEntry(CmResourceTypeInterrupt, 0), interrupt), STATUS_SUCCESS);
    if (interrupt) IoDisconnectInterrupt(interrupt);
    begin("raw_vector");
    CHECK_EQUAL(connect(*resources->FindUntranslatedEntry(CmResourceTypeInterrupt, 0), interrupt),
                STATUS_INVALID_PARAMETER);
}

} // namespace

void careless_interrupts(PDEVICE_OBJECT, PPORT port, PRESOURCELIST resources) {
    const auto& ports = resources->FindTranslatedEntry(CmResourceTypePort, 0)->u.Port;
    g_ports = reinterpret_cast<PUCHAR>(static_cast<ULONG_PTR>(ports.Start.QuadPart));
    if (!NT_SUCCESS(port->QueryInterface(IID_IPortMidi, reinterpret_cast<PVOID*>(&g_port)))) return;
    CHECK_EQUAL(PcNewServiceGroup(&g_group, nullptr), STATUS_SUCCESS);
    notifies(resources);
    KeFlushQueuedDpcs();
    g_group->Release();
    g_port->Release();
    groups();
    registers(resources);
    vectors(resources);
    begin("foreign_port");
    CHECK_EQUAL(READ_PORT_UCHAR(g_ports + ports.Length), 0xff);
    WRITE_PORT_USHORT(reinterpret_cast<PUSHORT>(g_ports + ports.Length), 0x1234);
}
