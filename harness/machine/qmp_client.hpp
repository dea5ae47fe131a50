// SPDX-License-Identifier: MIT
// A monitor of QEMU's of our own, beside libvirt's: a command over it costs a tenth of a millisecond, over libvirt
// three (measured), and a run in a warm machine needs five.
#pragma once

#include "common/files.hpp"

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

namespace mpulab {

class QmpClient {
  public:
    QmpClient() = default;
    /// Connects to the unix socket and greets. Throws Error.
    explicit QmpClient(const std::filesystem::path& socket);
    /// The same over a socket that QEMU has the other end of.
    explicit QmpClient(FileDescriptor socket);

    /// A command and what it returns. Throws Error with QEMU's reason, when QEMU is gone, or silent for ten seconds.
    nlohmann::json execute(const char* command, const nlohmann::json& arguments = nullptr);

    /// Only sends it. Its answer is taken before that of the next execute(), or by settle().
    void send(const char* command, const nlohmann::json& arguments = nullptr);
    /// Takes the answers to what was only sent; throws Error as execute().
    void settle();

  private:
    nlohmann::json receive();
    std::string line();

    FileDescriptor socket_;
    std::string received_; // not yet taken
    unsigned unanswered_ = 0;
};

} // namespace mpulab
