// SPDX-License-Identifier: MIT
// The render side's sequencer: which bytes the miniport is offered next, and when. It knows neither locks nor IRPs; the
// pin gives it both through `Host`, the tests through a fake one. Rules: reference portcls-midi.md §2.6, §2.8, §2.10.
//
//  - writes are played strictly in order; each record is offered alone, never merged with another
//  - a record is due at the 1 ms tick nearest its time stamp: it is offered as soon as due <= now + half a tick, or so
//    much earlier as the stream wants to look ahead (SchedulePreFetch of IMiniportDMus)
//  - what the miniport leaves of a record is offered again, from the byte it stopped at, on the next pump
//  - a write is finished when its last byte is accepted, or when the miniport refuses or the data prove malformed
#pragma once

#include "dmus_buffer.hpp"
#include "stream_time.hpp"

namespace portcls {

/* Write calls in one go. Some 100 us with a miniport that queues, and no DPC runs meanwhile. */
inline constexpr uint32_t kMaxOffersPerPump = 8;

/** How the data of a pin are laid out. */
enum class DataLayout : uint8_t { Music /* KSMUSICFORMAT */, DirectMusic /* DMUS_EVENTHEADER */ };

/** The data of one stream header. */
struct RenderFrame {
    const uint8_t* data;
    uint32_t bytes;
    int64_t presentation_100ns;
    DataLayout layout = DataLayout::Music;
};

/** Bytes of one record, or what is left of it. */
struct RenderOffer {
    const uint8_t* bytes;
    uint32_t count;
    int64_t due; /* stream time */
    uint32_t channel_group;
};

/** Position inside one write. */
class RenderCursor {
  public:
    enum class Step { Wait, Offer, Done, Malformed };

    RenderCursor() = default;
    RenderCursor(const RenderFrame* frames, uint32_t count) : frames_(frames), count_(count) { open_frame(); }

    /** What is to be done at stream time `now`. Offer: `offer`. Wait: not before its time is `lead` away. */
    Step step(int64_t now, int64_t lead, RenderOffer& offer) {
        while (left_ == 0) {
            MusicRecord record{};
            switch (frame_ < count_ ? next(record) : MusicStatus::End) {
            case MusicStatus::Malformed:
                return Step::Malformed;
            case MusicStatus::Record:
                due_ = saturating_add(frames_[frame_].layout == DataLayout::Music ? due_
                                                                                  : frames_[frame_].presentation_100ns,
                                      record.delta_100ns);
                bytes_ = record.bytes;
                left_ = record.count;
                channel_group_ = record.channel_group;
                break;
            case MusicStatus::End:
                if (frame_ >= count_ || ++frame_ >= count_) return Step::Done;
                open_frame();
                break;
            }
        }
        offer = {bytes_, left_, due_, channel_group_};
        const bool is_due = due_ <= saturating_add(now, saturating_add(lead, kTick100ns / 2));
        return is_due ? Step::Offer : Step::Wait;
    }

    /** `count` bytes of the offer were taken. */
    void accept(uint32_t count) {
        bytes_ += count;
        left_ -= count;
        accepted_ += count;
    }

    uint32_t accepted() const { return accepted_; }

  private:
    void open_frame() {
        if (frame_ >= count_) return;
        music_ = MusicReader(frames_[frame_].data, frames_[frame_].bytes);
        dmus_ = DMusReader(frames_[frame_].data, frames_[frame_].bytes);
        due_ = frames_[frame_].presentation_100ns;
    }
    MusicStatus next(MusicRecord& record) {
        return frames_[frame_].layout == DataLayout::Music ? music_.next(record) : dmus_.next(record);
    }

    const RenderFrame* frames_ = nullptr;
    uint32_t count_ = 0;
    uint32_t frame_ = 0;
    MusicReader music_; /* one of the two, by the frame's layout */
    DMusReader dmus_;
    int64_t due_ = 0;
    uint32_t channel_group_ = 0;
    const uint8_t* bytes_ = nullptr;
    uint32_t left_ = 0;
    uint32_t accepted_ = 0;
};

enum class RenderEnd { Played, Malformed, Refused };

/** What one offer came to. */
struct RenderAnswer {
    bool refused;     /* the miniport returned an error: give up on this write */
    uint32_t offered; /* the host may pass on a part of the offer only */
    uint32_t taken;   /* less than was offered: busy */
};

enum class PumpResult {
    Idle,  /* nothing queued */
    Until, /* the next record is due at `due` */
    Busy,  /* the miniport took less than it was offered: come back later */
    Again, /* the pump's budget is used up: come back when others have had the processor */
};

/**
 * Host must have:
 *   int64_t now();                                  stream time in 100 ns
 *   int64_t lead();                                 how long before its time a record is offered
 *   bool take(const RenderFrame*& frames, uint32_t& count);   the first queued write becomes the current one; it cannot
 *                                                   be cancelled until park() or finish(); false: there is none
 *   bool resume();                                  the current write again, after park(); false: it was cancelled
 *   void park();                                    the current write may be cancelled until resume()
 *   RenderAnswer offer(const RenderOffer& offer);
 *   void finish(RenderEnd end, uint32_t accepted);  the current write is over
 */
class RenderEngine {
  public:
    template <class Host> PumpResult pump(Host& host, int64_t& due) {
        for (uint32_t offers = 0; offers < kMaxOffersPerPump;) {
            if (!hold(host)) return PumpResult::Idle;
            RenderOffer next{};
            switch (cursor_.step(host.now(), host.lead(), next)) {
            case RenderCursor::Step::Wait:
                due = next.due;
                park(host);
                return PumpResult::Until;
            case RenderCursor::Step::Done:
                finish(host, RenderEnd::Played);
                break;
            case RenderCursor::Step::Malformed:
                finish(host, RenderEnd::Malformed);
                break;
            case RenderCursor::Step::Offer: {
                ++offers;
                RenderAnswer answer = host.offer(next);
                if (answer.refused) {
                    finish(host, RenderEnd::Refused);
                    break;
                }
                cursor_.accept(answer.taken);
                if (answer.taken < answer.offered) {
                    park(host);
                    return PumpResult::Busy;
                }
                break;
            }
            }
        }
        if (held_) park(host);
        return PumpResult::Again;
    }

    /** The current write is gone (STOP cancelled the queue). */
    void forget() { active_ = held_ = false; }

  private:
    /** The current write, or the next one, in our hands. */
    template <class Host> bool hold(Host& host) {
        if (held_) return true;
        if (active_ && host.resume()) return held_ = true;
        const RenderFrame* frames = nullptr;
        uint32_t count = 0;
        active_ = held_ = host.take(frames, count);
        if (active_) cursor_ = RenderCursor(frames, count);
        return active_;
    }
    template <class Host> void park(Host& host) {
        held_ = false;
        host.park();
    }
    template <class Host> void finish(Host& host, RenderEnd end) {
        active_ = held_ = false;
        host.finish(end, cursor_.accepted());
    }

    RenderCursor cursor_;
    bool active_ = false; /* a write is begun */
    bool held_ = false;   /* and cannot be cancelled now */
};

} // namespace portcls
