// SPDX-License-Identifier: MIT
// The text form of an INF, read from hostile bytes: sections, lines, values; knows nothing of what they mean.
// ("General Syntax Rules for INF Files", learn.microsoft.com.)
#pragma once

#include "common/bytes.hpp"
#include "common/error.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace mpulab {

/// One entry: "key=value,value" or "value,value". %strings% are already put in.
struct InfLine {
    unsigned number = 0; // in the file, from 1; of a continued line its first
    std::string key;     // empty: the line has none
    std::vector<std::string> values;

    /// The n-th value; empty when there are fewer.
    const std::string& value(size_t n) const;
};

struct InfSection {
    std::string name; // as it is first written
    unsigned number = 0;
    std::vector<InfLine> lines;

    /// First line with this key, in any case; nullptr: none.
    const InfLine* find(std::string_view key) const;
    /// All values of all lines with this key, in order.
    std::vector<std::string> all(std::string_view key) const;
};

class InfFile {
  public:
    /// Throws Error("file:line: what was seen; expected what").
    static InfFile parse(ByteView bytes, std::string name);

    const std::string& name() const { return name_; }
    /// Section of that name, in any case; nullptr: none. Sections of one name are one section.
    const InfSection* section(std::string_view name) const;
    const std::vector<InfSection>& sections() const { return sections_; }
    /// %tokens% that no [Strings] section defines, with their first line.
    const std::map<std::string, unsigned>& undefined_strings() const { return undefined_; }

    /// An error at a line of this file.
    Error error(unsigned line, std::string_view seen, std::string_view expected) const;

  private:
    void add_line(std::string_view text, unsigned number);
    void put_strings_in();

    std::string name_;
    std::vector<InfSection> sections_;
    std::map<std::string, size_t> by_name_; // lower-case name → index
    std::map<std::string, unsigned> undefined_;
    size_t current_ = 0; // index of the section under way + 1
    size_t lines_ = 0;
};

// What a file may have; no real one comes near.
inline constexpr size_t kMaxInfLines = 200'000;
inline constexpr size_t kMaxInfValues = 4096;        // of one line
inline constexpr size_t kMaxInfExpanded = 32u << 20; // bytes of text after %strings% are put in
inline constexpr size_t kMaxInfJoined = 1u << 20;    // bytes of a continued line

/// A piece of a file as an error shows it: one line, no control characters, not long.
std::string inf_excerpt(std::string_view text);
std::string inf_lower(std::string_view text);

} // namespace mpulab
