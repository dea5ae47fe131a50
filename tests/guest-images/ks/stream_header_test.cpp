// SPDX-License-Identifier: MIT
// Stream headers of read and write IRPs.
#include "ks/stream_header.hpp"

#include <support/catch.hpp>

#include <cstring>
#include <vector>

namespace {

constexpr uint32_t kSize = sizeof(wire::StreamHeader);

wire::StreamHeader header(uint32_t extent, uint32_t used) {
    wire::StreamHeader it{};
    it.size = kSize;
    it.numerator = it.denominator = 1;
    it.frame_extent = extent;
    it.data_used = used;
    it.data = 0x1000;
    return it;
}

ks::StreamHeaderError check(const std::vector<wire::StreamHeader>& headers, ks::StreamDirection direction,
                            uint32_t* failed = nullptr) {
    std::vector<uint8_t> bytes(headers.size() * kSize);
    if (!headers.empty()) std::memcpy(bytes.data(), headers.data(), bytes.size());
    uint32_t index = 0;
    const auto error =
        ks::check_stream_headers(bytes.data(), static_cast<uint32_t>(bytes.size()), kSize, direction, index);
    if (failed) *failed = index;
    return error;
}

using Error = ks::StreamHeaderError;
constexpr auto kWrite = ks::StreamDirection::Write;
constexpr auto kRead = ks::StreamDirection::Read;

} // namespace

TEST_CASE("one header, or several back to back, are accepted") {
    CHECK(check({header(12, 12)}, kWrite) == Error::None);
    CHECK(check({header(12, 12), header(64, 0), header(9, 9)}, kWrite) == Error::None);
    CHECK(check({header(2056, 0)}, kRead) == Error::None);
}

TEST_CASE("a stream IRP without headers, or with part of one, is refused") {
    CHECK(check({}, kWrite) == Error::NoHeader);
    std::vector<uint8_t> bytes(2 * kSize);
    uint32_t failed = 0;
    for (uint32_t length = 1; length < 2 * kSize; ++length)
        if (length != kSize)
            CHECK(ks::check_stream_headers(bytes.data(), length, kSize, kWrite, failed) == Error::NotAMultiple);
}

TEST_CASE("a header size below KSSTREAM_HEADER is refused") {
    std::vector<uint8_t> bytes(kSize);
    uint32_t failed = 0;
    CHECK(ks::check_stream_headers(bytes.data(), kSize, kSize - 8, kWrite, failed) == Error::NotAMultiple);
}

TEST_CASE("the header that is wrong is named by its index") {
    auto bad = header(12, 12);
    bad.size = kSize + 8;
    uint32_t failed = 0;
    CHECK(check({header(12, 12), header(12, 12), bad}, kWrite, &failed) == Error::WrongSize);
    CHECK(failed == 2);
}

TEST_CASE("DataUsed beyond FrameExtent, a giant FrameExtent and missing data are refused") {
    CHECK(check({header(8, 9)}, kWrite) == Error::UsedPastExtent);
    CHECK(check({header(0xffffffff, 0)}, kRead) == Error::ExtentTooLarge);
    CHECK(check({header(ks::kMaxFrameExtent + 1, 0)}, kWrite) == Error::ExtentTooLarge);
    auto no_data = header(12, 12);
    no_data.data = 0;
    CHECK(check({no_data}, kWrite) == Error::NoData);
    no_data.data_used = 0;
    CHECK(check({no_data}, kWrite) == Error::None); // nothing would be locked
    CHECK(check({no_data}, kRead) == Error::NoData);
}

TEST_CASE("more than 64 headers in one IRP are refused") {
    CHECK(check(std::vector<wire::StreamHeader>(64, header(12, 12)), kWrite) == Error::None);
    CHECK(check(std::vector<wire::StreamHeader>(65, header(12, 12)), kWrite) == Error::TooMany);
}

TEST_CASE("every header error has a text") {
    for (auto error : {Error::None, Error::NoHeader, Error::NotAMultiple, Error::TooMany, Error::WrongSize,
                       Error::UsedPastExtent, Error::ExtentTooLarge, Error::NoData})
        CHECK(std::strlen(ks::describe(error)) > 3);
}
