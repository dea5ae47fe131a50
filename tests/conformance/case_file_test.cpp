// SPDX-License-Identifier: MIT
// The case format: every line form is read as README.md says, and every wrong one is refused with its line.
#include "case_file.hpp"

#include <catch.hpp>

using namespace conformance;

namespace {

std::vector<Case> parse(const std::string& text) {
    return parse_cases(text, "f.txt");
}

std::string error_of(const std::string& text) {
    try {
        parse(text);
    } catch (const CaseFileError& error) {
        return error.what();
    }
    return "taken";
}

// A case of this one line.
std::string error_of_step(const std::string& line) {
    return error_of("case 1.2 \"c\"\n" + line + "\n");
}

} // namespace

TEST_CASE("a case file is read with names, properties, bytes, masks and times") {
    const auto cases =
        parse("# comment\n\ncase 1.1 \"first: a # sentence\"\n  with a=b c=1\n  read status 80/c0 # why\n"
              "  wire fc@27ms 90\n  run 3us\ncase 2 \"second\"\n  lost rx-fifo 0a 0b\n");
    REQUIRE(cases.size() == 2);
    CHECK(cases[0].name() == "1.1 first: a # sentence");
    CHECK(cases[0].properties == std::vector<std::pair<std::string, std::string>>{{"a", "b"}, {"c", "1"}});
    REQUIRE(cases[0].steps.size() == 3);
    CHECK(cases[0].steps[0].action == Action::ReadStatus);
    CHECK(cases[0].steps[0].value == 0x80);
    CHECK(cases[0].steps[0].mask == 0xc0);
    CHECK(cases[0].steps[0].line == 5);
    CHECK(cases[0].steps[1].bytes[0].start_ns == 27'000'000);
    CHECK(cases[0].steps[1].bytes[1].start_ns == -1);
    CHECK(cases[0].steps[2].time_ns == 3'000);
    CHECK(cases[1].steps[0].rx_fifo);
    CHECK(cases[1].steps[0].bytes.size() == 2);
}

TEST_CASE("each step of the format is read") {
    const auto steps =
        parse(
            "case 1 \"c\"\ndata 01\ncommand 02\nsend 03 04\nread data 05\nread status 06\nrun 7s\nmidi-in 08\n"
            "irq 1\nedges 9\nwire nothing\nlost nothing\nlost host-latch 0a\n"
            "await status 00/80 every 1us within 2ms\nnever status 80/80 every 3ns for 4ms\npower-on\ngiven uart\n")[0]
            .steps;
    const Action actions[] = {Action::WriteData,  Action::WriteCommand, Action::Send,    Action::ReadData,
                              Action::ReadStatus, Action::Run,          Action::MidiIn,  Action::Irq,
                              Action::Edges,      Action::Wire,         Action::Lost,    Action::Lost,
                              Action::Await,      Action::Never,        Action::PowerOn, Action::GivenUart};
    REQUIRE(steps.size() == std::size(actions));
    for (size_t i = 0; i < steps.size(); ++i)
        CHECK(steps[i].action == actions[i]);
    CHECK(steps[12].time_ns == 1'000);
    CHECK(steps[12].limit_ns == 2'000'000);
    CHECK(steps[13].limit_ns == 4'000'000);
}

TEST_CASE("repeats multiply their steps, and may be nested") {
    const auto cases = parse("case 1 \"c\"\nrepeat 3\ndata 01\nrepeat 2\nrun 1ns\nend\nend\nirq 0\n");
    CHECK(cases[0].steps.size() == 3 * (1 + 2) + 1);
    CHECK(cases[0].steps.back().action == Action::Irq);
    CHECK(cases[0].steps[5].line == 5);
}

TEST_CASE("a file that is not one of cases is refused with its line") {
    CHECK(error_of("") == "f.txt:0: no case in this file");
    CHECK(error_of("data 01\n") == "f.txt:1: 'data' before the first case");
    CHECK(error_of("case 1 \"c\"\n") == "f.txt:1: a case without a step");
    CHECK(error_of("case 1 \"c\"\ncase 1 \"d\"\nirq 0\n") == "f.txt:1: a case without a step");
    CHECK(error_of("case 1 \"c\"\nirq 0\ncase 1 \"c\"\nirq 0\n") == "f.txt:3: there is a case \"1 c\" already");
    for (const char* line : {"case", "case 1", "case 1 c", "case 1 \"\"", "case 1 \"c\" d", "case \"c\""}) {
        CHECK(error_of(std::string(line) + "\n") == "f.txt:1: case SECTION \"a sentence\" expected");
    }
    CHECK(error_of("case one \"c\"\n") == "f.txt:1: section 'one'; digits and points expected");
    CHECK_THROWS_WITH(read_cases("/no/such/file"), "/no/such/file: cannot be read");
}

TEST_CASE("a wrong property line or repeat is refused with its line") {
    CHECK(error_of_step("with") == "f.txt:2: with PROPERTY=VALUE ... expected");
    CHECK(error_of_step("with fast") == "f.txt:2: 'fast' is no PROPERTY=VALUE");
    CHECK(error_of_step("with =fast") == "f.txt:2: '=fast' is no PROPERTY=VALUE");
    CHECK(error_of_step("irq 0\nwith a=b") == "f.txt:3: 'with' after the first step");
    CHECK(error_of_step("repeat") == "f.txt:2: repeat COUNT expected");
    CHECK(error_of_step("repeat 0") == "f.txt:2: repeat 0");
    CHECK(error_of_step("repeat 100001") == "f.txt:2: '100001' is no number from 0 to 100000");
    CHECK(error_of_step("repeat 2\nirq 0") == "f.txt:2: repeat without its end");
    CHECK(error_of_step("irq 0\nend") == "f.txt:3: end without a repeat");
    CHECK(error_of_step("repeat 100000\nrun 1ns\nrun 1ns\nrun 1ns\nend") == "f.txt:6: more than 200000 steps");
}

TEST_CASE("a wrong step is refused with what was seen and what was expected") {
    const std::pair<const char*, const char*> cases[] = {
        {"jump 3",
         "'jump' is unknown; case, with, repeat, end, data, command, send, read, run, midi-in, irq, edges, wire, lost, "
         "await, never, power-on, power and given are known"},
        {"data", "data BYTE, or command BYTE expected"},
        {"data 1", "'1' is no byte of two hexadecimal digits"},
        {"data 0x1", "'0x1' is no byte of two hexadecimal digits"},
        {"data zz", "'zz' is no number from 0 to 255"},
        {"command 01 02", "data BYTE, or command BYTE expected"},
        {"send", "bytes, or nothing, expected"},
        {"send nothing", "send nothing"},
        {"send 01@3us", "'01@3us': a time has no place here"},
        {"read 01", "read data BYTE, or read status BITS/MASK expected"},
        {"read wire 01", "read data BYTE, or read status BITS/MASK expected"},
        {"read status 40/80", "'40/80' expects bits that its mask leaves out"},
        {"run", "run TIME expected"},
        {"run 3", "'3' is no time; a number and ns, us, ms or s expected"},
        {"run 3h", "'3h' is no time; a number and ns, us, ms or s expected"},
        {"run us", "'us' is no time; a number and ns, us, ms or s expected"},
        {"run 3601s", "'3601' is no number from 0 to 3600"},
        {"irq 2", "'2' is no number from 0 to 1"},
        {"edges -1", "'-1' is no number from 0 to 200000"},
        {"wire", "bytes, or nothing, expected"},
        {"lost", "lost host-latch BYTE ..., lost rx-fifo BYTE ..., or lost nothing expected"},
        {"lost tx-fifo 01", "lost host-latch BYTE ..., lost rx-fifo BYTE ..., or lost nothing expected"},
        {"await status 00/80 every 1us for 1ms", "await status BITS/MASK every TIME within TIME expected"},
        {"never status 00/80", "never status BITS/MASK every TIME for TIME expected"},
        {"never status 00/80 every 0us for 1ms", "polls 0 ns apart never end"},
        {"power-on now", "power-on expected"},
        {"given intelligent", "given uart expected"},
    };
    for (const auto& [line, expected] : cases) {
        CAPTURE(line);
        CHECK(error_of_step(line) == std::string("f.txt:2: ") + expected);
    }
}
