// SPDX-License-Identifier: MIT
// A call into a driver that the PnP manager waits for: reported, and bounded.
#ifndef NANONT_KE_CALL_WATCH_HPP
#define NANONT_KE_CALL_WATCH_HPP

#include "nt.hpp"

namespace nanont::ke {

/// While it lives the clock sees to it that the call comes back within 10 s of virtual time: a driver that hangs in
/// DriverEntry ends the run with its name and its stack. CALL_ENTER and CALL_LEAVE records are made when `reported`.
class WatchedCall {
  public:
    WatchedCall(bool reported, ULONG callback, const char* driver, const char* name);
    ~WatchedCall();
    /// Reports the end of the call and hands its status through.
    NTSTATUS leave(NTSTATUS status) const;
    WatchedCall(const WatchedCall&) = delete;
    WatchedCall& operator=(const WatchedCall&) = delete;

  private:
    bool reported_;
    ULONG callback_;
    KIRQL irql_;
    struct {
        const char* driver;
        const char* name;
        ULONGLONG began;
        const struct _KTHREAD* thread;
    } outer_; // the call this one is made in: removal unloads the driver
};

/// One is under way: whatever hangs, hangs in it.
bool a_call_is_watched();

/// Called at every tick.
void look_for_a_hanging_call(ULONGLONG now);

} // namespace nanont::ke

#endif
