// SPDX-License-Identifier: MIT
#include "machine/unix_socket.hpp"

#include "common/error.hpp"

#include <algorithm>
#include <cerrno>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>

namespace mpulab {
namespace {

using Attach = int (*)(int, const sockaddr*, socklen_t); // bind or connect

FileDescriptor attached(const std::filesystem::path& path, Attach attach, const char* verb) {
    const std::string text = path.string();
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (text.size() >= sizeof address.sun_path) {
        throw Error(fmt::format("the socket path {} is too long: {} characters, at most {}", text, text.size(),
                                sizeof address.sun_path - 1),
                    "set MPULAB_RUNTIME_DIR to a short path, such as /tmp/m");
    }
    std::copy(text.begin(), text.end(), address.sun_path);
    FileDescriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!socket || attach(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
        throw Error(fmt::format("cannot {} {}: {}", verb, text, errno_text(errno)),
                    "set MPULAB_RUNTIME_DIR to a short path you can write to, and run again");
    }
    return socket;
}

} // namespace

FileDescriptor listen_at(const std::filesystem::path& path) {
    FileDescriptor listener = attached(path, ::bind, "make a socket at");
    if (::listen(listener.get(), 1) != 0)
        throw Error(fmt::format("cannot listen at {}: {}", path.string(), errno_text(errno)), "close some files");
    return listener;
}

FileDescriptor connect_to(const std::filesystem::path& path) {
    return attached(path, ::connect, "connect to");
}

} // namespace mpulab
