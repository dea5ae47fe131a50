// SPDX-License-Identifier: MIT
// Copying and filling memory, for the memcpy and memset of kernel and loader. Eight bytes a step and no string
// instruction: an emulator with an instruction-counted clock leaves its translated code at each repetition of REP MOVS
// and REP STOS, which made zeroed pages the dearest thing in a run.
#ifndef NANONT_COMMON_COPY_HPP
#define NANONT_COMMON_COPY_HPP

#include <stddef.h>
#include <stdint.h>

namespace nanont {

// Eight bytes at any address, of any object. The type must be spelled out where it is used: `auto` drops attributes.
using Word [[gnu::may_alias, gnu::aligned(1)]] = uint64_t;
constexpr size_t kWord = sizeof(Word);
constexpr size_t kStep = 4 * kWord;

/// Keeps the compiler from making a call of memcpy or memset out of the loop around it.
template <typename T> void keep_loop(T*& pointer) {
    asm volatile("" : "+r"(pointer) : : "memory");
}

/// Ascending; right for ranges that overlap when `to` lies below `from`.
inline void copy_up(uint8_t* to, const uint8_t* from, size_t size) {
    for (; size >= kStep; size -= kStep, to += kStep, from += kStep) {
        Word* out = reinterpret_cast<Word*>(to);
        const Word* in = reinterpret_cast<const Word*>(from);
        const uint64_t a = in[0];
        const uint64_t b = in[1];
        const uint64_t c = in[2];
        const uint64_t d = in[3];
        out[0] = a;
        out[1] = b;
        out[2] = c;
        out[3] = d;
        keep_loop(to);
    }
    for (; size >= kWord; size -= kWord, to += kWord, from += kWord) {
        *reinterpret_cast<Word*>(to) = *reinterpret_cast<const Word*>(from);
        keep_loop(to);
    }
    for (; size != 0; --size, ++to, ++from) {
        *to = *from;
        keep_loop(to);
    }
}

/// Descending; right for ranges that overlap when `to` lies above `from`.
inline void copy_down(uint8_t* to, const uint8_t* from, size_t size) {
    for (; size >= kWord; size -= kWord) {
        const uint64_t word = *reinterpret_cast<const Word*>(from + size - kWord);
        *reinterpret_cast<Word*>(to + size - kWord) = word;
        keep_loop(to);
    }
    for (; size != 0; --size) {
        to[size - 1] = from[size - 1];
        keep_loop(to);
    }
}

inline void fill(uint8_t* to, uint8_t value, size_t size) {
    const uint64_t word = value * 0x0101010101010101u;
    for (; size >= kStep; size -= kStep, to += kStep) {
        Word* out = reinterpret_cast<Word*>(to);
        out[0] = word;
        out[1] = word;
        out[2] = word;
        out[3] = word;
        keep_loop(to);
    }
    for (; size >= kWord; size -= kWord, to += kWord) {
        *reinterpret_cast<Word*>(to) = word;
        keep_loop(to);
    }
    for (; size != 0; --size, ++to) {
        *to = value;
        keep_loop(to);
    }
}

} // namespace nanont

#endif
