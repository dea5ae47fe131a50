// SPDX-License-Identifier: MIT
// The agent refuses a score whole when anything in it is wrong; each rule has an input that breaks it alone.
#include "score_check.hpp"

#include <support/catch.hpp>

#include <cstring>
#include <string>
#include <vector>

namespace {

using Bytes = std::vector<uint8_t>;

/// Builds scores by hand; offsets of steps are kept so that tests can spoil one field.
struct Score {
    Bytes bytes = Bytes(sizeof(mpulab_score_header));
    std::vector<size_t> steps;

    template <class T> Score& step(uint16_t opcode, uint16_t slot, const T& arguments, uint32_t timeout = 1000) {
        return raw(opcode, slot,
                   Bytes(reinterpret_cast<const uint8_t*>(&arguments),
                         reinterpret_cast<const uint8_t*>(&arguments) + sizeof arguments),
                   timeout);
    }
    Score& raw(uint16_t opcode, uint16_t slot, const Bytes& arguments = {}, uint32_t timeout = 1000) {
        steps.push_back(bytes.size());
        const mpulab_step head{opcode, slot, static_cast<uint32_t>(arguments.size()), 0, timeout};
        const auto* raw_head = reinterpret_cast<const uint8_t*>(&head);
        bytes.insert(bytes.end(), raw_head, raw_head + sizeof head);
        bytes.insert(bytes.end(), arguments.begin(), arguments.end());
        while (bytes.size() % 8)
            bytes.push_back(0);
        return *this;
    }
    Score& open_filter(uint16_t slot) { return step(MPULAB_OP_OPEN_FILTER, slot, mpulab_op_open_filter{}); }
    Score& open_pin(uint16_t slot, uint16_t filter) {
        return step(MPULAB_OP_OPEN_PIN, slot, mpulab_op_open_pin{filter, 0, 0});
    }
    /// A pin's format of `size` bytes, of which FormatSize says `claimed`.
    Score& open_pin(uint16_t slot, uint16_t filter, size_t size, uint32_t claimed) {
        const mpulab_op_open_pin op{filter, 0, 0};
        Bytes arguments(sizeof op + size);
        std::memcpy(arguments.data(), &op, sizeof op);
        if (size >= sizeof claimed) std::memcpy(arguments.data() + sizeof op, &claimed, sizeof claimed);
        return raw(MPULAB_OP_OPEN_PIN, slot, arguments);
    }
    Score& write(uint16_t slot, uint32_t records, uint32_t claimed, uint32_t max_pending = 1, uint32_t timeout = 1000) {
        const mpulab_op_write op{0, claimed, max_pending};
        Bytes arguments(sizeof op + records);
        std::memcpy(arguments.data(), &op, sizeof op);
        return raw(MPULAB_OP_WRITE, slot, arguments, timeout);
    }
    Score& open_device(uint16_t slot, uint32_t size, uint32_t claimed) {
        const mpulab_op_open_device op{claimed, 0};
        Bytes arguments(sizeof op + size);
        std::memcpy(arguments.data(), &op, sizeof op);
        return raw(MPULAB_OP_OPEN_DEVICE, slot, arguments, 0);
    }
    Score& ioctl(uint16_t slot, const mpulab_op_ioctl& op, uint32_t size, uint32_t timeout = 1000) {
        Bytes arguments(sizeof op + size);
        std::memcpy(arguments.data(), &op, sizeof op);
        return raw(MPULAB_OP_IOCTL, slot, arguments, timeout);
    }
    Score& begin_device(const mpulab_op_begin_device& op) { return step(MPULAB_OP_BEGIN_DEVICE, 0, op, 0); }
    Score& wait_device(uint32_t job, uint32_t timeout = 1000) {
        return step(MPULAB_OP_WAIT_DEVICE, 0, mpulab_op_wait_device{job, 0}, timeout);
    }
    Score& watch_event(const mpulab_op_watch_event& op) { return step(MPULAB_OP_WATCH_EVENT, 0, op, 0); }
    Bytes finish() const {
        Bytes whole = bytes;
        mpulab_score_header header{};
        std::memcpy(header.magic, MPULAB_SCORE_MAGIC, 8);
        header.version = MPULAB_SCORE_VERSION;
        header.step_count = static_cast<uint32_t>(steps.size());
        header.size = static_cast<uint32_t>(whole.size());
        std::memcpy(whole.data(), &header, sizeof header);
        return whole;
    }
};

Score pins_open() {
    return Score().open_filter(0).open_pin(1, 0).open_pin(2, 0);
}

Score song() {
    Score score = pins_open();
    score.step(MPULAB_OP_SET_STATE, 1, mpulab_op_set_state{3, 0});
    score.step(MPULAB_OP_READ_START, 2, mpulab_op_read_start{2056, 4});
    score.step(MPULAB_OP_MARKER, 0, mpulab_op_marker{1, 0}, 0);
    score.write(1, 12, 12).write(1, 0, 0);
    score.raw(MPULAB_OP_WAIT_WRITES, 1);
    score.step(MPULAB_OP_DELAY, 0, mpulab_op_delay{1000}, 0);
    score.step(MPULAB_OP_WAIT_CAPTURED, 2, mpulab_op_wait_captured{3});
    score.raw(MPULAB_OP_READ_STOP, 2);
    score.raw(MPULAB_OP_CLOSE, 1).raw(MPULAB_OP_CLOSE, 2).raw(MPULAB_OP_CLOSE, 0);
    score.step(MPULAB_OP_REMOVE_DEVICE, 0, mpulab_op_remove_device{0, 0});
    score.step(MPULAB_OP_DEVICE, 0, mpulab_op_device{0, MPULAB_DEVICE_WAKE, 0, 0}, 0);
    score.open_device(3, 10, 10).ioctl(3, {0x222000, 5, 7, 2, 1, 0}, 7).ioctl(3, {0, 0, 0, 0, 0, 0}, 0);
    score.raw(MPULAB_OP_WAIT_IOCTLS, 3).raw(MPULAB_OP_CANCEL_IO, 3);
    score.open_pin(4, 3).ioctl(4, {0, 0, 0, 0, 0, 0}, 0).raw(MPULAB_OP_CANCEL_IO, 4);
    score.begin_device({0, MPULAB_DEVICE_SURPRISE_REMOVE, 0, 3, MPULAB_SCORE_MAX_LATER_NS}).wait_device(3);
    score.watch_event({63, 254, 0, UINT64_MAX}).step(MPULAB_OP_WAIT_EVENT, 0, mpulab_op_wait_event{UINT64_MAX});
    return score;
}

agent::ScoreFault check(const Bytes& score) {
    return agent::check_score(score.data(), score.size());
}

void refused(const Bytes& score, uint32_t step, const std::string& reason) {
    const agent::ScoreFault fault = check(score);
    REQUIRE(fault.reason);
    CHECK(fault.step == step);
    CHECK(std::string(fault.reason) == reason);
}

void refused(const Score& score, uint32_t step, const std::string& reason) {
    refused(score.finish(), step, reason);
}

template <class T> Bytes with(Bytes score, size_t at, T value) {
    std::memcpy(score.data() + at, &value, sizeof value);
    return score;
}

} // namespace

TEST_CASE("a score with every opcode is accepted, and walked step by step") {
    const Score score = song();
    const Bytes bytes = score.finish();
    REQUIRE(check(bytes).reason == nullptr);
    agent::ScoreWalk walk(bytes.data());
    agent::ScoreStep step{};
    uint32_t count = 0;
    while (walk.next(step)) {
        CHECK(step.number == count + 1);
        CHECK(step.arguments == bytes.data() + score.steps[count] + sizeof(mpulab_step));
        ++count;
    }
    CHECK(count == score.steps.size());
}

TEST_CASE("a score without steps is accepted") {
    CHECK(check(Score().finish()).reason == nullptr);
}

TEST_CASE("a score cut at any byte is refused") {
    const Bytes whole = song().finish();
    for (size_t length = 0; length < whole.size(); ++length) {
        Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
        CHECK(check(cut).reason);
        if (length >= sizeof(mpulab_score_header)) // and when the header agrees with the cut
            CHECK(check(with(cut, 16, static_cast<uint32_t>(length))).reason);
    }
}

TEST_CASE("a wrong header is refused by field") {
    const Bytes good = song().finish();
    refused(Bytes(), 0, "shorter than its header");
    refused(with<uint8_t>(good, 0, 'X'), 0, "magic is not MPLBSCOR");
    refused(with(good, 8, 2u), 0, "unknown version");
    refused(with(good, 16, 8u), 0, "header.size is not the score's size");
    refused(with(good, 12, MPULAB_SCORE_MAX_STEPS + 1), 0, "too many steps");
    refused(with(good, 20, 1u), 0, "header.reserved is not 0");
}

TEST_CASE("bytes behind the last step are refused") {
    Bytes score = song().finish();
    score.resize(score.size() + 8);
    refused(with(score, 16, static_cast<uint32_t>(score.size())), static_cast<uint32_t>(song().steps.size()),
            "bytes behind the last step");
}

TEST_CASE("a step count beyond the steps is refused at the first one missing") {
    const Score score = song();
    const auto count = static_cast<uint32_t>(score.steps.size());
    refused(with(score.finish(), 12, count + 1), count + 1, "step is cut off");
}

TEST_CASE("a step's size that lies is refused") {
    const Score score = song();
    for (uint32_t size : {0xffffffffu, 0xfffffff9u, 0x7fffffffu})
        refused(with(score.finish(), score.steps[3] + 4, size), 4, "arguments are cut off");
    refused(with(score.finish(), score.steps[3] + 4, 7u), 4, "wrong size of arguments");
}

TEST_CASE("padding that is not zero is refused") {
    Score score = pins_open();
    score.write(1, 9, 9);
    Bytes bytes = score.finish();
    bytes.back() = 1;
    refused(bytes, 4, "padding is not 0");
}

TEST_CASE("unknown opcodes, slots and flags are refused") {
    const Score score = song();
    for (uint16_t opcode : {uint16_t{0}, uint16_t{22}, uint16_t{0xffff}})
        refused(with(score.finish(), score.steps[2], opcode), 3, "unknown opcode");
    refused(with(score.finish(), score.steps[2] + 2, uint16_t{MPULAB_SCORE_SLOTS}), 3, "no such slot");
    refused(with(score.finish(), score.steps[2] + 8, 2u), 3, "unknown step flags");
    CHECK(check(with(score.finish(), score.steps[2] + 8, MPULAB_STEP_MAY_FAIL)).reason == nullptr);
}

TEST_CASE("arguments of another size than the opcode's are refused") {
    refused(Score().raw(MPULAB_OP_OPEN_FILTER, 0, Bytes(80)), 1, "wrong size of arguments");
    refused(Score().open_filter(0).raw(MPULAB_OP_OPEN_PIN, 1, Bytes(4)), 2, "wrong size of arguments");
    refused(pins_open().raw(MPULAB_OP_SET_STATE, 1, Bytes(4)), 4, "wrong size of arguments");
    refused(pins_open().raw(MPULAB_OP_WRITE, 1, Bytes(8)), 4, "wrong size of arguments");
    refused(pins_open().raw(MPULAB_OP_WAIT_WRITES, 1, Bytes(8)), 4, "wrong size of arguments");
    refused(pins_open().raw(MPULAB_OP_READ_START, 1, Bytes(4)), 4, "wrong size of arguments");
    refused(Score().raw(MPULAB_OP_DELAY, 0), 1, "wrong size of arguments");
    refused(Score().raw(MPULAB_OP_MARKER, 0), 1, "wrong size of arguments");
    refused(Score().open_filter(0).raw(MPULAB_OP_CLOSE, 0, Bytes(8)), 2, "wrong size of arguments");
    refused(Score().raw(MPULAB_OP_REMOVE_DEVICE, 0, Bytes(4)), 1, "wrong size of arguments");
}

TEST_CASE("a pin's format has 64 to 256 bytes, and its FormatSize lies within them") {
    for (const size_t size : {size_t{64}, size_t{100}, size_t{256}}) {
        for (const uint32_t claimed : {0u, 1u, static_cast<uint32_t>(size)})
            CHECK(check(Score().open_filter(0).open_pin(1, 0, size, claimed).finish()).reason == nullptr);
        for (const uint32_t claimed : {static_cast<uint32_t>(size) + 1, 0xffffffffu})
            refused(Score().open_filter(0).open_pin(1, 0, size, claimed), 2, "FormatSize says more than there is");
    }
    for (const size_t size : {size_t{1}, size_t{4}, size_t{63}, size_t{257}, size_t{60'000}})
        refused(Score().open_filter(0).open_pin(1, 0, size, 0), 2, "a format is not 64..256 bytes");
}

TEST_CASE("a slot is opened once, before it is used, and used as what it holds") {
    refused(Score().open_filter(0).open_filter(0), 2, "slot is in use");
    refused(Score().open_filter(0).open_pin(0, 0), 2, "slot is in use");
    refused(Score().open_pin(1, 0), 1, "filter_slot holds no filter");
    refused(Score().open_filter(0).open_pin(1, 0).open_pin(2, 1), 3, "filter_slot holds no filter");
    refused(Score().open_filter(0).open_pin(1, 0xffff), 2, "filter_slot holds no filter");
    refused(Score().open_filter(0).step(MPULAB_OP_SET_STATE, 0, mpulab_op_set_state{0, 0}), 2, "slot holds no pin");
    refused(Score().write(1, 12, 12), 1, "slot holds no pin");
    refused(Score().raw(MPULAB_OP_CLOSE, 3), 1, "slot is empty");
    refused(pins_open().raw(MPULAB_OP_CLOSE, 1).write(1, 12, 12), 5, "slot holds no pin");
    CHECK(check(pins_open().raw(MPULAB_OP_CLOSE, 1).open_pin(1, 0).finish()).reason == nullptr);
}

TEST_CASE("steps that wait need a timeout") {
    refused(pins_open().write(1, 12, 12, 1, 0), 4, "step waits, and its timeout is 0");
    refused(pins_open().raw(MPULAB_OP_WAIT_WRITES, 1, {}, 0), 4, "step waits, and its timeout is 0");
    Score reading = pins_open().step(MPULAB_OP_READ_START, 2, mpulab_op_read_start{64, 1}, 0);
    refused(Score(reading).step(MPULAB_OP_WAIT_CAPTURED, 2, mpulab_op_wait_captured{1}, 0), 5,
            "step waits, and its timeout is 0");
    refused(Score(reading).raw(MPULAB_OP_READ_STOP, 2, {}, 0), 5, "step waits, and its timeout is 0");
}

TEST_CASE("an OPEN_FILTER needs a terminated reference string") {
    mpulab_op_open_filter op{};
    std::fill(std::begin(op.reference), std::end(op.reference), uint16_t{'A'});
    refused(Score().step(MPULAB_OP_OPEN_FILTER, 0, op), 1, "reference string has no terminator");
    op.reference[31] = 0;
    CHECK(check(Score().step(MPULAB_OP_OPEN_FILTER, 0, op).finish()).reason == nullptr);
    op.reserved = 1;
    refused(Score().step(MPULAB_OP_OPEN_FILTER, 0, op), 1, "reserved is not 0");
}

TEST_CASE("values out of their range are refused") {
    refused(pins_open().step(MPULAB_OP_SET_STATE, 1, mpulab_op_set_state{4, 0}), 4, "no such KSSTATE");
    refused(Score().step(MPULAB_OP_DELAY, 0, mpulab_op_delay{UINT64_MAX}), 1, "delay is longer than a day");
    refused(Score().step(MPULAB_OP_MARKER, 0, mpulab_op_marker{0, 0}), 1, "marker numbers start at 1");
    for (uint32_t bytes : {0u, 12u, 18u, 65540u, 0xffffffffu})
        refused(pins_open().step(MPULAB_OP_READ_START, 2, mpulab_op_read_start{bytes, 1}), 4,
                "buffer_bytes is not a multiple of 4 in 16..65536");
    for (uint32_t pending : {0u, 17u, 0xffffffffu})
        refused(pins_open().step(MPULAB_OP_READ_START, 2, mpulab_op_read_start{64, pending}), 4,
                "pending is not in 1..16");
}

TEST_CASE("a WRITE's records_size is the size of its records, and at most 65536") {
    refused(pins_open().write(1, 12, 13), 4, "records_size is not the size of the records");
    refused(pins_open().write(1, 12, 11), 4, "records_size is not the size of the records");
    refused(pins_open().write(1, 65540, 65540), 4, "records_size is larger than 65536");
    refused(pins_open().write(1, 12, 0xffffffff), 4, "records_size is larger than 65536");
    CHECK(check(pins_open().write(1, 65536, 65536, 16).finish()).reason == nullptr);
    for (uint32_t pending : {0u, 17u})
        refused(pins_open().write(1, 12, 12, pending), 4, "max_pending is not in 1..16");
}

TEST_CASE("reads are started before they are waited for or stopped, and once") {
    refused(pins_open().step(MPULAB_OP_WAIT_CAPTURED, 2, mpulab_op_wait_captured{1}), 4, "no READ_START before it");
    refused(pins_open().raw(MPULAB_OP_READ_STOP, 2), 4, "no READ_START before it");
    const mpulab_op_read_start reads{64, 2};
    refused(pins_open().step(MPULAB_OP_READ_START, 2, reads).step(MPULAB_OP_READ_START, 2, reads), 5,
            "reads of this pin are started already");
    CHECK(check(pins_open()
                    .step(MPULAB_OP_READ_START, 2, reads)
                    .raw(MPULAB_OP_READ_STOP, 2)
                    .step(MPULAB_OP_READ_START, 2, reads)
                    .finish())
              .reason == nullptr);
}

TEST_CASE("every opcode has its name") {
    CHECK(std::string(agent::opcode_name(MPULAB_OP_WRITE)) == "WRITE");
    CHECK(std::string(agent::opcode_name(MPULAB_OP_REMOVE_DEVICE)) == "REMOVE_DEVICE");
    CHECK(std::string(agent::opcode_name(MPULAB_OP_CANCEL_IO)) == "CANCEL_IO");
    CHECK(std::string(agent::opcode_name(200)) == "?");
}

TEST_CASE("a device request that is none, or says more than it means, is refused") {
    refused(Score().step(MPULAB_OP_DEVICE, 0, mpulab_op_device{0, 0, 0, 0}), 1, "no such request");
    refused(Score().step(MPULAB_OP_DEVICE, 0, mpulab_op_device{0, MPULAB_DEVICE_FAIL_PORT_CALL + 1, 0, 0}), 1,
            "no such request");
    refused(Score().step(MPULAB_OP_DEVICE, 0, mpulab_op_device{0, MPULAB_DEVICE_STOP, 0, 1}), 1, "reserved is not 0");
    refused(Score().raw(MPULAB_OP_DEVICE, 0, Bytes(8)), 1, "wrong size of arguments");
}

TEST_CASE("a device request beside the score is one that is known, soon enough, of a job that is free") {
    refused(Score().begin_device({0, 0, 0, 0, 0}).wait_device(0), 1, "no such request");
    refused(Score().begin_device({0, MPULAB_DEVICE_FAIL_PORT_CALL + 1, 0, 0, 0}).wait_device(0), 1, "no such request");
    refused(Score().begin_device({0, MPULAB_DEVICE_WAKE, 0, MPULAB_SCORE_JOBS, 0}), 1, "no such job");
    refused(Score().begin_device({0, MPULAB_DEVICE_WAKE, 0, 0, MPULAB_SCORE_MAX_LATER_NS + 100}), 1,
            "later_ns is more than an hour");
    refused(Score().begin_device({0, MPULAB_DEVICE_WAKE, 0, 0, 150}), 1, "later_ns is no multiple of 100");
    refused(Score().raw(MPULAB_OP_BEGIN_DEVICE, 0, Bytes(16)), 1, "wrong size of arguments");
    const Score begun = Score().begin_device({0, MPULAB_DEVICE_WAKE, 0, 1, 0});
    refused(Score(begun).begin_device({0, MPULAB_DEVICE_WAKE, 0, 1, 0}), 2,
            "the job's BEGIN_DEVICE before has not been waited for");
    CHECK(check(Score(begun).wait_device(1).begin_device({0, 1, 0, 1, 0}).wait_device(1).finish()).reason == nullptr);
}

TEST_CASE("a device request beside the score is waited for once, in bounded time, before the score ends") {
    const Score begun = Score().begin_device({0, MPULAB_DEVICE_WAKE, 0, 1, 0});
    refused(begun, 1, "no WAIT_DEVICE for a BEGIN_DEVICE");
    refused(Score(begun).wait_device(0), 2, "no BEGIN_DEVICE before it");
    refused(Score(begun).wait_device(1).wait_device(1), 3, "no BEGIN_DEVICE before it");
    refused(Score(begun).wait_device(MPULAB_SCORE_JOBS), 2, "no such job");
    refused(Score(begun).wait_device(1, 0), 2, "step waits, and its timeout is 0");
    refused(Score(begun).step(MPULAB_OP_WAIT_DEVICE, 0, mpulab_op_wait_device{1, 1}), 2, "reserved is not 0");
    refused(Score(begun).raw(MPULAB_OP_WAIT_DEVICE, 0, Bytes(4)), 2, "wrong size of arguments");
}

TEST_CASE("an event that is waited for is one a card makes, is watched for before, and comes in bounded time") {
    const mpulab_op_wait_event first{1};
    for (const uint32_t kind : {0u, 15u, 64u, 0xffffffffu})
        refused(Score().watch_event({kind, 0, 0, 0}), 1, "no kind of record that a card makes");
    refused(Score().watch_event({16, 255, 0, 0}), 1, "no such card");
    refused(Score().raw(MPULAB_OP_WATCH_EVENT, 0, Bytes(8)), 1, "wrong size of arguments");
    refused(Score().step(MPULAB_OP_WAIT_EVENT, 0, first), 1, "no WATCH_EVENT before it");
    const Score watched = Score().watch_event({16, 0, 0, 0});
    refused(Score(watched).step(MPULAB_OP_WAIT_EVENT, 0, mpulab_op_wait_event{0}), 2, "events are counted from 1");
    refused(Score(watched).step(MPULAB_OP_WAIT_EVENT, 0, first, 0), 2, "step waits, and its timeout is 0");
    refused(Score(watched).raw(MPULAB_OP_WAIT_EVENT, 0), 2, "wrong size of arguments");
}

TEST_CASE("a device's name that is empty, odd, too long or of another length than it says is refused") {
    refused(Score().raw(MPULAB_OP_OPEN_DEVICE, 0, Bytes(4)), 1, "wrong size of arguments");
    for (const uint32_t bytes : {0u, 3u, MPULAB_SCORE_MAX_NAME_BYTES + 2})
        refused(Score().open_device(0, bytes, bytes), 1, "name_bytes is not even and in 2..1024");
    refused(Score().open_device(0, 10, 8), 1, "name_bytes is not the size of the name");
    refused(Score().open_filter(0).open_device(0, 2, 2), 2, "slot is in use");
}

TEST_CASE("an IOCTL that lies about its bytes, has no handle or no bound is refused") {
    const auto on_device = [] { return Score().open_device(0, 2, 2); };
    refused(Score().ioctl(0, {0, 0, 0, 0, 0, 0}, 0), 1, "slot is empty");
    refused(on_device().raw(MPULAB_OP_IOCTL, 0, Bytes(20)), 2, "wrong size of arguments");
    refused(on_device().ioctl(0, {0, 0, 0, 0, 0, 0}, 0, 0), 2, "step waits, and its timeout is 0");
    refused(on_device().ioctl(0, {0, 0, 0, 0, 2, 0}, 0), 2, "pend is not 0 or 1");
    refused(on_device().ioctl(0, {0, 0, 0, 0, 0, 1}, 0), 2, "reserved is not 0");
    refused(on_device().ioctl(0, {0, 4, 0, 0, 0, 0}, 3), 2,
            "input_bytes and filled_bytes are not the bytes that follow");
    refused(on_device().ioctl(0, {0, 0, 4, 5, 0, 0}, 5), 2, "filled_bytes is larger than output_bytes");
    refused(on_device().ioctl(0, {0, 65537, 0, 0, 0, 0}, 1), 2, "input_bytes is larger than 65536");
    refused(on_device().ioctl(0, {0, 0, 65537, 0, 0, 0}, 0), 2, "output_bytes is larger than 65536");
    refused(on_device().raw(MPULAB_OP_WRITE, 0, Bytes(16)), 2, "slot holds no pin");
    refused(on_device().raw(MPULAB_OP_WAIT_IOCTLS, 0, {}, 0), 2, "step waits, and its timeout is 0");
    refused(Score().raw(MPULAB_OP_CANCEL_IO, 0), 1, "slot is empty");
}
