// SPDX-License-Identifier: MIT
#include "archive.hpp"

namespace nanont {
namespace {

// newc: "070701" or "070702", then 13 fields of 8 hex digits; name and content are padded to 4 bytes.
constexpr size_t kHeaderSize = 110;
constexpr size_t kSizeField = 6 + 6 * 8;
constexpr size_t kNameSizeField = 6 + 11 * 8;

bool read_hex(const uint8_t* digits, uint32_t& value) {
    value = 0;
    for (int i = 0; i < 8; ++i) {
        const uint8_t c = digits[i];
        uint32_t digit = 0;
        if (c >= '0' && c <= '9') {
            digit = c - static_cast<uint32_t>('0');
        } else if (c >= 'a' && c <= 'f') {
            digit = c - static_cast<uint32_t>('a') + 10;
        } else if (c >= 'A' && c <= 'F') {
            digit = c - static_cast<uint32_t>('A') + 10;
        } else {
            return false;
        }
        value = value << 4 | digit;
    }
    return true;
}

constexpr size_t padded(size_t size) {
    return (size + 3) & ~size_t{3};
}

bool broken(Defect& defect, const char* field, uint64_t value, const char* expected) {
    defect = {field, value, expected};
    return false;
}

} // namespace

bool Archive::next(size_t& offset, ArchiveEntry& entry, Defect& defect) const {
    defect = {};
    if (!bytes_.holds(offset, kHeaderSize)) {
        return broken(defect, "archive offset", offset, "an entry header of 110 bytes or the trailer");
    }
    const uint8_t* header = bytes_.data + offset;
    if (__builtin_memcmp(header, "07070", 5) != 0 || (header[5] != '1' && header[5] != '2')) {
        return broken(defect, "archive magic at offset", offset, "070701 (cpio -H newc)");
    }
    uint32_t size = 0;
    uint32_t name_size = 0;
    if (!read_hex(header + kSizeField, size) || !read_hex(header + kNameSizeField, name_size)) {
        return broken(defect, "archive entry at offset", offset, "sizes of 8 hex digits");
    }
    if (name_size == 0 || name_size > kMaxName + 1) {
        return broken(defect, "archive name size", name_size, "1..256");
    }
    if (!bytes_.holds(offset + kHeaderSize, name_size) || header[kHeaderSize + name_size - 1] != 0) {
        return broken(defect, "archive name at offset", offset, "a name inside the archive, ended by 0");
    }
    const size_t content = padded(offset + kHeaderSize + name_size);
    entry.name = reinterpret_cast<const char*>(header + kHeaderSize);
    if (entry.name[0] == '.' && entry.name[1] == '/') {
        entry.name += 2;
    }
    if (equal_ignoring_case(entry.name, "TRAILER!!!")) {
        return false;
    }
    if (!bytes_.holds(content, size)) {
        return broken(defect, "archive entry size", size, "no more than what is left of the archive");
    }
    entry.content = bytes_.part(content, size);
    offset = padded(content + size);
    return true;
}

bool Archive::find(const char* name, ArchiveEntry& entry, Defect& defect) const {
    size_t offset = 0;
    for (size_t i = 0; i < kMaxEntries; ++i) {
        if (!next(offset, entry, defect)) {
            return false;
        }
        if (equal_ignoring_case(entry.name, name)) {
            return true;
        }
    }
    return broken(defect, "archive entries", kMaxEntries, "no more than 64");
}

bool find_setting(ConstBytes text, const char* key, char* out, size_t room) {
    const size_t key_length = string_length(key);
    const auto separates = [](uint8_t c) { return c == '\n' || c == '\r' || c == ' ' || c == '\t' || c == 0; };
    size_t at = 0;
    while (at < text.size) {
        size_t end = at;
        while (end < text.size && !separates(text.data[end])) {
            ++end;
        }
        if (end - at > key_length && text.data[at + key_length] == '=' &&
            __builtin_memcmp(text.data + at, key, key_length) == 0) {
            const size_t length = end - at - key_length - 1;
            if (length >= room) {
                return false;
            }
            __builtin_memcpy(out, text.data + at + key_length + 1, length);
            out[length] = '\0';
            return true;
        }
        at = end + 1;
    }
    return false;
}

bool next_setting(ConstBytes text, size_t& offset, const char* key, char* out, size_t room) {
    const size_t key_length = string_length(key);
    while (offset < text.size) {
        const size_t begin = offset;
        size_t end = begin;
        while (end < text.size && text.data[end] != '\n') {
            ++end;
        }
        offset = end + 1;
        while (end > begin && (text.data[end - 1] == '\r' || text.data[end - 1] == ' ')) {
            --end;
        }
        const size_t head = key_length + 1;
        if (end - begin <= key_length || text.data[begin + key_length] != '=' ||
            __builtin_memcmp(text.data + begin, key, key_length) != 0 || end - begin - head >= room) {
            continue;
        }
        const size_t length = end - begin - head;
        __builtin_memcpy(out, text.data + begin + head, length);
        out[length] = '\0';
        if (string_length(out) == length) { // no zero inside
            return true;
        }
    }
    return false;
}

bool parse_number(const char* text, uint64_t& value) {
    unsigned base = 10;
    if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
        base = 16;
        text += 2;
    }
    value = 0;
    if (*text == '\0') {
        return false;
    }
    for (; *text != '\0'; ++text) {
        const char c = ascii_lower(*text);
        unsigned digit = 0;
        if (c >= '0' && c <= '9') {
            digit = static_cast<unsigned>(c - '0');
        } else if (c >= 'a' && c <= 'f') {
            digit = static_cast<unsigned>(c - 'a') + 10;
        } else {
            return false;
        }
        if (digit >= base || value > (UINT64_MAX - digit) / base) {
            return false;
        }
        value = value * base + digit;
    }
    return true;
}

} // namespace nanont
