// SPDX-License-Identifier: MIT
#include "machine/signal_watch.hpp"

#include <csignal>
#include <mutex>

namespace mpulab {
namespace {

volatile std::sig_atomic_t g_signal;
std::mutex g_mutex;
int g_watches = 0;
struct sigaction g_interrupt {};
struct sigaction g_terminate {};

} // namespace

SignalWatch::SignalWatch() {
    const std::lock_guard lock(g_mutex);
    if (g_watches++ != 0) return;
    g_signal = 0;
    struct sigaction action {};
    action.sa_handler = [](int number) { g_signal = number; };
    ::sigaction(SIGINT, &action, &g_interrupt);
    ::sigaction(SIGTERM, &action, &g_terminate);
}

SignalWatch::~SignalWatch() {
    const std::lock_guard lock(g_mutex);
    if (--g_watches != 0) return;
    ::sigaction(SIGINT, &g_interrupt, nullptr);
    ::sigaction(SIGTERM, &g_terminate, nullptr);
}

int SignalWatch::seen() {
    return g_signal;
}

} // namespace mpulab
