// SPDX-License-Identifier: MIT
// Which pages of special pool belong to which block. A block has its pages and one behind them that stays empty; a
// freed block's pages are the last to be taken again, so that for long they still tell whose they were. The caller
// holds a lock.
#ifndef NANONT_COMMON_SPECIAL_MAP_HPP
#define NANONT_COMMON_SPECIAL_MAP_HPP

#include <stddef.h>
#include <stdint.h>

namespace nanont {

class SpecialMap {
  public:
    static constexpr size_t kPages = 4096; // of address space
    static constexpr size_t kNone = SIZE_MAX;

    enum class State : uint8_t { Free, Used, Freed };

    struct Block {
        size_t bytes; // as asked for
        uint32_t tag;
        uint16_t pages; // without the empty one
        State state;
        bool paged;
        bool begins_page;       // it lies at the beginning of its pages, not at their end
        const void* freed_from; // code that freed it; of a freed block
    };

    /// First page of `pages` and an empty one behind, now used; kNone: there are not that many in a row. Goes round the
    /// range: what was freed last is taken last.
    size_t take(size_t pages) {
        if (pages == 0 || pages + 1 > kPages) {
            return kNone;
        }
        size_t run = 0;
        for (size_t seen = 0, at = next_; seen < kPages + pages; ++seen, ++at) {
            if (at >= kPages) { // a run does not go round the end
                at = 0;
                run = 0;
            }
            run = is_used(at) ? 0 : run + 1;
            if (run == pages + 1) {
                return occupy(at - pages, pages);
            }
        }
        return kNone;
    }

    /// The block that begins at `first`, as take() gave it.
    Block& at(size_t first) { return blocks_[first]; }

    /// A used block is freed by code at `from`.
    void give(size_t first, const void* from) {
        blocks_[first].state = State::Freed;
        blocks_[first].freed_from = from;
    }

    /// First page of the block that a page, be it the empty one, belongs or belonged to; kNone: of none.
    size_t block_of(size_t page) const { return page < kPages && owner_[page] != 0 ? owner_[page] - size_t{1} : kNone; }

    /// First page of the block that a touch at `offset` of a page has to do with; kNone: of none. Of an empty page that
    /// is the one that ends before it or the one that begins behind it and was to have nothing before it: whose data
    /// are nearer, but a freed one only when the other cannot be meant.
    size_t block_concerned(size_t page, size_t offset, size_t page_size) const {
        const size_t own = block_of(page);
        const size_t next = page + 1;
        const bool is_empty = own == kNone || page == own + blocks_[own].pages;
        if (!is_empty || block_of(next) != next || !blocks_[next].begins_page) {
            return own;
        }
        if (own == kNone || (blocks_[next].state == State::Used && blocks_[own].state != State::Used)) {
            return next;
        }
        const bool reaches =
            blocks_[own].bytes != 0 && blocks_[own].bytes % page_size == 0; // its data end where its page does
        if (blocks_[next].state != State::Used) {
            return own;
        }
        return reaches && offset < page_size / 2 ? own : next;
    }

  private:
    bool is_used(size_t page) const {
        const size_t first = block_of(page);
        return first != kNone && blocks_[first].state == State::Used;
    }

    size_t occupy(size_t first, size_t pages) {
        for (size_t page = first; page <= first + pages; ++page) {
            if (const size_t old = block_of(page); old != kNone) {
                forget(old);
            }
        }
        for (size_t page = first; page <= first + pages; ++page) {
            owner_[page] = static_cast<uint16_t>(first + 1);
        }
        blocks_[first] = {0, 0, static_cast<uint16_t>(pages), State::Used, false, false, nullptr};
        next_ = first + pages + 1;
        return first;
    }

    void forget(size_t first) {
        for (size_t page = first; page <= first + blocks_[first].pages; ++page) {
            owner_[page] = 0;
        }
        blocks_[first].state = State::Free;
    }

    Block blocks_[kPages] = {};   // by first page
    uint16_t owner_[kPages] = {}; // first page of its block + 1; 0: nobody's yet
    size_t next_ = 0;
};

} // namespace nanont

#endif
