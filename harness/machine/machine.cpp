// SPDX-License-Identifier: MIT
#include "machine/machine.hpp"

#include "common/error.hpp"

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fmt/format.h>
#include <fstream>
#include <spdlog/spdlog.h>
#include <sys/wait.h>
#include <thread>

namespace mpulab {
namespace {

using namespace std::chrono_literals;

constexpr auto kGoneWithin = 5s; // a killed process leaves the table within this, whatever the host is doing

/// Buries a QEMU that dies while libvirt starts it. We are its reaper, and libvirt takes a zombie for a process that
/// has not opened its monitor yet: it would wait over a minute (measured) before it reads why QEMU ended.
class StartWatch {
  public:
    StartWatch(const RuntimeDir& runtime, std::string name)
        : thread_([&runtime, name = std::move(name)](const std::stop_token& stop) {
              while (!stop.stop_requested()) {
                  if (const int pid = runtime.qemu_pid(name); pid > 1) ::waitpid(pid, nullptr, WNOHANG);
                  std::this_thread::sleep_for(20ms);
              }
          }) {}

  private:
    std::jthread thread_; // stops and joins when it goes
};

} // namespace

Machine::Machine(const Hypervisor& hypervisor, std::string name) : hypervisor_(hypervisor), name_(std::move(name)) {}

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
    {
        std::optional<StartWatch> watch;
        if (hypervisor_.embedded()) watch.emplace(hypervisor_.runtime(), name_);
        domain_.reset(virDomainCreateXML(hypervisor_.connection(), xml.c_str(), VIR_DOMAIN_START_PAUSED));
    }
    if (!domain_) fail_start(qemu, libvirt_error_text());
    if (hypervisor_.embedded()) pid_ = hypervisor_.runtime().qemu_pid(name_);
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
    if (!hypervisor_.embedded()) return "";
    std::ifstream file(hypervisor_.runtime().qemu_log(name_), std::ios::binary);
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
}

} // namespace mpulab
