// SPDX-License-Identifier: MIT
// Whole files in and out, with errors that name the file and the reason.
#pragma once

#include "common/bytes.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace mpulab {

/// Owns a file descriptor.
class FileDescriptor {
  public:
    FileDescriptor() = default;
    explicit FileDescriptor(int fd) : fd_(fd) {}
    FileDescriptor(FileDescriptor&& other) noexcept : fd_(other.release()) {}
    FileDescriptor& operator=(FileDescriptor&& other) noexcept {
        reset(other.release());
        return *this;
    }
    FileDescriptor(const FileDescriptor&) = delete;
    FileDescriptor& operator=(const FileDescriptor&) = delete;
    ~FileDescriptor() { reset(); }

    int get() const { return fd_; }
    explicit operator bool() const { return fd_ >= 0; }
    int release() {
        const int fd = fd_;
        fd_ = -1;
        return fd;
    }
    void reset(int fd = -1);

  private:
    int fd_ = -1;
};

/// The text of errno `code`.
std::string errno_text(int code);

/// Reads a regular file of at most `limit` bytes. Throws Error naming `what` ("MIDI file") and the path.
Bytes read_file(const std::filesystem::path& path, size_t limit, std::string_view what);

/// Writes (creates, truncates) a file. Throws Error naming the path; a full disk is said to be one.
void write_file(const std::filesystem::path& path, ByteView bytes);
void write_file(const std::filesystem::path& path, std::string_view text);

/// The same, all or nothing: on a full disk no half document is left, and what stood there before stays. Any number of
/// threads and processes may write the same file: one of them wins.
void write_whole_file(const std::filesystem::path& path, ByteView bytes);
void write_whole_file(const std::filesystem::path& path, std::string_view text);

/// Creates a folder and those above it. Throws Error naming it.
void create_folders(const std::filesystem::path& path);

/// Writes all of `bytes` to `fd`; throws Error naming `path`.
void write_all(int fd, ByteView bytes, const std::filesystem::path& path);

} // namespace mpulab
