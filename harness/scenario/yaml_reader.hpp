// SPDX-License-Identifier: MIT
// A YAML document held against a shape: all that is wrong at once, each with its place, or the document in one form.
#pragma once

#include "scenario/shape.hpp"

#include <map>
#include <string>
#include <vector>

namespace YAML {
class Node;
}

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

using Parameters = std::map<std::string, std::string>;

/// Where canonical objects keep their place: [line, column].
inline constexpr const char* kPlaceKey = "@";

class YamlReader {
  public:
    YamlReader(std::string file, Parameters parameters, std::vector<Complaint>& complaints)
        : file_(std::move(file)), parameters_(std::move(parameters)), complaints_(complaints) {}

    /// The document as JSON: times as nanoseconds, bytes as lower-case hexadecimal, numbers and flags as such, objects
    /// with their place. Only to be used when nothing was complained of. "${name}" in a scalar is that parameter.
    nlohmann::json read(const YAML::Node& node, const Shape& shape);

  private:
    void complain(const YAML::Node& node, std::string what, std::string expected);
    std::string scalar(const YAML::Node& node);
    nlohmann::json read_scalar(const YAML::Node& node, const Shape& shape);
    nlohmann::json read_values(const YAML::Node& node, const Shape& shape);
    nlohmann::json read_list(const YAML::Node& node, const Shape& shape);
    nlohmann::json read_table(const YAML::Node& node, const Shape& shape);
    nlohmann::json read_map(const YAML::Node& node, const std::vector<Field>& fields, const char* what);
    nlohmann::json read_verbs(const YAML::Node& node, const Shape& shape);
    bool has_unique_keys(const YAML::Node& node);

    std::string file_;
    Parameters parameters_;
    std::vector<Complaint>& complaints_;
};

} // namespace mpulab
