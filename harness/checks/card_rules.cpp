// SPDX-License-Identifier: MIT
#include "checks/card_rules.hpp"

#include "agent/score.h"
#include "link/mpulab_codes.h"
#include "probe/plan.h"

#include <fmt/format.h>

namespace mpulab {
namespace {

/// Whose place in the driver is PortCls' own: its UART miniport serves drivers that have none.
constexpr std::string_view kPortCls = "portcls.sys";

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
        back_from_d3_ = record.b == kD3;
        state_.uart = state_.uart && record.b != kD3;
        break;
    case MPULAB_KIND_WIRE_OUT:
        state_.tx_level = record.c;
        break;
    case MPULAB_KIND_FAULT:
        fault(record);
        break;
    case MPULAB_KIND_GUEST_ERROR:
        guest_error(record);
        break;
    default:
        break;
    }
}

void CardRules::fault(const mpulab_record& record) {
    switch (MPULAB_FAULT_ACTION(record.a)) {
    case MPULAB_ACTION_ADD_IRQ:
    case MPULAB_ACTION_DROP_IRQ:
    case MPULAB_ACTION_DELAY_IRQ:
    case MPULAB_ACTION_DUPLICATE_IRQ:
    case MPULAB_ACTION_IRQ_STORM:
    case MPULAB_ACTION_DEAD_IRQ:
        state_.line_faulty = true;
        break;
    case MPULAB_ACTION_CORRUPT_OUT: // on the cable: the driver cannot see it
    case MPULAB_ACTION_LOSE_OUT:
    case MPULAB_ACTION_CORRUPT_IN:
    case MPULAB_ACTION_LOSE_IN:
    case MPULAB_ACTION_FRAMING_ERROR:
        break;
    default: // what the host reads, or whether it reads anything; how a driver gets over it takes its time
        state_.faulty = state_.line_faulty = true;
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
    if (state_.removed && !is_port_class(record)) {
        desk_.tell(34, record, fmt::format("the card is touched after REMOVE_DEVICE{}", desk_.at(record)),
                   "a register access", "none");
    }
    if (record.kind == MPULAB_KIND_REG_READ) {
        if (record.a == kStatusOffset) state_.status = record.b;
        if (record.a == kDataOffset) {
            if (state_.streamed && !state_.after_power && !state_.faulty) desk_.judged(36);
            if (state_.status) *state_.status |= kEmpty; // it says nothing about the next byte
        }
        return;
    }
    if (!state_.faulty) desk_.judged(35);
    if (record.a == kDataOffset) data_written(record);
}

void CardRules::data_written(const mpulab_record& record) {
    state_.tx_level = record.c;
    if (back_from_d3_) desk_.judged(37);
    back_from_d3_ = false;
    if (state_.after_power) {
        desk_.tell(37, record,
                   fmt::format("a byte is written after D3 while the card is not in UART mode{}", desk_.at(record)),
                   "intelligent mode", "UART mode");
    }
}

bool CardRules::is_port_class(const mpulab_record& record) const {
    const Module* module = desk_.view().log.module_at(record.pc);
    return module != nullptr && module->name == kPortCls;
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
        if (state_.pulled_out || is_port_class(record)) break;
        desk_.tell(34, record,
                   fmt::format("the card is touched {}{}", told_of_pull_ ? "after it was pulled out" : "in D3",
                               desk_.at(record)),
                   "a register access", "none");
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
    if (record.a == kSurpriseRemoval) {
        state_.pulled_out = false;
        told_of_pull_ = true;
        desk_.judged(34);
    }
    if (record.a == kRemoveDevice && alone_) { // of which card it is, the record does not say
        state_.removed = true;
        desk_.judged(34);
    }
}

void CardRules::entered(OpenCall& call) {
    call.had_cause = state_.asks || state_.risen;
    if (call.callback == MPULAB_CALLBACK_AddDevice || call.callback == MPULAB_CALLBACK_StartDevice)
        state_.removed = told_of_pull_ = false;
    if (call.callback == MPULAB_CALLBACK_NewStream) state_.streamed = true;
}

void CardRules::interrupt_routine(const OpenCall& call, const mpulab_record& leave) {
    if (!alone_ && (call.own_accesses == 0 || call.other_accesses != 0))
        return; // another card's, or nobody knows whose
    const bool claims = static_cast<uint32_t>(leave.b) == 0;
    if (!claims) desk_.judged(14);
    if (claims && state_.seen) desk_.judged(12);
    if (claims && !state_.line_faulty) desk_.judged(13);
    if (claims && state_.seen && !call.had_cause && call.data_reads == 0) {
        desk_.tell(12, leave, "an ISR claims an interrupt that its card had not asked for, and read nothing", "claimed",
                   "denied");
    }
    if (claims && state_.line && call.own_accesses == 0 && !state_.line_faulty) {
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
