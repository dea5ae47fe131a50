// SPDX-License-Identifier: MIT
// Save and load. The state is everything but the properties; those are written too, so that a state meant for another
// card is refused by name. Nothing in a state is believed: a snapshot file is input like any other.
#include "card.hpp"

namespace mpulab {
namespace {

constexpr uint32_t kStateMagic = 0x5343504d; // "MPCS"
constexpr uint32_t kStateVersion = 3;
constexpr Nanoseconds kLatestClock = INT64_MAX / 2; // far from the end of time, where sums stop
constexpr uint64_t kMostBytes = uint64_t{1} << 48;  // all of them have a correlation id (56 bits)

void save_gauge(ByteWriter& out, const LevelGauge& gauge) {
    out.put(gauge.high_water);
    out.put_bool(gauge.was_deep);
}

bool load_gauge(ByteReader& in, LevelGauge& gauge, const Fifo& fifo, const char* name, ErrorText& error) {
    gauge.high_water = in.get<uint32_t>();
    gauge.was_deep = in.get_bool();
    if (gauge.high_water > fifo.capacity() || gauge.high_water < fifo.level()) {
        return error.say("state: high-water mark %u of the %s FIFO, which holds %u of %u bytes", gauge.high_water, name,
                         fifo.level(), fifo.capacity());
    }
    return true;
}

} // namespace

size_t Card::save(void* buffer, size_t size) const {
    const auto write_all = [this](ByteWriter& out) {
        out.put(kStateMagic);
        out.put(kStateVersion);
        properties_.save(out);

        out.put_time(clock_);
        out.put(tx_count_);
        out.put(rx_count_);
        out.put(own_count_);
        out.put(static_cast<uint8_t>(d_state_));
        out.put_bool(in_.full);
        out.put_bool(in_.command);
        out.put(in_.byte);
        out.put(in_.number);
        out.put_time(in_.fetch_at);
        out.put_bool(out_.full);
        out.put(out_.byte);
        out.put(out_.number);
        out.put_time(out_.refill_at);
        out.put(static_cast<uint8_t>(firmware_.mode));
        out.put_time(firmware_.ready_at);
        out.put_bool(firmware_.ack_pending);
        out.put_time(firmware_.ack_at);
        out.put_bool(firmware_.answer.has_reply);
        out.put(firmware_.answer.reply);
        out.put_time(firmware_.deaf_until);
        intelligent_.save(out);
        midi_clock_.save(out);
        wire_watch_.save(out);
        tx_.save(out);
        rx_.save(out);
        save_gauge(out, tx_gauge_);
        save_gauge(out, rx_gauge_);
        out.put_time(tx_start_at_);
        out.put(line_rises_);
        cues_.save(out);
        cable_.save(out);
        faults_.save(out);
    };
    ByteWriter counter(nullptr, 0);
    write_all(counter);
    if (buffer != nullptr && counter.written() <= size) {
        ByteWriter out(buffer, size);
        write_all(out);
    }
    return counter.written();
}

bool Card::load(const void* buffer, size_t size, ErrorText& error) {
    Card candidate(properties_, host_);
    ByteReader in(buffer, size);
    candidate.tells_accesses_ = tells_accesses_; // no part of the state
    if (!candidate.load_from(in, error)) return false;
    *this = std::move(candidate);
    return true;
}

bool Card::load_latches(ByteReader& in, ErrorText& error) {
    clock_ = in.get_time();
    tx_count_ = in.get<uint64_t>();
    rx_count_ = in.get<uint64_t>();
    own_count_ = in.get<uint64_t>();
    d_state_ = in.get<uint8_t>();
    in_.full = in.get_bool();
    in_.command = in.get_bool();
    in_.byte = in.get<uint8_t>();
    in_.number = in.get<uint64_t>();
    in_.fetch_at = in.get_time();
    out_.full = in.get_bool();
    out_.byte = in.get<uint8_t>();
    out_.number = in.get<uint64_t>();
    out_.refill_at = in.get_time();
    const uint8_t mode = in.get<uint8_t>();
    firmware_.mode = static_cast<Mode>(mode);
    firmware_.ready_at = in.get_time();
    firmware_.ack_pending = in.get_bool();
    firmware_.ack_at = in.get_time();
    firmware_.answer.has_reply = in.get_bool();
    firmware_.answer.reply = in.get<uint8_t>();
    firmware_.deaf_until = in.get_time();
    if (!in.ok()) return error.say("state: ends, or holds an impossible value, before byte %zu", in.position());
    if (clock_ > kLatestClock) {
        return error.say("state: its time is %lld ns; at most %lld expected", static_cast<long long>(clock_),
                         static_cast<long long>(kLatestClock));
    }
    if (d_state_ > kOff) return error.say("state: D-state %u; 0 to 3 expected", d_state_);
    if (mode > MPULAB_MODE_UART) return error.say("state: mode %u; 0 or 1 expected", mode);
    if (tx_count_ > kMostBytes || rx_count_ > kMostBytes || own_count_ > kMostBytes) {
        return error.say("state: %llu, %llu and %llu bytes counted; at most %llu expected",
                         static_cast<unsigned long long>(tx_count_), static_cast<unsigned long long>(rx_count_),
                         static_cast<unsigned long long>(own_count_), static_cast<unsigned long long>(kMostBytes));
    }
    if (in_.number > tx_count_ || out_.number > rx_count_) {
        return error.say("state: a latch holds byte number %llu or %llu of %llu and %llu counted",
                         static_cast<unsigned long long>(in_.number), static_cast<unsigned long long>(out_.number),
                         static_cast<unsigned long long>(tx_count_), static_cast<unsigned long long>(rx_count_));
    }
    const bool midi = !in_.command && firmware_.mode == Mode::Uart;
    if (in_.full && midi != (in_.number != 0)) return error.say("state: the host latch's byte and its number disagree");
    if (out_.full && out_.number == 0) return error.say("state: an unread byte without a number");
    if (firmware_.ack_pending && firmware_.ack_at > firmware_.ready_at) {
        return error.say("state: firmware ready before its ACK is out");
    }
    return true;
}

bool Card::load_from(ByteReader& in, ErrorText& error) {
    const uint32_t magic = in.get<uint32_t>();
    const uint32_t version = in.get<uint32_t>();
    if (magic != kStateMagic)
        return error.say("state: begins with 0x%08x; no card's state (0x%08x)", magic, kStateMagic);
    if (version != kStateVersion) return error.say("state: version %u; %u expected", version, kStateVersion);
    if (!properties_.check_saved(in, error) || !load_latches(in, error)) return false;
    if (!intelligent_.load(in, error) || !midi_clock_.load(in, error) || !wire_watch_.load(in, error)) return false;
    if (!tx_.load(in, tx_count_)) return error.say("state: impossible TX FIFO before byte %zu", in.position());
    if (!rx_.load(in, rx_count_)) return error.say("state: impossible RX FIFO before byte %zu", in.position());
    if (!tx_.empty() && firmware_.mode != Mode::Uart) return error.say("state: TX FIFO not empty in intelligent mode");
    if (midi_clock_.next() != kNever && (!properties_.midi_clock_out || firmware_.mode == Mode::Uart)) {
        return error.say("state: a clock on MIDI OUT, where this card has none");
    }
    if (wire_watch_.silencing() && !properties_.silence_on_reset) {
        return error.say("state: notes are being silenced, which silence-on-reset=off does not do");
    }
    if (!load_gauge(in, tx_gauge_, tx_, "TX", error) || !load_gauge(in, rx_gauge_, rx_, "RX", error)) return false;
    tx_start_at_ = in.get_time();
    line_rises_ = in.get<uint64_t>();
    if (!in.ok()) return error.say("state: ends, or holds an impossible value, before byte %zu", in.position());
    if (!powered() && (in_.full || out_.full || firmware_.ack_pending || firmware_.mode != Mode::Intelligent ||
                       !rx_.empty() || midi_clock_.next() != kNever)) {
        return error.say("state: a card without power (D3) that holds bytes, or has something to do");
    }
    faults_.set_power(powered());
    if (!cues_.load(in, error)) return false;
    cable_.prepare(cues_.sheet());
    if (!cable_.load(in, cues_.sheet(), cues_.fired(), error)) return false;
    if (!faults_.load(in, cues_.sheet(), cues_.fired(), out_.full, error)) return false;
    line_ = irq();
    if (!in.ok()) return error.say("state: ends, or holds an impossible value, before byte %zu", in.position());
    if (in.left() != 0) return error.say("state: %zu bytes too many", in.left());
    if (next_event() < clock_) {
        return error.say("state: something is due at %lld ns, before its own time %lld ns",
                         static_cast<long long>(next_event()), static_cast<long long>(clock_));
    }
    return true;
}

} // namespace mpulab
