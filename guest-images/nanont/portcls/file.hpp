// SPDX-License-Identifier: MIT
// What hangs behind FILE_OBJECT.FsContext of a filter or pin.
#pragma once

#include "module/ddk.hpp"

namespace portcls {

class Filter;
class Pin;

struct FileContext {
    KSOBJECT_HEADER header; // first: KsDispatchIrp looks here
    Filter* filter;         // of a filter handle: one reference; else NULL
    Pin* pin;               // of a pin handle; else NULL
    void (*cleanup)(FileContext& file);
    KSOBJECT_CREATE_ITEM create_items[1]; // of a filter: its pins; the header points here
};

} // namespace portcls
