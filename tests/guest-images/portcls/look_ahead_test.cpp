// SPDX-License-Identifier: MIT
// Bytes that the port took over from writes it has completed.
#include "portcls/look_ahead.hpp"

#include "records.hpp"

#include <support/catch.hpp>

using portcls::LookAhead;

namespace {

uint32_t push(LookAhead& ahead, const Bytes& bytes, uint64_t irp, int64_t due = 0) {
    return ahead.push({bytes.data(), static_cast<uint32_t>(bytes.size()), due, 1}, irp);
}

Bytes front(const LookAhead& ahead, uint64_t& irp) {
    const auto offer = ahead.front(irp);
    return {offer.bytes, offer.bytes + offer.count};
}

} // namespace

TEST_CASE("chunks come back in order, unmerged, with their request and their time") {
    LookAhead ahead;
    CHECK(ahead.empty());
    CHECK(push(ahead, {1, 2, 3}, 7, 100) == 3);
    CHECK(push(ahead, {4}, 8, 200) == 1);
    uint64_t irp = 0;
    CHECK(front(ahead, irp) == Bytes{1, 2, 3});
    CHECK(irp == 7);
    CHECK(ahead.front(irp).due == 100);
    ahead.pop(2);
    CHECK(front(ahead, irp) == Bytes{3});
    CHECK(irp == 7);
    ahead.pop(1);
    CHECK(front(ahead, irp) == Bytes{4});
    CHECK(irp == 8);
    CHECK(ahead.front(irp).due == 200);
    ahead.pop(1);
    CHECK(ahead.empty());
}

TEST_CASE("bytes and chunks are bounded: what does not fit is left with the request") {
    LookAhead ahead;
    CHECK(push(ahead, Bytes(LookAhead::kBytes - 1, 9), 1) == LookAhead::kBytes - 1);
    CHECK(push(ahead, {1, 2}, 2) == 1);
    CHECK(push(ahead, {2}, 2) == 0);
    ahead.clear();
    CHECK(ahead.empty());
    for (uint32_t i = 0; i < LookAhead::kChunks; ++i)
        CHECK(push(ahead, {1}, i) == 1);
    CHECK(push(ahead, {1}, 99) == 0);
}
