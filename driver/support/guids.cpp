// SPDX-License-Identifier: MIT
// The one file in which the PortCls headers' GUIDs become data. Those of KS come from the static library ksguid.
#include <initguid.h>

#include "wdk.hpp"
