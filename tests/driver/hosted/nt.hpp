// SPDX-License-Identifier: MIT
// The little of Windows' ABI that mpusynth.sys and a process playing its kernel share: amd64 layouts and vtables
// (reference portcls-midi.md §2.1, appendix B). Every function that crosses is MS_ABI.
#pragma once

#include <cstddef>
#include <cstdint>

#define MS_ABI __attribute__((ms_abi))

namespace nt {

using Status = int32_t;
using Ulong = uint32_t;

inline constexpr Status kSuccess = 0;
constexpr Status status(uint32_t value) {
    return static_cast<Status>(value);
}
inline constexpr Status kUnsuccessful = status(0xC0000001);
inline constexpr Status kNoSuchDevice = status(0xC000000E);
inline constexpr Status kInvalidParameter = status(0xC000000D);
inline constexpr Status kInvalidDeviceRequest = status(0xC0000010);
inline constexpr Status kInsufficientResources = status(0xC000009A);
inline constexpr Status kDeviceNotConnected = status(0xC000009D);
inline constexpr Status kDeviceConfigurationError = status(0xC0000182);
inline constexpr Status kIoDeviceError = status(0xC0000185);
inline constexpr Status kNoMatch = status(0xC0000272);
constexpr bool success(Status value) {
    return value >= 0;
}

inline constexpr uint8_t kPassive = 0, kApc = 1, kDispatch = 2, kDirql = 7;
enum KsState : int { kStop = 0, kAcquire = 1, kPause = 2, kRun = 3 };
enum PnpMinor : uint8_t { kStartDevice = 0, kRemoveDevice = 2, kStopDevice = 4, kSurpriseRemoval = 0x17 };

struct Guid {
    uint32_t a;
    uint16_t b, c;
    uint8_t d[8];
    bool operator==(const Guid&) const = default;
};
inline constexpr Guid kIidUnknown = {0, 0, 0, {0xC0, 0, 0, 0, 0, 0, 0, 0x46}};
inline constexpr Guid kIidMiniportMidi = {0xB4C90A41, 0x5791, 0x11D0, {0x86, 0xF9, 0, 0xA0, 0xC9, 0x11, 0xB5, 0x44}};
inline constexpr Guid kClsidPortMidi = {0xB4C90A43, 0x5791, 0x11D0, {0x86, 0xF9, 0, 0xA0, 0xC9, 0x11, 0xB5, 0x44}};
inline constexpr Guid kMusic = {0xE725D360, 0x62CC, 0x11CF, {0xA5, 0xD6, 0x28, 0xDB, 4, 0xC1, 0, 0}};
inline constexpr Guid kMidi = {0x1D262760, 0xE957, 0x11CF, {0xA5, 0xD6, 0x28, 0xDB, 4, 0xC1, 0, 0}};
inline constexpr Guid kNoSpecifier = {0x0F6417D6, 0xC318, 0x11D0, {0xA4, 0x3F, 0, 0xA0, 0xC9, 0x22, 0x31, 0x96}};

struct DataFormat {
    uint32_t size = 64, flags = 0, sample_size = 0, reserved = 0;
    Guid major = kMusic, sub = kMidi, specifier = kNoSpecifier;
};
static_assert(sizeof(DataFormat) == 64);

#pragma pack(push, 4)
struct Resource {
    uint8_t type; // 1 port, 2 interrupt, 4 DMA
    uint8_t share = 1;
    uint16_t flags = 1;
    uint64_t start_or_level = 0;
    uint32_t length = 0;
    uint32_t pad = 0;
};
#pragma pack(pop)
static_assert(sizeof(Resource) == 20);

struct ServiceGroup;
struct PortMidi;

struct Unknown {
    virtual MS_ABI Status QueryInterface(const Guid& id, void** out) = 0;
    virtual MS_ABI Ulong AddRef() = 0;
    virtual MS_ABI Ulong Release() = 0;
};

struct ResourceList : Unknown {
    virtual MS_ABI Ulong NumberOfEntries() = 0;
    virtual MS_ABI Ulong NumberOfEntriesOfType(int type) = 0;
    virtual MS_ABI Resource* FindTranslatedEntry(int type, Ulong index) = 0;
    virtual MS_ABI Resource* FindUntranslatedEntry(int type, Ulong index) = 0;
};

struct InterruptSync : Unknown {
    using Routine = MS_ABI Status (*)(InterruptSync*, void*);
    virtual MS_ABI Status CallSynchronizedRoutine(Routine routine, void* context) = 0;
    virtual MS_ABI void* GetKInterrupt() = 0;
    virtual MS_ABI Status Connect() = 0;
    virtual MS_ABI void Disconnect() = 0;
    virtual MS_ABI Status RegisterServiceRoutine(Routine routine, void* context, uint8_t first) = 0;
};

struct ServiceGroup : Unknown {
    virtual MS_ABI void RequestService() = 0;
    virtual MS_ABI Status AddMember(Unknown* sink) = 0;
    virtual MS_ABI void RemoveMember(Unknown* sink) = 0;
};

struct Stream : Unknown {
    virtual MS_ABI Status SetFormat(const DataFormat* format) = 0;
    virtual MS_ABI Status SetState(int state) = 0;
    virtual MS_ABI Status Read(void* buffer, Ulong length, Ulong* read) = 0;
    virtual MS_ABI Status Write(const void* buffer, Ulong length, Ulong* written) = 0;
};

struct Miniport : Unknown {
    virtual MS_ABI Status GetDescription(void** descriptor) = 0;
    virtual MS_ABI Status DataRangeIntersection(Ulong pin, void* client, void* ours, Ulong size, void* out,
                                                Ulong* result) = 0;
    virtual MS_ABI Status Init(Unknown* adapter, ResourceList* list, PortMidi* port, ServiceGroup** group) = 0;
    virtual MS_ABI void Service() = 0;
    virtual MS_ABI Status NewStream(Stream** stream, Unknown* outer, int pool, Ulong pin, uint8_t capture,
                                    const DataFormat* format, ServiceGroup** group) = 0;
};

struct PortMidi : Unknown {
    virtual MS_ABI Status Init(void* device, void* irp, Unknown* miniport, Unknown* adapter, ResourceList* list) = 0;
    virtual MS_ABI Status GetDeviceProperty(int property, Ulong length, void* buffer, Ulong* result) = 0;
    virtual MS_ABI Status NewRegistryKey() = 0;
    virtual MS_ABI void Notify(ServiceGroup* group) = 0;
    virtual MS_ABI void RegisterServiceGroup(ServiceGroup* group) = 0;
};

using StartDevice = MS_ABI Status (*)(void* device, void* irp, ResourceList* list);
using AddDevice = MS_ABI Status (*)(void* driver, void* physical_device);
using Dispatch = MS_ABI Status (*)(void* device, void* irp);
using DpcRoutine = MS_ABI void (*)(void* dpc, void* context, void* argument1, void* argument2);

struct DriverObject {
    uint8_t before[0x70] = {};
    Dispatch major_function[0x1C] = {};
};
static_assert(sizeof(DriverObject) == 0x150);
inline constexpr int kMajorPnp = 0x1B;

struct DeviceObject {
    uint8_t before[0x40] = {};
    void* extension = nullptr;
    uint8_t after[0x108] = {};
};

struct Irp {
    uint8_t before[0xB8] = {};
    uint8_t* stack_location = nullptr;
    uint8_t after[0x10] = {};
};
static_assert(sizeof(Irp) == 0xD0);

} // namespace nt
