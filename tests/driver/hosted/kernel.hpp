// SPDX-License-Identifier: MIT
// A process that plays Windows for mpusynth.sys: the shipped amd64 image runs in it, its IN and OUT trap into the
// card's model, and a virtual clock brings ticks, timers, DPCs and interrupts in between. It complains (a failed check)
// about what Driver Verifier would: wrong IRQL, ports that are not ours, memory and objects left over, timers in freed
// memory.
//
// It is no nanont: no threads, one CPU, and only what this driver imports.
#pragma once

#include "../bench_card.hpp"
#include "image.hpp"
#include "nt.hpp"

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

class Kernel;

/// Base of the COM objects this side lends out; counts who is left.
template <class Interface> class Counted : public Interface {
  public:
    explicit Counted(int& live) : live_(live) { ++live_; }
    virtual ~Counted() { --live_; }
    MS_ABI nt::Status QueryInterface(const nt::Guid& id, void** out) override {
        *out = nullptr;
        if (!(id == nt::kIidUnknown)) return nt::kInvalidParameter;
        AddRef();
        *out = static_cast<Interface*>(this);
        return nt::kSuccess;
    }
    MS_ABI nt::Ulong AddRef() override { return ++references_; }
    MS_ABI nt::Ulong Release() override {
        const nt::Ulong left = --references_;
        if (left == 0) delete this;
        return left;
    }

  private:
    int& live_;
    nt::Ulong references_ = 1;
};

class Kernel {
  public:
    struct Options {
        std::vector<nt::Resource> resources;
        bool resource_list = true; // false: a NULL list
        bool interrupts_arrive = true;
        int fail_call = 0; // this one of the calls that may fail, does; 0: none
        BenchCard::Properties card = {{"timing", "authentic"}};
        bool card_present = true;
    };

    static constexpr uint16_t kBase = 0x338; // anything but what cards usually have
    static nt::Resource port(uint64_t start = kBase, uint32_t length = 2) {
        return {.type = 1, .start_or_level = start, .length = length};
    }
    static nt::Resource interrupt() { return {.type = 2, .start_or_level = 5}; }
    static nt::Resource dma() { return {.type = 4}; }
    static Options usual() { return {.resources = {port(), interrupt()}}; }

    explicit Kernel(Options options);
    ~Kernel();
    Kernel(const Kernel&) = delete;
    Kernel& operator=(const Kernel&) = delete;
    static Kernel& current();

    /// DriverEntry, AddDevice, StartDevice.
    nt::Status load_and_start();
    nt::Status start_device();
    /// The PnP request as the driver's dispatch routine gets it; returns when PortCls has handled it.
    void pnp(nt::PnpMinor minor);

    /// Lets virtual time pass: ticks, timers, DPCs, interrupts. PASSIVE_LEVEL.
    void run_for(int64_t ns);
    /// From now on the card's ports read ffh and what is written to them is lost.
    void vanish() { options_.card_present = false; }
    void midi_in(uint8_t byte) { card.midi_in(byte); }

    nt::Stream* open(bool capture, nt::Status expected = nt::kSuccess, int pin = -1, nt::DataFormat format = {});

    // What PortCls' port has been given.
    nt::Miniport* miniport = nullptr;
    std::u16string subdevice_name;
    nt::ServiceGroup* stream_group = nullptr;
    std::function<void()> on_service; // the capture pin's sink

    BenchCard card;
    bool ports_ours = false; // between START and STOP or REMOVE
    uint32_t port_accesses = 0;
    int isr_calls = 0;
    int calls_that_may_fail = 0;
    int live_objects = 0;
    bool interrupt_connected = false;
    int resolution_requests = 0;
    std::string text; // what the driver said

    // Nothing of the driver's is left.
    void check_all_gone() const;
    [[nodiscard]] size_t live_allocations() const { return pool_.size(); }

    // The kernel's side; called by exports.cpp, portcls.cpp and the trap.
    [[nodiscard]] bool may_go_on();
    void require_irql(uint8_t most, const char* what) const;
    [[nodiscard]] uint8_t raise(uint8_t irql);
    void lower(uint8_t irql);
    void spend(int64_t ns); // at the current IRQL
    void sleep_until(int64_t ns);
    uint8_t port_read(uint16_t number);
    void port_write(uint16_t number, uint8_t value);
    void* allocate(size_t size);
    void release(void* memory);
    void set_dpc(void* dpc, nt::DpcRoutine routine, void* context) { dpcs_[dpc] = {routine, context, false}; }
    bool queue_dpc(void* dpc);
    void queue_call(std::function<void()> call) { calls_.push_back(std::move(call)); }
    void drain_dpcs();
    bool set_timer(void* timer, int64_t due_ns, void* dpc);
    bool cancel_timer(void* timer) { return timers_.erase(timer) != 0; }
    void connect(nt::InterruptSync* sync, nt::InterruptSync::Routine routine, void* context);
    [[nodiscard]] int64_t now_ns() const { return card.now_ns(); }
    [[nodiscard]] int64_t last_tick_ns() const { return last_tick_; }
    [[nodiscard]] const HostedImage& image() const { return *image_; }
    void locked(void* lock, bool taken);
    void unregister();

    nt::AddDevice add_device = nullptr;
    nt::StartDevice start_routine = nullptr;
    nt::Unknown* subdevice = nullptr;
    nt::DriverObject driver;
    nt::DeviceObject device;
    std::vector<uint8_t> extension;

  private:
    struct Dpc {
        nt::DpcRoutine routine;
        void* context;
        bool queued;
    };
    struct Timer {
        int64_t due_ns;
        void* dpc;
    };

    void take_interrupts();
    void tick_if_due();
    [[nodiscard]] int64_t tick_ns() const { return resolution_requests > 0 ? kMillisecond : 15'625'000; }

    Options options_;
    std::unique_ptr<HostedImage> image_;
    uint8_t irql_ = nt::kPassive;
    bool draining_ = false;
    int64_t last_tick_ = 0;
    uint64_t edges_seen_ = 0;
    std::map<void*, size_t> pool_;
    std::map<void*, Dpc> dpcs_;
    std::map<void*, Timer> timers_;
    std::deque<std::function<void()>> calls_;
    std::map<void*, bool> locks_;
    nt::InterruptSync* sync_ = nullptr;
    nt::InterruptSync::Routine isr_ = nullptr;
    void* isr_context_ = nullptr;
};

/// The address to bind an import to; nullptr: this kernel does not have it.
void* find_export(const std::string& name);
/// PortCls' IResourceList over these; one reference.
nt::ResourceList* new_resource_list(Kernel& kernel, const std::vector<nt::Resource>& resources);
