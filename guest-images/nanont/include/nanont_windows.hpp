// SPDX-License-Identifier: MIT
// The first builds of the Windows versions that brought something which nanont has or lacks by its profile.
#ifndef NANONT_WINDOWS_HPP
#define NANONT_WINDOWS_HPP

inline constexpr unsigned long kWindows8 = 9200;
inline constexpr unsigned long kWindows10 = 10240;

#endif
