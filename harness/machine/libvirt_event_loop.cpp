// SPDX-License-Identifier: MIT
#include "machine/libvirt_event_loop.hpp"

#include "common/error.hpp"
#include "machine/libvirt_handle.hpp"

#include <csignal>
#include <libvirt/virterror.h>
#include <pthread.h>

namespace mpulab {
namespace {

constexpr int kWakeMs = 100; // how long stopping the loop may take

void ignore_error(void*, virErrorPtr) {} // we ask for errors; libvirt need not print them

/// libvirt knows one loop per process and cannot forget it.
bool register_once() {
    static const bool ready = [] {
        virSetErrorFunc(nullptr, ignore_error);
        return virInitialize() == 0 && virEventRegisterDefaultImpl() == 0;
    }();
    return ready;
}

} // namespace

LibvirtEventLoop::LibvirtEventLoop() {
    if (!register_once()) {
        throw Error("libvirt does not start: " + libvirt_error_text(), "check that libvirt0 is installed whole");
    }
    wake_timer_ = virEventAddTimeout(
        kWakeMs, [](int, void*) {}, nullptr, nullptr);
    thread_ = std::thread([this] {
        sigset_t all; // signals belong to the main thread
        sigfillset(&all);
        pthread_sigmask(SIG_BLOCK, &all, nullptr);
        while (!stop_.load()) {
            if (virEventRunDefaultImpl() != 0) break;
        }
    });
}

LibvirtEventLoop::~LibvirtEventLoop() {
    stop_.store(true);
    virEventUpdateTimeout(wake_timer_, 0);
    thread_.join();
    virEventRemoveTimeout(wake_timer_);
}

std::string libvirt_error_text() {
    const virError* error = virGetLastError();
    std::string text = error != nullptr && error->message != nullptr ? error->message : "no reason given";
    for (char& c : text) {
        if (static_cast<unsigned char>(c) < 0x20) c = ' ';
    }
    for (const std::string prefix : {"internal error: ", "process exited while connecting to monitor: ",
                                     "qemu unexpectedly closed the monitor: ", "Failed to start QEMU binary: "}) {
        if (text.starts_with(prefix)) text.erase(0, prefix.size());
    }
    while (!text.empty() && text.back() == ' ')
        text.pop_back();
    return text;
}

} // namespace mpulab
