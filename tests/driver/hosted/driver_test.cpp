// SPDX-License-Identifier: MIT
// The shipped x86_64 mpusynth.sys, driven as PortCls drives it, on the card's model (kernel.hpp).
#include "kernel.hpp"

#include <random>

namespace {

std::vector<uint8_t> random_bytes(uint32_t seed, size_t count) {
    std::mt19937 random{seed};
    std::vector<uint8_t> bytes(count);
    for (uint8_t& byte : bytes)
        byte = static_cast<uint8_t>(random());
    return bytes;
}

void walk(nt::Stream* stream, std::initializer_list<int> states) {
    for (const int state : states)
        CHECK(stream->SetState(state) == nt::kSuccess);
}

/// Offers `bytes` as PortCls does: in pieces, again from where it was taken, a millisecond later when nothing was.
/// DISPATCH_LEVEL around Write. Returns the status it ended with.
nt::Status play(Kernel& kernel, nt::Stream* stream, const std::vector<uint8_t>& bytes, uint32_t seed) {
    std::mt19937 random{seed};
    size_t done = 0;
    for (int tries = 0; done < bytes.size() && tries < 100'000; ++tries) {
        const auto offered = static_cast<nt::Ulong>(std::min<size_t>(1 + random() % 400, bytes.size() - done));
        nt::Ulong taken = 0xA5A5A5A5;
        const uint8_t irql = kernel.raise(nt::kDispatch);
        const nt::Status status = stream->Write(bytes.data() + done, offered, &taken);
        kernel.lower(irql);
        if (!nt::success(status)) return status;
        REQUIRE(taken <= offered);
        if (taken < offered) CHECK(taken % 4 == 0);
        done += taken;
        if (taken < offered) kernel.run_for(kMillisecond);
    }
    CHECK(done == bytes.size());
    return nt::kSuccess;
}

/// Reads whenever the service group asks, in pieces of odd sizes.
void collect(Kernel& kernel, nt::Stream* stream, std::vector<uint8_t>& into) {
    kernel.on_service = [&kernel, stream, &into] {
        kernel.require_irql(nt::kDispatch, "the sink");
        for (int reads = 0; reads < 5'000; ++reads) {
            uint8_t piece[7];
            nt::Ulong count = 0xA5A5A5A5;
            CHECK(stream->Read(piece, 1 + static_cast<nt::Ulong>(into.size() % 7), &count) == nt::kSuccess);
            REQUIRE(count <= 7);
            if (count == 0) return;
            into.insert(into.end(), piece, piece + count);
        }
        FAIL_CHECK("Read never gives 0");
    };
}

void inject(Kernel& kernel, const std::vector<uint8_t>& bytes) {
    for (const uint8_t byte : bytes) {
        kernel.midi_in(byte);
        kernel.run_for(mpu401::kWireByteNs);
    }
    kernel.run_for(20 * kMillisecond);
}

} // namespace

TEST_CASE("the driver starts on the ports it is given, in UART mode, and registers its subdevice") {
    Kernel kernel{Kernel::usual()};
    REQUIRE(kernel.load_and_start() == nt::kSuccess);
    CHECK((kernel.subdevice_name == u"UART"));
    CHECK(kernel.card.mode() == MPULAB_MODE_UART);
    CHECK(kernel.interrupt_connected);
    CHECK(kernel.card.forbidden_accesses() == 0);
    kernel.pnp(nt::kRemoveDevice);
    kernel.run_for(kMillisecond);
    CHECK(kernel.card.mode() == MPULAB_MODE_INTELLIGENT);
    kernel.check_all_gone();
    CHECK(kernel.text.empty());
}

TEST_CASE("the driver leaves nothing behind whichever call of its start fails") {
    int total = 0;
    {
        Kernel kernel{Kernel::usual()};
        REQUIRE(kernel.load_and_start() == nt::kSuccess);
        total = kernel.calls_that_may_fail;
        kernel.pnp(nt::kRemoveDevice);
    }
    REQUIRE(total >= 8);
    for (int failing = 1; failing <= total; ++failing) {
        INFO("call " << failing << " of " << total << " fails");
        Kernel::Options options = Kernel::usual();
        options.fail_call = failing;
        Kernel kernel{options};
        CHECK(kernel.load_and_start() == nt::kInsufficientResources);
        CHECK(kernel.calls_that_may_fail == failing); // nothing is tried after it
        kernel.check_all_gone();
        kernel.run_for(100 * kMillisecond);
    }
}

TEST_CASE("every odd resource list is refused before the card is touched") {
    const auto port = Kernel::port();
    const auto irq = Kernel::interrupt();
    const std::vector<std::vector<nt::Resource>> shapes = {{},
                                                           {irq},
                                                           {Kernel::port(Kernel::kBase, 1), irq},
                                                           {port, irq, irq},
                                                           {port, irq, Kernel::dma()},
                                                           {Kernel::port(0xFFFF), irq},
                                                           {Kernel::port(0x1'0000), irq},
                                                           {Kernel::port(0xFFFF'FFFF'FFFF'FFFF), irq}};
    for (size_t shape = 0; shape <= shapes.size(); ++shape) {
        INFO("shape " << shape);
        Kernel::Options options;
        options.resource_list = shape < shapes.size(); // the last: a NULL list
        if (options.resource_list) options.resources = shapes[shape];
        Kernel kernel{options};
        CHECK(kernel.load_and_start() == nt::kDeviceConfigurationError);
        CHECK(kernel.port_accesses == 0);
        CHECK_THAT(kernel.text, ContainsSubstring("expected"));
        kernel.check_all_gone();
    }
}

TEST_CASE("more ports than two are assigned and not touched") {
    Kernel kernel{{.resources = {Kernel::port(Kernel::kBase, 8), Kernel::interrupt()}}};
    REQUIRE(kernel.load_and_start() == nt::kSuccess); // port_read complains about every other port
    kernel.pnp(nt::kRemoveDevice);
    kernel.check_all_gone();
}

TEST_CASE("where no card is the start fails and says what was seen") {
    Kernel::Options options = Kernel::usual();
    options.card_present = false;
    Kernel kernel{options};
    CHECK(kernel.load_and_start() == nt::kNoSuchDevice);
    CHECK_THAT(kernel.text, ContainsSubstring("mpusynth: no card before RESET: status 0xff, waited 1"));
    kernel.check_all_gone();
}

TEST_CASE("any bytes written in any pieces reach the wire unharmed, and PAUSE waits for them") {
    const char* timing = GENERATE("authentic", "fast");
    INFO(timing);
    Kernel::Options options = Kernel::usual();
    options.card = {{"timing", timing}};
    Kernel kernel{options};
    REQUIRE(kernel.load_and_start() == nt::kSuccess);
    nt::Stream* stream = kernel.open(false);
    std::vector<uint8_t> sent;
    for (uint32_t round = 1; round <= 3; ++round) {
        walk(stream, {nt::kAcquire, nt::kPause, nt::kRun});
        const std::vector<uint8_t> bytes = random_bytes(round, 1'000);
        CHECK(play(kernel, stream, bytes, round) == nt::kSuccess);
        sent.insert(sent.end(), bytes.begin(), bytes.end());
        walk(stream, {nt::kPause, nt::kAcquire, nt::kStop});
        kernel.card.run_for(0);
        CHECK((kernel.card.wire_bytes() == sent)); // already
    }
    CHECK(kernel.card.forbidden_accesses() == 0);
    CHECK(kernel.card.longest_wait_ns() <= 110 * kMicrosecond); // of them 50 at DISPATCH_LEVEL: transmit_test.cpp
    CHECK(stream->Release() == 0);
    kernel.pnp(nt::kRemoveDevice);
    kernel.check_all_gone();
}

TEST_CASE("a short message starts on a free wire within 0.3 ms of Write") {
    Kernel kernel{Kernel::usual()};
    REQUIRE(kernel.load_and_start() == nt::kSuccess);
    nt::Stream* stream = kernel.open(false);
    walk(stream, {nt::kAcquire, nt::kPause, nt::kRun});
    for (uint32_t n = 0; n < 20; ++n) {
        kernel.run_for(3 * kMillisecond + 137 * kMicrosecond);
        const int64_t written = kernel.now_ns();
        const size_t before = kernel.card.wire().size();
        CHECK(play(kernel, stream, {0x90, 0x3C, 0x40}, n) == nt::kSuccess);
        kernel.run_for(2 * kMillisecond);
        REQUIRE(kernel.card.wire().size() == before + 3);
        CHECK(kernel.card.wire()[before].start_ns - written <= 300 * kMicrosecond);
    }
    walk(stream, {nt::kPause, nt::kAcquire, nt::kStop});
    stream->Release();
    kernel.pnp(nt::kRemoveDevice);
    kernel.check_all_gone();
}

TEST_CASE("an idle driver makes no port access") {
    Kernel kernel{Kernel::usual()};
    REQUIRE(kernel.load_and_start() == nt::kSuccess);
    nt::Stream* render = kernel.open(false);
    nt::Stream* capture = kernel.open(true);
    walk(render, {nt::kAcquire, nt::kPause, nt::kRun});
    walk(capture, {nt::kAcquire, nt::kPause, nt::kRun});
    const uint32_t before = kernel.port_accesses;
    kernel.run_for(1'000 * kMillisecond);
    CHECK(kernel.port_accesses == before);
    render->Release(); // without stopping it first: the driver must cope
    capture->Release();
    kernel.pnp(nt::kRemoveDevice);
    kernel.check_all_gone();
}

TEST_CASE("bytes on MIDI IN come out of Read, all of them, once, in order") {
    Kernel kernel{Kernel::usual()};
    REQUIRE(kernel.load_and_start() == nt::kSuccess);
    nt::Stream* stream = kernel.open(true);
    std::vector<uint8_t> got;
    collect(kernel, stream, got);
    inject(kernel, random_bytes(1, 10)); // before RUN: nobody's
    walk(stream, {nt::kAcquire, nt::kPause, nt::kRun});
    const std::vector<uint8_t> sent = random_bytes(2, 2'000);
    inject(kernel, sent);
    CHECK((got == sent));
    walk(stream, {nt::kPause});
    inject(kernel, random_bytes(3, 10)); // after RUN: nobody's
    CHECK(got.size() == sent.size());
    CHECK_FALSE(kernel.card.irq()); // but they were read
    CHECK(kernel.card.forbidden_accesses() == 0);
    walk(stream, {nt::kAcquire, nt::kStop});
    stream->Release();
    kernel.pnp(nt::kRemoveDevice);
    kernel.check_all_gone();
}

TEST_CASE("both directions at once do not disturb each other") {
    Kernel kernel{Kernel::usual()};
    REQUIRE(kernel.load_and_start() == nt::kSuccess);
    nt::Stream* render = kernel.open(false);
    nt::Stream* capture = kernel.open(true);
    std::vector<uint8_t> got;
    collect(kernel, capture, got);
    walk(capture, {nt::kAcquire, nt::kPause, nt::kRun});
    walk(render, {nt::kAcquire, nt::kPause, nt::kRun});
    const std::vector<uint8_t> in = random_bytes(4, 1'000);
    std::vector<uint8_t> out;
    for (size_t n = 0; n < in.size(); ++n) {
        kernel.midi_in(in[n]);
        if (n % 10 == 0) {
            const std::vector<uint8_t> message = random_bytes(static_cast<uint32_t>(n), 3);
            CHECK(play(kernel, render, message, 1) == nt::kSuccess);
            out.insert(out.end(), message.begin(), message.end());
        }
        kernel.run_for(mpu401::kWireByteNs);
    }
    walk(render, {nt::kPause, nt::kAcquire, nt::kStop});
    CHECK(got.size() == in.size());
    CHECK((got == in));
    CHECK((kernel.card.wire_bytes() == out));
    render->Release();
    capture->Release();
    kernel.pnp(nt::kRemoveDevice);
    kernel.check_all_gone();
}

TEST_CASE("without an interrupt the driver starts, plays, and captures by polling") {
    Kernel::Options options;
    options.resources = {Kernel::port()};
    const bool assigned = GENERATE(false, true);
    INFO((assigned ? "assigned and never coming" : "none assigned"));
    if (assigned) {
        options.resources.push_back(Kernel::interrupt());
        options.interrupts_arrive = false;
    }
    Kernel kernel{options};
    REQUIRE(kernel.load_and_start() == nt::kSuccess);
    if (assigned) CHECK_THAT(kernel.text, ContainsSubstring("the card's interrupt does not come"));
    CHECK_FALSE(kernel.interrupt_connected);
    inject(kernel, random_bytes(1, 50)); // before RUN: nobody's

    nt::Stream* render = kernel.open(false);
    nt::Stream* capture = kernel.open(true);
    std::vector<uint8_t> got;
    collect(kernel, capture, got);
    walk(render, {nt::kAcquire, nt::kPause, nt::kRun});
    walk(capture, {nt::kAcquire, nt::kPause, nt::kRun});
    const std::vector<uint8_t> in = random_bytes(5, 2'000);
    inject(kernel, in);
    CHECK(got.size() == in.size());
    CHECK((got == in));
    const std::vector<uint8_t> out = random_bytes(6, 500);
    CHECK(play(kernel, render, out, 6) == nt::kSuccess);
    walk(capture, {nt::kPause, nt::kAcquire, nt::kStop});
    walk(render, {nt::kPause, nt::kAcquire, nt::kStop});
    CHECK((kernel.card.wire_bytes() == out));
    const uint32_t accesses = kernel.port_accesses;
    kernel.run_for(100 * kMillisecond);
    CHECK(kernel.port_accesses == accesses); // polls only while somebody listens
    CHECK(kernel.card.forbidden_accesses() == 0);
    render->Release();
    capture->Release();
    kernel.pnp(nt::kRemoveDevice);
    kernel.check_all_gone();
}

TEST_CASE("a stream is opened once a pin, on the right pin, in the one format") {
    Kernel kernel{Kernel::usual()};
    REQUIRE(kernel.load_and_start() == nt::kSuccess);
    kernel.open(true, nt::kInvalidParameter, 0);
    kernel.open(false, nt::kInvalidParameter, 2);
    kernel.open(false, nt::kInvalidParameter, 1);
    kernel.open(true, nt::kInvalidParameter, 3);
    kernel.open(false, nt::kInvalidParameter, 77);
    nt::DataFormat other;
    other.major = nt::kMidi;
    kernel.open(false, nt::kNoMatch, 0, other);
    other = {};
    other.size = 63;
    kernel.open(false, nt::kNoMatch, 0, other);
    other = {};
    other.specifier = nt::kMusic;
    kernel.open(true, nt::kNoMatch, 2, other);

    for (const bool capture : {false, true}) {
        nt::Stream* stream = kernel.open(capture);
        kernel.open(capture, nt::kInvalidDeviceRequest);
        CHECK(stream->Release() == 0);
        stream = kernel.open(capture); // the pin is free again
        nt::Ulong count = 7;
        uint8_t byte = 0;
        CHECK((capture ? stream->Write(&byte, 1, &count) : stream->Read(&byte, 1, &count)) ==
              nt::kInvalidDeviceRequest);
        CHECK(count == 0);
        CHECK(stream->SetState(4) == nt::kInvalidParameter);
        const nt::DataFormat format;
        CHECK(stream->SetFormat(&format) == nt::kSuccess);
        CHECK(stream->SetFormat(&other) == nt::kNoMatch);
        CHECK(stream->Release() == 0);
    }
    kernel.pnp(nt::kRemoveDevice);
    kernel.check_all_gone();
}

TEST_CASE("no memory for a stream fails that stream and nothing else") {
    for (const bool capture : {false, true}) {
        Kernel::Options options = Kernel::usual();
        {
            Kernel kernel{options};
            REQUIRE(kernel.load_and_start() == nt::kSuccess);
            options.fail_call = kernel.calls_that_may_fail + 1;
            kernel.pnp(nt::kRemoveDevice);
        }
        Kernel kernel{options};
        REQUIRE(kernel.load_and_start() == nt::kSuccess);
        kernel.open(capture, nt::kInsufficientResources);
        nt::Stream* stream = kernel.open(capture);
        stream->Release();
        kernel.pnp(nt::kRemoveDevice);
        kernel.check_all_gone();
    }
}

TEST_CASE("interfaces that are not there leave NULL behind and no reference") {
    Kernel kernel{Kernel::usual()};
    REQUIRE(kernel.load_and_start() == nt::kSuccess);
    nt::Stream* stream = kernel.open(false);
    for (nt::Unknown* object : {static_cast<nt::Unknown*>(kernel.miniport), static_cast<nt::Unknown*>(stream)}) {
        void* out = &kernel;
        CHECK_FALSE(nt::success(object->QueryInterface(nt::kMusic, &out)));
        CHECK(out == nullptr);
        REQUIRE(object->QueryInterface(nt::kIidUnknown, &out) == nt::kSuccess);
        static_cast<nt::Unknown*>(out)->Release();
    }
    CHECK(stream->Release() == 0);
    kernel.pnp(nt::kRemoveDevice);
    kernel.check_all_gone();
}

TEST_CASE("a card that stops listening makes Write fail in the end, and PAUSE end") {
    Kernel kernel{Kernel::usual()};
    REQUIRE(kernel.load_and_start() == nt::kSuccess);
    nt::Stream* stream = kernel.open(false);
    walk(stream, {nt::kAcquire, nt::kPause, nt::kRun});
    kernel.vanish();
    CHECK(play(kernel, stream, random_bytes(7, 5'000), 7) == nt::kIoDeviceError);
    const int64_t start = kernel.now_ns();
    walk(stream, {nt::kPause, nt::kAcquire, nt::kStop});
    CHECK(kernel.now_ns() - start < 500 * kMillisecond);
    CHECK_THAT(kernel.text, ContainsSubstring("bytes dropped"));
    stream->Release();
    kernel.pnp(nt::kRemoveDevice);
    kernel.check_all_gone();
}

TEST_CASE("after surprise removal open streams answer, touch no port, and go in peace") {
    Kernel kernel{Kernel::usual()};
    REQUIRE(kernel.load_and_start() == nt::kSuccess);
    nt::Stream* render = kernel.open(false);
    nt::Stream* capture = kernel.open(true);
    walk(render, {nt::kAcquire, nt::kPause, nt::kRun});
    walk(capture, {nt::kAcquire, nt::kPause, nt::kRun});
    CHECK(play(kernel, render, std::vector<uint8_t>(100, 0x11), 1) == nt::kSuccess);
    kernel.vanish();
    kernel.pnp(nt::kSurpriseRemoval); // from here on a port access fails the test
    kernel.midi_in(0x90);
    kernel.run_for(100 * kMillisecond);
    nt::Ulong count = 7;
    uint8_t bytes[4] = {};
    CHECK(render->Write(bytes, 4, &count) == nt::kDeviceNotConnected);
    CHECK(count == 0);
    CHECK(capture->Read(bytes, 4, &count) == nt::kSuccess);
    CHECK(count == 0);
    kernel.miniport->AddRef();
    nt::Miniport* kept = kernel.miniport;
    kernel.open(false, nt::kDeviceNotConnected);
    walk(render, {nt::kPause});
    CHECK(render->SetState(nt::kRun) == nt::kDeviceNotConnected);
    walk(capture, {nt::kPause, nt::kAcquire, nt::kStop});
    kernel.pnp(nt::kRemoveDevice);
    walk(render, {nt::kAcquire, nt::kStop});
    render->Release();
    capture->Release();
    kept->Release();
    kernel.check_all_gone();
}

TEST_CASE("a handle that outlives REMOVE keeps the driver off the ports") {
    Kernel kernel{Kernel::usual()};
    REQUIRE(kernel.load_and_start() == nt::kSuccess);
    nt::Stream* render = kernel.open(false);
    walk(render, {nt::kAcquire, nt::kPause, nt::kRun});
    CHECK(play(kernel, render, std::vector<uint8_t>(100, 0x22), 1) == nt::kSuccess);
    kernel.pnp(nt::kRemoveDevice);
    CHECK((kernel.card.wire_bytes() == std::vector<uint8_t>(100, 0x22))); // what was taken was sent
    CHECK_FALSE(kernel.interrupt_connected);
    kernel.run_for(100 * kMillisecond);
    CHECK(kernel.card.mode() == MPULAB_MODE_INTELLIGENT);
    walk(render, {nt::kPause, nt::kAcquire, nt::kStop});
    CHECK(render->Release() == 0);
    kernel.check_all_gone();
}

TEST_CASE("a stopped card is started again as new") {
    Kernel kernel{Kernel::usual()};
    REQUIRE(kernel.load_and_start() == nt::kSuccess);
    for (uint32_t round = 0; round < 3; ++round) {
        nt::Stream* stream = kernel.open(false);
        walk(stream, {nt::kAcquire, nt::kPause, nt::kRun});
        CHECK(play(kernel, stream, random_bytes(round, 50), round) == nt::kSuccess);
        walk(stream, {nt::kPause, nt::kAcquire, nt::kStop});
        stream->Release();
        kernel.pnp(nt::kStopDevice);
        kernel.check_all_gone();
        REQUIRE(kernel.start_device() == nt::kSuccess);
        CHECK(kernel.card.mode() == MPULAB_MODE_UART);
    }
    CHECK(kernel.card.wire().size() == 150);
    kernel.pnp(nt::kRemoveDevice);
    kernel.check_all_gone();
}
