// SPDX-License-Identifier: MIT
// A driver that wants what this kernel lacks: a function, an ordinal, a whole module.
#include "module/ddk.hpp"

extern "C" {
__declspec(dllimport) void NTAPI KeNoSuchFunction(void);
__declspec(dllimport) void NTAPI KeNoSuchOrdinal(void);
__declspec(dllimport) void NTAPI AbsentFunction(void);

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT, PUNICODE_STRING) {
    DbgPrint("faulty: it runs although imports are missing\n");
    KeNoSuchFunction();
    KeNoSuchOrdinal();
    AbsentFunction();
    return STATUS_SUCCESS;
}
}
