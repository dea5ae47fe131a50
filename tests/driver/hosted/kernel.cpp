// SPDX-License-Identifier: MIT
#include "kernel.hpp"

#include <csignal>
#include <cstdlib>
#include <ucontext.h>

namespace {

Kernel* g_kernel = nullptr;

/// IN AL,DX and OUT DX,AL fault outside the kernel; the fault is the port access. Everything else is a real crash.
void on_fault(int signal, siginfo_t*, void* context) {
    auto* registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
    const auto rip = static_cast<uintptr_t>(registers[REG_RIP]);
    if (g_kernel != nullptr && g_kernel->image().contains(rip)) {
        const uint8_t opcode = *reinterpret_cast<const uint8_t*>(rip);
        const auto number = static_cast<uint16_t>(registers[REG_RDX]);
        if (opcode == 0xEC || opcode == 0xEE) {
            if (opcode == 0xEC) {
                registers[REG_RAX] = (registers[REG_RAX] & ~0xFFll) | g_kernel->port_read(number);
            } else {
                g_kernel->port_write(number, static_cast<uint8_t>(registers[REG_RAX]));
            }
            registers[REG_RIP] += 1;
            return;
        }
    }
    std::signal(signal, SIG_DFL);
}

} // namespace

Kernel& Kernel::current() {
    return *g_kernel;
}

Kernel::Kernel(Options options) : card(options.card), options_(std::move(options)) {
    g_kernel = this;
    struct sigaction action = {};
    action.sa_sigaction = on_fault;
    action.sa_flags = SA_SIGINFO | SA_NODEFER;
    sigaction(SIGSEGV, &action, nullptr);
    image_ = std::make_unique<HostedImage>(
        MPULAB_HOSTED_DRIVER, [](const std::string&, const std::string& name) { return find_export(name); });
    last_tick_ = card.now_ns();
}

Kernel::~Kernel() {
    std::signal(SIGSEGV, SIG_DFL);
    g_kernel = nullptr;
    for (const auto& [memory, size] : pool_)
        std::free(memory);
}

bool Kernel::may_go_on() {
    return ++calls_that_may_fail != options_.fail_call;
}

void Kernel::require_irql(uint8_t most, const char* what) const {
    if (irql_ > most) FAIL_CHECK(what << " called at IRQL " << int{irql_} << ", at most " << int{most});
}

uint8_t Kernel::raise(uint8_t irql) {
    const uint8_t before = irql_;
    if (irql < before) FAIL_CHECK("IRQL raised from " << int{before} << " down to " << int{irql});
    irql_ = irql;
    return before;
}

void Kernel::lower(uint8_t irql) {
    irql_ = irql;
    if (irql_ < nt::kDirql) take_interrupts();
    if (irql_ < nt::kDispatch) drain_dpcs();
}

void Kernel::take_interrupts() {
    if (!interrupt_connected || !options_.interrupts_arrive || irql_ >= nt::kDirql) return;
    for (int storm = 0; card.irq_edges() != edges_seen_; ++storm) {
        if (storm > 100) {
            FAIL_CHECK("the interrupt does not go away");
            return;
        }
        edges_seen_ = card.irq_edges();
        const uint8_t before = raise(nt::kDirql);
        ++isr_calls;
        isr_(sync_, isr_context_);
        irql_ = before;
    }
}

/// Timers expire at ticks.
void Kernel::tick_if_due() {
    while (now_ns() >= last_tick_ + tick_ns()) {
        last_tick_ += tick_ns();
        std::vector<void*> expired;
        for (const auto& [timer, state] : timers_) {
            if (state.due_ns <= last_tick_) expired.push_back(timer);
        }
        for (void* timer : expired) {
            void* dpc = timers_[timer].dpc;
            timers_.erase(timer);
            queue_dpc(dpc);
        }
    }
}

void Kernel::spend(int64_t ns) {
    card.run_for(ns);
    tick_if_due();
    take_interrupts();
    if (irql_ < nt::kDispatch) drain_dpcs();
}

void Kernel::drain_dpcs() {
    if (draining_) return;
    draining_ = true;
    const uint8_t before = irql_;
    for (int runs = 0; !calls_.empty(); ++runs) {
        if (runs > 100'000) {
            FAIL_CHECK("DPCs never come to an end");
            break;
        }
        irql_ = nt::kDispatch;
        const std::function<void()> call = std::move(calls_.front());
        calls_.pop_front();
        card.yielded();
        call();
        if (irql_ != nt::kDispatch) FAIL_CHECK("a DPC returned at IRQL " << int{irql_});
        spend(kMicrosecond);
    }
    irql_ = before;
    draining_ = false;
}

bool Kernel::queue_dpc(void* dpc) {
    const auto found = dpcs_.find(dpc);
    if (found == dpcs_.end()) {
        FAIL_CHECK("a DPC that was never initialised, or is gone, was queued");
        return false;
    }
    if (found->second.queued) return false;
    found->second.queued = true;
    calls_.emplace_back([this, dpc] {
        const auto it = dpcs_.find(dpc);
        if (it == dpcs_.end()) {
            FAIL_CHECK("a queued DPC's memory was freed");
            return;
        }
        it->second.queued = false;
        it->second.routine(dpc, it->second.context, nullptr, nullptr);
    });
    return true;
}

bool Kernel::set_timer(void* timer, int64_t due_ns, void* dpc) {
    require_irql(nt::kDispatch, "KeSetTimer");
    const bool was_set = timers_.count(timer) != 0;
    timers_[timer] = {due_ns, dpc};
    return was_set;
}

void Kernel::run_for(int64_t ns) {
    const int64_t end = now_ns() + ns;
    while (now_ns() < end) {
        const int64_t tick = last_tick_ + tick_ns();
        const int64_t next = std::max(std::min({end, tick, card.next_event()}), now_ns() + 1);
        spend(next - now_ns());
    }
}

void Kernel::sleep_until(int64_t ns) {
    require_irql(nt::kApc, "KeDelayExecutionThread");
    card.yielded();
    while (last_tick_ < ns)
        run_for(last_tick_ + tick_ns() - now_ns());
}

uint8_t Kernel::port_read(uint16_t number) {
    ++port_accesses;
    const bool ours = ports_ours && (number == kBase || number == kBase + 1);
    if (!ours)
        FAIL_CHECK("port " << number << " was read; the device's are " << kBase << " and the next, while started");
    spend(0);
    return ours && options_.card_present ? card.read(static_cast<uint32_t>(number - kBase)) : 0xFF;
}

void Kernel::port_write(uint16_t number, uint8_t value) {
    ++port_accesses;
    const bool ours = ports_ours && (number == kBase || number == kBase + 1);
    if (!ours)
        FAIL_CHECK("port " << number << " was written; the device's are " << kBase << " and the next, while started");
    if (ours && options_.card_present) card.write(static_cast<uint32_t>(number - kBase), value);
}

void* Kernel::allocate(size_t size) {
    require_irql(nt::kDispatch, "ExAllocatePoolWithTag");
    if (!may_go_on()) return nullptr;
    void* memory = std::malloc(size);
    std::fill_n(static_cast<uint8_t*>(memory), size, uint8_t{0xA5});
    pool_[memory] = size;
    return memory;
}

void Kernel::release(void* memory) {
    require_irql(nt::kDispatch, "ExFreePool");
    const auto found = pool_.find(memory);
    if (found == pool_.end()) {
        FAIL_CHECK("memory was freed that is not allocated");
        return;
    }
    const auto* first = static_cast<uint8_t*>(memory);
    const auto inside = [&](const void* at) {
        return static_cast<const uint8_t*>(at) >= first && static_cast<const uint8_t*>(at) < first + found->second;
    };
    for (const auto& [timer, state] : timers_) {
        if (inside(timer)) FAIL_CHECK("an armed timer lies in freed memory");
    }
    std::erase_if(dpcs_, [&](const auto& entry) {
        if (inside(entry.first) && entry.second.queued) FAIL_CHECK("a queued DPC lies in freed memory");
        return inside(entry.first);
    });
    std::fill_n(static_cast<uint8_t*>(memory), found->second, uint8_t{0xDD});
    pool_.erase(found);
    std::free(memory);
}

void Kernel::locked(void* lock, bool taken) {
    if (locks_[lock] == taken) FAIL_CHECK((taken ? "a spin lock was acquired twice" : "a free spin lock was released"));
    locks_[lock] = taken;
}

void Kernel::connect(nt::InterruptSync* sync, nt::InterruptSync::Routine routine, void* context) {
    sync_ = sync;
    isr_ = routine;
    isr_context_ = context;
    interrupt_connected = sync != nullptr;
    edges_seen_ = card.irq_edges(); // a masked edge is lost on an I/O APIC
}

nt::Status Kernel::load_and_start() {
    using Entry = MS_ABI nt::Status (*)(void*, void*);
    nt::Status status = reinterpret_cast<Entry>(image_->entry())(&driver, nullptr);
    if (!nt::success(status)) return status;
    image_->discard_init();
    status = add_device(&driver, nullptr);
    return nt::success(status) ? start_device() : status;
}

nt::Status Kernel::start_device() {
    ports_ours = true;
    nt::ResourceList* list = options_.resource_list ? new_resource_list(*this, options_.resources) : nullptr;
    nt::Irp irp;
    const nt::Status status = start_routine(&device, &irp, list);
    if (list != nullptr) list->Release();
    if (!nt::success(status)) unregister();
    return status;
}

void Kernel::pnp(nt::PnpMinor minor) {
    nt::Irp irp;
    uint8_t location[0x48] = {nt::kMajorPnp, minor};
    irp.stack_location = location;
    driver.major_function[nt::kMajorPnp](&device, &irp);
}

void Kernel::unregister() {
    if (subdevice != nullptr) subdevice->Release();
    subdevice = nullptr;
}

nt::Stream* Kernel::open(bool capture, nt::Status expected, int pin, nt::DataFormat format) {
    auto* stream = reinterpret_cast<nt::Stream*>(0xA5A5A5A5);
    auto* group = reinterpret_cast<nt::ServiceGroup*>(0xA5A5A5A5);
    const nt::Ulong id = pin >= 0 ? static_cast<nt::Ulong>(pin) : capture ? 2u : 0u;
    const nt::Status status = miniport->NewStream(&stream, nullptr, 0x200, id, capture ? 1 : 0, &format, &group);
    CHECK(status == expected);
    if (!nt::success(status)) {
        CHECK(stream == nullptr);
        CHECK(group == nullptr);
        return nullptr;
    }
    CHECK((group != nullptr) == capture);
    if (group != nullptr) group->Release(); // the pin's own reference; the test needs none
    return stream;
}

void Kernel::check_all_gone() const {
    CHECK(pool_.empty());
    CHECK(timers_.empty());
    CHECK(live_objects == 0);
    CHECK_FALSE(interrupt_connected);
    CHECK(resolution_requests == 0);
    CHECK(irql_ == nt::kPassive);
}
