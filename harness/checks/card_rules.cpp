// SPDX-License-Identifier: MIT
#include "checks/card_rules.hpp"

#include "agent/score.h"
#include "link/mpulab_codes.h"

#include <fmt/format.h>

namespace mpulab {
namespace {

constexpr uint64_t kRemoveDevice = 0x1b02;    // IRP_MJ_PNP << 8 | IRP_MN_REMOVE_DEVICE
constexpr uint64_t kSurpriseRemoval = 0x1b17; // the same with IRP_MN_SURPRISE_REMOVAL
constexpr uint64_t kD3 = 3;

} // namespace

void CardRules::card(const mpulab_record& record) {
    state_.seen = true;
    const bool by_fault = after_fault_; // the record right behind a FAULT shows its effect
    after_fault_ = record.kind == MPULAB_KIND_FAULT;
    switch (record.kind) {
    case MPULAB_KIND_IRQ:
        line(record, by_fault);
        break;
    case MPULAB_KIND_REG_READ:
    case MPULAB_KIND_REG_WRITE:
        access(record);
        break;
    case MPULAB_KIND_MODE:
        state_.uart = record.a == MPULAB_MODE_UART;
        if (state_.uart) state_.after_power = false;
        break;
    case MPULAB_KIND_POWER:
        if (record.a == kD3) desk_.judged(34);
        if (record.b == kD3) state_.after_power = true; // the card is as after power-on; D1 and D2 leave it as it is
        state_.uart = state_.uart && record.b != kD3;
        break;
    case MPULAB_KIND_FAULT:
        state_.faulty = true;
        break;
    case MPULAB_KIND_GUEST_ERROR:
        guest_error(record);
        break;
    default:
        break;
    }
}

void CardRules::line(const mpulab_record& record, bool by_fault) {
    state_.line = record.a != 0;
    state_.asks = state_.line && !by_fault; // a pulse that a cue adds asks for nothing
    if (!state_.asks) return;
    state_.risen = true;
    for (auto& [cpu, calls] : calls_)
        for (OpenCall& call : calls)
            call.had_cause = true;
}

void CardRules::access(const mpulab_record& record) {
    if (std::vector<OpenCall>& calls = calls_[record.cpu]; !calls.empty()) {
        ++calls.back().own_accesses;
        if (record.kind == MPULAB_KIND_REG_READ && record.a == kDataOffset) ++calls.back().data_reads;
    }
    if (state_.removed) {
        desk_.tell(34, record, fmt::format("the card is touched after REMOVE_DEVICE{}", desk_.at(record)),
                   "a register access", "none");
    }
    if (record.kind == MPULAB_KIND_REG_READ) {
        if (record.a == kStatusOffset) state_.status = record.b;
        if (record.a == kDataOffset) {
            if (state_.streamed && !state_.after_power) desk_.judged(36);
            if (state_.status) *state_.status |= kEmpty; // it says nothing about the next byte
        }
        return;
    }
    desk_.judged(35);
    if (record.a == kDataOffset && state_.after_power) {
        desk_.judged(37);
        desk_.tell(37, record,
                   fmt::format("a byte is written after D3 while the card is not in UART mode{}", desk_.at(record)),
                   "intelligent mode", "UART mode");
    }
}

void CardRules::guest_error(const mpulab_record& record) {
    switch (record.a) {
    case MPULAB_GUEST_READ_EMPTY:
        // Handshakes read at their own risk; so does a driver that was shown a byte which a fault then took.
        if (state_.streamed && !state_.after_power && !state_.faulty &&
            (!state_.status || (*state_.status & kEmpty) != 0)) {
            desk_.tell(36, record,
                       fmt::format("DATA is read though STATUS did not say that there is a byte{}", desk_.at(record)),
                       "DSR = 1", "DSR = 0");
        }
        break;
    case MPULAB_GUEST_WRITE_NOT_READY:
        if (!state_.faulty) {
            desk_.tell(35, record,
                       fmt::format("{} is written while the card is not ready{}",
                                   record.b == kDataOffset ? "DATA" : "COMMAND", desk_.at(record)),
                       "DRR = 1", "DRR = 0");
        }
        break;
    case MPULAB_GUEST_READ_UNPOWERED:
    case MPULAB_GUEST_WRITE_UNPOWERED:
        if (state_.pulled_out) break;
        desk_.tell(34, record, fmt::format("the card is touched in D3{}", desk_.at(record)), "a register access",
                   "none");
        break;
    default:
        break;
    }
}

void CardRules::step_begun(const mpulab_record& record) {
    const bool asks = record.a == MPULAB_OP_DEVICE || record.a == MPULAB_OP_BEGIN_DEVICE;
    if (!asks || record.c != MPULAB_DEVICE_SURPRISE_REMOVE) return; // others go on beside it
    state_.pulled_out = true;
    pulled_out_by_ = record.corr;
}

void CardRules::step_ended(const mpulab_record& record) {
    if (record.corr == pulled_out_by_) state_.pulled_out = false; // one that is refused sends no IRP
}

void CardRules::irp_done(const mpulab_record& record) {
    if (record.a == kSurpriseRemoval) state_.pulled_out = false;
    if (record.a == kRemoveDevice && alone_) state_.removed = true; // of which card it is, the record does not say
}

void CardRules::entered(OpenCall& call) {
    call.had_cause = state_.asks || state_.risen;
    if (call.callback == MPULAB_CALLBACK_AddDevice || call.callback == MPULAB_CALLBACK_StartDevice)
        state_.removed = false;
    if (call.callback == MPULAB_CALLBACK_NewStream) state_.streamed = true;
}

void CardRules::interrupt_routine(const OpenCall& call, const mpulab_record& leave) {
    if (!alone_ && (call.own_accesses == 0 || call.other_accesses != 0))
        return; // another card's, or nobody knows whose
    const bool claims = static_cast<uint32_t>(leave.b) == 0;
    if (!claims) desk_.judged(14);
    if (claims && state_.seen) desk_.judged(12);
    if (claims) desk_.judged(13);
    if (claims && state_.seen && !call.had_cause && call.data_reads == 0) {
        desk_.tell(12, leave, "an ISR claims an interrupt that its card had not asked for, and read nothing", "claimed",
                   "denied");
    }
    if (claims && state_.line && call.own_accesses == 0 && !state_.faulty) {
        desk_.tell(13, leave, "an ISR claims the interrupt and never touches the card, whose line still stands",
                   "line high", "line low");
    }
    if (!claims && call.data_reads != 0) {
        desk_.tell(14, leave, fmt::format("an ISR read {} bytes and denies the interrupt", call.data_reads), "denied",
                   "claimed");
    }
    state_.risen = false;
}

} // namespace mpulab
