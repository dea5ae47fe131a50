// SPDX-License-Identifier: MIT
#include "machine/plain_run.hpp"

#include "common/files.hpp"
#include "machine/midway.hpp"
#include "machine/run_recorder.hpp"
#include "machine/signal_watch.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace mpulab {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kMaxWords = 4096; // of QEMU's own, kept for an error

/// QEMU, as a child of this process.
class Child {
  public:
    /// `sockets`: what it gets by their numbers.
    Child(const std::vector<std::string>& command, const std::vector<int>& sockets, int words) {
        std::vector<char*> argv;
        for (const std::string& word : command)
            argv.push_back(const_cast<char*>(word.c_str()));
        argv.push_back(nullptr);
        const pid_t parent = ::getpid();
        pid_ = ::fork();
        if (pid_ < 0) throw Error(fmt::format("cannot start QEMU: {}", errno_text(errno)), "end some processes");
        if (pid_ == 0) { // only calls that are safe between fork and exec
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);
            if (::getppid() != parent) ::_exit(127);
            const int nothing = ::open("/dev/null", O_RDWR);
            ::dup2(nothing, 0);
            ::dup2(nothing, 1);
            ::dup2(words, 2);
            for (const int socket : sockets)
                ::fcntl(socket, F_SETFD, 0);
            ::setsid(); // the terminal's Ctrl-C and its end are for us: we end it
            ::execv(argv[0], argv.data());
            ::_exit(127);
        }
    }
    ~Child() { finish(); }
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    /// Ends it, unless it has ended; how it ended by itself, in words.
    std::string finish() {
        if (pid_ <= 0) return "";
        int status = 0;
        // A link that is closed is QEMU's last act but one: give it the time to say how it ended.
        for (int i = 0; i < 100 && ::waitpid(pid_, &status, WNOHANG) == 0; ++i) {
            if (killed_) break;
            ::usleep(2000);
        }
        if (::kill(pid_, SIGKILL) == 0) ::waitpid(pid_, &status, 0);
        pid_ = 0;
        return WIFEXITED(status) ? fmt::format("exited with status {}", WEXITSTATUS(status))
                                 : fmt::format("was killed by signal {}", WTERMSIG(status));
    }
    void kill() {
        if (pid_ > 0) ::kill(pid_, SIGKILL);
        killed_ = true;
    }

  private:
    pid_t pid_ = 0;
    bool killed_ = false;
};

std::string last_line(int fd) {
    char text[kMaxWords];
    const off_t size = ::lseek(fd, 0, SEEK_END);
    const ssize_t got = ::pread(fd, text, sizeof text,
                                size > static_cast<off_t>(sizeof text) ? size - static_cast<off_t>(sizeof text) : 0);
    std::string words(text, got > 0 ? static_cast<size_t>(got) : 0);
    while (!words.empty() && words.back() == '\n')
        words.pop_back();
    if (const size_t line = words.rfind('\n'); line != std::string::npos) words.erase(0, line + 1);
    return words;
}

/// Two ends of a stream: ours, and QEMU's.
struct SocketPair {
    FileDescriptor near, far;

    SocketPair() {
        int ends[2];
        if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
            throw Error(fmt::format("cannot make a link: {}", errno_text(errno)), "close some files");
        near.reset(ends[0]);
        far.reset(ends[1]);
    }
};

/// A machine that has ended before its run has.
Error ended_early(Child& qemu, const std::string& program, int words) {
    const std::string how = qemu.finish();
    const std::string why = last_line(words);
    const std::string next =
        why.find("mpu401") == std::string::npos
            ? "see qemu.log in the run's folder; a new QEMU: scripts/build-qemu"
            : fmt::format("the card's properties: {} -device {},help", program,
                          why.find("pci-mpu401") == std::string::npos ? "isa-mpu401" : "pci-mpu401");
    return Error(fmt::format("{} {}{}", program, how, why.empty() ? "" : " (" + why + ")"), next);
}

/// A file for snapshots that is gone when the run is.
class SnapshotFile {
  public:
    explicit SnapshotFile(std::filesystem::path path) : path_(std::move(path)) {}
    ~SnapshotFile() {
        std::error_code ignored;
        std::filesystem::remove(path_, ignored);
    }
    SnapshotFile(const SnapshotFile&) = delete;
    SnapshotFile& operator=(const SnapshotFile&) = delete;
    const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
};

/// Makes the run of a machine that was started halted, with a monitor; how it stopped, and the snapshots taken.
RunRecorder::Stop run_with_snapshots(RunRecorder& recorder, int link, FileDescriptor monitor,
                                     const std::filesystem::path& store, const std::vector<uint32_t>& markers,
                                     size_t& taken) {
    const SnapshotFile file(store);
    MachineControl control{QmpClient(std::move(monitor))};
    control.make_snapshot_store(file.path());
    Midway midway(control, markers);
    RunRecorder::Stop stop = RunRecorder::Stop::Marker;
    while (stop == RunRecorder::Stop::Marker) {
        control.go_on();
        stop = recorder.read(link, 0, midway.next());
        if (stop == RunRecorder::Stop::Marker) midway.snapshot(recorder, link);
        taken = midway.taken();
    }
    return stop;
}

} // namespace

PlainRunOutcome run_plainly(const PlainRunRequest& request) {
    return run_command(qemu_command(request.spec), request.log, request.watchdog, request.snapshots);
}

PlainRunOutcome run_command(std::vector<std::string> command, const std::filesystem::path& log_path,
                            const WatchdogLimits& watchdog, const std::vector<uint32_t>& snapshots) {
    SocketPair link;
    std::optional<SocketPair> monitor;
    const FileDescriptor words(
        ::open((log_path.parent_path() / "qemu.log").c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    const auto chardev = std::find(command.begin(), command.end(), "-chardev");
    if (command.end() - chardev < 2) throw Error("the QEMU command line has no link", "it is no run of mpulab's");
    *(chardev + 1) = fmt::format("socket,id=link,fd={}", link.far.get());
    std::vector<int> sockets = {link.far.get()};
    if (!snapshots.empty()) {
        monitor.emplace();
        sockets.push_back(monitor->far.get());
        command.insert(command.end(), {"-S", "-chardev", fmt::format("socket,id=qmp,fd={}", monitor->far.get()), "-mon",
                                       "chardev=qmp,mode=control"});
    }

    PlainRunOutcome outcome;
    RunRecorder recorder(log_path, watchdog);
    const SignalWatch signals;
    const auto began = Clock::now();
    Child qemu(command, sockets, words.get());
    link.far.reset();
    if (monitor) monitor->far.reset();
    try {
        const RunRecorder::Stop stop =
            monitor ? run_with_snapshots(recorder, link.near.get(), std::move(monitor->near),
                                         log_path.parent_path() / "snapshots.qcow2", snapshots, outcome.snapshots)
                    : recorder.read(link.near.get());
        if (stop == RunRecorder::Stop::Closed) outcome.trouble = ended_early(qemu, command.front(), words.get());
    } catch (const Error& error) {
        outcome.trouble = error;
    }
    qemu.kill();
    qemu.finish();
    outcome.seconds = std::chrono::duration<double>(Clock::now() - began).count();
    outcome.sha256 = recorder.finish();
    outcome.records = recorder.records();
    return outcome;
}

} // namespace mpulab
