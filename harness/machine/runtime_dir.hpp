// SPDX-License-Identifier: MIT
// One private folder per run for sockets and libvirt's embedded driver; and the sweep of what killed runs left.
#pragma once

#include "common/files.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace mpulab {

class RuntimeDir {
  public:
    /// Sweeps the leftovers of dead runs, then makes a new folder (0700) below `base`, held by a file lock that dies
    /// with this process. Throws Error.
    static RuntimeDir create(const std::filesystem::path& base);
    /// $MPULAB_RUNTIME_DIR, else below $XDG_RUNTIME_DIR, else /tmp/mpulab-<uid>: short, since socket paths are.
    static std::filesystem::path default_base();
    /// Where libvirt keeps what it found out about a QEMU: shared by all runs, or each would probe for seconds.
    static std::filesystem::path capability_cache();

    RuntimeDir(RuntimeDir&&) noexcept = default;
    RuntimeDir& operator=(RuntimeDir&&) = delete;
    /// Removes the folder.
    ~RuntimeDir();

    const std::filesystem::path& path() const { return path_; }
    std::filesystem::path link_socket() const { return path_ / "link"; }
    std::filesystem::path gdb_socket() const { return path_ / "gdb"; }

    /// Lays out what `qemu:///embed?root=` wants: qemu.conf and the shared cache. Returns the URI.
    std::string prepare_embedded_libvirt() const;
    /// `path`, or where it has a space, which QEMU does not take everywhere, a link to it in here.
    std::filesystem::path without_space(const std::filesystem::path& path) const;
    /// Process number of the QEMU that libvirt started here for domain `name`; 0: none.
    int qemu_pid(const std::string& name) const;
    std::filesystem::path qemu_log(const std::string& name) const { return path_ / "log/qemu" / (name + ".log"); }

  private:
    RuntimeDir(std::filesystem::path path, FileDescriptor lock) : path_(std::move(path)), lock_(std::move(lock)) {}

    std::filesystem::path path_;
    FileDescriptor lock_;
};

/// Removes the folders of runs that no longer live and ends the QEMUs they left; returns what was found, for the log.
/// The caller holds the base's lock.
std::vector<std::string> sweep_dead_runs(const std::filesystem::path& base);

} // namespace mpulab
