// SPDX-License-Identifier: MIT
#include "package/inf_file.hpp"

#include "common/text.hpp"
#include "package/inf_text.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace mpulab {
namespace {

constexpr std::string_view kBlanks = " \t\r\f\v";
// Language of %strings%: US English, else the section for all languages.
constexpr std::string_view kStringSections[] = {"strings.0409", "strings.0009", "strings"};

std::string_view trim(std::string_view text) {
    const size_t first = text.find_first_not_of(kBlanks);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

/// `line` without its comment; `continued`: its last character outside quotes is a backslash (taken off, too).
std::string_view without_comment(std::string_view line, bool& continued) {
    bool quoted = false;
    size_t end = line.size();
    for (size_t i = 0; i < line.size(); ++i) {
        if (line[i] == '"') quoted = !quoted;
        if (line[i] == ';' && !quoted) {
            end = i;
            break;
        }
    }
    line = trim(line.substr(0, end));
    continued = !quoted && !line.empty() && line.back() == '\\';
    return continued ? line.substr(0, line.size() - 1) : line;
}

/// One value: quotes taken off, doubled ones halved, blanks outside quotes at both ends dropped.
std::string unquoted(std::string_view text) {
    text = trim(text);
    std::string out;
    bool quoted = false;
    for (size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '"') {
            out += text[i];
        } else if (quoted && i + 1 < text.size() && text[i + 1] == '"') {
            out += '"';
            ++i;
        } else {
            quoted = !quoted;
        }
    }
    return out;
}

/// First `wanted` outside quotes; npos: none.
size_t find_unquoted(std::string_view text, char wanted, size_t from = 0) {
    bool quoted = false;
    for (size_t i = from; i < text.size(); ++i) {
        if (text[i] == '"') quoted = !quoted;
        if (text[i] == wanted && !quoted) return i;
    }
    return std::string_view::npos;
}

} // namespace

std::string inf_excerpt(std::string_view text) {
    constexpr size_t kLongest = 60;
    std::string out(text.substr(0, kLongest));
    std::replace_if(
        out.begin(), out.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }, ' ');
    // A character cut in half at the end is none.
    if (text.size() > kLongest) {
        while (!out.empty() && (static_cast<unsigned char>(out.back()) & 0xc0) == 0x80)
            out.pop_back();
        if (!out.empty() && (static_cast<unsigned char>(out.back()) & 0x80) != 0) out.pop_back();
        out += "…";
    }
    return out;
}

std::string inf_lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return out;
}

const std::string& InfLine::value(size_t n) const {
    static const std::string none;
    return n < values.size() ? values[n] : none;
}

const InfLine* InfSection::find(std::string_view key) const {
    for (const InfLine& line : lines) {
        if (equal_ignoring_ascii_case(line.key, key)) return &line;
    }
    return nullptr;
}

std::vector<std::string> InfSection::all(std::string_view key) const {
    std::vector<std::string> values;
    for (const InfLine& line : lines) {
        if (equal_ignoring_ascii_case(line.key, key))
            values.insert(values.end(), line.values.begin(), line.values.end());
    }
    return values;
}

const InfSection* InfFile::section(std::string_view name) const {
    const auto found = by_name_.find(inf_lower(name));
    return found == by_name_.end() ? nullptr : &sections_[found->second];
}

Error InfFile::error(unsigned line, std::string_view seen, std::string_view expected) const {
    return Error(fmt::format("{}:{}: {}; expected {}", name_, line, seen, expected),
                 "mend the INF there, or name another package");
}

void InfFile::add_line(std::string_view text, unsigned number) {
    if (++lines_ > kMaxInfLines) throw error(number, "one more line", fmt::format("at most {}", kMaxInfLines));
    if (text.front() == '[') {
        const size_t close = text.find(']');
        const std::string_view name = close == std::string_view::npos ? "" : trim(text.substr(1, close - 1));
        if (name.empty() || !trim(text.substr(close + 1)).empty()) {
            throw error(number, fmt::format("'{}'", inf_excerpt(text)),
                        "a section's name alone in its line, as [Version]");
        }
        const auto [entry, is_new] = by_name_.try_emplace(inf_lower(name), sections_.size());
        if (is_new) sections_.push_back({std::string(name), number, {}});
        current_ = entry->second + 1;
        return;
    }
    if (current_ == 0) {
        throw error(number, fmt::format("'{}' before the first section", inf_excerpt(text)),
                    "a section such as [Version]");
    }
    InfLine line;
    line.number = number;
    std::string_view rest = text;
    if (const size_t equals = find_unquoted(text, '='); equals != std::string_view::npos) {
        line.key = unquoted(text.substr(0, equals));
        rest = text.substr(equals + 1);
        if (line.key.empty()) throw error(number, fmt::format("'{}'", inf_excerpt(text)), "a name before '='");
    }
    for (size_t at = 0;;) {
        const size_t comma = find_unquoted(rest, ',', at);
        if (line.values.size() == kMaxInfValues) {
            throw error(number, "one more value in this line", fmt::format("at most {}", kMaxInfValues));
        }
        line.values.push_back(unquoted(rest.substr(at, comma == std::string_view::npos ? comma : comma - at)));
        if (comma == std::string_view::npos) break;
        at = comma + 1;
    }
    sections_[current_ - 1].lines.push_back(std::move(line));
}

void InfFile::put_strings_in() {
    std::map<std::string, std::string> strings;
    for (const std::string_view name : kStringSections) {
        const InfSection* found = section(name);
        if (found == nullptr) continue;
        for (const InfLine& line : found->lines) {
            // A comma outside quotes is part of the text here.
            std::string text;
            for (size_t i = 0; i < line.values.size(); ++i)
                text += (i ? "," : "") + line.values[i];
            if (!line.key.empty()) strings.try_emplace(inf_lower(line.key), std::move(text)); // the first section wins
        }
    }
    size_t total = 0;
    const auto expand = [&](std::string& text, unsigned number) {
        if (text.find('%') == std::string::npos) return;
        std::string out;
        for (size_t i = 0; i < text.size(); ++i) {
            const size_t close = text[i] == '%' ? text.find('%', i + 1) : std::string::npos;
            if (close == std::string::npos) {
                out += text[i];
                continue;
            }
            const std::string token = text.substr(i + 1, close - i - 1);
            const auto found = strings.find(inf_lower(token));
            if (token.empty()) {
                out += '%'; // "%%"
            } else if (found != strings.end()) {
                out += found->second;
            } else {
                out += text.substr(i, close - i + 1); // a dirid, or a string nobody defined
                const bool dirid = token.find_first_not_of("0123456789") == std::string::npos;
                const bool name = token.find_first_of(" \\/,;\"") == std::string::npos;
                if (!dirid && name) undefined_.try_emplace(token, number);
            }
            i = close;
        }
        total += out.size();
        if (total > kMaxInfExpanded) {
            throw error(number, "more text than fits once %strings% are put in",
                        fmt::format("at most {} bytes", kMaxInfExpanded));
        }
        text = std::move(out);
    };
    for (InfSection& s : sections_) {
        if (inf_lower(s.name).rfind("strings", 0) == 0) continue;
        for (InfLine& line : s.lines) {
            expand(line.key, line.number);
            for (std::string& value : line.values)
                expand(value, line.number);
        }
    }
}

InfFile InfFile::parse(ByteView bytes, std::string name) {
    InfFile inf;
    inf.name_ = std::move(name);
    const std::string text = decode_inf_text(bytes, inf.name_);
    std::string joined;
    unsigned number = 0;
    unsigned began = 0; // line a continued one began at; 0: none is under way
    for (size_t at = 0; at < text.size();) {
        const size_t end = std::min(text.find('\n', at), text.size());
        ++number;
        bool continued = false;
        const std::string_view line = without_comment(std::string_view(text).substr(at, end - at), continued);
        at = end + 1;
        if (began == 0) began = number;
        joined += line;
        if (joined.size() > kMaxInfJoined) {
            throw inf.error(began, "a line that goes on and on", fmt::format("at most {} bytes", kMaxInfJoined));
        }
        if (continued && at < text.size()) continue;
        const std::string_view whole = trim(joined);
        if (!whole.empty()) inf.add_line(whole, began);
        joined.clear();
        began = 0;
    }
    if (inf.sections_.empty())
        throw inf.error(std::max(number, 1u), "the end of the file", "a section such as [Version]");
    inf.put_strings_in();
    return inf;
}

} // namespace mpulab
