// SPDX-License-Identifier: MIT
// The page at 0xFFFFF780`00000000 that drivers' inline code reads (KUSER_SHARED_DATA).
#ifndef NANONT_KE_SHARED_PAGE_HPP
#define NANONT_KE_SHARED_PAGE_HPP

#include "nt.hpp"

namespace nanont::ke {

// Fields that have got their places since the headers at hand were written ("KUSER_SHARED_DATA", learn.microsoft.com).
inline constexpr size_t kSharedBuildNumber = 0x260;
inline constexpr size_t kSharedQpcFrequency = 0x300;

/// What does not change: version, product, processors, frequency. `page` is the view that can be written.
void fill_shared_page(KUSER_SHARED_DATA& page);

} // namespace nanont::ke

#endif
