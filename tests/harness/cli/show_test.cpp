// SPDX-License-Identifier: MIT
// `show`: which records are printed, and a log that stops early.
#include "cli/show.hpp"

#include "harness/support/captured_stdout.hpp"
#include "harness/support/log_builder.hpp"
#include "harness/support/text.hpp"

#include "support/catch.hpp"

#include <nlohmann/json.hpp>
#include <sstream>

using namespace mpulab;
using namespace mpulab::test;

namespace {

std::string printed(const ShowOptions& options) {
    const CapturedStdout out;
    CHECK(show(options) == ExitCode::Passed);
    return out.text();
}

/// The numbers of the records that are printed, one a line.
std::string shown(const ShowOptions& options) {
    std::string numbers;
    const std::string text = printed(options);
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

TEST_CASE("for programs each record is an object on a line of its own, with names beside numbers") {
    Log log;
    log.options.json = true;
    log.options.kinds = {"WIRE_OUT", "STEP_END"};
    std::istringstream lines(printed(log.options));
    std::vector<nlohmann::json> objects;
    for (std::string line; std::getline(lines, line);)
        objects.push_back(nlohmann::json::parse(line));
    REQUIRE(objects.size() == 4);
    CHECK(objects[0]["seq"] == 1);
    CHECK(objects[0]["kind"] == "WIRE_OUT");
    CHECK(objects[0]["unit"] == 0);
    CHECK(objects[0]["a"] == 0x90);
    CHECK_FALSE(objects[0].contains("a_name"));
    CHECK(objects[3]["kind"] == "STEP_END");
    CHECK(objects[3]["unit"].is_null());
    CHECK(objects[3]["time_ns"] == 2'000'000);
    CHECK(objects[3]["b_name"] == "STATUS_SUCCESS");
}

TEST_CASE("text and data are shown as such to programs, also text that is none") {
    Log log;
    log.builder = LogBuilder();
    log.builder.started(1).data(MPULAB_KIND_TEXT, "caf\xc3").data(MPULAB_KIND_CAPTURED, "\x90\x3c").ended();
    log.options.what = log.dir.file("texts.mpl", log.builder.bytes()).string();
    log.options.json = true;
    log.options.from = 1;
    log.options.count = 2;
    const std::string lines = printed(log.options);
    CHECK_THAT(lines, ContainsSubstring("\"text\":\"caf\xef\xbf\xbd\""));
    CHECK_THAT(lines, ContainsSubstring(R"("bytes":"90 3c")"));
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
