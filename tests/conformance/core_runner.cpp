// SPDX-License-Identifier: MIT
// usage: conformance [--list] [--case NAME] FILE...
//
// Runs conformance cases on the card's core, behind mpulab_core.h alone. Each case runs three times: as it stands, with
// the card saved and put into a new one between any two steps, and with each stretch of time cut into three. Prints a
// line a failure and the number of cases; exit status 0, 1 a case failed, 2 a file is wrong, 64 wrong usage.
#include "case_file.hpp"
#include "mpulab_codes.h"
#include "mpulab_core.h"
#include "mpulab_link.h"

#include <cstdio>
#include <cstring>

namespace {

using namespace conformance;

constexpr int64_t kWireByteNs = 320'000; // 31,250 baud, ten bits (reference §4)
constexpr int64_t kHostPollNs = 10'000;  // a host that waits for DRR
constexpr int64_t kHostPatienceNs = 1'000'000'000;

enum class Way { Plain, Saved, Cut };

struct Failed {
    int line;
    std::string what;
};

std::string hex(unsigned value) {
    char text[8];
    std::snprintf(text, sizeof text, "%02x", value);
    return text;
}

class Run {
  public:
    Run(const Case& subject, Way way) : way_(way) {
        for (const auto& [name, value] : subject.properties)
            properties_.push_back({name.c_str(), value.c_str()});
        core_ = create(subject.line);
    }
    ~Run() { mpulab_core_destroy(core_); }
    Run(const Run&) = delete;
    Run& operator=(const Run&) = delete;

    void step(const Step& step) {
        line_ = step.line;
        switch (step.action) {
        case Action::WriteData:
            mpulab_core_write(core_, 0, step.value, now_);
            break;
        case Action::WriteCommand:
            mpulab_core_write(core_, 1, step.value, now_);
            break;
        case Action::Send:
            for (const WireByte& sent : step.bytes) {
                await(0x00, 0x40, kHostPollNs, kHostPatienceNs);
                mpulab_core_write(core_, 0, sent.byte, now_);
            }
            break;
        case Action::ReadData:
            check_bits("DATA", mpulab_core_read(core_, 0, now_), step);
            break;
        case Action::ReadStatus:
            check_bits("STATUS", mpulab_core_read(core_, 1, now_), step);
            break;
        case Action::Run:
            run(step.time_ns);
            break;
        case Action::MidiIn:
            for (const WireByte& arriving : step.bytes) {
                run(kWireByteNs);
                mpulab_core_wire_in(core_, arriving.byte, now_);
            }
            break;
        case Action::Irq:
            if (mpulab_core_irq(core_) != (step.value == 1)) fail("the line is " + std::to_string(!step.value));
            break;
        case Action::Edges:
            if (edges_ != step.count)
                fail(std::to_string(edges_) + " rising edges, " + std::to_string(step.count) + " expected");
            edges_ = 0;
            break;
        case Action::Wire:
            check_wire(step);
            break;
        case Action::Lost:
            check_lost(step);
            break;
        case Action::Await:
            await(step.value, step.mask, step.time_ns, step.limit_ns);
            break;
        case Action::Never:
            never(step);
            break;
        case Action::PowerOn:
            mpulab_core_reset(core_, now_);
            break;
        case Action::Power:
            mpulab_core_power(core_, step.value, now_);
            break;
        case Action::GivenUart:
            given_uart();
            break;
        }
        if (mpulab_core_irq(core_) == ((peek_status() & 0x80) != 0)) fail("line and DSR disagree");
        if (way_ == Way::Saved) save_and_restore();
    }

  private:
    [[noreturn]] void fail(const std::string& what) const { throw Failed{line_, what}; }

    mpulab_core* create(int line) {
        const mpulab_core_host host = {
            this, [](void* self, const mpulab_core_event* event) { static_cast<Run*>(self)->take(*event); }};
        char reason[256] = "";
        mpulab_core* made = mpulab_core_create(properties_.data(), properties_.size(), &host, reason, sizeof reason);
        if (made == nullptr) throw Failed{line, reason};
        return made;
    }

    void take(const mpulab_core_event& event) {
        if (event.kind == MPULAB_KIND_WIRE_OUT) wire_.push_back({static_cast<uint8_t>(event.a), event.time_ns});
        if (event.kind == MPULAB_KIND_OVERRUN) lost_.emplace_back(event.a, static_cast<uint8_t>(event.b));
        if (event.kind == MPULAB_KIND_IRQ && event.a == 1) ++edges_;
    }

    void save_and_restore() {
        std::vector<uint8_t> state(mpulab_core_save(core_, nullptr, 0));
        mpulab_core_save(core_, state.data(), state.size());
        mpulab_core* restored = create(line_);
        char reason[256] = "";
        const bool loaded = mpulab_core_load(restored, state.data(), state.size(), reason, sizeof reason);
        mpulab_core_destroy(core_);
        core_ = restored;
        if (!loaded) fail(std::string("its own state is refused: ") + reason);
    }

    // A read of STATUS changes nothing (§1).
    uint8_t peek_status() { return mpulab_core_read(core_, 1, now_); }

    void run(int64_t ns) {
        const int64_t end = now_ + ns;
        if (way_ == Way::Cut) {
            mpulab_core_advance(core_, now_ + ns / 3);
            mpulab_core_advance(core_, now_ + ns / 2);
        }
        now_ = end;
        mpulab_core_advance(core_, now_);
    }

    void check_bits(const char* name, uint8_t seen, const Step& step) const {
        if ((seen & step.mask) == step.value) return;
        const std::string mask = step.mask == 0xff ? "" : "/" + hex(step.mask);
        fail(std::string(name) + " is " + hex(seen) + ", " + hex(step.value) + mask + " expected");
    }

    void check_wire(const Step& step) {
        bool same = wire_.size() == step.bytes.size();
        for (size_t i = 0; same && i < wire_.size(); ++i) {
            const int64_t start = step.bytes[i].start_ns;
            same = wire_[i].byte == step.bytes[i].byte && (start == -1 || start == wire_[i].start_ns);
        }
        if (!same) {
            std::string seen;
            for (const WireByte& each : wire_)
                seen += " " + hex(each.byte) + "@" + std::to_string(each.start_ns) + "ns";
            fail("on MIDI OUT:" + (seen.empty() ? " nothing" : seen));
        }
        wire_.clear();
    }

    void check_lost(const Step& step) {
        const uint64_t place = step.rx_fifo ? MPULAB_OVERRUN_RX_FIFO : MPULAB_OVERRUN_HOST_LATCH;
        bool same = lost_.size() == step.bytes.size();
        for (size_t i = 0; same && i < lost_.size(); ++i)
            same = lost_[i] == std::pair(place, step.bytes[i].byte);
        if (!same) {
            std::string seen;
            for (const auto& [where, byte] : lost_)
                seen += (where == MPULAB_OVERRUN_RX_FIFO ? " rx-fifo " : " host-latch ") + hex(byte);
            fail("lost:" + (seen.empty() ? " nothing" : seen));
        }
        lost_.clear();
    }

    void await(uint8_t value, uint8_t mask, int64_t every, int64_t limit) {
        for (int64_t waited = 0;; waited += every) {
            if ((peek_status() & mask) == value) return;
            if (waited + every > limit) break;
            run(every);
        }
        fail("STATUS is " + hex(peek_status()) + " after " + std::to_string(limit) + " ns, " + hex(value) + "/" +
             hex(mask) + " expected");
    }

    void never(const Step& step) {
        for (int64_t waited = 0; waited <= step.limit_ns; waited += step.time_ns) {
            if ((peek_status() & step.mask) == step.value) {
                fail("STATUS is " + hex(peek_status()) + " after " + std::to_string(waited) + " ns");
            }
            run(step.time_ns);
        }
    }

    void given_uart() {
        mpulab_core_write(core_, 1, 0x3f, now_);
        run(40'000'000);
        if (mpulab_core_read(core_, 0, now_) != 0xfe) fail("no ACK of 3Fh");
        run(1'000'000);
        wire_.clear();
        lost_.clear();
        edges_ = 0;
    }

    Way way_;
    std::vector<mpulab_core_property> properties_;
    mpulab_core* core_ = nullptr;
    int64_t now_ = 0;
    int line_ = 0;
    std::vector<WireByte> wire_;
    std::vector<std::pair<uint64_t, uint8_t>> lost_;
    uint64_t edges_ = 0;
};

bool passes(const Case& subject, const std::string& path) {
    constexpr std::pair<Way, const char*> kWays[] = {
        {Way::Plain, ""}, {Way::Saved, " (saved and restored between steps)"}, {Way::Cut, " (time cut into pieces)"}};
    for (const auto& [way, remark] : kWays) {
        try {
            Run run(subject, way);
            for (const Step& step : subject.steps)
                run.step(step);
        } catch (const Failed& failed) {
            std::printf("FAILED %s\n  %s:%d: %s%s\n", subject.name().c_str(), path.c_str(), failed.line,
                        failed.what.c_str(), remark);
            return false;
        }
    }
    return true;
}

int usage() {
    std::fputs("usage: conformance [--list] [--case NAME] FILE...\n", stderr);
    return 64;
}

} // namespace

int main(int argc, char** argv) {
    bool list = false;
    const char* only = nullptr;
    int first = 1;
    for (; first < argc && std::strncmp(argv[first], "--", 2) == 0; ++first) {
        if (std::strcmp(argv[first], "--list") == 0) {
            list = true;
        } else if (std::strcmp(argv[first], "--case") == 0 && first + 1 < argc) {
            only = argv[++first];
        } else {
            return usage();
        }
    }
    if (first == argc) return usage();
    size_t cases = 0;
    size_t failures = 0;
    try {
        for (int i = first; i < argc; ++i) {
            for (const Case& each : read_cases(argv[i])) {
                if (only != nullptr && each.name() != only) continue;
                ++cases;
                if (list) std::printf("%s\n", each.name().c_str());
                if (!list && !passes(each, argv[i])) ++failures;
            }
        }
    } catch (const CaseFileError& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 2;
    }
    if (only != nullptr && cases == 0) {
        std::fprintf(stderr, "no case \"%s\" in these files\n", only);
        return 64;
    }
    if (!list) std::printf("%zu cases, %zu failed\n", cases, failures);
    return failures == 0 ? 0 : 1;
}
