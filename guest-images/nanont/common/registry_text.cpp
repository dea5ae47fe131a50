// SPDX-License-Identifier: MIT
#include "registry_text.hpp"

namespace nanont {
namespace {

constexpr char kHeader[] = "Windows Registry Editor Version 5.00";
constexpr uint32_t kString = 1, kBinary = 3, kDword = 4;

int hex_digit(uint8_t c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    const char lower = ascii_lower(static_cast<char>(c));
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

} // namespace

bool RegistryText::wrong(Defect& defect, const char* expected) const {
    defect = {"registry.reg line", line_, expected};
    return false;
}

bool RegistryText::at_end_of_line() const {
    return at_ >= text_.size || text_.data[at_] == '\n' || text_.data[at_] == '\r';
}

bool RegistryText::take(char wanted) {
    if (at_ >= text_.size || text_.data[at_] != static_cast<uint8_t>(wanted)) {
        return false;
    }
    ++at_;
    return true;
}

bool RegistryText::take_text(const char* wanted) {
    const size_t length = string_length(wanted);
    if (!text_.holds(at_, length) || __builtin_memcmp(text_.data + at_, wanted, length) != 0) {
        return false;
    }
    at_ += length;
    return true;
}

void RegistryText::skip_blanks() {
    while (at_ < text_.size && (text_.data[at_] == ' ' || text_.data[at_] == '\t')) {
        ++at_;
    }
}

/// Over blanks and the line's end. False: something else stands there.
bool RegistryText::skip_to_next_line() {
    skip_blanks();
    if (!at_end_of_line()) {
        return false;
    }
    if (at_ < text_.size) {
        take('\r');
        take('\n');
        ++line_;
    }
    return true;
}

/// One character of UTF-8, the shortest form, no surrogates.
bool RegistryText::decode(uint32_t& code_point) {
    const uint8_t first = text_.data[at_];
    const size_t more = first < 0x80 ? 0 : (first & 0xe0) == 0xc0 ? 1 : (first & 0xf0) == 0xe0 ? 2 : 3;
    if (first >= 0x80 && (first < 0xc2 || first > 0xf4)) {
        return false;
    }
    if (!text_.holds(at_, more + 1)) {
        return false;
    }
    static constexpr uint8_t kFirstBits[] = {0x7f, 0x1f, 0x0f, 0x07};
    static constexpr uint32_t kLeast[] = {0, 0x80, 0x800, 0x10000};
    code_point = first & kFirstBits[more];
    for (size_t i = 1; i <= more; ++i) {
        const uint8_t next = text_.data[at_ + i];
        if ((next & 0xc0) != 0x80) {
            return false;
        }
        code_point = code_point << 6 | (next & 0x3fu);
    }
    if (code_point < kLeast[more] || code_point > 0x10ffff || (code_point >= 0xd800 && code_point <= 0xdfff)) {
        return false;
    }
    at_ += more + 1;
    return true;
}

bool RegistryText::append(uint32_t code_point, char16_t* out, size_t room, size_t& length) const {
    const size_t units = code_point > 0xffff ? 2 : 1;
    if (units > room - length) {
        return false;
    }
    if (units == 2) {
        out[length++] = static_cast<char16_t>(0xd7c0 + (code_point >> 10));
        out[length++] = static_cast<char16_t>(0xdc00 + (code_point & 0x3ff));
    } else {
        out[length++] = static_cast<char16_t>(code_point);
    }
    return true;
}

bool RegistryText::next(RegistryItem& item, Defect& defect) {
    defect = {};
    item = {};
    if (ended_) {
        return false;
    }
    ended_ = true; // unless an item is found
    if (!has_header_) {
        take_text("\xef\xbb\xbf");
    }
    while (at_ < text_.size) {
        skip_blanks();
        if (at_end_of_line()) {
            skip_to_next_line();
            continue;
        }
        if (!has_header_) {
            if (!take_text(kHeader) || !skip_to_next_line()) {
                return wrong(defect, "\"Windows Registry Editor Version 5.00\" before anything else");
            }
            has_header_ = true;
            continue;
        }
        if (text_.data[at_] == ';') {
            while (!at_end_of_line()) {
                ++at_;
            }
            continue;
        }
        item.line = line_;
        const bool good = text_.data[at_] == '[' ? read_key(item, defect) : read_value(item, defect);
        if (!good) {
            return false;
        }
        if (!skip_to_next_line()) {
            return wrong(defect, "nothing behind a key's ']' or a value's data");
        }
        ended_ = false;
        return true;
    }
    return has_header_ ? false : wrong(defect, "\"Windows Registry Editor Version 5.00\" before anything else");
}

/// "[PATH]": a path may hold brackets of its own, so its end is the line's last one.
bool RegistryText::read_key(RegistryItem& item, Defect& defect) {
    ++at_;
    item.kind = take('-') ? RegistryItem::Kind::DeleteKey : RegistryItem::Kind::Key;
    size_t end = at_;
    while (end < text_.size && text_.data[end] != '\n' && text_.data[end] != '\r') {
        ++end;
    }
    while (end > at_ && text_.data[end - 1] != ']') {
        --end;
    }
    if (end == at_) {
        return wrong(defect, "a key's path between [ and ]");
    }
    while (at_ + 1 < end) {
        uint32_t code_point = 0;
        if (!decode(code_point) || code_point == 0) {
            return wrong(defect, "UTF-8");
        }
        if (!append(code_point, room_.name, kMaxPath, item.name_length)) {
            return wrong(defect, "a key's path of 1024 characters at most");
        }
    }
    if (at_ + 1 != end) { // a character that begins before the bracket must end before it
        return wrong(defect, "UTF-8");
    }
    at_ = end;
    if (item.name_length == 0) {
        return wrong(defect, "a key's path between [ and ]");
    }
    item.name = room_.name;
    has_key_ = item.kind == RegistryItem::Kind::Key;
    return true;
}

bool RegistryText::read_quoted(char16_t* out, size_t room, size_t& length, Defect& defect) {
    ++at_;
    for (;;) {
        if (at_end_of_line()) {
            return wrong(defect, "a \" at the string's end, on the same line");
        }
        if (take('"')) {
            return true;
        }
        uint32_t code_point = 0;
        if (take('\\')) {
            if (at_ >= text_.size || (text_.data[at_] != '\\' && text_.data[at_] != '"')) {
                return wrong(defect, "\\\\ or \\\" inside a string");
            }
        }
        if (!decode(code_point) || code_point == 0) {
            return wrong(defect, "UTF-8");
        }
        if (!append(code_point, out, room, length)) {
            return wrong(defect, "a name of 1024 characters, a string of 32767 at most");
        }
    }
}

bool RegistryText::read_value(RegistryItem& item, Defect& defect) {
    item.kind = RegistryItem::Kind::Value;
    item.name = room_.name;
    if (!has_key_) {
        return wrong(defect, "a [KEY] before its values");
    }
    if (text_.data[at_] == '"') {
        if (!read_quoted(room_.name, kMaxPath, item.name_length, defect)) {
            return false;
        }
    } else if (!take('@')) {
        return wrong(defect, "[KEY], \"name\"=..., @=... or a comment after ;");
    }
    skip_blanks();
    if (!take('=')) {
        return wrong(defect, "= behind a value's name");
    }
    skip_blanks();
    return read_data(item, defect);
}

bool RegistryText::read_data(RegistryItem& item, Defect& defect) {
    item.data = room_.data;
    if (take('-')) {
        item.kind = RegistryItem::Kind::DeleteValue;
        return true;
    }
    if (at_ < text_.size && text_.data[at_] == '"') {
        auto* units = reinterpret_cast<char16_t*>(room_.data);
        size_t length = 0;
        if (!read_quoted(units, kMaxData / sizeof(char16_t) - 1, length, defect)) {
            return false;
        }
        units[length] = 0;
        item.type = kString;
        item.size = (length + 1) * sizeof(char16_t);
        return true;
    }
    uint32_t number = 0;
    if (take_text("dword:")) {
        if (!read_hex(8, number)) {
            return wrong(defect, "1 to 8 hexadecimal digits behind dword:");
        }
        item.type = kDword;
        item.size = sizeof(number);
        __builtin_memcpy(room_.data, &number, sizeof(number));
        return true;
    }
    if (take_text("hex:")) {
        item.type = kBinary;
        return read_hex_bytes(item, defect);
    }
    if (take_text("hex(")) {
        if (!read_hex(8, number) || !take(')') || !take(':')) {
            return wrong(defect, "hex(TYPE): with a hexadecimal type");
        }
        item.type = number;
        return read_hex_bytes(item, defect);
    }
    return wrong(defect, "\"text\", dword:, hex:, hex(TYPE): or - behind =");
}

bool RegistryText::read_hex(size_t most_digits, uint32_t& value) {
    value = 0;
    size_t digits = 0;
    int digit = 0;
    while (at_ < text_.size && (digit = hex_digit(text_.data[at_])) >= 0) {
        if (++digits > most_digits) {
            return false;
        }
        value = value << 4 | static_cast<uint32_t>(digit);
        ++at_;
    }
    return digits != 0;
}

/// "01,02,\" and on on the next line; no byte at all is data of no bytes.
bool RegistryText::read_hex_bytes(RegistryItem& item, Defect& defect) {
    skip_blanks();
    if (at_end_of_line()) {
        return true;
    }
    for (;;) {
        skip_blanks();
        if (take('\\')) {
            if (at_ >= text_.size || !skip_to_next_line()) {
                return wrong(defect, "a line that goes on behind its \\");
            }
            continue;
        }
        uint32_t byte = 0;
        if (!read_hex(2, byte)) {
            return wrong(defect, "bytes of two hexadecimal digits, with commas");
        }
        if (item.size == kMaxData) {
            return wrong(defect, "data of 65536 bytes at most");
        }
        room_.data[item.size++] = static_cast<uint8_t>(byte);
        skip_blanks();
        if (!take(',')) {
            return true;
        }
    }
}

} // namespace nanont
