// SPDX-License-Identifier: MIT
// Where in its files a part of a scenario stands, and what is said of such a place.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace mpulab {

/// Something wrong in a file.
struct Complaint {
    std::string file;
    int line = 0; // both from 1; 0: of the file as a whole
    int column = 0;
    std::string what;     // "'wirte' is no step"
    std::string expected; // "one of open, state, …"

    /// "a.yaml:12:5: 'wirte' is no step; expected one of open, state, …".
    std::string text() const;
};

/// Where canonical objects keep their place: [line, column], and, of an included file, its path.
inline constexpr const char* kPlaceKey = "@";

/// A complaint about such an object; `file`: of the scenario, when the object's place names no other.
Complaint complaint_at(const nlohmann::json& object, const std::string& file, std::string what, std::string expected);
/// The file an object stands in.
std::string file_of(const nlohmann::json& object, const std::string& file);
/// "12", "pins.yaml:12": where in a scenario an object stands.
std::string place_text(const nlohmann::json& object);

} // namespace mpulab
