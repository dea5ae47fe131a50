// SPDX-License-Identifier: MIT
// Names of what travels as numbers: those of the contract's headers, read here line by line; NTSTATUS as in ntstatus.h.
#include "events/names.hpp"

#include "harness/support/temp_dir.hpp"
#include "link/mpulab_codes.h"

#include "support/catch.hpp"

#include <sstream>

using namespace mpulab;
using namespace mpulab::test;

namespace {

/// number → name of each line "MACRO(number, name, …" of a .def file.
std::vector<std::pair<unsigned, std::string>> entries(const std::string& file, const std::string& macro) {
    std::vector<std::pair<unsigned, std::string>> found;
    std::istringstream lines(text_of(MPULAB_SOURCE_DIR "/device-model/link/" + file));
    for (std::string line; std::getline(lines, line);) {
        if (!line.starts_with(macro + "(")) continue;
        const size_t number = macro.size() + 1;
        const size_t name = line.find(", ", number) + 2;
        found.emplace_back(std::stoul(line.substr(number)), line.substr(name, line.find(',', name) - name));
    }
    return found;
}

} // namespace

TEST_CASE("every record kind of the contract has its name, and is found by it in any case") {
    const auto kinds = entries("mpulab_link_kinds.def", "MPULAB_KIND");
    REQUIRE(kinds.size() >= 30);
    for (const auto& [number, name] : kinds) {
        const auto kind = static_cast<uint16_t>(number);
        REQUIRE(kind_info(kind) != nullptr);
        CHECK(kind_info(kind)->name == name);
        CHECK(kind_by_name(name) == kind);
        std::string lower = name;
        for (char& c : lower)
            c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        CHECK(kind_by_name(lower) == kind);
    }
}

TEST_CASE("kinds and names that do not exist are not found") {
    for (const uint16_t kind : std::vector<uint16_t>{0, 15, 200, 255, 256, 65535})
        CHECK(kind_info(kind) == nullptr);
    for (const char* name : {"", "WIRE", "WIRE_OUTS", "WIRE OUT", "?"})
        CHECK(kind_by_name(name) == 0);
}

TEST_CASE("every callback of the contract has its name") {
    const auto callbacks = entries("mpulab_callbacks.def", "MPULAB_CALLBACK");
    REQUIRE(callbacks.size() >= 20);
    for (const auto& [number, name] : callbacks)
        CHECK(callback_name(number) == name);
}

TEST_CASE("a number that nobody knows is shown as one") {
    CHECK(callback_name(0) == "?0");
    CHECK(phase_name(99) == "?99");
    CHECK(shown_word(MPULAB_KIND_RUN_ENDED, 0, uint64_t{1} << 40) == "?1099511627776");
    CHECK(opcode_name(0) == "?0");
    CHECK(overrun_name(9) == "?9");
    CHECK(shown_word(MPULAB_KIND_GUEST_ERROR, 0, 9) == "?9");
    CHECK_FALSE(word_name(MPULAB_KIND_GUEST_ERROR, 0, 9));
    CHECK(correlation_name(MPULAB_CORR(9, 1)) == "?9 1");
}

TEST_CASE("phases, ends, opcodes and places have their names") {
    CHECK(phase_name(MPULAB_PHASE_DRIVER_LOADED) == "driver-loaded");
    CHECK(word_name(MPULAB_KIND_RUN_ENDED, 0, MPULAB_END_SCORE_DONE) == "score-done");
    CHECK(word_name(MPULAB_KIND_RUN_ENDED, 0, MPULAB_END_BUGCHECK) == "bugcheck");
    CHECK(opcode_name(7) == "WAIT_CAPTURED");
    CHECK(overrun_name(MPULAB_OVERRUN_RX_FIFO) == "RX FIFO");
    CHECK(word_name(MPULAB_KIND_GUEST_ERROR, 0, MPULAB_GUEST_READ_EMPTY) == "read while empty");
}

TEST_CASE("a correlation id is shown as its space and number, none as nothing") {
    CHECK(correlation_name(0).empty());
    CHECK(correlation_name(MPULAB_CORR(MPULAB_CORR_TX_BYTE, 1)) == "tx 1");
    CHECK(correlation_name(MPULAB_CORR(MPULAB_CORR_RX_BYTE, 12)) == "rx 12");
    CHECK(correlation_name(MPULAB_CORR(MPULAB_CORR_STEP, 3)) == "step 3");
    CHECK(correlation_name(MPULAB_CORR(MPULAB_CORR_IRP, 4)) == "irp 4");
    CHECK(correlation_name(MPULAB_CORR(MPULAB_CORR_STREAM, 0xffffffffffffff)) == "stream 72057594037927935");
}

TEST_CASE("a status has its number and, when it is known, its name, sign-extended ones too") {
    CHECK(status_name(0) == "0x00000000 STATUS_SUCCESS");
    CHECK(status_name(0x102) == "0x00000102 STATUS_TIMEOUT");
    CHECK(status_name(0xc000000d) == "0xc000000d STATUS_INVALID_PARAMETER");
    CHECK(status_name(0xffffffffc0000010) == "0xc0000010 STATUS_INVALID_DEVICE_REQUEST");
    CHECK(status_name(0xc0123456) == "0xc0123456");
}

TEST_CASE("each name of a word stands for the number that is shown by it") {
    size_t named = 0;
    for (uint16_t kind = 1; kind < kKindLimit; ++kind) {
        for (int word = 0; word < 3; ++word) {
            for (const std::string& name : word_names(kind, word)) {
                INFO(kind << " " << word << " " << name);
                const auto number = word_by_name(kind, word, name);
                REQUIRE(number);
                CHECK(word_name(kind, word, *number) == name);
                CHECK_THAT(*shown_word(kind, word, *number), EndsWith(name)); // a status has its number before it
                ++named;
            }
        }
    }
    CHECK(named > 200);
    CHECK(word_by_name(MPULAB_KIND_CALL_LEAVE, 1, "STATUS_UNSUCCESSFUL") == 0xc0000001);
}

TEST_CASE("a word that is a plain number has no names, and a name of another word is none") {
    CHECK(word_names(MPULAB_KIND_WIRE_OUT, 0).empty());
    CHECK_FALSE(word_name(MPULAB_KIND_WIRE_OUT, 0, 0x90));
    CHECK_FALSE(word_by_name(MPULAB_KIND_WIRE_OUT, 0, "InterruptRoutine"));
    CHECK_FALSE(word_by_name(MPULAB_KIND_CALL_ENTER, 1, "InterruptRoutine"));
    CHECK_FALSE(word_by_name(MPULAB_KIND_CALL_LEAVE, 1, "UNSUCCESSFUL"));
    CHECK_FALSE(word_by_name(MPULAB_KIND_CALL_ENTER, 0, ""));
}
