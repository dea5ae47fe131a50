// SPDX-License-Identifier: MIT
// Stores the link as it comes: the event log is header and records exactly as received, and its hash.
#pragma once

#include "common/bytes.hpp"
#include "common/files.hpp"

#include <filesystem>
#include <memory>
#include <string>

struct evp_md_ctx_st;

namespace mpulab {

/// SHA-256, fed in pieces.
class Sha256 {
  public:
    Sha256();
    void update(ByteView bytes);
    /// 64 lower-case hex digits; call once, at the end.
    std::string hex();

  private:
    struct Free {
        void operator()(evp_md_ctx_st* context) const;
    };
    std::unique_ptr<evp_md_ctx_st, Free> context_;
};

std::string sha256_hex(ByteView bytes);

/// Bytes of the longest log that is kept: 26 million records, an hour of a song at full wire rate both ways. A driver
/// that makes records for ever would else fill the disk.
inline constexpr uint64_t kMostLogBytes = 2ull << 30;

class LogWriter {
  public:
    /// Creates the file anew. `most_bytes`: of all that is appended. Throws Error.
    explicit LogWriter(std::filesystem::path path, uint64_t most_bytes = kMostLogBytes);
    /// Throws Error; a full disk and a log beyond its bound are named as such, and what was written before stays
    /// readable.
    void append(ByteView bytes);
    /// The hash of what was written; empty when that is nothing. Call once, at the end.
    std::string finish() { return size_ == 0 ? "" : hash_.hex(); }
    const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
    FileDescriptor file_;
    Sha256 hash_;
    uint64_t size_ = 0;
    uint64_t most_bytes_;
};

} // namespace mpulab
