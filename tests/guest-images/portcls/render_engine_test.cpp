// SPDX-License-Identifier: MIT
// The sequencer, against a miniport and a queue that do what they are told.
#include "portcls/render_engine.hpp"

#include "records.hpp"

#include <support/catch.hpp>

#include <deque>
#include <functional>
#include <tuple>

using portcls::PumpResult;
using portcls::RenderAnswer;
using portcls::RenderEnd;
using portcls::RenderEngine;
using portcls::RenderFrame;
using portcls::RenderOffer;

namespace {

constexpr int64_t kMs = 10'000;

struct Write {
    std::vector<Bytes> data;
    std::vector<int64_t> presentation;
    bool cancelled = false;
};

struct Finished {
    RenderEnd end;
    uint32_t accepted;
    bool operator==(const Finished& other) const { return end == other.end && accepted == other.accepted; }
};

/// What the miniport makes of an offer.
struct Answer {
    bool refused;
    uint32_t taken;
};

/// Queue and miniport.
struct FakeHost {
    int64_t time = 0;
    int64_t ahead = 0;
    uint32_t most = UINT32_MAX; // bytes the host passes on in one go
    portcls::DataLayout layout = portcls::DataLayout::Music;
    std::deque<Write> queue;
    std::vector<RenderFrame> frames;
    std::vector<Finished> finished;
    std::vector<Bytes> offers;
    std::vector<int64_t> dues;
    std::vector<uint32_t> groups;
    Bytes taken;
    bool held = false; // the current write cannot be cancelled
    bool offering = false;
    std::function<Answer(const Bytes&)> miniport = [](const Bytes& offer) {
        return Answer{false, static_cast<uint32_t>(offer.size())};
    };

    void add(std::initializer_list<std::pair<uint32_t, Bytes>> records, int64_t presentation = 0) {
        Bytes data;
        for (const auto& [delta, payload] : records)
            add_record(data, delta, payload);
        queue.push_back({{data}, {presentation}});
    }

    int64_t now() const { return time; }
    int64_t lead() const { return ahead; }
    bool take(const RenderFrame*& out, uint32_t& count) {
        REQUIRE_FALSE(held);
        while (!queue.empty() && queue.front().cancelled)
            queue.pop_front();
        if (queue.empty()) return false;
        frames.clear();
        for (size_t i = 0; i < queue.front().data.size(); ++i) {
            const Bytes& data = queue.front().data[i];
            frames.push_back({data.data(), static_cast<uint32_t>(data.size()), queue.front().presentation[i], layout});
        }
        out = frames.data();
        count = static_cast<uint32_t>(frames.size());
        return held = true;
    }
    bool resume() {
        REQUIRE_FALSE(held);
        return held = !queue.empty() && !queue.front().cancelled;
    }
    void park() {
        REQUIRE(held);
        held = false;
    }
    RenderAnswer offer(const RenderOffer& offer) {
        REQUIRE(held);
        REQUIRE_FALSE(offering);
        offering = true;
        const uint32_t count = offer.count < most ? offer.count : most;
        offers.emplace_back(offer.bytes, offer.bytes + count);
        dues.push_back(offer.due);
        groups.push_back(offer.channel_group);
        const Answer answer = miniport(offers.back());
        taken.insert(taken.end(), offer.bytes, offer.bytes + answer.taken);
        offering = false;
        return {answer.refused, count, answer.taken};
    }
    void finish(RenderEnd end, uint32_t accepted) {
        REQUIRE(held);
        held = false;
        finished.push_back({end, accepted});
        queue.pop_front();
    }
};

struct Pump {
    RenderEngine engine;
    FakeHost host;
    int64_t due = -1;
    PumpResult operator()() {
        const PumpResult result = engine.pump(host, due);
        CHECK_FALSE(host.held); // between pumps everything can be cancelled
        return result;
    }
};

} // namespace

TEST_CASE("an empty queue leaves nothing to wait for") {
    Pump pump;
    CHECK(pump() == PumpResult::Idle);
    CHECK(pump.host.offers.empty());
}

TEST_CASE("a record may be passed on in pieces, and the rest follows in the same pump") {
    Pump pump;
    pump.host.most = 2;
    pump.host.add({{0, {1, 2, 3, 4, 5}}, {0, {6}}});
    CHECK(pump() == PumpResult::Idle);
    CHECK(pump.host.offers == std::vector<Bytes>{{1, 2}, {3, 4}, {5}, {6}});
}

TEST_CASE("a stream that looks ahead is offered records so much earlier, with their own time") {
    Pump pump;
    pump.host.ahead = 100 * kMs;
    pump.host.add({{0, {1}}, {100, {2}}, {1, {3}}});
    CHECK(pump() == PumpResult::Until);
    CHECK(pump.host.offers == std::vector<Bytes>{{1}, {2}});
    CHECK(pump.host.dues == std::vector<int64_t>{0, 100 * kMs});
    CHECK(pump.due == 101 * kMs);
    pump.host.ahead = INT64_MAX;
    CHECK(pump() == PumpResult::Idle);
}

TEST_CASE("events of a DirectMusic buffer count their time from the buffer, not from each other") {
    Pump pump;
    pump.host.layout = portcls::DataLayout::DirectMusic;
    Bytes data;
    for (const auto& [delta, group, byte] : {std::tuple{5, 1, 0x11}, {5, 2, 0x22}, {2, 3, 0x33}}) {
        const size_t at = data.size();
        data.resize(at + 24);
        put(data, at, 1);
        put(data, at + 4, static_cast<uint32_t>(group));
        put(data, at + 8, static_cast<uint32_t>(delta * kMs));
        put(data, at + 16, 1);
        data[at + 20] = static_cast<uint8_t>(byte);
    }
    pump.host.queue.push_back({{data}, {100 * kMs}});
    pump.host.time = 200 * kMs;
    CHECK(pump() == PumpResult::Idle);
    CHECK(pump.host.offers == std::vector<Bytes>{{0x11}, {0x22}, {0x33}});
    CHECK(pump.host.dues == std::vector<int64_t>{105 * kMs, 105 * kMs, 102 * kMs});
    CHECK(pump.host.groups == std::vector<uint32_t>{1, 2, 3});

    put(data, 0, 100); // reaches past the end
    pump.host.queue.push_back({{data}, {0}});
    CHECK(pump() == PumpResult::Idle);
    CHECK(pump.host.finished.back() == Finished{RenderEnd::Malformed, 0});
}

TEST_CASE("records of one write are offered one by one, never merged, and the write ends with the last byte") {
    Pump pump;
    pump.host.add({{0, {0x90, 60, 64}}, {0, {0x80, 60, 0}}});
    CHECK(pump() == PumpResult::Idle);
    CHECK(pump.host.offers == std::vector<Bytes>{{0x90, 60, 64}, {0x80, 60, 0}});
    CHECK(pump.host.finished == std::vector<Finished>{{RenderEnd::Played, 6}});
}

TEST_CASE("a record waits until half a tick before its time") {
    Pump pump;
    pump.host.add({{3, {1}}});
    pump.host.time = 3 * kMs - kMs / 2 - 1;
    CHECK(pump() == PumpResult::Until);
    CHECK(pump.due == 3 * kMs);
    CHECK(pump.host.offers.empty());
    pump.host.time += 1;
    CHECK(pump() == PumpResult::Idle);
    CHECK(pump.host.offers.size() == 1);
}

TEST_CASE("the first delta counts from PresentationTime, each further one from the record before") {
    Pump pump;
    pump.host.add({{2, {1}}, {5, {2}}}, 10 * kMs);
    CHECK(pump() == PumpResult::Until);
    CHECK(pump.due == 12 * kMs);
    pump.host.time = 12 * kMs;
    CHECK(pump() == PumpResult::Until);
    CHECK(pump.due == 17 * kMs);
}

TEST_CASE("a time in the past plays at once") {
    Pump pump;
    pump.host.time = 1000 * kMs;
    pump.host.add({{1, {1}}}, -5 * kMs);
    CHECK(pump() == PumpResult::Idle);
    CHECK(pump.host.taken == Bytes{1});
}

TEST_CASE("a late write holds back those behind it, although their time has come") {
    Pump pump;
    pump.host.add({{50, {1}}});
    pump.host.add({{0, {2}}});
    pump.host.time = 10 * kMs;
    CHECK(pump() == PumpResult::Until);
    CHECK(pump.host.offers.empty());
    pump.host.time = 50 * kMs;
    CHECK(pump() == PumpResult::Idle);
    CHECK(pump.host.taken == Bytes{1, 2});
}

TEST_CASE("what a partial Write leaves is offered again from where it stopped") {
    Pump pump;
    pump.host.add({{0, {1, 2, 3, 4, 5, 6}}});
    pump.host.miniport = [](const Bytes&) { return Answer{false, 4}; };
    CHECK(pump() == PumpResult::Busy);
    pump.host.miniport = [](const Bytes& offer) { return Answer{false, static_cast<uint32_t>(offer.size())}; };
    CHECK(pump() == PumpResult::Idle);
    CHECK(pump.host.offers == std::vector<Bytes>{{1, 2, 3, 4, 5, 6}, {5, 6}});
    CHECK(pump.host.finished == std::vector<Finished>{{RenderEnd::Played, 6}});
}

TEST_CASE("a zero Write keeps the record for the next pump, and offers it once a pump") {
    Pump pump;
    pump.host.add({{0, {1, 2, 3}}});
    pump.host.miniport = [](const Bytes&) { return Answer{false, 0}; };
    for (int i = 0; i < 5; ++i)
        CHECK(pump() == PumpResult::Busy);
    CHECK(pump.host.offers.size() == 5);
    CHECK(pump.host.finished.empty());
}

TEST_CASE("a Write that fails ends its IRP, and the next one is played") {
    Pump pump;
    pump.host.add({{0, {1, 2, 3, 4}}, {0, {5}}});
    pump.host.add({{0, {6}}});
    bool first = true;
    pump.host.miniport = [&first](const Bytes& offer) {
        const bool refuse = !first && offer == Bytes{5};
        first = false;
        return Answer{refuse, refuse ? 0 : static_cast<uint32_t>(offer.size())};
    };
    CHECK(pump() == PumpResult::Idle);
    CHECK(pump.host.finished == std::vector<Finished>{{RenderEnd::Refused, 4}, {RenderEnd::Played, 1}});
    CHECK(pump.host.taken == Bytes{1, 2, 3, 4, 6});
}

TEST_CASE("a malformed record ends its write after the good ones before it") {
    Pump pump;
    Bytes data;
    add_record(data, 0, {1, 2, 3});
    add_record(data, 0, {4});
    put(data, 16, 1000);
    pump.host.queue.push_back({{data}, {0}});
    pump.host.add({{0, {9}}});
    CHECK(pump() == PumpResult::Idle);
    CHECK(pump.host.finished == std::vector<Finished>{{RenderEnd::Malformed, 3}, {RenderEnd::Played, 1}});
}

TEST_CASE("writes without a record end at once with nothing accepted") {
    Pump pump;
    pump.host.queue.push_back({{Bytes{}}, {0}});
    pump.host.queue.push_back({{Bytes(8, 0)}, {0}});
    pump.host.queue.push_back({{Bytes(64, 0)}, {0}}); // eight records of no bytes
    CHECK(pump() == PumpResult::Idle);
    CHECK(pump.host.finished.size() == 3);
    CHECK(pump.host.offers.empty());
}

TEST_CASE("each stream header of one write has its own PresentationTime") {
    Pump pump;
    Bytes a, b;
    add_record(a, 1, {1});
    add_record(b, 1, {2});
    pump.host.queue.push_back({{a, Bytes{}, b}, {0, 0, 20 * kMs}});
    pump.host.time = 1 * kMs;
    CHECK(pump() == PumpResult::Until);
    CHECK(pump.due == 21 * kMs);
    pump.host.time = 21 * kMs;
    CHECK(pump() == PumpResult::Idle);
    CHECK(pump.host.finished == std::vector<Finished>{{RenderEnd::Played, 2}});
}

TEST_CASE("a write that is cancelled while it waits leaves nothing behind in the next one") {
    Pump pump;
    pump.host.add({{0, {1, 2, 3, 4, 5}}});
    pump.host.miniport = [](const Bytes&) { return Answer{false, 4}; };
    CHECK(pump() == PumpResult::Busy);
    pump.host.queue.front().cancelled = true;
    pump.host.add({{0, {7, 8}}});
    pump.host.miniport = [](const Bytes& offer) { return Answer{false, static_cast<uint32_t>(offer.size())}; };
    CHECK(pump() == PumpResult::Idle);
    CHECK(pump.host.offers.back() == Bytes{7, 8});
    CHECK(pump.host.finished == std::vector<Finished>{{RenderEnd::Played, 2}});
}

TEST_CASE("after STOP the engine begins with the queue's first write again") {
    Pump pump;
    pump.host.add({{100, {1}}});
    CHECK(pump() == PumpResult::Until);
    pump.engine.forget();
    pump.host.queue.clear();
    pump.host.add({{0, {2}}});
    CHECK(pump() == PumpResult::Idle);
    CHECK(pump.host.taken == Bytes{2});
}

TEST_CASE("one pump makes at most 8 offers, then lets others have the processor") {
    Pump pump;
    for (uint32_t i = 0; i < portcls::kMaxOffersPerPump + 4; ++i)
        pump.host.add({{0, {1}}});
    CHECK(pump() == PumpResult::Again);
    CHECK(pump.host.offers.size() == 8);
    CHECK(pump() == PumpResult::Idle);
    CHECK(pump.host.finished.size() == 12);
}

TEST_CASE("times that would overflow wait for ever instead of playing now") {
    Pump pump;
    pump.host.add({{0xffffffff, {1}}}, INT64_MAX - 5);
    CHECK(pump() == PumpResult::Until);
    CHECK(pump.due == INT64_MAX);
}

TEST_CASE("records stamped in whole milliseconds start within half a tick of their time, at every phase of the clock") {
    for (int64_t phase = 0; phase < kMs; phase += 997) {
        Pump pump;
        std::vector<int64_t> at;
        pump.host.miniport = [&](const Bytes& offer) {
            at.push_back(pump.host.time);
            return Answer{false, static_cast<uint32_t>(offer.size())};
        };
        pump.host.add({{0, {1}}, {1, {2}}, {1, {3}}, {5, {4}}, {1, {5}}}, 4 * kMs);
        for (int64_t tick = phase; tick < 20 * kMs; tick += kMs) {
            pump.host.time = tick;
            pump();
        }
        const std::vector<int64_t> wanted{4 * kMs, 5 * kMs, 6 * kMs, 11 * kMs, 12 * kMs};
        REQUIRE(at.size() == wanted.size());
        for (size_t i = 0; i < at.size(); ++i)
            CHECK(std::abs(at[i] - wanted[i]) <= kMs / 2);
    }
}
