// SPDX-License-Identifier: MIT
#include "cue_player.hpp"

#include <algorithm>
#include <numeric>
#include <tuple>
#include <utility>

namespace mpulab {
namespace {

constexpr auto kDueLater = [](const auto& a, const auto& b) {
    return std::tuple(a.due, a.cue) > std::tuple(b.due, b.cue);
};

} // namespace

void CuePlayer::set_sheet(CueSheet sheet, Nanoseconds now) {
    sheet_ = std::move(sheet);
    prepare();
    rearm(now);
}

// All room that this sheet can ever need.
void CuePlayer::prepare() {
    const uint32_t count = sheet_.count();
    size_t most_armed = 0;
    watched_ = 0;
    for (uint32_t number = 0; number < count; ++number) {
        const mpulab_cue& cue = sheet_.cue(number);
        watched_ |= 1u << cue.trigger;
        most_armed += cue.trigger == MPULAB_TRIGGER_TIME ? 1 : cue.firings;
    }
    armed_ = {};
    armed_.reserve(most_armed);
    times_armed_.assign(count, 0);
    fired_.assign(count, 0);
    by_source_.resize(count);
    start_sources();
}

// Groups the cues by what they wait for; nothing has happened yet.
void CuePlayer::start_sources() {
    const auto source_of = [this](uint32_t number) {
        return std::pair(sheet_.cue(number).trigger, sheet_.cue(number).argument);
    };
    std::iota(by_source_.begin(), by_source_.end(), 0u);
    std::sort(by_source_.begin(), by_source_.end(),
              [&](uint32_t a, uint32_t b) { return std::pair(source_of(a), a) < std::pair(source_of(b), b); });
    sources_.clear();
    for (uint32_t i = 0; i < by_source_.size(); ++i) {
        const auto [trigger, argument] = source_of(by_source_[i]);
        if (sources_.empty() || trigger != sources_.back().trigger || argument != sources_.back().argument) {
            sources_.push_back({trigger, argument, i, i, 0, 0});
        }
        sources_.back().end = i + 1;
    }
}

void CuePlayer::rearm(Nanoseconds now) {
    armed_.clear();
    std::fill(times_armed_.begin(), times_armed_.end(), 0u);
    std::fill(fired_.begin(), fired_.end(), 0u);
    started_at_ = now;
    const auto later = [this](uint32_t a, uint32_t b) { return comes_later(a, b); };
    for (Source& source : sources_) {
        std::make_heap(by_source_.begin() + source.begin, by_source_.begin() + source.end, later);
        source.count = 0;
        source.turn = turn(by_source_[source.begin], 0);
        if (source.trigger != MPULAB_TRIGGER_TIME) continue;
        for (uint32_t i = source.begin; i < source.end; ++i)
            arm(by_source_[i], next_due(by_source_[i]));
    }
}

uint64_t CuePlayer::turn(uint32_t cue, uint32_t times) const {
    const mpulab_cue& data = sheet_.cue(cue);
    return times < data.firings ? data.first + times * data.every : kNoTurn;
}

bool CuePlayer::comes_later(uint32_t a, uint32_t b) const {
    return std::pair(turn(a, times_armed_[a]), a) > std::pair(turn(b, times_armed_[b]), b);
}

void CuePlayer::happened(uint32_t trigger, uint32_t argument, Nanoseconds at) {
    const auto source = std::lower_bound(
        sources_.begin(), sources_.end(), std::pair(trigger, argument),
        [](const Source& entry, const auto& wanted) { return std::pair(entry.trigger, entry.argument) < wanted; });
    if (source == sources_.end() || source->trigger != trigger || source->argument != argument) return;
    if (++source->count < source->turn) return;
    const auto begin = by_source_.begin() + source->begin;
    const auto end = by_source_.begin() + source->end;
    const auto later = [this](uint32_t a, uint32_t b) { return comes_later(a, b); };
    while (turn(*begin, times_armed_[*begin]) == source->count) {
        std::pop_heap(begin, end, later);
        const uint32_t cue = *(end - 1);
        arm(cue, after(at, sheet_.delay(cue, times_armed_[cue])));
        std::push_heap(begin, end, later);
    }
    source->turn = turn(*begin, times_armed_[*begin]);
}

void CuePlayer::arm(uint32_t cue, Nanoseconds due) {
    armed_.push_back({due, cue});
    std::push_heap(armed_.begin(), armed_.end(), kDueLater);
    ++times_armed_[cue];
}

// Its jitter is no longer than the step from one to the next, so firings keep their order.
Nanoseconds CuePlayer::next_due(uint32_t cue) const {
    const mpulab_cue& data = sheet_.cue(cue);
    const Nanoseconds too_late_by = std::max(started_at_ - static_cast<Nanoseconds>(data.delay_ns), Nanoseconds{0});
    const auto steps = static_cast<Nanoseconds>(fired_[cue] * data.every);
    return after(after(too_late_by, steps), sheet_.delay(cue, fired_[cue]));
}

uint32_t CuePlayer::fire() {
    const uint32_t cue = armed_.front().cue;
    std::pop_heap(armed_.begin(), armed_.end(), kDueLater);
    armed_.pop_back();
    ++fired_[cue];
    const mpulab_cue& data = sheet_.cue(cue);
    if (data.trigger == MPULAB_TRIGGER_TIME && fired_[cue] < data.firings) arm(cue, next_due(cue));
    return cue;
}

void CuePlayer::save(ByteWriter& out) const {
    out.put(static_cast<uint32_t>(sheet_.section().size()));
    out.put_bytes(sheet_.section().data(), sheet_.section().size());
    out.put_time(started_at_);
    for (const Source& source : sources_)
        out.put(source.count);
    for (const uint32_t fired : fired_)
        out.put(fired);
    out.put(static_cast<uint32_t>(armed_.size()));
    for (const Armed& armed : armed_) { // in the heap's own order: a loaded player saves the same bytes
        out.put_time(armed.due);
        out.put(armed.cue);
    }
}

bool CuePlayer::load(ByteReader& in, ErrorText& error) {
    const uint32_t section_size = in.get<uint32_t>();
    const uint8_t* section = in.get_bytes(section_size);
    if (!in.ok()) return error.say("state: ends inside its cues (%u bytes announced)", section_size);
    CueSheet sheet;
    if (!sheet.parse(section, section_size, error)) return false;
    set_sheet(std::move(sheet), 0);
    started_at_ = in.get_time();
    return load_counts(in, error) && load_armed(in, error);
}

// How often a cue was armed follows from how often its trigger has happened.
bool CuePlayer::load_counts(ByteReader& in, ErrorText& error) {
    constexpr uint64_t kMostEvents = uint64_t{1} << 56; // some thousand years of status reads
    for (Source& source : sources_) {
        source.count = in.get<uint64_t>();
        if (source.count > kMostEvents || (source.trigger == MPULAB_TRIGGER_TIME && source.count != 0)) {
            return error.say("state: trigger %u (%u) has happened %llu times", source.trigger, source.argument,
                             static_cast<unsigned long long>(source.count));
        }
        for (uint32_t i = source.begin; i < source.end; ++i) {
            const mpulab_cue& cue = sheet_.cue(by_source_[i]);
            uint32_t& times = times_armed_[by_source_[i]];
            if (source.trigger == MPULAB_TRIGGER_TIME || source.count < cue.first) {
                times = 0;
            } else if (cue.firings == 1) {
                times = 1;
            } else {
                times =
                    static_cast<uint32_t>(std::min<uint64_t>(cue.firings, 1 + (source.count - cue.first) / cue.every));
            }
        }
        const auto later = [this](uint32_t a, uint32_t b) { return comes_later(a, b); };
        std::make_heap(by_source_.begin() + source.begin, by_source_.begin() + source.end, later);
        source.turn = turn(by_source_[source.begin], times_armed_[by_source_[source.begin]]);
    }
    for (uint32_t number = 0; number < sheet_.count(); ++number) {
        const mpulab_cue& cue = sheet_.cue(number);
        fired_[number] = in.get<uint32_t>();
        if (cue.trigger == MPULAB_TRIGGER_TIME) { // armed for its next firing as soon as it has fired
            times_armed_[number] = fired_[number] < cue.firings ? fired_[number] + 1 : fired_[number];
        }
        if (fired_[number] > cue.firings || fired_[number] > times_armed_[number]) {
            return error.say("state: cue %u has fired %u times; at most %u expected", number, fired_[number],
                             std::min(cue.firings, times_armed_[number]));
        }
    }
    if (!in.ok()) return error.say("state: ends, or holds an impossible value, before byte %zu", in.position());
    return true;
}

bool CuePlayer::load_armed(ByteReader& in, ErrorText& error) {
    uint64_t expected = 0;
    for (uint32_t number = 0; number < sheet_.count(); ++number)
        expected += times_armed_[number] - fired_[number];
    const uint32_t size = in.get<uint32_t>();
    if (size != expected) {
        return error.say("state: %u firings are armed; %llu expected", size, static_cast<unsigned long long>(expected));
    }
    std::vector<uint32_t> seen(sheet_.count());
    armed_.clear();
    for (uint32_t i = 0; i < size; ++i) {
        const Armed armed = {in.get_time(), in.get<uint32_t>()};
        if (!in.ok() || armed.cue >= sheet_.count() || seen[armed.cue] == times_armed_[armed.cue] - fired_[armed.cue]) {
            return error.say("state: armed firing %u is of cue %u, which is not armed so often", i, armed.cue);
        }
        ++seen[armed.cue];
        if (sheet_.cue(armed.cue).trigger == MPULAB_TRIGGER_TIME && armed.due != next_due(armed.cue)) {
            return error.say("state: cue %u fires at %lld ns; %lld expected", armed.cue,
                             static_cast<long long>(armed.due), static_cast<long long>(next_due(armed.cue)));
        }
        armed_.push_back(armed);
    }
    if (!std::is_heap(armed_.begin(), armed_.end(), kDueLater)) {
        return error.say("state: the %u armed firings are not in order", size);
    }
    return true;
}

} // namespace mpulab
