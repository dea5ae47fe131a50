// SPDX-License-Identifier: MIT
#ifndef NANONT_IO_NOTIFICATION_HPP
#define NANONT_IO_NOTIFICATION_HPP

#include "nt.hpp"

namespace nanont::io {

/// Tells those who registered for the category, from a worker and in order. PASSIVE_LEVEL; the caller may hold the
/// interfaces' mutex.
void interface_changed(const GUID& category, const UNICODE_STRING& name, bool arrived);

} // namespace nanont::io

#endif
