// SPDX-License-Identifier: MIT
// NT_TRY(call): goes on when the NTSTATUS is a success, else returns it from the enclosing function.
#pragma once

#define NT_TRY(expression)                                                                                             \
    do {                                                                                                               \
        const NTSTATUS nt_try_status = (expression);                                                                   \
        if (!NT_SUCCESS(nt_try_status)) return nt_try_status;                                                          \
    } while (false)
