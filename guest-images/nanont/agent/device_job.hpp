// SPDX-License-Identifier: MIT
// A request of the PnP or the power manager that is made beside the score, in the middle of what the client does.
#pragma once

#include "score_check.hpp"

#include "module/trace.hpp"

namespace agent {

/** One BEGIN_DEVICE, made by a thread of its own. Cannot change its address while active(). */
class DeviceJob {
  public:
    /** `event` is signalled when it is done. STATUS_PENDING, or why there is no thread for it. PASSIVE_LEVEL. */
    NTSTATUS begin(const ScoreStep& step, HANDLE event);

    /** Begun, and not taken yet. */
    bool active() const { return active_; }
    bool is_done() const { return done_ != 0; }
    /** Its status; done, and active no more. */
    NTSTATUS take() {
        active_ = false;
        return status_;
    }
    const ScoreStep& step() const { return step_; }

  private:
    static VOID NTAPI run(PVOID job);
    void make_request();

    ScoreStep step_{};
    LONGLONG begun_ = 0; // by the performance counter
    HANDLE event_ = nullptr;
    bool active_ = false;
    volatile LONG done_ = 0;
    NTSTATUS status_ = STATUS_SUCCESS;
};

} // namespace agent
