// SPDX-License-Identifier: MIT
// Writes a score (guest-images/agent/score.h) step by step. Knows the layout and nothing of what is played.
#pragma once

#include "agent/score.h"
#include "common/bytes.hpp"
#include "scenario/ks.hpp"

#include <string_view>

namespace mpulab {

class ScoreBuilder {
  public:
    ScoreBuilder();

    // Each appends one step and returns its number, counted from 1. Timeouts are virtual milliseconds.
    uint32_t open_filter(uint16_t slot, uint32_t unit, const std::array<uint8_t, 16>& category,
                         std::u16string_view reference, uint32_t timeout_ms);
    uint32_t open_pin(uint16_t slot, uint16_t filter_slot, uint32_t pin, uint32_t timeout_ms);
    uint32_t set_state(uint16_t slot, ks::State state, uint32_t timeout_ms);
    uint32_t write(uint16_t slot, uint64_t presentation_time, ByteView records, uint32_t max_pending,
                   uint32_t timeout_ms);
    uint32_t wait_writes(uint16_t slot, uint32_t timeout_ms);
    uint32_t read_start(uint16_t slot, uint32_t buffer_bytes, uint32_t pending);
    /// `may_fail`: the run goes on when they do not come.
    uint32_t wait_captured(uint16_t slot, uint64_t bytes, uint32_t timeout_ms, bool may_fail = false);
    uint32_t read_stop(uint16_t slot, uint32_t timeout_ms);
    uint32_t delay(uint64_t ns);
    uint32_t marker(uint32_t number);
    uint32_t close(uint16_t slot, uint32_t timeout_ms);
    /// QUERY_REMOVE, REMOVE; DriverUnload when it was the driver's last device.
    uint32_t remove_device(uint32_t unit, uint32_t timeout_ms);
    /// One of score_requests.def.
    uint32_t device(uint32_t unit, uint32_t request, uint32_t argument, uint32_t timeout_ms);
    /// The same beside the score, `later_ns` after this step; `job` is taken until wait_device().
    uint32_t begin_device(uint32_t unit, uint32_t request, uint32_t argument, uint32_t job, uint64_t later_ns,
                          uint32_t timeout_ms);
    uint32_t wait_device(uint32_t job, uint32_t timeout_ms);
    /// Events of card `unit` are counted from here on: records of `kind` whose words are these, or MPULAB_EVENT_ANY.
    uint32_t watch_event(uint32_t unit, uint32_t kind, uint64_t a, uint64_t b);
    uint32_t wait_event(uint64_t nth, uint32_t timeout_ms);
    /// `name`: of at most MPULAB_SCORE_MAX_NAME_BYTES.
    uint32_t open_device(uint16_t slot, std::u16string_view name, uint32_t timeout_ms);
    /// `filled`: what the output buffer of `output_bytes` holds before. `pend`: the next step begins at once.
    uint32_t ioctl(uint16_t slot, uint32_t code, ByteView input, uint32_t output_bytes, ByteView filled, bool pend,
                   uint32_t timeout_ms);
    uint32_t wait_ioctls(uint16_t slot, uint32_t timeout_ms);
    uint32_t cancel_io(uint16_t slot, uint32_t timeout_ms);

    /// Whether the run goes on when one of the steps from here on fails.
    void may_fail(bool may) { flags_ = may ? MPULAB_STEP_MAY_FAIL : 0; }

    uint32_t steps() const { return steps_; }
    size_t size() const { return bytes_.size(); }
    /// The finished score.
    Bytes finish() const;

  private:
    uint32_t step(mpulab_opcode opcode, uint16_t slot, uint32_t timeout_ms, ByteView arguments, ByteView tail = {},
                  uint32_t flags = 0);

    Bytes bytes_;
    uint32_t steps_ = 0;
    uint32_t flags_ = 0;
};

} // namespace mpulab
