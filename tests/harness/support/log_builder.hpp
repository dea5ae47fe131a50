// SPDX-License-Identifier: MIT
// Event logs as tests write them, from device-model/link/mpulab_link.h alone.
#pragma once

#include "events/event_log.hpp"
#include "link/mpulab_codes.h"

#include <algorithm>
#include <stdexcept>
#include <string_view>
#include <vector>

namespace mpulab::test {

inline Bytes link_header(uint32_t version = 1, uint32_t record_size = 64, std::string_view magic = "MPLBLINK") {
    Bytes out(magic.begin(), magic.end());
    append_pod(out, version);
    append_pod(out, record_size);
    return out;
}

class LogBuilder {
  public:
    static constexpr uint64_t kByteNs = 320'000;

    /// Time of the records that follow.
    LogBuilder& at(uint64_t ns) {
        now_ = ns;
        return *this;
    }

    LogBuilder& add(uint16_t kind, uint64_t a = 0, uint64_t b = 0, uint64_t c = 0, uint64_t corr = 0) {
        mpulab_record record{};
        record.time_ns = now_;
        record.corr = corr;
        record.kind = kind;
        record.cpu = 0;
        record.unit = kind >= 16 && kind < 64 ? uint8_t{0} : uint8_t{MPULAB_NO_UNIT};
        record.count = 1;
        record.a = a;
        record.b = b;
        record.c = c;
        records_.push_back(record);
        return *this;
    }

    LogBuilder& started(uint64_t seed) { return add(MPULAB_KIND_RUN_STARTED, seed, 100, 1); }
    /// The guest's own test of a rule of each family, as a good one ends.
    LogBuilder& self_tested() {
        for (const uint64_t rule : {1, 52, 20, 71, 8, 65, 57})
            add(MPULAB_KIND_SELFTEST, rule, 1);
        return *this;
    }
    LogBuilder& ended(uint64_t code = MPULAB_END_SCORE_DONE, uint64_t detail = 0) {
        return add(MPULAB_KIND_RUN_ENDED, code, detail);
    }

    /// Text or data, cut into records of 24 bytes.
    LogBuilder& data(uint16_t kind, std::string_view bytes, uint64_t corr = 0) {
        do {
            const std::string_view part = bytes.substr(0, 24);
            bytes.remove_prefix(part.size());
            add(kind, 0, 0, 0, corr);
            std::copy(part.begin(), part.end(), reinterpret_cast<char*>(&records_.back().a));
            records_.back().count = static_cast<uint16_t>(part.size());
            records_.back().flags = bytes.empty() ? 0 : MPULAB_RECORD_MORE;
        } while (!bytes.empty());
        return *this;
    }
    LogBuilder& data(uint16_t kind, const Bytes& bytes) {
        return data(kind, std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
    }
    LogBuilder& text(std::string_view line) { return data(MPULAB_KIND_TEXT, line); }
    LogBuilder& name(std::string_view text, uint64_t corr = 0) { return data(MPULAB_KIND_NAME, text, corr); }
    LogBuilder& captured(const Bytes& bytes) {
        add(MPULAB_KIND_CAPTURED_AT, 0, bytes.size());
        return data(MPULAB_KIND_CAPTURED, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    }
    LogBuilder& module(std::string_view text, uint64_t base, uint64_t size) {
        return add(MPULAB_KIND_MODULE, base, size, base + 0x1000).name(text);
    }

    LogBuilder& begin_step(uint64_t number, uint64_t opcode) {
        return add(MPULAB_KIND_STEP_BEGIN, opcode, 0, 0, MPULAB_CORR(MPULAB_CORR_STEP, number));
    }
    LogBuilder& end_step(uint64_t number, uint64_t opcode, uint64_t status = 0) {
        return add(MPULAB_KIND_STEP_END, opcode, status, 0, MPULAB_CORR(MPULAB_CORR_STEP, number));
    }
    LogBuilder& step(uint64_t number, uint64_t opcode, uint64_t status = 0) {
        return begin_step(number, opcode).end_step(number, opcode, status);
    }

    /// Bytes that leave one after another, the first one's start bit at `start`.
    LogBuilder& wire_out(uint64_t start, const Bytes& bytes) {
        for (const uint8_t byte : bytes) {
            at(start).add(MPULAB_KIND_WIRE_OUT, byte, start + kByteNs);
            start += kByteNs;
        }
        return *this;
    }
    LogBuilder& wire_in(uint64_t start, const Bytes& bytes) {
        for (const uint8_t byte : bytes) {
            start += kByteNs;
            at(start).add(MPULAB_KIND_WIRE_IN, byte, 1, 0, MPULAB_CORR(MPULAB_CORR_RX_BYTE, ++received_));
        }
        return *this;
    }

    mpulab_record& last() { return records_.back(); }
    /// The n-th record of a kind, to be bent.
    mpulab_record& nth(uint16_t kind, size_t n = 0) { return records_[index(kind, n)]; }
    LogBuilder& drop(uint16_t kind, size_t n = 0) {
        records_.erase(records_.begin() + static_cast<ptrdiff_t>(index(kind, n)));
        return *this;
    }
    LogBuilder& drop_all(uint16_t kind) {
        records_.erase(
            std::remove_if(records_.begin(), records_.end(), [kind](const auto& r) { return r.kind == kind; }),
            records_.end());
        return *this;
    }

    /// Records in order of time (those of one time as they were added), numbered from 0.
    std::vector<mpulab_record> records() const {
        std::vector<mpulab_record> sorted = records_;
        std::stable_sort(sorted.begin(), sorted.end(),
                         [](const auto& a, const auto& b) { return a.time_ns < b.time_ns; });
        for (size_t i = 0; i < sorted.size(); ++i)
            sorted[i].seq = i;
        return sorted;
    }
    Bytes bytes() const { return bytes_of(records()); }
    EventLog log() const { return EventLog::from_bytes(bytes()); }

    static Bytes bytes_of(const std::vector<mpulab_record>& records) {
        Bytes out = link_header();
        for (const mpulab_record& record : records)
            append_pod(out, record);
        return out;
    }

  private:
    size_t index(uint16_t kind, size_t n) const {
        for (size_t i = 0; i < records_.size(); ++i) {
            if (records_[i].kind == kind && n-- == 0) return i;
        }
        throw std::out_of_range("the log has no such record");
    }

    std::vector<mpulab_record> records_;
    uint64_t received_ = 0;
    uint64_t now_ = 0;
};

} // namespace mpulab::test
