// SPDX-License-Identifier: MIT
#include "machine/machine.hpp"

#include "common/error.hpp"

#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fmt/format.h>
#include <fstream>
#include <spdlog/spdlog.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <thread>

namespace mpulab {
namespace {

using namespace std::chrono_literals;

constexpr auto kGoneWithin = 5s; // a killed process leaves the table within this, whatever the host is doing
constexpr auto kLookEvery = 5ms;

/// While it lives, buries a QEMU that dies as it starts: libvirt waits 40 s for a zombie that nobody buries.
class StartReaper {
  public:
    explicit StartReaper(const RuntimeDir& runtime)
        : thread_([this, &runtime] {
              while (!stop_.load()) {
                  const int pid = runtime.qemu_pid(kDomainName);
                  if (pid > 1) ::waitpid(pid, nullptr, WNOHANG);
                  std::this_thread::sleep_for(kLookEvery);
              }
          }) {}
    ~StartReaper() {
        stop_.store(true);
        thread_.join();
    }
    StartReaper(const StartReaper&) = delete;
    StartReaper& operator=(const StartReaper&) = delete;

  private:
    std::atomic<bool> stop_{false};
    std::thread thread_;
};

/// Buries a QEMU that dies while libvirt starts it. We are its reaper, and libvirt takes a zombie for a process that
/// has not opened its monitor yet: it would wait over a minute (measured) before it reads why QEMU ended.
class StartWatch {
  public:
    explicit StartWatch(const RuntimeDir& runtime)
        : thread_([&runtime](const std::stop_token& stop) {
              while (!stop.stop_requested()) {
                  if (const int pid = runtime.qemu_pid(kDomainName); pid > 1) ::waitpid(pid, nullptr, WNOHANG);
                  std::this_thread::sleep_for(20ms);
              }
          }) {}

  private:
    std::jthread thread_; // stops and joins when it goes
};

/// libvirt detaches QEMU, and who adopts it else (init, a container's first process) may never bury it, nor say how it
/// ended. Not so the QEMU that libvirt asks what it can do before: that one it kills itself, and then waits until
/// somebody has buried it, 40 s (measured). So it is asked first, once for each build of QEMU; what fails here fails
/// again in start().
void adopt_what_libvirt_detaches(virConnectPtr connection, const std::filesystem::path& qemu) {
    std::free(virConnectGetDomainCapabilities(connection, qemu.c_str(), nullptr, nullptr, nullptr, 0));
    if (::prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) {
        spdlog::warn("QEMU's end will not be seen: PR_SET_CHILD_SUBREAPER: {}", std::strerror(errno));
    }
}

} // namespace

Machine::Machine(const RuntimeDir& runtime, std::string uri)
    : runtime_(runtime), embedded_(uri.empty()), uri_(std::move(uri)) {
    if (embedded_) {
        uri_ = runtime_.prepare_embedded_libvirt();
        // The embedded driver would log into our stderr.
        const std::string outputs = "3:file:" + (runtime_.path() / "libvirt.log").string();
        ::setenv("LIBVIRT_LOG_OUTPUTS", outputs.c_str(), 0);
    }
}

void Machine::fail_start(const std::filesystem::path& qemu, const std::string& reason) const {
    std::string next = "check that it is the QEMU scripts/build-qemu made, and \"mpulab play --print-command\"";
    if (reason.find("mpulab-probe") != std::string::npos || reason.find("isa-mpu401") != std::string::npos) {
        next = "check --card, and that this QEMU is the one scripts/build-qemu made";
    } else if (reason.find("Cannot check QEMU binary") != std::string::npos ||
               reason.find("emulator") != std::string::npos) {
        next = "run scripts/build-qemu, or set MPULAB_QEMU";
    }
    throw Error(fmt::format("the machine does not start with {}: {}", qemu.string(), reason), next);
}

void Machine::start(const std::string& xml, const std::filesystem::path& qemu) {
    loop_.emplace();
    connection_.reset(virConnectOpen(uri_.c_str()));
    if (!connection_) {
        throw Error(fmt::format("cannot reach libvirt at {}: {}", uri_, libvirt_error_text()),
                    embedded_ ? "apt-get install libvirt-daemon (its QEMU driver), or name a hypervisor with --connect"
                              : "check the URI given with --connect and that its daemon runs");
    }
    if (embedded_) adopt_what_libvirt_detaches(connection_.get(), qemu);
    {
        std::optional<StartWatch> watch;
        if (embedded_) watch.emplace(runtime_);
        domain_.reset(virDomainCreateXML(connection_.get(), xml.c_str(), VIR_DOMAIN_START_PAUSED));
    }
    if (!domain_) fail_start(qemu, libvirt_error_text());
    if (embedded_) pid_ = runtime_.qemu_pid(kDomainName);
}

void Machine::resume() {
    if (virDomainResume(domain_.get()) != 0) {
        throw Error("the machine cannot be resumed: " + libvirt_error_text(),
                    "run again; see qemu.log in the run's folder");
    }
}

std::optional<uint64_t> Machine::cpu_ticks() const {
    if (pid_ == 0) return std::nullopt;
    std::ifstream file(fmt::format("/proc/{}/stat", pid_));
    std::string text((std::istreambuf_iterator<char>(file)), {});
    const size_t name_end = text.rfind(')'); // the name before it may hold anything
    if (name_end == std::string::npos) return std::nullopt;
    std::istringstream fields(text.substr(name_end + 1));
    std::string skipped;
    uint64_t user = 0;
    uint64_t system = 0;
    for (int field = 3; field < 14; ++field)
        fields >> skipped;
    if (!(fields >> user >> system)) return std::nullopt;
    return user + system;
}

std::string Machine::qemu_log() const {
    if (!embedded_) return "";
    std::ifstream file(runtime_.qemu_log(kDomainName), std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
}

void Machine::kill() const {
    if (pid_ > 1) ::kill(pid_, SIGKILL);
}

/// Buries QEMU. Somebody else (libvirt's own fork handling) may have done it before: then there is nothing to wait for.
void Machine::wait_gone() const {
    const auto deadline = std::chrono::steady_clock::now() + kGoneWithin;
    while (std::chrono::steady_clock::now() < deadline) {
        const pid_t got = ::waitpid(pid_, nullptr, WNOHANG);
        if (got == pid_ || (got < 0 && ::kill(pid_, 0) != 0)) return;
        std::this_thread::sleep_for(2ms);
    }
    spdlog::warn("QEMU (process {}) is still there {} s after SIGKILL", pid_,
                 std::chrono::duration_cast<std::chrono::seconds>(kGoneWithin).count());
}

Machine::~Machine() {
    if (pid_ > 1) {
        kill();
        wait_gone();
    }
    // For the embedded driver this now only tidies up; elsewhere it is what ends the machine.
    if (domain_) virDomainDestroy(domain_.get());
    domain_.reset();
    connection_.reset();
    loop_.reset();
}

} // namespace mpulab
