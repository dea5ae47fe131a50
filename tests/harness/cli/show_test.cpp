// SPDX-License-Identifier: MIT
// `show`: which records are printed, and a log that stops early.
#include "cli/show.hpp"

#include "harness/support/captured_stdout.hpp"
#include "harness/support/log_builder.hpp"
#include "harness/support/text.hpp"

#include "support/catch.hpp"

using namespace mpulab;
using namespace mpulab::test;

namespace {

/// The numbers of the records that are printed, one a line.
std::string shown(const ShowOptions& options) {
    const CapturedStdout out;
    CHECK(show(options) == ExitCode::Passed);
    std::string numbers;
    const std::string text = out.text();
    for (size_t at = 0; at < text.size(); at = text.find('\n', at) + 1)
        numbers += std::to_string(std::stoul(text.substr(at, 8))) + " ";
    return numbers;
}

struct Log {
    TempDir dir;
    ShowOptions options;
    LogBuilder builder;

    Log() {
        builder.started(1).wire_out(10, hex("90 3c 40")).at(2'000'000).step(1, 11).ended();
        options.what = dir.file("events.mpl", builder.bytes()).string();
    }
};

} // namespace

TEST_CASE("all records are shown, or those asked for by kind, start and number") {
    Log log;
    CHECK(shown(log.options) == "0 1 2 3 4 5 6 ");
    log.options.kinds = {"wire_out", "RUN_ENDED"};
    CHECK(shown(log.options) == "1 2 3 6 ");
    log.options.from = 2;
    CHECK(shown(log.options) == "2 3 6 ");
    log.options.count = 2;
    CHECK(shown(log.options) == "2 3 ");
    log.options.count = 0;
    CHECK(shown(log.options).empty());
    log.options.count = UINT64_MAX;
    log.options.from = 7;
    CHECK(shown(log.options).empty());
}

TEST_CASE("a kind that does not exist is wrong usage") {
    Log log;
    log.options.kinds = {"IRQ", "WIRE"};
    CHECK_THAT(refusal([&] { show(log.options); }), StartsWith("there is no record kind 'WIRE'; next: "));
    CHECK(refusal_code([&] { show(log.options); }) == ExitCode::Usage);
}

TEST_CASE("a log that stops early is shown to its end and then refused") {
    Log log;
    Bytes bytes = log.builder.bytes();
    bytes.resize(bytes.size() - 1);
    log.options.what = log.dir.file("cut.mpl", bytes).string();
    std::string error;
    std::string printed;
    {
        const CapturedStdout out;
        error = refusal([&] { show(log.options); });
        printed = out.text();
    }
    CHECK_THAT(error, ContainsSubstring("stops 63 bytes into record 6"));
    CHECK(std::count(printed.begin(), printed.end(), '\n') == 6);
}
