// SPDX-License-Identifier: MIT
// Plays a checked score as a user-mode client of Windows would: device interfaces, handles, KS property and stream
// IOCTLs; never a call into portcls or the driver. One thread: while it waits for anything it also takes completions,
// reports what was captured and sends reads again. Beside it only DeviceJobs, which share nothing else with it.
#pragma once

#include "device_job.hpp"
#include "pin_slot.hpp"

namespace agent {

/** How a score ended: RUN_ENDED's words. */
struct PlayEnd {
    ULONG code; // mpulab_run_end
    NTSTATUS detail;
};

class Player {
  public:
    Player() = default;
    Player(const Player&) = delete;
    Player& operator=(const Player&) = delete;

    /** Event and memory. PASSIVE_LEVEL. */
    NTSTATUS initialize();
    /** Every step in order. PASSIVE_LEVEL. */
    PlayEnd play(const uint8_t* score);

  private:
    NTSTATUS run_step(const ScoreStep& step, ULONG_PTR& information);
    NTSTATUS open_filter(const ScoreStep& step);
    NTSTATUS open_pin(const ScoreStep& step);
    NTSTATUS set_state(const ScoreStep& step, ULONG_PTR& information);
    NTSTATUS write(const ScoreStep& step);
    NTSTATUS read_start(const ScoreStep& step);
    NTSTATUS read_stop(const ScoreStep& step);
    NTSTATUS close(const ScoreStep& step);

    // device_steps.cpp
    NTSTATUS ask(const ScoreStep& step);
    NTSTATUS begin_device(const ScoreStep& step);
    void take_job(DeviceJob& job);
    NTSTATUS wait_event(const ScoreStep& step, ULONG_PTR& information);
    NTSTATUS open_device(const ScoreStep& step);
    NTSTATUS control(const ScoreStep& step, ULONG_PTR& information);
    NTSTATUS cancel_io(const ScoreStep& step);
    NTSTATUS end_control(Slot& slot, Control& control);
    void take_control(Control& control);
    NTSTATUS open_by_name(Slot& slot, PUNICODE_STRING name);

    // stream_io.cpp
    NTSTATUS send(Slot& slot, Request& request, ULONG code);
    NTSTATUS send_read(Slot& slot, Request& read);
    bool take_completions();
    void take_write(Request& write);
    void take_read(Slot& slot, Request& read);
    void report_capture(Slot& slot, const Request& read);
    template <class Done> NTSTATUS wait_until(ULONGLONG timeout_100ns, Done done);

    ULONGLONG current_step_ = 0; // correlation id
    HANDLE event_ = nullptr;     // every request signals it; who waits looks at the status blocks
    Slot* slots_ = nullptr;
    DeviceJob jobs_[MPULAB_SCORE_JOBS];
    IO_STATUS_BLOCK control_io_{}; // of the one synchronous IOCTL under way
    ULONG state_value_ = 0;
    KSPROPERTY property_{};
    NTSTATUS failed_ = STATUS_SUCCESS; // of what went on beside the score, failed and may not
    ULONGLONG failed_step_ = 0;
    USHORT failed_opcode_ = 0;
};

} // namespace agent
