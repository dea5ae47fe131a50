// SPDX-License-Identifier: MIT
#include "cue_player.hpp"

#include "mpu401/registers.h"

#include <algorithm>
#include <utility>

namespace mpulab {

void CuePlayer::set_sheet(CueSheet sheet, Nanoseconds now) {
    sheet_ = std::move(sheet);
    reserve();
    rearm(now);
}

void CuePlayer::reserve() {
    progress_.assign(sheet_.count(), Progress{});
    armed_.clear();
    armed_.reserve(sheet_.count()); // each cue is armed, and queued, at most once
    queue_.clear();
    queue_.reserve(sheet_.count());
}

void CuePlayer::rearm(Nanoseconds now) {
    armed_.clear();
    queue_.clear();
    queue_head_ = 0;
    position_ = 0;
    arrival_at_ = 0;
    cable_free_at_ = 0;
    for (uint32_t number = 0; number < sheet_.count(); ++number) {
        progress_[number] = Progress{};
        const mpulab_cue& cue = sheet_.cue(number);
        if (cue.trigger == MPULAB_TRIGGER_TIME) arm(number, std::max(now, static_cast<Nanoseconds>(cue.delay_ns)));
    }
}

void CuePlayer::marker(uint32_t number, Nanoseconds now) {
    for (uint32_t i = 0; i < sheet_.count(); ++i) {
        const mpulab_cue& cue = sheet_.cue(i);
        if (cue.trigger == MPULAB_TRIGGER_MARKER && cue.argument == number && progress_[i].phase == Phase::Waiting) {
            arm(i, after(now, static_cast<Nanoseconds>(cue.delay_ns)));
        }
    }
}

bool CuePlayer::later(uint32_t a, uint32_t b) const {
    return std::pair(progress_[a].due, a) > std::pair(progress_[b].due, b);
}

void CuePlayer::arm(uint32_t number, Nanoseconds due) {
    progress_[number] = {Phase::Armed, due};
    armed_.push_back(number);
    std::push_heap(armed_.begin(), armed_.end(), [this](uint32_t a, uint32_t b) { return later(a, b); });
}

Nanoseconds CuePlayer::next_fire() const {
    return armed_.empty() ? kNever : progress_[armed_.front()].due;
}

uint32_t CuePlayer::fire() {
    const uint32_t number = armed_.front();
    std::pop_heap(armed_.begin(), armed_.end(), [this](uint32_t a, uint32_t b) { return later(a, b); });
    armed_.pop_back();
    if (!injecting()) {
        position_ = 0;
        arrival_at_ = after(std::max(cable_free_at_, progress_[number].due), mpu401::kWireByteNs);
    }
    progress_[number].phase = Phase::Queued;
    queue_.push_back(number);
    return number;
}

uint8_t CuePlayer::arrive() {
    const uint32_t number = queue_[queue_head_];
    const uint8_t byte = sheet_.byte(number, position_);
    cable_free_at_ = arrival_at_;
    arrival_at_ = after(arrival_at_, mpu401::kWireByteNs);
    if (++position_ == sheet_.cue(number).size) {
        progress_[number].phase = Phase::Done;
        position_ = 0;
        ++queue_head_;
    }
    return byte;
}

void CuePlayer::save(ByteWriter& out) const {
    out.put(static_cast<uint32_t>(sheet_.section().size()));
    out.put_bytes(sheet_.section().data(), sheet_.section().size());
    for (const Progress& progress : progress_) {
        out.put(static_cast<uint8_t>(progress.phase));
        out.put_time(progress.due);
    }
    out.put(static_cast<uint32_t>(queue_.size() - queue_head_));
    for (size_t i = queue_head_; i < queue_.size(); ++i)
        out.put(queue_[i]);
    out.put(position_);
    out.put_time(arrival_at_);
    out.put_time(cable_free_at_);
}

bool CuePlayer::load(ByteReader& in, ErrorText& error) {
    const uint32_t section_size = in.get<uint32_t>();
    const uint8_t* section = in.get_bytes(section_size);
    if (!in.ok()) return error.say("state: ends inside its cues (%u bytes announced)", section_size);
    if (!sheet_.parse(section, section_size, error)) return false;
    reserve();

    uint32_t queued = 0;
    for (uint32_t number = 0; number < sheet_.count(); ++number) {
        const uint8_t phase = in.get<uint8_t>();
        const Nanoseconds due = in.get_time();
        if (!in.ok() || phase > static_cast<uint8_t>(Phase::Done)) {
            return error.say("state: cue %u has phase %u; 0 to 3 expected", number, phase);
        }
        progress_[number] = {static_cast<Phase>(phase), due};
        if (progress_[number].phase == Phase::Armed) arm(number, due);
        if (progress_[number].phase == Phase::Queued) ++queued;
    }
    const uint32_t queue_size = in.get<uint32_t>();
    if (!in.ok() || queue_size != queued) {
        return error.say("state: %u cues in the queue, %u marked so", queue_size, queued);
    }
    std::vector<bool> seen(sheet_.count());
    for (uint32_t i = 0; i < queue_size; ++i) {
        const uint32_t number = in.get<uint32_t>();
        if (!in.ok() || number >= sheet_.count() || progress_[number].phase != Phase::Queued || seen[number]) {
            return error.say("state: place %u of the cue queue holds %u, which is not queued or there twice", i,
                             number);
        }
        seen[number] = true;
        queue_.push_back(number);
    }
    queue_head_ = 0;
    position_ = in.get<uint32_t>();
    arrival_at_ = in.get_time();
    cable_free_at_ = in.get_time();
    const uint32_t limit = injecting() ? sheet_.cue(queue_.front()).size : 1;
    if (!in.ok() || position_ >= limit) {
        return error.say("state: position %u in a cue of %u bytes", position_, limit);
    }
    return true;
}

} // namespace mpulab
