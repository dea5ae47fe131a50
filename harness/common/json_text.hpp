// SPDX-License-Identifier: MIT
// JSON as it is printed.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace mpulab {

/// `indent` -1: on one line. A guest's text may be no UTF-8, or be cut in the middle of a character: what is none
/// becomes U+FFFD. No newline at the end.
template <class Json> std::string json_text(const Json& json, int indent = 2) {
    return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

} // namespace mpulab
