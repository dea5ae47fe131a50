// SPDX-License-Identifier: MIT
#include "machine/midway.hpp"

namespace mpulab {
namespace {

constexpr const char* kTag = "midway";

} // namespace

Midway::Midway(MachineControl& control, std::vector<uint32_t> markers)
    : control_(control), markers_(std::move(markers)) {
    control_.stop_at_marker(next());
}

void Midway::snapshot(RunRecorder& recorder, int link) {
    control_.await_stop();
    recorder.catch_up(link); // what cues did at the marker, and other ends of batches
    control_.save(kTag);
    control_.load(kTag);
    control_.forget(kTag);
    recorder.machine_was_restored();
    ++taken_;
    control_.stop_at_marker(next());
}

} // namespace mpulab
