// SPDX-License-Identifier: MIT
#include "uart.hpp"

#include "time.hpp"

#include <mpu401/register_map.h>

namespace portcls {
namespace {

constexpr ULONG kPatienceMs = 100; // reset and change of mode take up to 60 ms (mpu401.md §2.2)
constexpr ULONG kDeafMs = 40;      // a card that has just entered UART mode loses what comes in (ibid.: 34 ms)
constexpr ULONG kQuickPolls = 16, kPollStallUs = 10;
constexpr ULONG kMaxInputBytes = 1024; // of one interrupt
constexpr ULONG kMaxOutputBytes = 256; // of one pump
// A card takes up to 155 us for a byte and says so by its status alone, the wire takes 3.1 bytes a tick: to keep the
// wire busy, and its bytes in time, the card is waited for, for half of each tick at most.
constexpr ULONG kPollsATick = 50;
constexpr int64_t kStuck100ns = 5'000'000;
constexpr int64_t kTick100ns = 10'000;

} // namespace

Uart::Uart() {
    KeInitializeSpinLock(&lock_);
    KeInitializeTimer(&timer_);
    KeInitializeDpc(&dpc_, on_timer, this);
}

NTSTATUS Uart::start(PUNKNOWN adapter, PRESOURCELIST resources, UartOwner& owner) {
    NTSTATUS status = take_resources(adapter, resources);
    if (!NT_SUCCESS(status)) return status;
    owner_ = &owner;
    powered_ = true;
    // Before the interrupt is connected: the acknowledgement is a received byte, and would raise it.
    status = enter_uart_mode();
    if (NT_SUCCESS(status)) status = connect();
    if (!NT_SUCCESS(status)) stop();
    return status;
}

NTSTATUS Uart::take_resources(PUNKNOWN adapter, PRESOURCELIST resources) {
    if (!resources || resources->NumberOfEntriesOfType(CmResourceTypePort) == 0 ||
        resources->NumberOfEntriesOfType(CmResourceTypeInterrupt) > 1 ||
        resources->NumberOfEntriesOfType(CmResourceTypeDma) != 0)
        return STATUS_DEVICE_CONFIGURATION_ERROR;
    PCM_PARTIAL_RESOURCE_DESCRIPTOR ports = resources->FindTranslatedEntry(CmResourceTypePort, 0);
    if (!ports || ports->u.Port.Length < mpu401::kPortCount) return STATUS_DEVICE_CONFIGURATION_ERROR;
    data_ = reinterpret_cast<PUCHAR>(static_cast<ULONG_PTR>(ports->u.Port.Start.QuadPart)) + mpu401::kDataPort;
    status_ = data_ - mpu401::kDataPort + mpu401::kStatusPort;
    command_ = data_ - mpu401::kDataPort + mpu401::kCommandPort;
    if (adapter) sync_ = query<IInterruptSync>(adapter, IID_IInterruptSync).detach();
    if (sync_ || resources->NumberOfEntriesOfType(CmResourceTypeInterrupt) == 0) return STATUS_SUCCESS;
    return PcNewInterruptSync(&sync_, nullptr, resources, 0, InterruptSyncModeNormal);
}

/** An adapter's interrupt that is connected already is left to the adapter. */
NTSTATUS Uart::connect() {
    if (!sync_) return STATUS_SUCCESS;
    NTSTATUS status = sync_->RegisterServiceRoutine(on_interrupt, this, FALSE);
    if (!NT_SUCCESS(status) || sync_->GetKInterrupt()) return status;
    status = sync_->Connect();
    connected_ = NT_SUCCESS(status);
    return status;
}

void Uart::stop() {
    listening_ = false;
    if (powered_ && ready()) WRITE_PORT_UCHAR(command_, mpu401::kCommandReset);
    powered_ = false;
    if (connected_) sync_->Disconnect();
    connected_ = false;
    if (sync_) sync_->Release();
    sync_ = nullptr;
    KeCancelTimer(&timer_);
    KeFlushQueuedDpcs();
}

void Uart::power(bool on) {
    if (on == powered_) return;
    powered_ = on;
    if (!on) {
        discard();
        return;
    }
    const NTSTATUS status = enter_uart_mode();
    if (!NT_SUCCESS(status))
        DbgPrint("portcls.sys: UART miniport: the card does not answer after it got its power back (0x%08x)\n", status);
}

/** In UART mode a reset is not acknowledged, in intelligent mode it is; after it the card is in intelligent mode. Not
 * every card acknowledges the change to UART mode (mpu401.md §2.1). */
NTSTATUS Uart::enter_uart_mode() {
    if (!command(mpu401::kCommandReset)) return STATUS_IO_DEVICE_ERROR;
    if (!wait_acknowledged() && !(command(mpu401::kCommandReset) && wait_acknowledged())) return STATUS_IO_DEVICE_ERROR;
    if (!command(mpu401::kCommandEnterUart)) return STATUS_IO_DEVICE_ERROR;
    wait_acknowledged();
    sleep_ms(kDeafMs);
    return STATUS_SUCCESS;
}

bool Uart::command(UCHAR code) {
    look_for_input(); // an acknowledgement from before
    acknowledged_ = false;
    if (!wait([this] { return ready(); })) return false;
    WRITE_PORT_UCHAR(command_, code);
    return true;
}

bool Uart::wait_acknowledged() {
    return wait([this] {
        look_for_input();
        return acknowledged_;
    });
}

template <class Condition> bool Uart::wait(Condition condition) {
    for (ULONG i = 0; i < kQuickPolls; ++i) {
        if (condition()) return true;
        KeStallExecutionProcessor(kPollStallUs);
    }
    const int64_t limit = now_100ns() + kPatienceMs * 10'000;
    for (ULONG i = 0; i < kPatienceMs && now_100ns() < limit; ++i) {
        sleep_ms(1);
        if (condition()) return true;
    }
    return false;
}

bool Uart::ready() const {
    return !(READ_PORT_UCHAR(status_) & mpu401::kStatusDrr);
}

/** Reads in the interrupt's stead, and never beside it. IRQL <= DISPATCH_LEVEL. */
void Uart::look_for_input() {
    if (sync_ && sync_->GetKInterrupt())
        sync_->CallSynchronizedRoutine(on_synchronized, this);
    else
        drain();
}

/** Everything the card has for us. True: there was something. */
bool Uart::drain() {
    bool any = false;
    for (ULONG i = 0; i < kMaxInputBytes && !(READ_PORT_UCHAR(status_) & mpu401::kStatusDsr); ++i) {
        const UCHAR byte = READ_PORT_UCHAR(data_);
        any = true;
        if (byte == mpu401::kReplyAck) acknowledged_ = true;
        if (listening_ && !in_.put(byte)) ++lost_;
    }
    return any;
}

NTSTATUS NTAPI Uart::on_interrupt(IInterruptSync*, PVOID context) {
    auto& self = *static_cast<Uart*>(context);
    if (!self.powered_ || !self.drain()) return STATUS_UNSUCCESSFUL;
    if (self.in_.size()) self.owner_->received();
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI Uart::on_synchronized(IInterruptSync*, PVOID context) {
    static_cast<Uart*>(context)->drain();
    return STATUS_SUCCESS;
}

ULONG Uart::send(const UCHAR* bytes, ULONG count, ULONG unit) {
    SpinLockGuard guard(lock_);
    ULONG taken = count < out_.room() ? count : out_.room();
    if (taken < count) taken -= taken % unit;
    if (out_.size() == 0) progress_ = now_100ns();
    for (ULONG i = 0; i < taken; ++i)
        out_.put(bytes[i]);
    if (pump()) arm();
    return taken;
}

/** Under lock_. True: bytes wait for the card still. */
bool Uart::pump() {
    const int64_t now = now_100ns();
    if (now - tick_ >= kTick100ns) {
        tick_ = now;
        polls_ = kPollsATick;
    }
    UCHAR byte;
    for (ULONG i = 0; i < kMaxOutputBytes && !held_ && powered_ && out_.front(byte); ++i) {
        bool takes = ready();
        for (; !takes && polls_; --polls_) {
            KeStallExecutionProcessor(kPollStallUs);
            takes = ready();
        }
        if (!takes) break;
        WRITE_PORT_UCHAR(data_, byte);
        out_.pop();
        progress_ = now_100ns();
    }
    return !held_ && out_.size() != 0;
}

void Uart::arm() {
    LARGE_INTEGER due;
    due.QuadPart = -kTick100ns;
    KeSetTimer(&timer_, due, &dpc_);
}

VOID NTAPI Uart::on_timer(PKDPC, PVOID context, PVOID, PVOID) {
    auto& self = *static_cast<Uart*>(context);
    const bool polls = self.listening_ && !self.sync_ && self.powered_;
    if (polls) {
        self.drain();
        if (self.in_.size()) self.owner_->received();
    }
    bool room, more;
    {
        SpinLockGuard guard(self.lock_);
        const ULONG before = self.out_.size();
        more = self.pump();
        room = self.out_.size() < before;
    }
    if (room) self.owner_->room();
    if (more || polls) self.arm();
}

bool Uart::is_stuck() {
    SpinLockGuard guard(lock_);
    return !held_ && out_.size() != 0 && now_100ns() - progress_ > kStuck100ns;
}

void Uart::let_out(bool out) {
    SpinLockGuard guard(lock_);
    held_ = !out;
    progress_ = now_100ns();
    if (pump()) arm();
}

void Uart::discard() {
    SpinLockGuard guard(lock_);
    held_ = true;
    out_.clear();
}

void Uart::listen(bool on) {
    listening_ = false;
    KeFlushQueuedDpcs();
    in_.clear();
    if (lost_) DbgPrint("portcls.sys: UART miniport: %u received bytes were lost, nobody had fetched them\n", lost_);
    lost_ = 0;
    listening_ = on;
    if (on && !sync_) arm();
}

} // namespace portcls
