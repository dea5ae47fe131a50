// SPDX-License-Identifier: MIT
#include "cue_cable.hpp"

#include "mpu401/registers.h"

#include <algorithm>

namespace mpulab {

void CueCable::prepare(const CueSheet& sheet) {
    size_t sendings = 0;
    for (uint32_t number = 0; number < sheet.count(); ++number) {
        if (sheet.cue(number).action == MPULAB_ACTION_INJECT) sendings += sheet.cue(number).firings;
    }
    queue_ = {};
    queue_.reserve(sendings);
    clear();
}

void CueCable::clear() {
    queue_.clear();
    head_ = 0;
    position_ = 0;
    arrival_at_ = 0;
    free_at_ = 0;
}

void CueCable::send(uint32_t cue, Nanoseconds at) {
    if (!busy()) {
        position_ = 0;
        arrival_at_ = after(std::max(free_at_, at), mpu401::kWireByteNs);
    }
    queue_.push_back(cue);
}

uint8_t CueCable::arrive(const CueSheet& sheet) {
    const uint32_t cue = queue_[head_];
    const uint8_t byte = sheet.byte(cue, position_);
    free_at_ = arrival_at_;
    arrival_at_ = after(arrival_at_, mpu401::kWireByteNs);
    if (++position_ == sheet.cue(cue).count) {
        position_ = 0;
        ++head_;
    }
    return byte;
}

void CueCable::save(ByteWriter& out) const {
    out.put(static_cast<uint32_t>(queue_.size() - head_));
    for (size_t i = head_; i < queue_.size(); ++i)
        out.put(queue_[i]);
    out.put(position_);
    out.put_time(arrival_at_);
    out.put_time(free_at_);
}

bool CueCable::load(ByteReader& in, const CueSheet& sheet, const std::vector<uint32_t>& fired, ErrorText& error) {
    const uint32_t size = in.get<uint32_t>();
    if (size > in.left() / sizeof(uint32_t)) return error.say("state: ends inside the cable's queue of %u cues", size);
    std::vector<uint32_t> sent(sheet.count());
    for (uint32_t i = 0; i < size; ++i) {
        const uint32_t cue = in.get<uint32_t>();
        if (cue >= sheet.count() || sheet.cue(cue).action != MPULAB_ACTION_INJECT || sent[cue] == fired[cue]) {
            return error.say("state: place %u of the cable's queue holds cue %u, which has not fired so often", i, cue);
        }
        ++sent[cue];
        queue_.push_back(cue);
    }
    position_ = in.get<uint32_t>();
    arrival_at_ = in.get_time();
    free_at_ = in.get_time();
    const uint32_t limit = busy() ? sheet.cue(queue_.front()).count : 1;
    if (!in.ok() || position_ >= limit) {
        return error.say("state: position %u in a cue of %u bytes on the cable", position_, limit);
    }
    return true;
}

} // namespace mpulab
