// SPDX-License-Identifier: MIT
#include "scenario/score_builder.hpp"

#include <algorithm>
#include <stdexcept>

namespace mpulab {
namespace {

template <typename Pod> ByteView view(const Pod& value) {
    return {reinterpret_cast<const uint8_t*>(&value), sizeof value};
}

} // namespace

ScoreBuilder::ScoreBuilder() {
    bytes_.resize(sizeof(mpulab_score_header));
}

uint32_t ScoreBuilder::step(mpulab_opcode opcode, uint16_t slot, uint32_t timeout_ms, ByteView arguments, ByteView tail,
                            uint32_t flags) {
    const auto size = static_cast<uint32_t>(arguments.size() + tail.size());
    append_pod(bytes_, mpulab_step{static_cast<uint16_t>(opcode), slot, size, flags | flags_, timeout_ms});
    append(bytes_, arguments);
    append(bytes_, tail);
    pad(bytes_, 8);
    return ++steps_;
}

uint32_t ScoreBuilder::open_filter(uint16_t slot, uint32_t unit, const std::array<uint8_t, 16>& category,
                                   std::u16string_view reference, uint32_t timeout_ms) {
    mpulab_op_open_filter op{};
    if (reference.size() >= std::size(op.reference)) throw std::logic_error("reference string does not fit the score");
    op.unit = unit;
    std::copy(category.begin(), category.end(), op.category);
    std::copy(reference.begin(), reference.end(), op.reference);
    return step(MPULAB_OP_OPEN_FILTER, slot, timeout_ms, view(op));
}

uint32_t ScoreBuilder::open_pin(uint16_t slot, uint16_t filter_slot, uint32_t pin, uint32_t timeout_ms) {
    return step(MPULAB_OP_OPEN_PIN, slot, timeout_ms, view(mpulab_op_open_pin{filter_slot, 0, pin}));
}

uint32_t ScoreBuilder::set_state(uint16_t slot, ks::State state, uint32_t timeout_ms) {
    return step(MPULAB_OP_SET_STATE, slot, timeout_ms, view(mpulab_op_set_state{static_cast<uint32_t>(state), 0}));
}

uint32_t ScoreBuilder::write(uint16_t slot, uint64_t presentation_time, ByteView records, uint32_t max_pending,
                             uint32_t timeout_ms) {
    const mpulab_op_write op{presentation_time, static_cast<uint32_t>(records.size()), max_pending};
    return step(MPULAB_OP_WRITE, slot, timeout_ms, view(op), records);
}

uint32_t ScoreBuilder::wait_writes(uint16_t slot, uint32_t timeout_ms) {
    return step(MPULAB_OP_WAIT_WRITES, slot, timeout_ms, {});
}

uint32_t ScoreBuilder::read_start(uint16_t slot, uint32_t buffer_bytes, uint32_t pending) {
    return step(MPULAB_OP_READ_START, slot, 0, view(mpulab_op_read_start{buffer_bytes, pending}));
}

uint32_t ScoreBuilder::wait_captured(uint16_t slot, uint64_t bytes, uint32_t timeout_ms, bool may_fail) {
    return step(MPULAB_OP_WAIT_CAPTURED, slot, timeout_ms, view(mpulab_op_wait_captured{bytes}), {},
                may_fail ? MPULAB_STEP_MAY_FAIL : 0);
}

uint32_t ScoreBuilder::read_stop(uint16_t slot, uint32_t timeout_ms) {
    return step(MPULAB_OP_READ_STOP, slot, timeout_ms, {});
}

uint32_t ScoreBuilder::delay(uint64_t ns) {
    return step(MPULAB_OP_DELAY, 0, 0, view(mpulab_op_delay{ns}));
}

uint32_t ScoreBuilder::marker(uint32_t number) {
    return step(MPULAB_OP_MARKER, 0, 0, view(mpulab_op_marker{number, 0}));
}

uint32_t ScoreBuilder::close(uint16_t slot, uint32_t timeout_ms) {
    return step(MPULAB_OP_CLOSE, slot, timeout_ms, {});
}

uint32_t ScoreBuilder::remove_device(uint32_t unit, uint32_t timeout_ms) {
    return step(MPULAB_OP_REMOVE_DEVICE, 0, timeout_ms, view(mpulab_op_remove_device{unit, 0}));
}

uint32_t ScoreBuilder::device(uint32_t unit, uint32_t request, uint32_t argument, uint32_t timeout_ms) {
    return step(MPULAB_OP_DEVICE, 0, timeout_ms, view(mpulab_op_device{unit, request, argument, 0}));
}

uint32_t ScoreBuilder::begin_device(uint32_t unit, uint32_t request, uint32_t argument, uint32_t job, uint64_t later_ns,
                                    uint32_t timeout_ms) {
    return step(MPULAB_OP_BEGIN_DEVICE, 0, timeout_ms,
                view(mpulab_op_begin_device{unit, request, argument, job, later_ns}));
}

uint32_t ScoreBuilder::wait_device(uint32_t job, uint32_t timeout_ms) {
    return step(MPULAB_OP_WAIT_DEVICE, 0, timeout_ms, view(mpulab_op_wait_device{job, 0}));
}

uint32_t ScoreBuilder::watch_event(uint32_t unit, uint32_t kind, uint64_t a, uint64_t b) {
    return step(MPULAB_OP_WATCH_EVENT, 0, 0, view(mpulab_op_watch_event{kind, unit, a, b}));
}

uint32_t ScoreBuilder::wait_event(uint64_t nth, uint32_t timeout_ms) {
    return step(MPULAB_OP_WAIT_EVENT, 0, timeout_ms, view(mpulab_op_wait_event{nth}));
}

uint32_t ScoreBuilder::open_device(uint16_t slot, std::u16string_view name, uint32_t timeout_ms) {
    const auto size = static_cast<uint32_t>(name.size() * sizeof(char16_t));
    return step(MPULAB_OP_OPEN_DEVICE, slot, timeout_ms, view(mpulab_op_open_device{size, 0}),
                {reinterpret_cast<const uint8_t*>(name.data()), size});
}

uint32_t ScoreBuilder::ioctl(uint16_t slot, uint32_t code, ByteView input, uint32_t output_bytes, ByteView filled,
                             bool pend, uint32_t timeout_ms) {
    Bytes tail;
    append(tail, input);
    append(tail, filled);
    const mpulab_op_ioctl op{code,           static_cast<uint32_t>(input.size()),
                             output_bytes,   static_cast<uint32_t>(filled.size()),
                             pend ? 1u : 0u, 0};
    return step(MPULAB_OP_IOCTL, slot, timeout_ms, view(op), tail);
}

uint32_t ScoreBuilder::wait_ioctls(uint16_t slot, uint32_t timeout_ms) {
    return step(MPULAB_OP_WAIT_IOCTLS, slot, timeout_ms, {});
}

uint32_t ScoreBuilder::cancel_io(uint16_t slot, uint32_t timeout_ms) {
    return step(MPULAB_OP_CANCEL_IO, slot, timeout_ms, {});
}

Bytes ScoreBuilder::finish() const {
    Bytes score = bytes_;
    mpulab_score_header header{};
    std::memcpy(header.magic, MPULAB_SCORE_MAGIC, sizeof header.magic);
    header.version = MPULAB_SCORE_VERSION;
    header.step_count = steps_;
    header.size = static_cast<uint32_t>(score.size());
    std::memcpy(score.data(), &header, sizeof header);
    return score;
}

} // namespace mpulab
