// SPDX-License-Identifier: MIT
// The archive of modules a machine is started with: cpio, format "newc", as `cpio -H newc` and the harness write it.
// It comes from outside: every size is checked, and a broken entry ends the search with its reason.
#ifndef NANONT_COMMON_ARCHIVE_HPP
#define NANONT_COMMON_ARCHIVE_HPP

#include "bytes.hpp"

namespace nanont {

/// What is wrong with something that was read: "<field> is <value>, expected <expected>".
struct Defect {
    const char* field = nullptr;
    uint64_t value = 0;
    const char* expected = nullptr;
};

struct ArchiveEntry {
    const char* name = nullptr; // zero-terminated inside the archive
    ConstBytes content;
};

class Archive {
  public:
    static constexpr size_t kMaxEntries = 64;
    static constexpr size_t kMaxName = 255;

    Archive() = default;
    explicit Archive(ConstBytes bytes) : bytes_(bytes) {}

    /// The entry called `name` (case of ASCII letters ignored; a leading "./" in the archive too).
    /// False: not there (defect.field is null) or the archive is broken before it (defect says how).
    bool find(const char* name, ArchiveEntry& entry, Defect& defect) const;

    /// Walks on: `offset` starts at 0. False at the trailer (defect.field null) or at a defect.
    bool next(size_t& offset, ArchiveEntry& entry, Defect& defect) const;

  private:
    ConstBytes bytes_;
};

/// The value of `key` in "key=value" lines (boot.cfg, a command line with spaces for newlines); copied to `out`,
/// zero-terminated. False: the key is not there, or its value does not fit into `room` bytes.
bool find_setting(ConstBytes text, const char* key, char* out, size_t room);

/// The value of the next line "key=value" behind `offset`, which moves on behind it; a line ends at LF or CR LF, so
/// values may hold spaces. False: there is no further one whose value fits into `room` bytes, zero included.
bool next_setting(ConstBytes text, size_t& offset, const char* key, char* out, size_t room);

/// A number as C writes it (0x330, 7), the whole of `text`.
bool parse_number(const char* text, uint64_t& value);

} // namespace nanont

#endif
