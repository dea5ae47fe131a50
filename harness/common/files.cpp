// SPDX-License-Identifier: MIT
#include "common/files.hpp"

#include "common/error.hpp"

#include <atomic>
#include <cerrno>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace mpulab {
namespace {

ByteView bytes_of(std::string_view text) {
    return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

} // namespace

void FileDescriptor::reset(int fd) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = fd;
}

std::string errno_text(int code) {
    return std::generic_category().message(code);
}

Bytes read_file(const std::filesystem::path& path, size_t limit, std::string_view what) {
    const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)); // a FIFO must not hang us
    if (!file) {
        throw Error(fmt::format("cannot read {} {}: {}", what, path.string(), errno_text(errno)),
                    "check the path and its permissions");
    }
    struct stat status {};
    if (::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
        throw Error(fmt::format("cannot read {} {}: not a regular file", what, path.string()), "name a file");
    }
    if (static_cast<uint64_t>(status.st_size) > limit) {
        throw Error(fmt::format("{} {} has {} bytes, at most {} are taken", what, path.string(), status.st_size, limit),
                    "use a smaller file");
    }
    Bytes bytes(static_cast<size_t>(status.st_size));
    size_t have = 0;
    while (have < bytes.size()) {
        const ssize_t got = ::read(file.get(), bytes.data() + have, bytes.size() - have);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) {
            throw Error(fmt::format("cannot read {} {}: {}", what, path.string(), errno_text(errno)),
                        "check the disk it is on");
        }
        if (got == 0) break; // it shrank under us: what is there is what counts
        have += static_cast<size_t>(got);
    }
    bytes.resize(have);
    return bytes;
}

void write_all(int fd, ByteView bytes, const std::filesystem::path& path) {
    while (!bytes.empty()) {
        const ssize_t put = ::write(fd, bytes.data(), bytes.size());
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) {
            throw Error(fmt::format("cannot write {}: {}", path.string(), errno_text(errno)),
                        errno == ENOSPC || errno == EDQUOT ? "free some space there, or name another folder with --out"
                                                           : "check the folder, or name another one with --out");
        }
        bytes = bytes.subspan(static_cast<size_t>(put));
    }
}

void write_file(const std::filesystem::path& path, ByteView bytes) {
    const FileDescriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (!file) {
        throw Error(fmt::format("cannot create {}: {}", path.string(), errno_text(errno)),
                    "check the folder, or name another one with --out");
    }
    write_all(file.get(), bytes, path);
}

void write_file(const std::filesystem::path& path, std::string_view text) {
    write_file(path, bytes_of(text));
}

void write_whole_file(const std::filesystem::path& path, ByteView bytes) {
    static std::atomic<unsigned> number = 0;
    const std::filesystem::path fresh = path.string() + fmt::format(".{}-{}.new", ::getpid(), ++number);
    std::error_code failure;
    try {
        write_file(fresh, bytes);
    } catch (const Error&) {
        std::filesystem::remove(fresh, failure);
        throw;
    }
    std::filesystem::rename(fresh, path, failure);
    if (failure) {
        throw Error(fmt::format("cannot make {}: {}", path.string(), failure.message()),
                    "check the folder, or name another one");
    }
}

void write_whole_file(const std::filesystem::path& path, std::string_view text) {
    write_whole_file(path, bytes_of(text));
}

void create_folders(const std::filesystem::path& path) {
    std::error_code failure;
    std::filesystem::create_directories(path, failure);
    if (failure) {
        throw Error(fmt::format("cannot create folder {}: {}", path.string(), failure.message()),
                    "check the path, or name another folder with --out");
    }
}

} // namespace mpulab
