// SPDX-License-Identifier: MIT
#include "case_file.hpp"

#include <charconv>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>

namespace conformance {
namespace {

constexpr uint64_t kMostRepeats = 100'000;
constexpr size_t kMostSteps = 200'000; // of one case
constexpr int64_t kLongestTimeNs = 3'600'000'000'000;

struct Unit {
    std::string_view name;
    int64_t ns;
};
constexpr Unit kUnits[] = {{"ns", 1}, {"us", 1'000}, {"ms", 1'000'000}, {"s", 1'000'000'000}};

class Parser {
  public:
    Parser(std::string_view text, const std::string& path) : text_(text), path_(path) {}

    std::vector<Case> parse() {
        while (next_line()) {
            if (words_.empty()) continue;
            if (words_[0] == "case") {
                begin_case();
            } else if (cases_.empty()) {
                fail("'" + words_[0] + "' before the first case");
            } else if (words_[0] == "with") {
                take_properties();
            } else if (words_[0] == "repeat") {
                begin_repeat();
            } else if (words_[0] == "end") {
                end_repeat();
            } else {
                add(step());
            }
        }
        finish_case();
        if (cases_.empty()) fail("no case in this file");
        return std::move(cases_);
    }

  private:
    struct Repeat {
        uint64_t count;
        size_t first;
        int line;
    };

    [[noreturn]] void fail(const std::string& what) const {
        throw CaseFileError(path_ + ":" + std::to_string(line_) + ": " + what);
    }

    bool next_line() {
        if (text_.empty()) return false;
        const size_t end = text_.find('\n');
        raw_ = text_.substr(0, end);
        text_.remove_prefix(end == std::string_view::npos ? text_.size() : end + 1);
        ++line_;
        std::istringstream in{std::string(raw_.substr(0, raw_.find('#')))};
        words_.assign(std::istream_iterator<std::string>(in), {});
        return true;
    }

    // case 2.1 "a sentence"
    void begin_case() {
        finish_case();
        const size_t open = raw_.find('"');
        const size_t close = raw_.rfind('"');
        if (words_.size() < 3 || open == std::string_view::npos || close <= open + 1 ||
            raw_.find_first_not_of(" \t", close + 1) != std::string_view::npos) {
            fail("case SECTION \"a sentence\" expected");
        }
        if (words_[1].find_first_not_of("0123456789.") != std::string::npos) {
            fail("section '" + words_[1] + "'; digits and points expected");
        }
        Case made;
        made.section = words_[1];
        made.sentence = raw_.substr(open + 1, close - open - 1);
        made.line = line_;
        if (!names_.insert(made.name()).second) fail("there is a case \"" + made.name() + "\" already");
        cases_.push_back(std::move(made));
    }

    void finish_case() {
        if (!repeats_.empty()) {
            line_ = repeats_.back().line;
            fail("repeat without its end");
        }
        if (!cases_.empty() && cases_.back().steps.empty()) {
            line_ = cases_.back().line;
            fail("a case without a step");
        }
    }

    void take_properties() {
        Case& into = cases_.back();
        if (!into.steps.empty()) fail("'with' after the first step");
        if (words_.size() < 2) fail("with PROPERTY=VALUE ... expected");
        for (size_t i = 1; i < words_.size(); ++i) {
            const size_t equals = words_[i].find('=');
            if (equals == std::string::npos || equals == 0) fail("'" + words_[i] + "' is no PROPERTY=VALUE");
            into.properties.emplace_back(words_[i].substr(0, equals), words_[i].substr(equals + 1));
        }
    }

    void begin_repeat() {
        need(2, "repeat COUNT");
        const uint64_t count = number(words_[1], 10, kMostRepeats);
        if (count == 0) fail("repeat 0");
        repeats_.push_back({count, cases_.back().steps.size(), line_});
    }

    void end_repeat() {
        need(1, "end");
        if (repeats_.empty()) fail("end without a repeat");
        const Repeat repeat = repeats_.back();
        repeats_.pop_back();
        auto& steps = cases_.back().steps;
        const std::vector<Step> body(steps.begin() + static_cast<ptrdiff_t>(repeat.first), steps.end());
        for (uint64_t i = 1; i < repeat.count; ++i) {
            for (const Step& each : body)
                add(each);
        }
    }

    void add(const Step& step) {
        if (cases_.back().steps.size() == kMostSteps) fail("more than " + std::to_string(kMostSteps) + " steps");
        cases_.back().steps.push_back(step);
    }

    void need(size_t count, const char* form) const {
        if (words_.size() != count) fail(std::string(form) + " expected");
    }

    uint64_t number(std::string_view word, int base, uint64_t limit) const {
        uint64_t value = 0;
        const char* end = word.data() + word.size();
        const auto [stop, code] = std::from_chars(word.data(), end, value, base);
        if (code != std::errc{} || stop != end || value > limit) {
            fail("'" + std::string(word) + "' is no number from 0 to " + std::to_string(limit));
        }
        return value;
    }

    uint8_t byte(std::string_view word) const {
        if (word.size() != 2) fail("'" + std::string(word) + "' is no byte of two hexadecimal digits");
        return static_cast<uint8_t>(number(word, 16, 255));
    }

    int64_t time(std::string_view word) const {
        const size_t digits = word.find_first_not_of("0123456789");
        for (const Unit& unit : kUnits) {
            if (digits == 0 || digits == std::string_view::npos || word.substr(digits) != unit.name) continue;
            const uint64_t limit = static_cast<uint64_t>(kLongestTimeNs / unit.ns);
            return static_cast<int64_t>(number(word.substr(0, digits), 10, limit)) * unit.ns;
        }
        fail("'" + std::string(word) + "' is no time; a number and ns, us, ms or s expected");
    }

    // bf, or 80/c0: value and mask
    void masked(const std::string& word, Step& into) const {
        const size_t slash = word.find('/');
        into.value = byte(std::string_view(word).substr(0, slash));
        into.mask = slash == std::string::npos ? 0xff : byte(std::string_view(word).substr(slash + 1));
        if ((into.value & ~into.mask) != 0) fail("'" + word + "' expects bits that its mask leaves out");
    }

    // 90 3c@320us ...; "nothing"
    void bytes(size_t from, bool times, Step& into) const {
        if (words_.size() == from + 1 && words_[from] == "nothing") return;
        if (words_.size() <= from) fail("bytes, or nothing, expected");
        for (size_t i = from; i < words_.size(); ++i) {
            const std::string_view word = words_[i];
            const size_t at = word.find('@');
            if (at != std::string_view::npos && !times) fail("'" + words_[i] + "': a time has no place here");
            const int64_t start = at == std::string_view::npos ? -1 : time(word.substr(at + 1));
            into.bytes.push_back({byte(word.substr(0, at)), start});
        }
    }

    void poll(const char* last, Step& into) const {
        const std::string form = words_[0] + " status BITS/MASK every TIME " + last + " TIME";
        if (words_.size() != 7 || words_[1] != "status" || words_[3] != "every" || words_[5] != last) {
            fail(form + " expected");
        }
        masked(words_[2], into);
        into.time_ns = time(words_[4]);
        into.limit_ns = time(words_[6]);
        if (into.time_ns == 0) fail("polls 0 ns apart never end");
    }

    Step step() {
        Step made;
        made.line = line_;
        const std::string& verb = words_[0];
        if (verb == "data" || verb == "command") {
            need(2, "data BYTE, or command BYTE");
            made.action = verb == "data" ? Action::WriteData : Action::WriteCommand;
            made.value = byte(words_[1]);
        } else if (verb == "send" || verb == "midi-in") {
            made.action = verb == "send" ? Action::Send : Action::MidiIn;
            bytes(1, false, made);
            if (made.bytes.empty()) fail(verb + " nothing");
        } else if (verb == "read") {
            if (words_.size() != 3 || (words_[1] != "data" && words_[1] != "status")) {
                fail("read data BYTE, or read status BITS/MASK expected");
            }
            made.action = words_[1] == "data" ? Action::ReadData : Action::ReadStatus;
            masked(words_[2], made);
        } else if (verb == "run") {
            need(2, "run TIME");
            made.action = Action::Run;
            made.time_ns = time(words_[1]);
        } else if (verb == "irq") {
            need(2, "irq 0, or irq 1");
            made.action = Action::Irq;
            made.value = static_cast<uint8_t>(number(words_[1], 10, 1));
        } else if (verb == "edges") {
            need(2, "edges COUNT");
            made.action = Action::Edges;
            made.count = number(words_[1], 10, kMostSteps);
        } else if (verb == "wire") {
            made.action = Action::Wire;
            bytes(1, true, made);
        } else if (verb == "lost") {
            made.action = Action::Lost;
            if (words_.size() == 2 && words_[1] == "nothing") return made;
            if (words_.size() < 3 || (words_[1] != "host-latch" && words_[1] != "rx-fifo")) {
                fail("lost host-latch BYTE ..., lost rx-fifo BYTE ..., or lost nothing expected");
            }
            made.rx_fifo = words_[1] == "rx-fifo";
            bytes(2, false, made);
        } else if (verb == "await") {
            made.action = Action::Await;
            poll("within", made);
        } else if (verb == "never") {
            made.action = Action::Never;
            poll("for", made);
        } else if (verb == "power-on") {
            need(1, "power-on");
            made.action = Action::PowerOn;
        } else if (verb == "power") {
            if (words_.size() != 2 || words_[1].size() != 2 || words_[1][0] != 'D')
                fail("power D0, D1, D2 or D3 expected");
            made.action = Action::Power;
            made.value = static_cast<uint8_t>(number(std::string_view(words_[1]).substr(1), 10, 3));
        } else if (verb == "given") {
            if (words_.size() != 2 || words_[1] != "uart") fail("given uart expected");
            made.action = Action::GivenUart;
        } else {
            fail("'" + verb +
                 "' is unknown; case, with, repeat, end, data, command, send, read, run, midi-in, irq, edges, "
                 "wire, lost, await, never, power-on, power and given are known");
        }
        return made;
    }

    std::string_view text_;
    const std::string& path_;
    std::string_view raw_;
    int line_ = 0;
    std::vector<std::string> words_;
    std::vector<Case> cases_;
    std::vector<Repeat> repeats_;
    std::set<std::string> names_;
};

} // namespace

std::vector<Case> parse_cases(std::string_view text, const std::string& path) {
    return Parser(text, path).parse();
}

std::vector<Case> read_cases(const std::string& path) {
    std::ifstream file(path);
    const std::string text((std::istreambuf_iterator<char>(file)), {});
    if (!file) throw CaseFileError(path + ": cannot be read");
    return parse_cases(text, path);
}

} // namespace conformance
