// SPDX-License-Identifier: MIT
// A YAML document held against a shape: all that is wrong at once, each with its place, or the document in one form.
#pragma once

#include "scenario/places.hpp"
#include "scenario/shape.hpp"

#include <map>
#include <string>
#include <vector>

namespace YAML {
class Node;
}

namespace mpulab {

using Parameters = std::map<std::string, std::string>;

class YamlReader {
  public:
    /// `included`: the places of objects name the file.
    YamlReader(std::string file, Parameters parameters, std::vector<Complaint>& complaints, bool included = false)
        : file_(std::move(file)), included_(included), parameters_(std::move(parameters)), complaints_(complaints) {}

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

    nlohmann::json place_of(const YAML::Node& node) const;

    std::string file_;
    bool included_;
    Parameters parameters_;
    std::vector<Complaint>& complaints_;
};

} // namespace mpulab
