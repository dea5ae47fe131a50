// SPDX-License-Identifier: MIT
// A second thread, and waits with a bound. CHECKS_OF is defined before this is included.
#pragma once

#include "checks.hpp"

inline LARGE_INTEGER milliseconds(LONGLONG count) {
    LARGE_INTEGER value;
    value.QuadPart = -10'000 * count;
    return value;
}

inline void pause(LONGLONG count) {
    LARGE_INTEGER time = milliseconds(count);
    KeDelayExecutionThread(KernelMode, FALSE, &time);
}

/// STATUS_TIMEOUT when the object is not to be had within so many milliseconds.
inline NTSTATUS wait_for(PVOID object, LONGLONG count = 5000) {
    LARGE_INTEGER time = milliseconds(count);
    return KeWaitForSingleObject(object, Executive, KernelMode, FALSE, &time);
}

/// A system thread that is waited for before this goes away. Its routine returns.
class OtherThread {
  public:
    OtherThread(PKSTART_ROUTINE routine, PVOID context) {
        HANDLE handle = nullptr;
        CHECK_EQUAL(PsCreateSystemThread(&handle, THREAD_ALL_ACCESS, nullptr, nullptr, nullptr, routine, context),
                    STATUS_SUCCESS);
        CHECK_EQUAL(ObReferenceObjectByHandle(handle, THREAD_ALL_ACCESS, nullptr, KernelMode, &thread_, nullptr),
                    STATUS_SUCCESS);
        ZwClose(handle);
    }
    OtherThread(const OtherThread&) = delete;
    ~OtherThread() {
        join();
        ObDereferenceObject(thread_);
    }
    void join() { CHECK_EQUAL(wait_for(thread_), STATUS_SUCCESS); }

  private:
    PVOID thread_ = nullptr;
};
