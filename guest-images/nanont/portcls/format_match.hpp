// SPDX-License-Identifier: MIT
// Does a format, or a client's range, fit a pin's range? Reference portcls-midi.md §4.4. Pure.
#pragma once

#include "module/wire.hpp"

namespace portcls {

/** A client's data format against one of the pin's ranges; a wildcard (all zero) in the range accepts anything. */
constexpr bool format_fits(const wire::DataFormat& format, const wire::DataFormat& range) {
    auto fits = [](const wire::Guid& f, const wire::Guid& r) { return r == wire::kWildcard || f == r; };
    return fits(format.major, range.major) && fits(format.sub, range.sub) && fits(format.specifier, range.specifier);
}

/** The default intersection for MUSIC ranges: the format both agree on. A wildcard in the client's range accepts ours.
 * False: they have none in common (STATUS_NO_MATCH). */
constexpr bool intersect(const wire::DataFormat& client, const wire::DataFormat& mine, wire::DataFormat& format) {
    auto meet = [](const wire::Guid& c, const wire::Guid& m) { return c == wire::kWildcard || c == m; };
    if (!meet(client.major, mine.major) || !meet(client.sub, mine.sub) || !meet(client.specifier, mine.specifier))
        return false;
    format = {sizeof(wire::DataFormat), 0, 0, 0, mine.major, mine.sub, mine.specifier};
    return true;
}

} // namespace portcls
