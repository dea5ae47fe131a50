// SPDX-License-Identifier: MIT
#include "machine/runtime_dir.hpp"

#include "common/error.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <fmt/format.h>
#include <fstream>
#include <spdlog/spdlog.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace fs = std::filesystem;

namespace mpulab {
namespace {

constexpr const char* kPrefix = "run-";
constexpr const char* kLockName = "lock";
// The longest socket path libvirt makes below the root: "/lib/qemu/domain-1-<name>/monitor.sock", and room.
constexpr size_t kLongestBelowRoot = 64;

const char* environment(const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr && *value != 0 ? value : nullptr;
}

/// Opens (creating) a lock file and takes it; not available: an empty descriptor.
FileDescriptor lock_file(const fs::path& path, bool wait) {
    FileDescriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (file && ::flock(file.get(), LOCK_EX | (wait ? 0 : LOCK_NB)) != 0) file.reset();
    return file;
}

/// A folder only we can enter; one that another user put there first is refused.
void private_folder(const fs::path& path) {
    if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
        throw Error(fmt::format("cannot create runtime folder {}: {}", path.string(), errno_text(errno)),
                    "set MPULAB_RUNTIME_DIR to a short path you can write to");
    }
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0 || !S_ISDIR(status.st_mode) || status.st_uid != ::geteuid() ||
        (status.st_mode & 077) != 0) {
        throw Error(fmt::format("runtime folder {} is not ours alone (a folder of uid {} with mode 0700 was expected)",
                                path.string(), ::geteuid()),
                    "remove it, or set MPULAB_RUNTIME_DIR to another short path");
    }
}

std::string file_text(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
}

/// Ends a QEMU of a dead run: only a process whose command line names the run's own folder.
bool end_leftover(const fs::path& pid_file, const fs::path& run) {
    const int pid = std::atoi(file_text(pid_file).c_str());
    if (pid <= 1) return false;
    const std::string command = file_text(fmt::format("/proc/{}/cmdline", pid));
    return command.find(run.string() + "/") != std::string::npos && ::kill(pid, SIGKILL) == 0;
}

} // namespace

fs::path RuntimeDir::default_base() {
    if (const char* chosen = environment("MPULAB_RUNTIME_DIR")) return chosen;
    const fs::path fallback = fmt::format("/tmp/mpulab-{}", ::geteuid());
    if (const char* xdg = environment("XDG_RUNTIME_DIR"); xdg != nullptr && ::access(xdg, W_OK | X_OK) == 0) {
        const fs::path below = fs::path(xdg) / "mpulab";
        if (below.string().size() <= fallback.string().size() + 8) return below;
    }
    return fallback;
}

fs::path RuntimeDir::capability_cache() {
    if (const char* xdg = environment("XDG_CACHE_HOME")) return fs::path(xdg) / "mpulab/libvirt";
    if (const char* home = environment("HOME")) return fs::path(home) / ".cache/mpulab/libvirt";
    return default_base() / "cache";
}

std::vector<std::string> sweep_dead_runs(const fs::path& base) {
    std::vector<std::string> found;
    std::error_code ignored;
    for (const fs::directory_entry& entry : fs::directory_iterator(base, ignored)) {
        if (!entry.path().filename().string().starts_with(kPrefix) || !entry.is_directory(ignored)) continue;
        const FileDescriptor lock = lock_file(entry.path() / kLockName, false);
        if (!lock) continue; // its run lives
        std::string what = entry.path().string();
        for (const fs::directory_entry& file : fs::directory_iterator(entry.path() / "run/qemu", ignored)) {
            if (file.path().extension() == ".pid" && end_leftover(file.path(), entry.path())) what += " and its QEMU";
        }
        fs::remove_all(entry.path(), ignored);
        found.push_back(what);
    }
    return found;
}

RuntimeDir RuntimeDir::create(const fs::path& base) {
    if (base.string().size() + sizeof "/run-XXXXXX" + kLongestBelowRoot > sizeof(sockaddr_un::sun_path)) {
        throw Error(fmt::format("runtime folder {} is too long: a unix socket's path has at most {} characters",
                                base.string(), sizeof(sockaddr_un::sun_path) - 1),
                    "set MPULAB_RUNTIME_DIR to a short path, such as /tmp/m");
    }
    std::error_code ignored;
    fs::create_directories(base.parent_path(), ignored);
    private_folder(base);
    const FileDescriptor base_lock = lock_file(base / kLockName, true); // against another run's sweep
    for (const std::string& what : sweep_dead_runs(base))
        spdlog::info("removed what a killed run left: {}", what);

    std::string name = (base / kPrefix).string() + "XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) {
        throw Error(fmt::format("cannot create a folder in {}: {}", base.string(), errno_text(errno)),
                    "free some space there, or set MPULAB_RUNTIME_DIR to another short path");
    }
    FileDescriptor lock = lock_file(fs::path(name) / kLockName, false);
    if (!lock) {
        throw Error(fmt::format("cannot lock {}/{}: {}", name, kLockName, errno_text(errno)),
                    "set MPULAB_RUNTIME_DIR to a local file system");
    }
    return RuntimeDir(name, std::move(lock));
}

RuntimeDir::~RuntimeDir() {
    if (!lock_) return; // moved from
    std::error_code ignored;
    fs::remove_all(path_, ignored);
}

std::string RuntimeDir::prepare_embedded_libvirt() const {
    create_folders(path_ / "etc");
    // QEMU runs as we do; nothing of the host's set-up (daemons, labels, cgroups, namespaces) is touched or needed.
    std::string config = "stdio_handler = \"file\"\n"
                         "security_driver = \"none\"\n"
                         "namespaces = []\n"
                         "cgroup_controllers = []\n"
                         "dynamic_ownership = 0\n"
                         "remember_owner = 0\n"
                         "max_core = 0\n";
    if (::geteuid() == 0) config += "user = \"root\"\ngroup = \"root\"\n"; // a checkout under /root stays readable
    write_file(path_ / "etc/qemu.conf", config);

    const fs::path cache = capability_cache();
    std::error_code failure;
    fs::create_directories(cache, failure);
    if (!failure) fs::create_directory_symlink(cache, path_ / "cache", failure);
    if (failure) spdlog::debug("no shared capability cache in {}: {}", cache.string(), failure.message());
    return "qemu:///embed?root=" + path_.string();
}

fs::path RuntimeDir::without_space(const fs::path& path) const {
    if (path.string().find(' ') == std::string::npos) return path;
    const fs::path link = path_ / "module";
    std::error_code failure;
    fs::create_symlink(fs::absolute(path), link, failure);
    return failure ? path : link; // then it is refused by name where it is used
}

int RuntimeDir::qemu_pid(const std::string& name) const {
    return std::max(0, std::atoi(file_text(path_ / "run/qemu" / (name + ".pid")).c_str()));
}

} // namespace mpulab
