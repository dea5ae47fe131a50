// SPDX-License-Identifier: MIT
// The class behind probe_core.h.
#pragma once

#include "../link/link_writer.hpp"
#include "../link/text_chunker.hpp"
#include "plan.hpp"
#include "probe_core.h"
#include "probe_ports.h"

#include <array>
#include <vector>

namespace mpulab {

class Probe {
  public:
    explicit Probe(const mpulab_probe_host& host);

    // probe.cpp: plan, cards, the life of a run
    bool set_plan(const void* bytes, size_t size, ErrorText& error);
    bool attach(const mpulab_machine_device& device, mpulab_core* core, ErrorText& error);
    void detach(const mpulab_core* core);
    bool assemble(ErrorText& error);
    void run(int64_t now_ns);
    void pause();
    void flush() { link_.flush(); }
    bool ended() const { return ended_; }
    uint64_t seed() const { return plan_.seed(); }
    void stop_at(uint32_t phase) { stop_at_ = phase; }
    void stop_at_marker(uint32_t marker) { stop_at_marker_ = marker; }
    void settle(int64_t now_ns);
    void no_device(uint32_t port, uint32_t size, uint32_t value, bool is_write, const mpulab_cause& cause,
                   int64_t now_ns);
    bool watches(uint64_t pc) const { return pc - watched_.base < watched_.bytes; }
    void irql_written(uint8_t irql, uint8_t before, const mpulab_cause& cause, int64_t now_ns);
    void card_event(uint8_t unit, const mpulab_cause* cause, const mpulab_core_event& event);

    // probe_io.cpp: the guest's ports
    uint32_t read(uint32_t offset, uint32_t size);
    mpulab_probe_action write(uint32_t offset, uint32_t size, uint32_t value, const mpulab_cause& cause,
                              int64_t now_ns);
    void reset();

    // probe_state.cpp
    size_t save(void* buffer, size_t size) const;
    bool load(const void* buffer, size_t size, ErrorText& error);

  private:
    struct AttachedCard {
        mpulab_machine_device device;
        mpulab_core* core;
    };
    static constexpr size_t kCpus = 256; // by the link's 8-bit vCPU number; the last is MPULAB_NO_CPU's

    bool hand_out_cues(const Plan& plan, ErrorText& error);
    void build_machine_section();
    void record(mpulab_record record);

    [[gnu::format(printf, 2, 3)]] void complain(const char* format, ...);
    std::span<const uint8_t> selected_section() const;
    uint32_t read_data();
    mpulab_probe_action take_record(uint32_t address, const mpulab_cause& cause, int64_t now_ns);
    void add_text(uint8_t byte, const mpulab_cause& cause, int64_t now_ns);
    void flush_text(int64_t now_ns);
    void tell_power(uint32_t value, const mpulab_cause& cause, int64_t now_ns);
    void start_marker(uint64_t number, int64_t now_ns);
    void count_event(uint8_t unit, const mpulab_core_event& event);

    mpulab_probe_host host_;
    LinkWriter link_;
    Plan plan_;
    std::vector<AttachedCard> cards_; // by unit
    std::vector<uint8_t> machine_;
    std::array<uint8_t, 8> seed_ = {}; // the SEED section: the plan's seed, little-endian
    bool assembled_ = false;

    const mpulab_cause* power_cause_ = nullptr; // while a card is told its power state

    bool running_ = false;        // the machine
    bool started_ = false;        // the run
    bool ended_ = false;          // the run
    uint32_t stop_at_ = 0;        // phase that stops the machine; 0: none
    uint32_t stop_at_marker_ = 0; // marker that does; 0: none

    uint32_t selected_ = 0;                // section tag
    uint32_t cursor_ = 0;                  // bytes of it that were read
    std::array<TextChunker, kCpus> texts_; // of each vCPU, the line that is not over

    /// What AWAIT asked for last.
    struct Awaited {
        uint64_t kind_of_unit = 0; // MPULAB_AWAIT(); 0: nothing
        uint64_t a = 0;
        uint64_t b = 0;
        uint32_t seen = 0;
    };
    Awaited awaited_;

    /// The code whose writes to CR8 are told; WATCH_IRQL named it.
    struct Watched {
        uint64_t base = 0;
        uint64_t bytes = 0;
    };
    Watched watched_;
};

} // namespace mpulab
