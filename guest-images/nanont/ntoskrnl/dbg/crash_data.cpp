// SPDX-License-Identifier: MIT
// DBGKD_GET_VERSION64 and KDDEBUGGER_DATA64, field by field as wdbgexts.h (Windows SDK) has them. A field of something
// nanont does not have is zero, which is what Windows itself leaves in fields it has given up.
#include "crash_data.hpp"

#include "ke/ke.hpp"
#include "ke/shared_page.hpp"
#include "ldr/ldr.hpp"
#include "mm/mm.hpp"

extern "C" {
extern LIST_ENTRY PsLoadedModuleList;
ULONGLONG KiBugCheckData[5];
}

namespace nanont::dbg {
namespace {

struct VersionBlock {
    USHORT MajorVersion, MinorVersion;
    UCHAR ProtocolVersion, KdSecondaryVersion;
    USHORT Flags, MachineType;
    UCHAR MaxPacketType, MaxStateChange, MaxManipulate, Simulation;
    USHORT Unused;
    ULONGLONG KernBase, PsLoadedModuleList, DebuggerDataList;
};
static_assert(sizeof(VersionBlock) == 0x28 && offsetof(VersionBlock, KernBase) == 0x10);

struct DebuggerData {
    LIST_ENTRY List;
    ULONG OwnerTag, Size;
    ULONGLONG KernBase, BreakpointWithStatus, SavedContext;
    USHORT ThCallbackStack, NextCallback, FramePointer, PaeEnabled;
    ULONGLONG KiCallUserMode, KeUserCallbackDispatcher, PsLoadedModuleList, PsActiveProcessHead, PspCidTable;
    ULONGLONG ExpSystemResourcesList, ExpPagedPoolDescriptor, ExpNumberOfPagedPools, KeTimeIncrement;
    ULONGLONG KeBugCheckCallbackListHead, KiBugcheckData, IopErrorLogListHead, ObpRootDirectoryObject;
    ULONGLONG ObpTypeObjectType, MmSystemCacheStart, MmSystemCacheEnd, MmSystemCacheWs, MmPfnDatabase;
    ULONGLONG MmSystemPtesStart, MmSystemPtesEnd, MmSubsectionBase, MmNumberOfPagingFiles, MmLowestPhysicalPage;
    ULONGLONG MmHighestPhysicalPage, MmNumberOfPhysicalPages, MmMaximumNonPagedPoolInBytes, MmNonPagedSystemStart;
    ULONGLONG MmNonPagedPoolStart, MmNonPagedPoolEnd, MmPagedPoolStart, MmPagedPoolEnd, MmPagedPoolInformation;
    ULONGLONG MmPageSize, MmSizeOfPagedPoolInBytes, MmTotalCommitLimit, MmTotalCommittedPages, MmSharedCommit;
    ULONGLONG MmDriverCommit, MmProcessCommit, MmPagedPoolCommit, MmExtendedCommit, MmZeroedPageListHead;
    ULONGLONG MmFreePageListHead, MmStandbyPageListHead, MmModifiedPageListHead, MmModifiedNoWritePageListHead;
    ULONGLONG MmAvailablePages, MmResidentAvailablePages, PoolTrackTable, NonPagedPoolDescriptor;
    ULONGLONG MmHighestUserAddress, MmSystemRangeStart, MmUserProbeAddress, KdPrintCircularBuffer;
    ULONGLONG KdPrintCircularBufferEnd, KdPrintWritePointer, KdPrintRolloverCount, MmLoadedUserImageList;
    ULONGLONG NtBuildLab, KiNormalSystemCall, KiProcessorBlock, MmUnloadedDrivers, MmLastUnloadedDriver;
    ULONGLONG MmTriageActionTaken, MmSpecialPoolTag, KernelVerifier, MmVerifierData, MmAllocatedNonPagedPool;
    ULONGLONG MmPeakCommitment, MmTotalCommitLimitMaximum, CmNtCSDVersion, MmPhysicalMemoryBlock, MmSessionBase;
    ULONGLONG MmSessionSize, MmSystemParentTablePage, MmVirtualTranslationBase;
    USHORT OffsetKThreadNextProcessor, OffsetKThreadTeb, OffsetKThreadKernelStack, OffsetKThreadInitialStack;
    USHORT OffsetKThreadApcProcess, OffsetKThreadState, OffsetKThreadBStore, OffsetKThreadBStoreLimit;
    USHORT SizeEProcess, OffsetEprocessPeb, OffsetEprocessParentCID, OffsetEprocessDirectoryTableBase;
    USHORT SizePrcb, OffsetPrcbDpcRoutine, OffsetPrcbCurrentThread, OffsetPrcbMhz, OffsetPrcbCpuType;
    USHORT OffsetPrcbVendorString, OffsetPrcbProcStateContext, OffsetPrcbNumber, SizeEThread;
    ULONGLONG KdPrintCircularBufferPtr, KdPrintBufferSize, KeLoaderBlock;
    USHORT SizePcr, OffsetPcrSelfPcr, OffsetPcrCurrentPrcb, OffsetPcrContainedPrcb, OffsetPcrInitialBStore;
    USHORT OffsetPcrBStoreLimit, OffsetPcrInitialStack, OffsetPcrStackLimit;
};
static_assert(offsetof(DebuggerData, PsLoadedModuleList) == 0x48 && offsetof(DebuggerData, KiBugcheckData) == 0x88 &&
              offsetof(DebuggerData, MmPageSize) == 0x138 && offsetof(DebuggerData, MmUserProbeAddress) == 0x1d8 &&
              offsetof(DebuggerData, KiProcessorBlock) == 0x218 &&
              offsetof(DebuggerData, OffsetKThreadNextProcessor) == 0x298 &&
              offsetof(DebuggerData, OffsetPrcbNumber) == 0x2be && offsetof(DebuggerData, SizePcr) == 0x2e0);

VersionBlock g_version;
DebuggerData g_data;
LIST_ENTRY g_data_list;
Context g_saved_context;
ULONG g_time_increment;
ULONGLONG g_processor_block[ke::kMaxProcessors + 1]; // ends with a null: readers do not know how many there may be

ULONGLONG address_of(const volatile void* thing) {
    return reinterpret_cast<ULONGLONG>(thing);
}

} // namespace

void publish_crash_data() {
    constexpr USHORT kMachineAmd64 = 0x8664;
    constexpr UCHAR kProtocolVersion = 6; // DBGKD_64BIT_PROTOCOL_VERSION2
    constexpr USHORT kFlags = 0x0007;     // MP, DATA, PTR64
    constexpr ULONG kTag = 'GBDK';        // "KDBG" in memory
    const ULONGLONG kernel = ldr::kernel_base();

    g_data.List = {&g_data_list, &g_data_list};
    g_data_list = {&g_data.List, &g_data.List};
    g_data.OwnerTag = kTag;
    g_data.Size = sizeof(g_data);
    g_data.KernBase = kernel;
    g_data.SavedContext = address_of(&g_saved_context);
    g_data.PaeEnabled = 1;
    g_data.PsLoadedModuleList = address_of(&PsLoadedModuleList);
    g_time_increment = KeQueryTimeIncrement();
    g_data.KeTimeIncrement = address_of(&g_time_increment);
    g_data.KiBugcheckData = address_of(KiBugCheckData);
    g_data.MmPageSize = PAGE_SIZE;
    for (ULONG i = 0; i < ke::kMaxProcessors; ++i) {
        ke::Processor& processor = ke::g_processors[i];
        processor.kd_version_block = &g_version;
        g_processor_block[i] = processor.self != nullptr ? address_of(&processor.mxcsr) : 0; // the KPRCB
    }
    g_data.KiProcessorBlock = address_of(g_processor_block);
    g_data.OffsetKThreadKernelStack = offsetof(ke::Thread, stack_pointer);
    g_data.OffsetKThreadInitialStack = offsetof(ke::Thread, stack_base);
    g_data.OffsetKThreadState = offsetof(ke::Thread, state);
    g_data.SizeEThread = sizeof(ke::Thread);
    constexpr auto kPrcb = offsetof(ke::Processor, mxcsr);
    g_data.SizePrcb =
        static_cast<USHORT>(sizeof(ke::Processor) - kPrcb > 0xffff ? 0xffff : sizeof(ke::Processor) - kPrcb);
    g_data.OffsetPrcbCurrentThread = offsetof(ke::Processor, current_thread) - kPrcb;
    g_data.OffsetPrcbNumber = offsetof(ke::Processor, number) - kPrcb;
    g_data.SizePcr = static_cast<USHORT>(sizeof(ke::Processor) > 0xffff ? 0xffff : sizeof(ke::Processor));
    g_data.OffsetPcrSelfPcr = offsetof(ke::Processor, self);
    g_data.OffsetPcrCurrentPrcb = offsetof(ke::Processor, prcb);
    g_data.OffsetPcrContainedPrcb = kPrcb;

    g_version.MajorVersion = 0xf; // 15: a free build; the low byte and MinorVersion are the kernel's
    g_version.MinorVersion = *reinterpret_cast<const USHORT*>(kSharedUserData + ke::kSharedBuildNumber);
    g_version.ProtocolVersion = kProtocolVersion;
    g_version.Flags = kFlags;
    g_version.MachineType = kMachineAmd64;
    g_version.KernBase = kernel;
    g_version.PsLoadedModuleList = g_data.PsLoadedModuleList;
    g_version.DebuggerDataList = address_of(&g_data_list);
}

void save_bugcheck(ULONG code, const ULONGLONG (&parameters)[4], const Context& context) {
    KiBugCheckData[0] = code;
    for (int i = 0; i < 4; ++i) {
        KiBugCheckData[i + 1] = parameters[i];
    }
    g_saved_context = context;
}

} // namespace nanont::dbg
