// SPDX-License-Identifier: MIT
// Runs of pages out of a fixed range, first fit from where the last search ended. The caller holds a lock.
#ifndef NANONT_COMMON_PAGE_BITMAP_HPP
#define NANONT_COMMON_PAGE_BITMAP_HPP

#include <stddef.h>
#include <stdint.h>

namespace nanont {

class PageBitmap {
  public:
    static constexpr size_t kNone = SIZE_MAX;

    /// `words` holds a bit per page, ceil(pages / 64) of them; every page starts out taken.
    void init(uint64_t* words, size_t pages) {
        words_ = words;
        pages_ = pages;
        hint_ = 0;
        free_ = 0;
        for (size_t i = 0; i < (pages + 63) / 64; ++i) {
            words_[i] = ~0ull;
        }
    }

    /// First page of `count` free ones in a row, now taken; kNone when there are not that many in a row.
    size_t take(size_t count) {
        if (count == 0 || count > free_) {
            return kNone;
        }
        const size_t found = search(hint_, count);
        const size_t first = found != kNone ? found : search(0, count);
        if (first != kNone) {
            for (size_t i = first; i < first + count; ++i) {
                words_[i / 64] |= 1ull << (i % 64);
            }
            free_ -= count;
            hint_ = first + count;
        }
        return first;
    }

    /// Gives pages back (or, at the start, gives them at all). Those that are free already stay so and are not counted.
    void give(size_t first, size_t count) {
        for (size_t i = first; i < first + count && i < pages_; ++i) {
            const uint64_t bit = 1ull << (i % 64);
            free_ += (words_[i / 64] & bit) != 0 ? 1 : 0;
            words_[i / 64] &= ~bit;
        }
        hint_ = first < hint_ ? first : hint_;
    }

    bool taken(size_t page) const { return page >= pages_ || (words_[page / 64] >> (page % 64) & 1) != 0; }
    size_t free_pages() const { return free_; }
    size_t pages() const { return pages_; }

  private:
    size_t search(size_t from, size_t count) const {
        size_t run = 0;
        for (size_t i = from; i < pages_; ++i) {
            if (run == 0 && i % 64 == 0 && words_[i / 64] == ~0ull) {
                i += 63;
                continue;
            }
            run = taken(i) ? 0 : run + 1;
            if (run == count) {
                return i + 1 - count;
            }
        }
        return kNone;
    }

    uint64_t* words_ = nullptr;
    size_t pages_ = 0;
    size_t hint_ = 0;
    size_t free_ = 0;
};

} // namespace nanont

#endif
