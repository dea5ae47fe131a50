// SPDX-License-Identifier: MIT
// Counts what this test program allocates while it is told to.
#pragma once

#include <cstddef>

extern bool counting_allocations;
extern size_t allocation_count;
