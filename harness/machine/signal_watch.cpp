// SPDX-License-Identifier: MIT
#include "machine/signal_watch.hpp"

#include <csignal>
#include <map>
#include <mutex>

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

const char* stopped_word(int signal) {
    return signal == SIGINT ? "interrupted" : signal == SIGHUP ? "hung up on" : "terminated";
}

SignalWatch::SignalWatch() {
    const std::lock_guard lock(g_mutex);
    if (g_watches++ != 0) return;
    g_signal = 0;
    struct sigaction action {};
    action.sa_handler = [](int number) { g_signal = number; };
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
