// SPDX-License-Identifier: MIT
#include "card.hpp"

namespace {

constexpr UCHAR kNotReady = 0x40, kNothing = 0x80; // status
constexpr UCHAR kReset = 0xFF, kUart = 0x3F, kAck = 0xFE;
constexpr ULONG kSendStallUs = 10;
constexpr ULONG kPolls = 2000, kStallUs = 50; // 100 ms: some cards take their time

} // namespace

Card::Card() = default;

bool Card::send(UCHAR byte, ULONG& polls) {
    while (READ_PORT_UCHAR(status_) & kNotReady) {
        if (polls == 0) return false;
        --polls;
        KeStallExecutionProcessor(kSendStallUs);
    }
    WRITE_PORT_UCHAR(data_, byte);
    return true;
}

bool Card::take(UCHAR& byte) {
    if (read_ == written_) return false;
    byte = ring_[read_ % kRing];
    read_ = read_ + 1;
    return true;
}

bool Card::command(UCHAR code) {
    for (ULONG i = 0; i < kPolls && READ_PORT_UCHAR(status_) & kNotReady; ++i)
        KeStallExecutionProcessor(kStallUs);
    WRITE_PORT_UCHAR(status_, code);
    for (ULONG i = 0; i < kPolls; ++i) {
        if (!(READ_PORT_UCHAR(status_) & kNothing)) return READ_PORT_UCHAR(data_) == kAck;
        KeStallExecutionProcessor(kStallUs);
    }
    return false;
}

NTSTATUS Card::start(PRESOURCELIST resources, PPORTDMUS port) {
    PCM_PARTIAL_RESOURCE_DESCRIPTOR ports = resources->FindTranslatedEntry(CmResourceTypePort, 0);
    if (!ports || ports->u.Port.Length < 2) return STATUS_DEVICE_CONFIGURATION_ERROR;
    data_ = reinterpret_cast<PUCHAR>(static_cast<ULONG_PTR>(ports->u.Port.Start.QuadPart));
    status_ = data_ + 1;
    port_ = port;
    if (!command(kReset) && !command(kReset)) return STATUS_IO_DEVICE_ERROR;
    command(kUart);
    LARGE_INTEGER deaf;
    deaf.QuadPart = -400'000; // what comes in before is lost
    KeDelayExecutionThread(KernelMode, FALSE, &deaf);
    NTSTATUS status = PcNewInterruptSync(&sync_, nullptr, resources, 0, InterruptSyncModeNormal);
    if (NT_SUCCESS(status)) status = sync_->RegisterServiceRoutine(interrupt, this, FALSE);
    if (NT_SUCCESS(status)) status = sync_->Connect();
    return status;
}

void Card::stop() {
    if (!sync_) return;
    sync_->Disconnect();
    sync_->Release();
    sync_ = nullptr;
}

NTSTATUS NTAPI Card::interrupt(IInterruptSync*, PVOID context) {
    auto& self = *static_cast<Card*>(context);
    NTSTATUS status = STATUS_UNSUCCESSFUL;
    for (ULONG i = 0; i < kRing && !(READ_PORT_UCHAR(self.status_) & kNothing); ++i) {
        self.ring_[self.written_ % kRing] = READ_PORT_UCHAR(self.data_);
        self.written_ = self.written_ + 1;
        status = STATUS_SUCCESS;
    }
    if (NT_SUCCESS(status)) self.port_->Notify(nullptr); // every stream's group
    return status;
}
