// SPDX-License-Identifier: MIT
// registry.reg: what a package's INF would have put into the registry, in the text format that Windows' own editor
// writes ("Windows Registry Editor Version 5.00"), here as UTF-8. It comes from outside: every length has a bound, and
// the first line that is wrong ends the walk with its number.
#ifndef NANONT_COMMON_REGISTRY_TEXT_HPP
#define NANONT_COMMON_REGISTRY_TEXT_HPP

#include "archive.hpp"

namespace nanont {

/// One thing the text asks for.
struct RegistryItem {
    enum class Kind {
        Key,        // [PATH]: make it; values that follow are its own
        DeleteKey,  // [-PATH]
        Value,      // "name"=..., @=...
        DeleteValue // "name"=-
    };
    Kind kind = Kind::Key;
    const char16_t* name = nullptr; // the key's whole path, the value's name ("": the default value)
    size_t name_length = 0;
    uint32_t type = 0; // REG_SZ 1, REG_EXPAND_SZ 2, REG_BINARY 3, REG_DWORD 4, REG_MULTI_SZ 7, REG_QWORD 11, ...
    const uint8_t* data = nullptr; // as the registry stores it: strings in UTF-16 with their zero
    size_t size = 0;
    size_t line = 0; // where it begins
};

class RegistryText {
  public:
    static constexpr size_t kMaxPath = 1024; // UTF-16 units, of a key's path or a value's name
    static constexpr size_t kMaxData = 64 << 10;

    /// Where the item under the walk lies; about 66 KB, so not on a kernel stack.
    struct Room {
        char16_t name[kMaxPath];
        uint8_t data[kMaxData];
    };

    RegistryText(ConstBytes text, Room& room) : text_(text), room_(room) {}

    /// The next item; it is valid until the next call. False: at the end (defect.field null), or at a line that is
    /// wrong: "registry.reg line" is its number, and nothing after it is read.
    bool next(RegistryItem& item, Defect& defect);

  private:
    bool wrong(Defect& defect, const char* expected) const;
    bool at_end_of_line() const;
    bool take(char wanted);
    bool take_text(const char* wanted);
    void skip_blanks();
    bool skip_to_next_line();
    bool decode(uint32_t& code_point);
    bool append(uint32_t code_point, char16_t* out, size_t room, size_t& length) const;
    bool read_key(RegistryItem& item, Defect& defect);
    bool read_value(RegistryItem& item, Defect& defect);
    bool read_quoted(char16_t* out, size_t room, size_t& length, Defect& defect);
    bool read_data(RegistryItem& item, Defect& defect);
    bool read_hex_bytes(RegistryItem& item, Defect& defect);
    bool read_hex(size_t most_digits, uint32_t& value);

    ConstBytes text_;
    Room& room_;
    size_t at_ = 0;
    size_t line_ = 1;
    bool has_header_ = false;
    bool has_key_ = false;
    bool ended_ = false;
};

} // namespace nanont

#endif
