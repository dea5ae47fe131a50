// SPDX-License-Identifier: MIT
#include "scenario/yaml_reader.hpp"

#include "common/nearest.hpp"
#include "scenario/values.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <set>
#include <yaml-cpp/yaml.h>

namespace mpulab {
namespace {

using Json = nlohmann::json;

constexpr size_t kMaxShown = 40; // of a value, in an error

std::string shown(std::string text) {
    if (text.size() > kMaxShown) text = text.substr(0, kMaxShown) + "…";
    return "'" + text + "'";
}

/// Of fields or verbs.
template <typename Named> std::vector<std::string> names_of(const std::vector<Named>& all) {
    std::vector<std::string> names;
    for (const Named& one : all)
        names.push_back(one.name);
    return names;
}

std::string one_of(const std::vector<std::string>& names) {
    return fmt::format("one of {}", fmt::join(names, ", "));
}

} // namespace

Json YamlReader::place_of(const YAML::Node& node) const {
    Json place = {node.Mark().line + 1, node.Mark().column + 1};
    if (included_) place.push_back(file_);
    return place;
}

void YamlReader::complain(const YAML::Node& node, std::string what, std::string expected) {
    complaints_.push_back({file_, node.Mark().line + 1, node.Mark().column + 1, std::move(what), std::move(expected)});
}

std::string YamlReader::scalar(const YAML::Node& node) {
    std::string text = node.Scalar();
    for (size_t at = text.find("${"); at != std::string::npos; at = text.find("${", at)) {
        const size_t end = text.find('}', at);
        const std::string name = text.substr(at + 2, end == std::string::npos ? end : end - at - 2);
        const auto found = parameters_.find(name);
        if (end == std::string::npos || found == parameters_.end()) {
            std::vector<std::string> names;
            for (const auto& [known, value] : parameters_)
                names.push_back(known);
            complain(node, fmt::format("there is no parameter {}{}", shown(name), did_you_mean(name, names)),
                     "a name under parameters:");
            return "";
        }
        text.replace(at, end - at + 1, found->second);
        at += found->second.size(); // what a parameter brings in is not looked at again
    }
    return text;
}

Json YamlReader::read(const YAML::Node& node, const Shape& shape) {
    switch (shape.kind) {
    case Shape::Kind::List:
        return read_list(node, shape);
    case Shape::Kind::Table:
        return read_table(node, shape);
    case Shape::Kind::Values:
        return read_values(node, shape);
    case Shape::Kind::Map:
        return read_map(node, shape.fields, "a key here");
    case Shape::Kind::Verbs:
        return read_verbs(node, shape);
    default:
        return read_scalar(node, shape);
    }
}

Json YamlReader::read_scalar(const YAML::Node& node, const Shape& shape) {
    if (!node.IsScalar()) {
        complain(node, node.IsNull() ? "there is no value" : "a list or mapping stands here", expectation(shape));
        return nullptr;
    }
    const size_t before = complaints_.size();
    const std::string text = scalar(node);
    if (complaints_.size() != before) return nullptr;
    const bool is_word = std::find(shape.words.begin(), shape.words.end(), text) != shape.words.end();
    if (is_word) return text;
    const auto wrong = [&] {
        complain(node, fmt::format("{} does not fit{}", shown(text), did_you_mean(text, shape.words)),
                 expectation(shape));
        return Json(nullptr);
    };
    switch (shape.kind) {
    case Shape::Kind::Text:
        return text.empty() ? wrong() : Json(text);
    case Shape::Kind::Number:
    case Shape::Kind::Time: {
        const auto number = shape.kind == Shape::Kind::Time ? parse_time(text) : parse_number(text);
        return number && *number >= shape.least && *number <= shape.most ? Json(*number) : wrong();
    }
    case Shape::Kind::Hex: {
        const auto bytes = parse_hex(text);
        const auto count = bytes ? static_cast<int64_t>(bytes->size()) : -1;
        if (count < shape.least || count > shape.most) return wrong();
        std::string hex;
        for (const uint8_t byte : *bytes)
            hex += fmt::format("{:02x}", byte);
        return hex;
    }
    case Shape::Kind::Flag:
        return text == "true" ? Json(true) : text == "false" ? Json(false) : wrong();
    default:
        return wrong();
    }
}

Json YamlReader::read_list(const YAML::Node& node, const Shape& shape) {
    if (!node.IsSequence()) {
        complain(node, "this is no list", expectation(shape));
        return nullptr;
    }
    const auto size = static_cast<int64_t>(node.size());
    if (size < shape.least || size > shape.most) {
        complain(node, fmt::format("{} entries stand here", size), expectation(shape));
        return nullptr;
    }
    Json list = Json::array();
    for (const YAML::Node& item : node)
        list.push_back(read(item, *shape.item));
    return list;
}

Json YamlReader::read_values(const YAML::Node& node, const Shape& shape) {
    Json values = Json::array();
    const auto one = [&](const YAML::Node& item) {
        if (item.IsScalar()) {
            values.push_back(item.Scalar());
        } else {
            complain(item, "this is no plain value", expectation(shape));
        }
    };
    if (!node.IsSequence()) {
        one(node);
        return values;
    }
    for (const YAML::Node& item : node)
        one(item);
    if (node.size() == 0) complain(node, "the list is empty", expectation(shape));
    return values;
}

bool YamlReader::has_unique_keys(const YAML::Node& node) {
    if (!node.IsMap()) {
        complain(node, node.IsNull() ? "there is nothing here" : "this is no mapping", "key: value");
        return false;
    }
    std::set<std::string> seen;
    for (const auto& entry : node) {
        if (!entry.first.IsScalar()) {
            complain(entry.first, "a key is no plain word", "key: value");
            return false;
        }
        if (!seen.insert(entry.first.Scalar()).second) {
            complain(entry.first, fmt::format("{} stands here twice", shown(entry.first.Scalar())), "each key once");
            return false;
        }
    }
    return true;
}

Json YamlReader::read_table(const YAML::Node& node, const Shape& shape) {
    if (!has_unique_keys(node)) return nullptr;
    if (static_cast<int64_t>(node.size()) > shape.most) {
        complain(node, fmt::format("{} names stand here", node.size()), expectation(shape));
        return nullptr;
    }
    Json table = Json::object();
    for (const auto& entry : node) {
        const std::string name = entry.first.Scalar();
        if (name.empty() || name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") != std::string::npos) {
            complain(entry.first, fmt::format("{} is no name", shown(name)), "small letters, digits and -");
            continue;
        }
        table[name] = read(entry.second, *shape.item);
    }
    return table;
}

Json YamlReader::read_map(const YAML::Node& node, const std::vector<Field>& fields, const char* what) {
    if (!has_unique_keys(node)) return nullptr;
    Json map = {{kPlaceKey, place_of(node)}};
    for (const auto& entry : node) {
        const std::string name = entry.first.Scalar();
        const auto field = std::find_if(fields.begin(), fields.end(), [&](const Field& f) { return f.name == name; });
        if (field == fields.end()) {
            const std::vector<std::string> names = names_of(fields);
            complain(entry.first, fmt::format("{} is not {}{}", shown(name), what, did_you_mean(name, names)),
                     one_of(names));
            continue;
        }
        map[name] = read(entry.second, *field->shape);
    }
    for (const Field& field : fields) {
        if (field.required && !map.contains(field.name) && !node[field.name]) {
            complain(node, fmt::format("{} is missing", field.name), expectation(*field.shape));
        }
    }
    return map;
}

Json YamlReader::read_verbs(const YAML::Node& node, const Shape& shape) {
    if (!has_unique_keys(node)) return nullptr;
    const Verb* chosen = nullptr;
    for (const auto& entry : node) {
        const auto verb = std::find_if(shape.verbs.begin(), shape.verbs.end(),
                                       [&](const Verb& v) { return v.name == entry.first.Scalar(); });
        if (verb == shape.verbs.end()) continue;
        // A key may be a verb here and a field of another: the one that is written first says what this is.
        if (chosen == nullptr) chosen = &*verb;
    }
    if (chosen == nullptr) {
        const std::string first = node.size() == 0 ? "" : node.begin()->first.Scalar();
        const std::vector<std::string> names = names_of(shape.verbs);
        complain(node, fmt::format("{} is none of what can stand here{}", shown(first), did_you_mean(first, names)),
                 one_of(names));
        return nullptr;
    }
    std::vector<Field> fields = {{chosen->name, chosen->value, true, chosen->text}};
    fields.insert(fields.end(), chosen->fields.begin(), chosen->fields.end());
    Json map = read_map(node, fields, fmt::format("a key of '{}'", chosen->name).c_str());
    if (map.is_object()) map["verb"] = chosen->name;
    return map;
}

} // namespace mpulab
