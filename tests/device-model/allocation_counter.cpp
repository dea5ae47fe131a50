// SPDX-License-Identifier: MIT
// Apart from the tests: a compiler that sees both sides of a replaced operator warns of a mismatch.
#include "allocation_counter.hpp"

#include <cstdlib>
#include <new>

bool counting_allocations = false;
size_t allocation_count = 0;

void* operator new(size_t size, const std::nothrow_t&) noexcept {
    if (counting_allocations) ++allocation_count;
    return std::malloc(size == 0 ? 1 : size);
}
void* operator new(size_t size) {
    if (void* memory = operator new(size, std::nothrow)) return memory;
    throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
    std::free(memory);
}
void operator delete(void* memory, const std::nothrow_t&) noexcept {
    std::free(memory);
}
void operator delete(void* memory, size_t) noexcept {
    std::free(memory);
}
