// SPDX-License-Identifier: MIT
#include "machine/signal_watch.hpp"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <map>
#include <mutex>
#include <sys/stat.h>
#include <unistd.h>

namespace mpulab {
namespace {

volatile std::sig_atomic_t g_signal;
std::mutex g_mutex;
int g_watches = 0;
std::map<int, struct sigaction> g_before; // what was in force for each

} // namespace

std::vector<int> stopping_signals() {
    std::vector<int> signals = {SIGINT, SIGTERM};
    struct sigaction hangup {};
    ::sigaction(SIGHUP, nullptr, &hangup);
    if (hangup.sa_handler != SIG_IGN) signals.push_back(SIGHUP);
    return signals;
}

void leave_terminal() {
    const int before = errno;
    const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    for (const int output : {STDOUT_FILENO, STDERR_FILENO}) {
        struct stat kind {};
        if (nowhere >= 0 && ::fstat(output, &kind) == 0 && S_ISCHR(kind.st_mode)) ::dup2(nowhere, output);
    }
    if (nowhere >= 0) ::close(nowhere);
    errno = before;
}

const char* stopped_word(int signal) {
    return signal == SIGINT ? "interrupted" : signal == SIGHUP ? "hung up on" : "terminated";
}

SignalWatch::SignalWatch() {
    const std::lock_guard lock(g_mutex);
    if (g_watches++ != 0) return;
    g_signal = 0;
    struct sigaction action {};
    action.sa_handler = [](int number) {
        if (number == SIGHUP) leave_terminal();
        g_signal = number;
    };
    for (const int number : stopping_signals())
        ::sigaction(number, &action, &g_before[number]);
}

SignalWatch::~SignalWatch() {
    const std::lock_guard lock(g_mutex);
    if (--g_watches != 0) return;
    for (const auto& [number, action] : g_before)
        ::sigaction(number, &action, nullptr);
    g_before.clear();
}

int SignalWatch::seen() {
    return g_signal;
}

} // namespace mpulab
