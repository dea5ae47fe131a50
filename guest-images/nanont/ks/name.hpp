// SPDX-License-Identifier: MIT
// Friendly names of pins and nodes.
#pragma once

#include "module/ddk.hpp"

namespace ks {

/** Answers a property with the name that the registry has for `name`, or, without one, for `kind` (either may be NULL):
 * UTF-16 with its zero. STATUS_NOT_FOUND: it has none. PASSIVE_LEVEL. */
NTSTATUS answer_name(PIRP irp, PVOID data, const GUID* name, const GUID* kind);

} // namespace ks
