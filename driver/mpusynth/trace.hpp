// SPDX-License-Identifier: MIT
// What the driver says to a debugger. Only what an administrator or developer has to know: no line per byte, none at
// DIRQL.
#pragma once

#include "wdk.hpp"

#define MPUSYNTH_ERROR(...) DbgPrintEx(DPFLTR_IHVAUDIO_ID, DPFLTR_ERROR_LEVEL, "mpusynth: " __VA_ARGS__)
#define MPUSYNTH_WARNING(...) DbgPrintEx(DPFLTR_IHVAUDIO_ID, DPFLTR_WARNING_LEVEL, "mpusynth: " __VA_ARGS__)
#define MPUSYNTH_INFO(...) DbgPrintEx(DPFLTR_IHVAUDIO_ID, DPFLTR_INFO_LEVEL, "mpusynth: " __VA_ARGS__)
