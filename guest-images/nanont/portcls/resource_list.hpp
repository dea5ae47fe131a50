// SPDX-License-Identifier: MIT
#pragma once

#include "com.hpp"

namespace portcls {

/** A resource list over copies of both lists of START_DEVICE (NULL: a device without resources). PASSIVE_LEVEL. */
NTSTATUS new_resource_list(PCM_RESOURCE_LIST translated, PCM_RESOURCE_LIST untranslated, PRESOURCELIST* out,
                           PUNKNOWN outer = nullptr);

} // namespace portcls
