// SPDX-License-Identifier: MIT
// The recorder's pins; ../recorder_score.py knows the same numbers.
#pragma once

#include "module/ddk.hpp"

enum RecorderPin : ULONG {
    kPlainPin = 0,         // takes everything
    kBridgePin = 1,        // cannot be opened
    kCapturePin = 2,       // counts up, 8 bytes every 5 ms
    kPartialPin = 3,       // takes 4 bytes a call
    kOddPartialPin = 4,    // takes 3 bytes a call: V24
    kBusyPin = 5,          // takes nothing seven times of eight
    kDeadPin = 6,          // never takes anything
    kErrorPin = 7,         // STATUS_IO_DEVICE_ERROR
    kSilentPin = 8,        // does not set *BytesWritten: V22
    kGreedyPin = 9,        // claims more than it was offered: V23
    kRefusedPin = 10,      // NewStream fails
    kRunFailsPin = 11,     // SetState(RUN) fails
    kEndlessPin = 12,      // Read never returns 0: V31
    kTwoPin = 13,          // two instances in all, one a filter
    kStopFailsPin = 14,    // SetState fails every step down: V47
    kIrqlPin = 15,         // Write comes back at DISPATCH_LEVEL + 1: V03
    kGreedyReadPin = 16,   // Read claims more than its buffer holds: V23
    kSilentReadPin = 17,   // Read does not set *BytesRead: V22
    kNoStreamPin = 18,     // NewStream succeeds without a stream: V22
    kForeignGroupPin = 19, // NewStream gives a service group that is none: V15
    kNoGroupPin = 20,      // NewStream gives no service group, as it may
    kCrashPin = 21,        // Write follows a null pointer
    kNotifyingPin = 22,    // busy until its own service group has fired twenty times, every 3 ms
    kEarlyPin = 23,        // captures from ACQUIRE on, 8 bytes every 5 ms, whatever the state
    kSlowPausePin = 24,    // takes everything; SetState down to PAUSE takes 20 ms
    kPinCount
};

PPCFILTER_DESCRIPTOR recorder_descriptor();
