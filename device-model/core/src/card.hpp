// SPDX-License-Identifier: MIT
// The MPU-401: latches, FIFOs, wire and modes. UART mode is all here, intelligent mode's commands are
// IntelligentMode's. SPEC.md beside this folder says what a guest sees; reference §n is mpu401.md.
//
// Two one-byte latches stand between host and firmware, a FIFO lies behind each, and a few things can happen by
// themselves (Happening). advance() lets them happen in order of time; nothing else in here looks at a clock.
#pragma once

#include "cue_cable.hpp"
#include "cue_player.hpp"
#include "fault_box.hpp"
#include "fifo.hpp"
#include "intelligent_mode.hpp"
#include "midi_clock.hpp"
#include "mpulab_codes.h"
#include "mpulab_core.h"
#include "mpulab_link.h"
#include "properties.hpp"
#include "wire_watch.hpp"

namespace mpulab {

class Card {
  public:
    Card(const Properties& properties, const mpulab_core_host& host);

    // card.cpp: time
    void advance(Nanoseconds now);
    Nanoseconds next_event() const;
    // The line follows DSR (reference §3.2), as far as cues let it.
    bool irq() const { return faults_.line(); }
    uint64_t irq_edges() const { return line_rises_; }

    // card_power.cpp
    void reset(Nanoseconds now);
    void power(uint32_t d_state, Nanoseconds now);

    // card_io.cpp: the guest's accesses
    uint8_t read(uint32_t offset, Nanoseconds now);
    void write(uint32_t offset, uint8_t value, Nanoseconds now);
    bool poll(uint32_t offset, Nanoseconds now, uint8_t& value);
    void tell_accesses(bool tell) { tells_accesses_ = tell; }

    // card_wire.cpp: the cable
    bool wire_in(uint8_t byte, Nanoseconds now);
    bool wire_in_room() const { return !rx_.full() && !cable_.busy(); }

    // card_cues.cpp
    bool set_cues(const void* section, size_t size, ErrorText& error);
    void marker(uint32_t number, Nanoseconds now);

    // card_state.cpp
    size_t save(void* buffer, size_t size) const;
    bool load(const void* buffer, size_t size, ErrorText& error);

  private:
    enum class Mode : uint8_t { Intelligent = MPULAB_MODE_INTELLIGENT, Uart = MPULAB_MODE_UART };
    enum class Happening {
        FaultPasses,
        Acknowledge,
        Fetch,
        OwnByte,
        Silencing,
        WireOut,
        Refill,
        CueFires,
        ByteArrives,
        Nothing
    };
    struct Next {
        Happening what;
        Nanoseconds at;
    };

    // Host -> firmware: one byte and the flag "command" (reference §1.4). full = DRR is 1.
    struct HostLatch {
        bool full = false;
        bool command = false;
        uint8_t byte = 0;
        uint64_t number = 0;      // of a MIDI byte; 0 = a command, or data outside UART mode
        Nanoseconds fetch_at = 0; // when idle firmware takes it
    };
    // Firmware -> host (reference §1.3). full = DSR is 0; the byte stays readable after that.
    struct CardLatch {
        bool full = false;
        uint8_t byte = mpu401::kAck;
        uint64_t number = 0;
        Nanoseconds refill_at = 0; // the next byte is readable no sooner
    };
    struct Firmware {
        Mode mode = Mode::Intelligent;
        Nanoseconds ready_at = 0; // takes no host byte before this
        bool ack_pending = false;
        Nanoseconds ack_at = 0;
        IntelligentMode::Answer answer; // what the pending ACK brings with it
        Nanoseconds deaf_until = 0;     // MIDI IN is lost before this (reference §2.2: entering UART mode)
    };

    // card.cpp
    Nanoseconds clamp(Nanoseconds now); // time never goes back, whatever the caller says
    void run_until(Nanoseconds now);
    Next next_happening() const;
    void emit(uint16_t kind, Nanoseconds at, uint64_t corr, uint64_t a, uint64_t b, uint64_t c);
    void emit_access(uint16_t kind, Nanoseconds at, uint64_t corr, uint64_t offset, uint64_t value, uint64_t level) {
        if (tells_accesses_) emit(kind, at, corr, offset, value, level);
    }
    void update_irq(Nanoseconds at);
    void report_line(uint64_t corr, Nanoseconds at);
    uint64_t latch_corr() const { return out_.number == 0 ? 0 : MPULAB_CORR(MPULAB_CORR_RX_BYTE, out_.number); }

    // card_power.cpp
    static constexpr uint32_t kOff = 3; // D3
    bool powered() const { return d_state_ != kOff; }
    void forget();
    void start_firmware(Nanoseconds at);

    // card_io.cpp
    uint8_t status() const;
    uint8_t read_status(uint8_t value, Nanoseconds now);
    uint8_t read_data(Nanoseconds now);

    // card_firmware.cpp: what the firmware does with host bytes
    bool may_fetch() const;
    void fetch(Nanoseconds at);
    void execute(uint8_t command, Nanoseconds at);
    void execute_intelligent(uint8_t command, Nanoseconds at);
    void execute_reset(Nanoseconds at);
    void start_midi_clock(Nanoseconds at, Nanoseconds before_it);
    void enter_uart(Nanoseconds at);
    void acknowledge_at(Nanoseconds at, IntelligentMode::Answer answer = {});
    void acknowledge(Nanoseconds at);
    void give_to_host(uint8_t byte, bool reply, Nanoseconds at);
    void set_mode(Mode mode, Nanoseconds at);
    void clear_fifos(Nanoseconds at);

    // card_wire.cpp
    bool transmit(uint8_t& byte, uint64_t corr, Nanoseconds at);
    void send_next(Nanoseconds at);
    void send_own(Nanoseconds at);
    void start_silencing(Nanoseconds at);
    void silence_next(Nanoseconds at);
    bool receive(uint8_t byte, Nanoseconds at);
    void queue_for_host(NumberedByte entry, Nanoseconds readable_at, Nanoseconds at);
    void refill(Nanoseconds at);

    // card_cues.cpp: each kind of event that a cue may wait for is told here, before it has any effect
    void happened(uint32_t trigger, uint32_t argument, Nanoseconds at) {
        if (cues_.watches(trigger)) [[unlikely]]
            tell_cues(trigger, argument, at);
    }
    // One test on the way of every access: whether cues have anything to do with it, or there is no power.
    bool needs_care(uint32_t trigger) const {
        return ((cues_.watched() >> trigger & 1) | faults_.in_force() | (powered() ? 0u : 1u)) != 0;
    }
    void tell_cues(uint32_t trigger, uint32_t argument, Nanoseconds at);
    void fire_cue(Nanoseconds at);
    uint8_t read_with_care(uint32_t offset, Nanoseconds now);
    bool write_is_missed(uint32_t offset, uint8_t value, Nanoseconds now);

    // card_state.cpp
    bool load_from(ByteReader& in, ErrorText& error);
    bool load_latches(ByteReader& in, ErrorText& error);

    Properties properties_;
    mpulab_core_host host_;

    Nanoseconds clock_ = 0;
    uint32_t d_state_ = 0; // D0 to D3
    HostLatch in_;
    CardLatch out_;
    Firmware firmware_;
    IntelligentMode intelligent_;
    MidiClock midi_clock_;
    bool watches_wire_; // the two properties that need it are off by default
    WireWatch wire_watch_;
    Fifo tx_;
    Fifo rx_;
    LevelGauge tx_gauge_;
    LevelGauge rx_gauge_;
    Nanoseconds tx_start_at_ = 0; // earliest start bit of the next byte on MIDI OUT
    uint64_t tx_count_ = 0;       // MIDI bytes the host has written (MPULAB_CORR_TX_BYTE); survives reset
    uint64_t rx_count_ = 0;       // bytes given to the host, ACKs included (MPULAB_CORR_RX_BYTE); survives reset
    uint64_t own_count_ = 0;      // bytes the card sent by itself (MPULAB_CORR_OWN_BYTE); survives reset
    CuePlayer cues_;
    CueCable cable_;
    FaultBox faults_;

    // What next_event() has found, for as long as nothing happens: most accesses are reads of STATUS, which change
    // nothing. Set by the caller's question only, never in the midst of a change.
    mutable Nanoseconds due_ = kUnknown;
    static constexpr Nanoseconds kUnknown = -1;

    bool tells_accesses_ = true;
    bool line_ = false; // last level that was reported
    uint64_t line_rises_ = 0;
};

} // namespace mpulab
