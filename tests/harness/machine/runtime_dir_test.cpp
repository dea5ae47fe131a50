// SPDX-License-Identifier: MIT
// The private folder of a run: who may enter it, when it goes, and what is swept of runs that were killed.
#include "machine/runtime_dir.hpp"

#include "harness/support/environment.hpp"
#include "harness/support/temp_dir.hpp"
#include "harness/support/text.hpp"

#include "support/catch.hpp"

#include <csignal>
#include <fcntl.h>
#include <sched.h>
#include <spawn.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>

using namespace mpulab;
using namespace mpulab::test;
namespace fs = std::filesystem;

namespace {

unsigned mode_of(const fs::path& path) {
    struct stat status {};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    return status.st_mode & 07777;
}

/// A process that waits to be killed, with `name` as first word of its command line.
class Sleeper {
  public:
    explicit Sleeper(std::string name) {
        std::string seconds = "600";
        char* argv[] = {name.data(), seconds.data(), nullptr};
        REQUIRE(::posix_spawn(&pid_, "/bin/sleep", nullptr, nullptr, argv, environ) == 0);
        // posix_spawn() may return before the new command line stands in /proc.
        while (text_of("/proc/" + std::to_string(pid_) + "/cmdline").find(name) != 0 && ::kill(pid_, 0) == 0)
            ::sched_yield();
    }
    ~Sleeper() { end(); }
    pid_t pid() const { return pid_; }
    /// Ends it, unless it was ended already; the signal it died of.
    int end() {
        if (pid_ == 0) return 0;
        ::kill(pid_, SIGTERM);
        int status = 0;
        ::waitpid(pid_, &status, 0);
        pid_ = 0;
        return WTERMSIG(status);
    }

  private:
    pid_t pid_ = 0;
};

} // namespace

TEST_CASE("a run's folder is its owner's alone, and goes with the run") {
    const TempDir temp;
    const fs::path base = temp / "m";
    fs::path path;
    {
        const RuntimeDir dir = RuntimeDir::create(base);
        path = dir.path();
        CHECK(path.parent_path() == base);
        CHECK(mode_of(base) == 0700);
        CHECK(mode_of(path) == 0700);
        CHECK(dir.link_socket() == path / "link");
        CHECK(dir.gdb_socket() == path / "gdb");
        CHECK(dir.link_socket().string().size() < 108);
    }
    CHECK_FALSE(fs::exists(path));
    CHECK(fs::exists(base));
}

TEST_CASE("several runs at once have a folder each") {
    const TempDir temp;
    const RuntimeDir first = RuntimeDir::create(temp.path());
    const RuntimeDir second = RuntimeDir::create(temp.path());
    CHECK(first.path() != second.path());
    CHECK(fs::exists(first.path())); // not swept by the second: its run lives
    CHECK(fs::exists(second.path()));
}

TEST_CASE("a folder that was moved to another owner goes once") {
    const TempDir temp;
    RuntimeDir first = RuntimeDir::create(temp.path());
    const fs::path path = first.path();
    {
        const RuntimeDir second = std::move(first);
        CHECK(second.path() == path);
    }
    CHECK_FALSE(fs::exists(path));
}

TEST_CASE("what a killed run left is swept by the next one, folder and QEMU") {
    const TempDir temp;
    const fs::path left = temp.path() / "run-dead";
    Sleeper qemu((left / "link").string());
    temp.file("run-dead/run/qemu/mpulab.pid", std::to_string(qemu.pid()));
    temp.file("run-dead/lock", "");
    const auto found = sweep_dead_runs(temp.path());
    CHECK(found == std::vector<std::string>{left.string() + " and its QEMU"});
    CHECK_FALSE(fs::exists(left));
    int status = 0;
    REQUIRE(::waitpid(qemu.pid(), &status, 0) == qemu.pid());
    CHECK(WIFSIGNALED(status));
    CHECK(WTERMSIG(status) == SIGKILL);
}

TEST_CASE("a process that only has the number of a dead run's QEMU is left alone") {
    const TempDir temp;
    Sleeper innocent((temp.path() / "run-dead2/link").string()); // another run's folder, of a longer name
    temp.file("run-dead/run/qemu/mpulab.pid", std::to_string(innocent.pid()));
    CHECK(sweep_dead_runs(temp.path()) == std::vector<std::string>{(temp.path() / "run-dead").string()});
    CHECK_FALSE(fs::exists(temp.path() / "run-dead"));
    CHECK(innocent.end() == SIGTERM);
}

TEST_CASE("pid files that hold no process number end nothing") {
    const TempDir temp;
    for (const char* text : {"", "0", "1", "-1", "-1234", "words", "99999999999999"}) {
        temp.file("run-a/run/qemu/mpulab.pid", text);
        CHECK(sweep_dead_runs(temp.path()) == std::vector<std::string>{(temp.path() / "run-a").string()});
    }
}

TEST_CASE("a living run's folder is not swept, nor anything that is no run's folder") {
    const TempDir temp;
    temp.file("run-alive/lock", "");
    temp.file("other/file", "");
    temp.file("run-file", "");
    const FileDescriptor lock(::open((temp / "run-alive/lock").c_str(), O_RDWR | O_CLOEXEC));
    REQUIRE(::flock(lock.get(), LOCK_EX | LOCK_NB) == 0);
    CHECK(sweep_dead_runs(temp.path()).empty());
    CHECK(fs::exists(temp / "run-alive"));
    CHECK(fs::exists(temp / "other/file"));
    CHECK(fs::exists(temp / "run-file"));
    CHECK(sweep_dead_runs(temp / "nowhere").empty());
}

TEST_CASE("a base that others may enter, or that is no folder, is refused") {
    const TempDir temp;
    const fs::path open = temp / "open";
    fs::create_directory(open);
    fs::permissions(open, fs::perms(0755));
    CHECK_THAT(refusal([&] { RuntimeDir::create(open); }),
               StartsWith("runtime folder " + open.string() + " is not ours alone"));
    const fs::path file = temp.file("file", "");
    CHECK_THAT(refusal([&] { RuntimeDir::create(file); }), ContainsSubstring(file.string() + " is not ours alone"));
    const fs::path link = temp / "link";
    fs::create_symlink(temp.path(), link); // somebody else's folder behind a name that was ours
    CHECK_THAT(refusal([&] { RuntimeDir::create(link); }), ContainsSubstring("is not ours alone"));
}

TEST_CASE("a base too long for a socket's path is refused with the limit and the way out") {
    const TempDir temp;
    const std::string text = refusal([&] { RuntimeDir::create(temp / std::string(60, 'x')); });
    CHECK_THAT(text, ContainsSubstring("is too long: a unix socket's path has at most 107 characters"));
    CHECK_THAT(text, ContainsSubstring("next: set MPULAB_RUNTIME_DIR to a short path"));
}

TEST_CASE("the base is MPULAB_RUNTIME_DIR, else below XDG_RUNTIME_DIR when that is short, else in /tmp") {
    const TempDir temp;
    const std::string fallback = "/tmp/mpulab-" + std::to_string(::geteuid());
    const ScopedVariable chosen("MPULAB_RUNTIME_DIR", "/tmp/chosen");
    CHECK(RuntimeDir::default_base() == "/tmp/chosen");
    const ScopedVariable none("MPULAB_RUNTIME_DIR", "");
    const ScopedVariable xdg("XDG_RUNTIME_DIR", "/tmp");
    CHECK(RuntimeDir::default_base() == "/tmp/mpulab");
    const ScopedVariable missing("XDG_RUNTIME_DIR", (temp / "no").c_str());
    CHECK(RuntimeDir::default_base() == fallback);
    const auto longer = temp / "a-folder-with-a-long-name";
    fs::create_directory(longer);
    const ScopedVariable long_one("XDG_RUNTIME_DIR", longer.c_str());
    CHECK(RuntimeDir::default_base() == fallback);
    const ScopedVariable unset("XDG_RUNTIME_DIR", nullptr);
    CHECK(RuntimeDir::default_base() == fallback);
}

TEST_CASE("the embedded libvirt finds its configuration, keeps its cache and leaves the host alone") {
    const TempDir temp;
    const ScopedVariable cache("XDG_CACHE_HOME", (temp / "cache").c_str());
    const RuntimeDir dir = RuntimeDir::create(temp / "m");
    CHECK(dir.prepare_embedded_libvirt() == "qemu:///embed?root=" + dir.path().string());
    const std::string config = text_of(dir.path() / "etc/qemu.conf");
    for (const char* line : {"stdio_handler = \"file\"", "security_driver = \"none\"", "namespaces = []",
                             "cgroup_controllers = []", "dynamic_ownership = 0"})
        CHECK_THAT(config, ContainsSubstring(line));
    CHECK(fs::read_symlink(dir.path() / "cache") == temp / "cache/mpulab/libvirt");
    CHECK(fs::is_directory(temp / "cache/mpulab/libvirt"));
}

TEST_CASE("QEMU's process number is read from libvirt's pid file") {
    const TempDir temp;
    const RuntimeDir dir = RuntimeDir::create(temp.path());
    CHECK(dir.qemu_pid("mpulab") == 0);
    fs::create_directories(dir.path() / "run/qemu");
    std::ofstream(dir.path() / "run/qemu/mpulab.pid") << "4711\n";
    CHECK(dir.qemu_pid("mpulab") == 4711);
    std::ofstream(dir.path() / "run/qemu/mpulab.pid") << "-1";
    CHECK(dir.qemu_pid("mpulab") == 0);
    CHECK(dir.qemu_log("mpulab") == dir.path() / "log/qemu/mpulab.log");
}

TEST_CASE("a file whose path has a space is reached through a link that has none") {
    const TempDir temp;
    const RuntimeDir dir = RuntimeDir::create(temp / "m");
    const fs::path odd = temp.file("my runs/modules.cpio", "modules");
    const fs::path link = dir.without_space(odd);
    CHECK(link.string().find(' ') == std::string::npos);
    CHECK(text_of(link) == "modules");
    CHECK(dir.without_space(temp / "plain,path") == temp / "plain,path");
}
