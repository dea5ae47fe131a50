// SPDX-License-Identifier: MIT
#include "common/file_hash.hpp"

#include "common/error.hpp"
#include "common/files.hpp"
#include "link/log_writer.hpp"

#include <cerrno>
#include <fcntl.h>
#include <fmt/format.h>
#include <map>
#include <mutex>
#include <sys/stat.h>
#include <unistd.h>

namespace mpulab {
namespace {

constexpr size_t kPiece = 1u << 18;

/// What tells one state of a file from another.
struct State {
    int64_t size, seconds, nanoseconds;
    auto operator<=>(const State&) const = default;
};

} // namespace

std::string file_sha256(const std::filesystem::path& path, const char* what) {
    const auto fail = [&](const char* verb) -> Error {
        return Error(fmt::format("cannot {} {} {}: {}", verb, what, path.string(), errno_text(errno)),
                     "check the path and that you may read it");
    };
    const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat status {};
    if (!file || ::fstat(file.get(), &status) != 0) throw fail("open");
    const State state{status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec};

    static std::mutex mutex;
    static std::map<std::pair<std::string, State>, std::string> known;
    const std::lock_guard lock(mutex); // two that ask at once read it once
    std::string& hash = known[{path.string(), state}];
    if (!hash.empty()) return hash;
    Sha256 sum;
    Bytes piece(kPiece);
    for (;;) {
        const ssize_t got = ::read(file.get(), piece.data(), piece.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) throw fail("read");
        if (got == 0) break;
        sum.update({piece.data(), static_cast<size_t>(got)});
    }
    return hash = sum.hex();
}

} // namespace mpulab
