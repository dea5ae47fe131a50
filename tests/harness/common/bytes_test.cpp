// SPDX-License-Identifier: MIT
#include "common/bytes.hpp"
#include "common/error.hpp"

#include "harness/support/text.hpp"

#include "support/catch.hpp"

using namespace mpulab;
using namespace mpulab::test;

TEST_CASE("contract structures are appended and read back little-endian, at any offset") {
    Bytes out = hex("ff");
    append_pod(out, uint32_t{0x11223344});
    append_pod(out, uint16_t{0x5566});
    CHECK(out == hex("ff 44 33 22 11 66 55"));
    CHECK(read_pod<uint32_t>(out, 1) == 0x11223344);
    CHECK(read_pod<uint16_t>(out, 5) == 0x5566);
}

TEST_CASE("padding fills with zeros up to the next multiple, and nothing where there is one") {
    Bytes out = hex("01 02 03");
    pad(out, 4);
    CHECK(out == hex("01 02 03 00"));
    pad(out, 4);
    CHECK(out.size() == 4);
    pad(out, 8);
    CHECK(out.size() == 8);
    Bytes none;
    pad(none, 8);
    CHECK(none.empty());
}

TEST_CASE("an error is shown on one line with what to do next") {
    const Error error("cannot read x: no", "name another", ExitCode::Usage);
    CHECK(error.line() == "cannot read x: no; next: name another");
    CHECK(error.code() == ExitCode::Usage);
    CHECK(Error("a", "b").code() == ExitCode::Error);
}

TEST_CASE("the exit codes are those the command line promises") {
    CHECK(static_cast<int>(ExitCode::Passed) == 0);
    CHECK(static_cast<int>(ExitCode::Failed) == 1);
    CHECK(static_cast<int>(ExitCode::Error) == 2);
    CHECK(static_cast<int>(ExitCode::Crash) == 3);
    CHECK(static_cast<int>(ExitCode::Usage) == 64);
    CHECK(static_cast<int>(ExitCode::Interrupted) == 130);
}
