// SPDX-License-Identifier: MIT
#include "score_check.hpp"

#include <mpulab_link.h>

namespace agent {
namespace {

constexpr uint32_t kMaxReadBytes = 65536;
constexpr uint32_t kMinReadBytes = 16;
constexpr uint32_t kHighestState = 3;                /* KSSTATE_RUN */
constexpr uint64_t kMaxDelayNs = 86'400'000'000'000; /* a day */

constexpr uint32_t kLastOpcode = 0
#define MPULAB_OPCODE(number, NAME, text) +1
#include <score_opcodes.def>
#undef MPULAB_OPCODE
    ;
constexpr uint32_t kLastRequest = 0
#define MPULAB_DEVICE_REQUEST(number, NAME, text, argument) +1
#include <score_requests.def>
#undef MPULAB_DEVICE_REQUEST
    ;

template <class T> T load(const uint8_t* bytes) {
    T value;
    __builtin_memcpy(&value, bytes, sizeof value);
    return value;
}

constexpr size_t padded(uint32_t size) {
    return (size_t{size} + 7) & ~size_t{7};
}

enum class Slot : uint8_t { Empty, Filter, Pin, Device };

class Checker {
  public:
    Checker(const uint8_t* score, size_t bytes) : score_(score), bytes_(bytes) {}

    ScoreFault run() {
        if (bytes_ < sizeof(mpulab_score_header))
            return fault("shorter than its header", bytes_, sizeof(mpulab_score_header));
        auto header = load<mpulab_score_header>(score_);
        if (__builtin_memcmp(header.magic, MPULAB_SCORE_MAGIC, sizeof header.magic) != 0)
            return fault("magic is not MPLBSCOR", load<uint64_t>(score_), 0);
        if (header.version != MPULAB_SCORE_VERSION)
            return fault("unknown version", header.version, MPULAB_SCORE_VERSION);
        if (header.size != bytes_) return fault("header.size is not the score's size", header.size, bytes_);
        if (header.step_count > MPULAB_SCORE_MAX_STEPS)
            return fault("too many steps", header.step_count, MPULAB_SCORE_MAX_STEPS);
        if (header.reserved != 0) return fault("header.reserved is not 0", header.reserved, 0);
        at_ = sizeof header;
        while (number_ < header.step_count) {
            ++number_;
            ScoreFault found = check_step();
            if (found.reason) return found;
        }
        if (at_ != bytes_) return fault("bytes behind the last step", bytes_ - at_, 0);
        for (uint32_t job = 0; job < MPULAB_SCORE_JOBS; ++job)
            if (busy_[job]) return fault("no WAIT_DEVICE for a BEGIN_DEVICE", job, 0);
        return {};
    }

  private:
    ScoreFault fault(const char* reason, uint64_t seen, uint64_t expected) const {
        return {reason, number_, seen, expected};
    }

    ScoreFault check_step() {
        if (bytes_ - at_ < sizeof(mpulab_step)) return fault("step is cut off", bytes_ - at_, sizeof(mpulab_step));
        auto step = load<mpulab_step>(score_ + at_);
        at_ += sizeof step;
        if (step.size > bytes_ - at_ || padded(step.size) > bytes_ - at_)
            return fault("arguments are cut off", bytes_ - at_, step.size);
        const uint8_t* arguments = score_ + at_;
        for (size_t i = step.size; i < padded(step.size); ++i)
            if (arguments[i] != 0) return fault("padding is not 0", arguments[i], 0);
        at_ += padded(step.size);
        if (step.slot >= MPULAB_SCORE_SLOTS) return fault("no such slot", step.slot, MPULAB_SCORE_SLOTS - 1);
        if (step.flags & ~MPULAB_STEP_MAY_FAIL) return fault("unknown step flags", step.flags, MPULAB_STEP_MAY_FAIL);
        return check_opcode(step, arguments);
    }

    /** The exact size of a step's arguments. */
    ScoreFault sized(const mpulab_step& step, size_t size) const {
        if (step.size != size) return fault("wrong size of arguments", step.size, size);
        return {};
    }

    /** The slot holds what the step works on, and a step that waits has a bound. */
    ScoreFault needs(const mpulab_step& step, Slot kind, bool waits) const {
        if (slots_[step.slot] != kind)
            return fault(kind == Slot::Pin      ? "slot holds no pin"
                         : kind == Slot::Filter ? "slot holds no filter"
                                                : "slot is in use",
                         step.slot, 0);
        return waits ? bounded(step) : ScoreFault{};
    }

    /** A step that waits has a bound. */
    ScoreFault bounded(const mpulab_step& step) const {
        if (step.timeout_ms == 0) return fault("step waits, and its timeout is 0", 0, 1);
        return {};
    }

    /// The format behind an OPEN_PIN's own arguments.
    ScoreFault check_format(const mpulab_step& step, const uint8_t* a) const {
        constexpr uint32_t kLeast = 64; // sizeof(KSDATAFORMAT)
        const auto given = static_cast<uint32_t>(step.size - sizeof(mpulab_op_open_pin));
        if (given < kLeast || given > MPULAB_SCORE_MAX_FORMAT_BYTES)
            return fault("a format is not 64..256 bytes", given, MPULAB_SCORE_MAX_FORMAT_BYTES);
        const auto said = load<uint32_t>(a + sizeof(mpulab_op_open_pin)); // FormatSize comes first
        if (said > given) return fault("FormatSize says more than there is", said, given);
        return {};
    }

    ScoreFault check_opcode(const mpulab_step& step, const uint8_t* a) {
        ScoreFault bad;
        switch (step.opcode) {
        case MPULAB_OP_OPEN_FILTER: {
            if ((bad = sized(step, sizeof(mpulab_op_open_filter))).reason ||
                (bad = needs(step, Slot::Empty, false)).reason)
                return bad;
            auto op = load<mpulab_op_open_filter>(a);
            constexpr uint32_t kLast = sizeof op.reference / sizeof op.reference[0] - 1;
            if (op.reference[kLast] != 0) return fault("reference string has no terminator", op.reference[kLast], 0);
            if (op.reserved != 0) return fault("reserved is not 0", op.reserved, 0);
            slots_[step.slot] = Slot::Filter;
            return {};
        }
        case MPULAB_OP_OPEN_PIN: {
            const bool has_format = step.size > sizeof(mpulab_op_open_pin);
            bad = has_format ? check_format(step, a) : sized(step, sizeof(mpulab_op_open_pin));
            if (bad.reason || (bad = needs(step, Slot::Empty, false)).reason) return bad;
            auto op = load<mpulab_op_open_pin>(a);
            if (op.filter_slot >= MPULAB_SCORE_SLOTS ||
                (slots_[op.filter_slot] != Slot::Filter && slots_[op.filter_slot] != Slot::Device))
                return fault("filter_slot holds no filter", op.filter_slot, 0);
            slots_[step.slot] = Slot::Pin;
            reading_[step.slot] = false;
            return {};
        }
        case MPULAB_OP_SET_STATE: {
            if ((bad = sized(step, sizeof(mpulab_op_set_state))).reason || (bad = needs(step, Slot::Pin, false)).reason)
                return bad;
            auto op = load<mpulab_op_set_state>(a);
            if (op.state > kHighestState) return fault("no such KSSTATE", op.state, kHighestState);
            return {};
        }
        case MPULAB_OP_WRITE:
            return check_write(step, a);
        case MPULAB_OP_WAIT_WRITES:
            if ((bad = sized(step, 0)).reason) return bad;
            return needs(step, Slot::Pin, true);
        case MPULAB_OP_READ_START: {
            if ((bad = sized(step, sizeof(mpulab_op_read_start))).reason ||
                (bad = needs(step, Slot::Pin, false)).reason)
                return bad;
            auto op = load<mpulab_op_read_start>(a);
            if (op.buffer_bytes < kMinReadBytes || op.buffer_bytes > kMaxReadBytes || op.buffer_bytes % 4 != 0)
                return fault("buffer_bytes is not a multiple of 4 in 16..65536", op.buffer_bytes, kMaxReadBytes);
            if (op.pending == 0 || op.pending > MPULAB_SCORE_MAX_PENDING)
                return fault("pending is not in 1..16", op.pending, MPULAB_SCORE_MAX_PENDING);
            if (reading_[step.slot]) return fault("reads of this pin are started already", step.slot, 0);
            reading_[step.slot] = true;
            return {};
        }
        case MPULAB_OP_WAIT_CAPTURED:
            if ((bad = sized(step, sizeof(mpulab_op_wait_captured))).reason ||
                (bad = needs(step, Slot::Pin, true)).reason)
                return bad;
            if (!reading_[step.slot]) return fault("no READ_START before it", step.slot, 0);
            return {};
        case MPULAB_OP_READ_STOP:
            if ((bad = sized(step, 0)).reason || (bad = needs(step, Slot::Pin, true)).reason) return bad;
            if (!reading_[step.slot]) return fault("no READ_START before it", step.slot, 0);
            reading_[step.slot] = false;
            return {};
        case MPULAB_OP_DELAY: {
            if ((bad = sized(step, sizeof(mpulab_op_delay))).reason) return bad;
            auto op = load<mpulab_op_delay>(a);
            if (op.ns > kMaxDelayNs) return fault("delay is longer than a day", op.ns, kMaxDelayNs);
            return {};
        }
        case MPULAB_OP_MARKER:
            if ((bad = sized(step, sizeof(mpulab_op_marker))).reason) return bad;
            if (load<mpulab_op_marker>(a).number == 0) return fault("marker numbers start at 1", 0, 1);
            return {};
        case MPULAB_OP_CLOSE:
            if ((bad = sized(step, 0)).reason) return bad;
            if (slots_[step.slot] == Slot::Empty) return fault("slot is empty", step.slot, 0);
            slots_[step.slot] = Slot::Empty;
            return {};
        case MPULAB_OP_REMOVE_DEVICE:
            return sized(step, sizeof(mpulab_op_remove_device));
        case MPULAB_OP_DEVICE:
            return check_device(step, a);
        case MPULAB_OP_BEGIN_DEVICE:
            return check_begin_device(step, a);
        case MPULAB_OP_WAIT_DEVICE: {
            if ((bad = sized(step, sizeof(mpulab_op_wait_device))).reason || (bad = bounded(step)).reason) return bad;
            auto op = load<mpulab_op_wait_device>(a);
            if (op.reserved != 0) return fault("reserved is not 0", op.reserved, 0);
            if (op.job >= MPULAB_SCORE_JOBS) return fault("no such job", op.job, MPULAB_SCORE_JOBS - 1);
            if (!busy_[op.job]) return fault("no BEGIN_DEVICE before it", op.job, 0);
            busy_[op.job] = false;
            return {};
        }
        case MPULAB_OP_WATCH_EVENT: {
            if ((bad = sized(step, sizeof(mpulab_op_watch_event))).reason) return bad;
            auto op = load<mpulab_op_watch_event>(a);
            if (op.kind < MPULAB_FIRST_CARD_KIND || op.kind >= MPULAB_FIRST_GUEST_KIND)
                return fault("no kind of record that a card makes", op.kind, MPULAB_FIRST_GUEST_KIND - 1);
            if (op.unit >= MPULAB_NO_UNIT) return fault("no such card", op.unit, MPULAB_NO_UNIT - 1);
            watches_ = true;
            return {};
        }
        case MPULAB_OP_WAIT_EVENT:
            if ((bad = sized(step, sizeof(mpulab_op_wait_event))).reason || (bad = bounded(step)).reason) return bad;
            if (load<mpulab_op_wait_event>(a).nth == 0) return fault("events are counted from 1", 0, 1);
            if (!watches_) return fault("no WATCH_EVENT before it", 0, 1);
            return {};
        case MPULAB_OP_OPEN_DEVICE:
            return check_open_device(step, a);
        case MPULAB_OP_IOCTL:
            return check_ioctl(step, a);
        case MPULAB_OP_WAIT_IOCTLS:
        case MPULAB_OP_CANCEL_IO:
            if ((bad = sized(step, 0)).reason) return bad;
            return needs_handle(step);
        default:
            return fault("unknown opcode", step.opcode, kLastOpcode);
        }
    }

    /** Any open handle; the step waits. */
    ScoreFault needs_handle(const mpulab_step& step) const {
        if (slots_[step.slot] == Slot::Empty) return fault("slot is empty", step.slot, 0);
        return needs(step, slots_[step.slot], true);
    }

    ScoreFault check_device(const mpulab_step& step, const uint8_t* a) const {
        ScoreFault bad = sized(step, sizeof(mpulab_op_device));
        if (bad.reason) return bad;
        auto op = load<mpulab_op_device>(a);
        if (op.request == 0 || op.request > kLastRequest) return fault("no such request", op.request, kLastRequest);
        if (op.reserved != 0) return fault("reserved is not 0", op.reserved, 0);
        return {};
    }

    ScoreFault check_begin_device(const mpulab_step& step, const uint8_t* a) {
        ScoreFault bad = sized(step, sizeof(mpulab_op_begin_device));
        if (bad.reason) return bad;
        auto op = load<mpulab_op_begin_device>(a);
        if (op.request == 0 || op.request > kLastRequest) return fault("no such request", op.request, kLastRequest);
        if (op.job >= MPULAB_SCORE_JOBS) return fault("no such job", op.job, MPULAB_SCORE_JOBS - 1);
        if (busy_[op.job]) return fault("the job's BEGIN_DEVICE before has not been waited for", op.job, 0);
        if (op.later_ns > MPULAB_SCORE_MAX_LATER_NS)
            return fault("later_ns is more than an hour", op.later_ns, MPULAB_SCORE_MAX_LATER_NS);
        if (op.later_ns % 100 != 0)
            return fault("later_ns is no multiple of 100", op.later_ns, op.later_ns / 100 * 100);
        busy_[op.job] = true;
        return {};
    }

    ScoreFault check_open_device(const mpulab_step& step, const uint8_t* a) {
        if (step.size < sizeof(mpulab_op_open_device))
            return fault("wrong size of arguments", step.size, sizeof(mpulab_op_open_device));
        ScoreFault bad = needs(step, Slot::Empty, false);
        if (bad.reason) return bad;
        auto op = load<mpulab_op_open_device>(a);
        if (op.reserved != 0) return fault("reserved is not 0", op.reserved, 0);
        if (op.name_bytes == 0 || op.name_bytes % 2 != 0 || op.name_bytes > MPULAB_SCORE_MAX_NAME_BYTES)
            return fault("name_bytes is not even and in 2..1024", op.name_bytes, MPULAB_SCORE_MAX_NAME_BYTES);
        if (step.size - sizeof op != op.name_bytes)
            return fault("name_bytes is not the size of the name", op.name_bytes, step.size - sizeof op);
        slots_[step.slot] = Slot::Device;
        return {};
    }

    ScoreFault check_ioctl(const mpulab_step& step, const uint8_t* a) const {
        if (step.size < sizeof(mpulab_op_ioctl))
            return fault("wrong size of arguments", step.size, sizeof(mpulab_op_ioctl));
        ScoreFault bad = needs_handle(step);
        if (bad.reason) return bad;
        auto op = load<mpulab_op_ioctl>(a);
        constexpr uint32_t kMost = MPULAB_SCORE_MAX_IOCTL_BYTES;
        if (op.reserved != 0) return fault("reserved is not 0", op.reserved, 0);
        if (op.pend > 1) return fault("pend is not 0 or 1", op.pend, 1);
        if (op.input_bytes > kMost) return fault("input_bytes is larger than 65536", op.input_bytes, kMost);
        if (op.output_bytes > kMost) return fault("output_bytes is larger than 65536", op.output_bytes, kMost);
        if (op.filled_bytes > op.output_bytes)
            return fault("filled_bytes is larger than output_bytes", op.filled_bytes, op.output_bytes);
        if (step.size - sizeof op != op.input_bytes + op.filled_bytes)
            return fault("input_bytes and filled_bytes are not the bytes that follow", op.input_bytes + op.filled_bytes,
                         step.size - sizeof op);
        return {};
    }

    ScoreFault check_write(const mpulab_step& step, const uint8_t* a) const {
        if (step.size < sizeof(mpulab_op_write))
            return fault("wrong size of arguments", step.size, sizeof(mpulab_op_write));
        ScoreFault bad = needs(step, Slot::Pin, true);
        if (bad.reason) return bad;
        auto op = load<mpulab_op_write>(a);
        if (op.records_size > MPULAB_SCORE_MAX_WRITE_BYTES)
            return fault("records_size is larger than 65536", op.records_size, MPULAB_SCORE_MAX_WRITE_BYTES);
        if (step.size - sizeof op != op.records_size)
            return fault("records_size is not the size of the records", op.records_size, step.size - sizeof op);
        if (op.max_pending == 0 || op.max_pending > MPULAB_SCORE_MAX_PENDING)
            return fault("max_pending is not in 1..16", op.max_pending, MPULAB_SCORE_MAX_PENDING);
        return {};
    }

    const uint8_t* score_;
    size_t bytes_;
    size_t at_ = 0;
    uint32_t number_ = 0;
    Slot slots_[MPULAB_SCORE_SLOTS] = {};
    bool reading_[MPULAB_SCORE_SLOTS] = {};
    bool busy_[MPULAB_SCORE_JOBS] = {};
    bool watches_ = false;
};

} // namespace

ScoreFault check_score(const uint8_t* score, size_t bytes) {
    return Checker(score, bytes).run();
}

ScoreWalk::ScoreWalk(const uint8_t* score)
    : at_(score + sizeof(mpulab_score_header)), count_(load<mpulab_score_header>(score).step_count) {}

bool ScoreWalk::next(ScoreStep& step) {
    if (number_ == count_) return false;
    step.number = ++number_;
    step.head = load<mpulab_step>(at_);
    step.arguments = at_ + sizeof(mpulab_step);
    at_ = step.arguments + padded(step.head.size);
    return true;
}

const char* opcode_name(uint16_t opcode) {
    switch (opcode) {
#define MPULAB_OPCODE(number, NAME, text)                                                                              \
    case number:                                                                                                       \
        return #NAME;
#include <score_opcodes.def>
#undef MPULAB_OPCODE
    default:
        return "?";
    }
}

} // namespace agent
