// SPDX-License-Identifier: MIT
#include "machine/guest_voice.hpp"

#include "events/names.hpp"
#include "link/mpulab_codes.h"

#include <fmt/format.h>
#include <utility>

namespace mpulab {

void GuestVoice::record(const mpulab_record& record) {
    if (record.cpu != MPULAB_NO_CPU) {
        spoke_ = true;
        last_ = record;
    }
    if (record.kind == MPULAB_KIND_PHASE) phase_ = phase_name(record.a);
}

bool GuestVoice::spoke() {
    return std::exchange(spoke_, false);
}

std::string GuestVoice::where() const {
    if (!last_) return "before its first record";
    return fmt::format("phase {}, after record {} ({}) at {} ns", phase_.empty() ? "none reached" : phase_, last_->seq,
                       kind_info(last_->kind)->name, last_->time_ns);
}

} // namespace mpulab
