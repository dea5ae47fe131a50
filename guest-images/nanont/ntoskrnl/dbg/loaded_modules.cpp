// SPDX-License-Identifier: MIT
#include "loaded_modules.hpp"

#include <intrusive_list.hpp>

#include "ke/ke.hpp"

namespace nanont::dbg {
namespace {

/// KLDR_DATA_TABLE_ENTRY of x64, whose first half winternl.h publishes as LDR_DATA_TABLE_ENTRY and whose offsets the
/// public symbols of ntoskrnl.exe tell.
struct LoadedModule {
    LIST_ENTRY InLoadOrderLinks;
    PVOID ExceptionTable;
    ULONG ExceptionTableSize;
    PVOID GpValue;
    PVOID NonPagedDebugInfo;
    PVOID DllBase;
    PVOID EntryPoint;
    ULONG SizeOfImage;
    UNICODE_STRING FullDllName;
    UNICODE_STRING BaseDllName;
    ULONG Flags;
    USHORT LoadCount;
    USHORT SignatureInfo;
    PVOID SectionPointer;
    ULONG CheckSum;
    ULONG CoverageSectionSize;
    PVOID CoverageSection;
    PVOID LoadedImports;
    PVOID Spare;
    ULONG SizeOfImageNotRounded;
    ULONG TimeDateStamp;
};
static_assert(offsetof(LoadedModule, DllBase) == 0x30 && offsetof(LoadedModule, SizeOfImage) == 0x40 &&
              offsetof(LoadedModule, FullDllName) == 0x48 && offsetof(LoadedModule, BaseDllName) == 0x58 &&
              offsetof(LoadedModule, CheckSum) == 0x78 && offsetof(LoadedModule, TimeDateStamp) == 0x9c);

constexpr WCHAR kFolder[] = L"\\SystemRoot\\System32\\";
constexpr WCHAR kDriverFolder[] = L"\\SystemRoot\\System32\\drivers\\";
constexpr size_t kLongestFolder = sizeof(kDriverFolder) / sizeof(WCHAR) - 1;

struct Entry {
    LoadedModule module;
    WCHAR path[kLongestFolder + sizeof(ldr::Module::name)];
    bool in_use;
};
Entry g_entries[ldr::kMaxModules];

} // namespace
} // namespace nanont::dbg

using namespace nanont;

extern "C" {
LIST_ENTRY PsLoadedModuleList = {&PsLoadedModuleList, &PsLoadedModuleList};
}

namespace nanont::dbg {

void add_to_loaded_modules(const ldr::Module& module) {
    Entry* free = nullptr;
    for (Entry& entry : g_entries) {
        if (!entry.in_use) {
            free = &entry;
            break;
        }
    }
    if (free == nullptr) {
        return; // as many as there are modules: cannot be
    }
    *free = {};
    free->in_use = true;
    LoadedModule& loaded = free->module;
    const PeDirectoryEntry exceptions = module.image.directory(PeDirectory::Exception);
    loaded.ExceptionTable = reinterpret_cast<PVOID>(module.base + exceptions.rva);
    loaded.ExceptionTableSize = exceptions.size;
    loaded.DllBase = reinterpret_cast<PVOID>(module.base);
    loaded.EntryPoint = reinterpret_cast<PVOID>(module.entry);
    loaded.SizeOfImage = module.size;
    loaded.SizeOfImageNotRounded = module.size;
    loaded.CheckSum = module.image.checksum;
    loaded.TimeDateStamp = module.image.time_stamp;
    loaded.LoadCount = 1;

    const bool of_the_kernel = ldr::in_kernel(module.base);
    const WCHAR* folder = of_the_kernel ? kFolder : kDriverFolder;
    size_t length = 0;
    for (; folder[length] != 0; ++length) {
        free->path[length] = folder[length];
    }
    const size_t name_at = length;
    for (const char* at = module.name; *at != '\0'; ++at) {
        free->path[length++] = static_cast<UCHAR>(*at);
    }
    const auto bytes = [](size_t characters) { return static_cast<USHORT>(characters * sizeof(WCHAR)); };
    loaded.FullDllName = {bytes(length), bytes(length + 1), free->path};
    loaded.BaseDllName = {bytes(length - name_at), bytes(length - name_at + 1), free->path + name_at};
    List::push_back(PsLoadedModuleList, loaded.InLoadOrderLinks);
}

void remove_from_loaded_modules(const ldr::Module& module) {
    for (Entry& entry : g_entries) {
        if (entry.in_use && entry.module.DllBase == reinterpret_cast<PVOID>(module.base)) {
            List::remove(entry.module.InLoadOrderLinks);
            entry.in_use = false;
        }
    }
}

} // namespace nanont::dbg
