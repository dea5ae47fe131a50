// SPDX-License-Identifier: MIT
#include "scenario/shape.hpp"

#include "scenario/values.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <map>

namespace mpulab {
namespace {

using Json = nlohmann::ordered_json;

ShapePtr of_kind(Shape::Kind kind, int64_t least, int64_t most, std::vector<std::string> words = {}) {
    Shape shape;
    shape.kind = kind;
    shape.least = least;
    shape.most = most;
    shape.words = std::move(words);
    return std::make_shared<const Shape>(std::move(shape));
}

ShapePtr of_items(Shape::Kind kind, ShapePtr item, int64_t least, int64_t most) {
    Shape shape;
    shape.kind = kind;
    shape.least = least;
    shape.most = most;
    shape.item = std::move(item);
    return std::make_shared<const Shape>(std::move(shape));
}

constexpr size_t kMostWordsInText = 80; // beside a number; the schema has them all

std::string or_words(const std::vector<std::string>& words) {
    std::string text;
    for (size_t i = 0; i < words.size(); ++i)
        text += (i == 0 ? "" : i + 1 == words.size() ? " or " : ", ") + words[i];
    return text;
}

std::string bounds(int64_t least, int64_t most, const char* what) {
    if (most == INT64_MAX) return fmt::format("at least {} {}", least, what);
    if (least == most) return fmt::format("{} {}", least, what);
    return fmt::format("{} to {} {}", least, most, what);
}

std::vector<Field> fields_of(const Verb& verb) {
    std::vector<Field> fields = {{verb.name, verb.value, true, verb.text}};
    fields.insert(fields.end(), verb.fields.begin(), verb.fields.end());
    return fields;
}

/// Writes schemas; a shape that stands in several places is written once, under $defs.
class SchemaWriter {
  public:
    explicit SchemaWriter(const Shape& root) { count(root); }

    Json write(const Shape& shape) {
        const auto uses = uses_.find(&shape);
        if (uses == uses_.end() || uses->second < 2 || is_small(shape)) return body(shape);
        auto [name, fresh] = names_.try_emplace(&shape, fmt::format("shape-{}", names_.size() + 1));
        if (fresh) defs_[name->second] = body(shape);
        return {{"$ref", "#/$defs/" + name->second}};
    }
    const Json& defs() const { return defs_; }

  private:
    static bool is_small(const Shape& shape) {
        return shape.kind == Shape::Kind::Flag || shape.kind == Shape::Kind::Text;
    }

    void count(const Shape& shape) {
        if (++uses_[&shape] > 1) return;
        if (shape.item) count(*shape.item);
        for (const Field& field : shape.fields)
            count(*field.shape);
        for (const Verb& verb : shape.verbs) {
            count(*verb.value);
            for (const Field& field : verb.fields)
                count(*field.shape);
        }
    }

    Json map(const std::vector<Field>& fields) {
        Json schema = {{"type", "object"}, {"additionalProperties", false}, {"properties", Json::object()}};
        Json required = Json::array();
        for (const Field& field : fields) {
            schema["properties"][field.name] = write(*field.shape);
            schema["properties"][field.name]["description"] = field.text;
            if (field.required) required.push_back(field.name);
        }
        if (!required.empty()) schema["required"] = std::move(required);
        return schema;
    }

    Json body(const Shape& shape);

    std::map<const Shape*, size_t> uses_;
    std::map<const Shape*, std::string> names_;
    Json defs_ = Json::object();
};

/// Writes the reference; a shape that came before is only named.
class ReferenceWriter {
  public:
    std::string below(const Shape& shape, const std::string& indent) {
        if (shape.kind == Shape::Kind::List || shape.kind == Shape::Kind::Table) return below(*shape.item, indent);
        if (shape.kind == Shape::Kind::Map) return lines(shape.fields, indent);
        std::string out;
        const std::vector<Field> shared = common_fields(shape);
        for (const Verb& verb : shape.verbs) {
            out += fmt::format("{}- `{}`: {}; {}\n", indent, verb.name, verb.text, expectation(*verb.value));
            std::vector<Field> own;
            for (const Field& field : verb.fields)
                if (!contains(shared, field)) own.push_back(field);
            out += below(*verb.value, indent + "  ") + lines(own, indent + "  ");
        }
        if (!shared.empty()) out += fmt::format("{}- with each of them:\n{}", indent, lines(shared, indent + "  "));
        return out;
    }

  private:
    static bool contains(const std::vector<Field>& fields, const Field& wanted) {
        return std::any_of(fields.begin(), fields.end(), [&](const Field& field) {
            return field.name == wanted.name && field.shape == wanted.shape && field.text == wanted.text;
        });
    }
    /// What all verbs of a shape take.
    static std::vector<Field> common_fields(const Shape& shape) {
        std::vector<Field> shared;
        if (shape.verbs.size() < 2) return shared;
        for (const Field& field : shape.verbs.front().fields) {
            const auto takes = [&field](const Verb& verb) { return contains(verb.fields, field); };
            if (std::all_of(shape.verbs.begin(), shape.verbs.end(), takes)) shared.push_back(field);
        }
        return shared;
    }

    std::string lines(const std::vector<Field>& fields, const std::string& indent) {
        std::string out;
        for (const Field& field : fields) {
            out += fmt::format("{}- `{}`{}: {}; {}", indent, field.name, field.required ? " (required)" : "",
                               field.text, expectation(*field.shape));
            const auto [before, fresh] = told_.try_emplace(field.shape.get(), field.name);
            const std::string more = fresh ? below(*field.shape, indent + "  ") : "";
            const bool large = field.shape->kind == Shape::Kind::List || field.shape->kind == Shape::Kind::Map;
            out += (!fresh && large ? ", as `" + before->second + "`" : "") + "\n" + more;
        }
        return out;
    }

    std::map<const Shape*, std::string> told_; // under which name it came
};

} // namespace

ShapePtr text_shape() {
    return of_kind(Shape::Kind::Text, 0, 0);
}
ShapePtr values_shape() {
    return of_kind(Shape::Kind::Values, 0, 0);
}
ShapePtr number_shape(int64_t least, int64_t most, std::vector<std::string> words) {
    return of_kind(Shape::Kind::Number, least, most, std::move(words));
}
ShapePtr time_shape(int64_t least_ns, int64_t most_ns) {
    return of_kind(Shape::Kind::Time, least_ns, most_ns);
}
ShapePtr bytes_shape(int64_t least, int64_t most, std::vector<std::string> words) {
    return of_kind(Shape::Kind::Hex, least, most, std::move(words));
}
ShapePtr word_shape(std::vector<std::string> words) {
    return of_kind(Shape::Kind::Word, 0, 0, std::move(words));
}
ShapePtr flag_shape() {
    return of_kind(Shape::Kind::Flag, 0, 0);
}
ShapePtr list_shape(ShapePtr item, int64_t least, int64_t most) {
    return of_items(Shape::Kind::List, std::move(item), least, most);
}
ShapePtr table_shape(ShapePtr item, int64_t most) {
    return of_items(Shape::Kind::Table, std::move(item), 0, most);
}
ShapePtr map_shape(std::vector<Field> fields) {
    Shape shape;
    shape.kind = Shape::Kind::Map;
    shape.fields = std::move(fields);
    return std::make_shared<const Shape>(std::move(shape));
}
ShapePtr verbs_shape(std::vector<Verb> verbs) {
    Shape shape;
    shape.kind = Shape::Kind::Verbs;
    shape.verbs = std::move(verbs);
    return std::make_shared<const Shape>(std::move(shape));
}

std::string expectation(const Shape& shape) {
    const std::string or_word = shape.words.empty() ? ""
                                : shape.words.size() > kMostWordsInText
                                    ? fmt::format(", or one of {} names", shape.words.size())
                                    : ", or " + or_words(shape.words);
    switch (shape.kind) {
    case Shape::Kind::Text:
        return "text";
    case Shape::Kind::Values:
        return "a value or a list of values";
    case Shape::Kind::Number:
        return shape.most == INT64_MAX ? fmt::format("a number from {} on{}", shape.least, or_word)
                                       : fmt::format("a number from {} to {}{}", shape.least, shape.most, or_word);
    case Shape::Kind::Time:
        return fmt::format("a time from {} to {}, e.g. 320us", time_text(shape.least), time_text(shape.most));
    case Shape::Kind::Hex:
        return fmt::format("{} in hexadecimal, e.g. 90 3c 40{}", bounds(shape.least, shape.most, "bytes"), or_word);
    case Shape::Kind::Word:
        return shape.words.size() == 1 ? shape.words[0] : "one of " + or_words(shape.words);
    case Shape::Kind::Flag:
        return "true or false";
    case Shape::Kind::List:
        return "a list of " + bounds(shape.least, shape.most, "entries");
    case Shape::Kind::Map:
        return "a mapping";
    case Shape::Kind::Table:
        return fmt::format("a mapping of at most {} names of your own", shape.most);
    case Shape::Kind::Verbs:
        return "a mapping with one of these keys";
    }
    return "";
}

Json SchemaWriter::body(const Shape& shape) {
    const auto or_words = [&shape](Json schema) {
        return shape.words.empty() ? schema : Json{{"anyOf", {std::move(schema), {{"enum", shape.words}}}}};
    };
    // ${name} stands for a parameter; editors know nothing of its value.
    const Json parameter = {{"type", "string"}, {"pattern", "\\$\\{[a-z0-9-]+\\}"}};
    switch (shape.kind) {
    case Shape::Kind::Text:
        return {{"type", {"string", "number", "boolean"}}};
    case Shape::Kind::Values: {
        const Json scalar = {{"type", {"string", "number", "boolean"}}};
        return {{"anyOf", {scalar, {{"type", "array"}, {"minItems", 1}, {"items", scalar}}}}};
    }
    case Shape::Kind::Number: {
        Json number = {{"type", "integer"}, {"minimum", shape.least}};
        if (shape.most != INT64_MAX) number["maximum"] = shape.most;
        Json any = {{"anyOf", {number, {{"type", "string"}, {"pattern", "^-?(0x)?[0-9A-Fa-f]+$"}}, parameter}}};
        if (!shape.words.empty()) any["anyOf"].push_back({{"enum", shape.words}});
        return any;
    }
    case Shape::Kind::Time:
        return {
            {"anyOf",
             {{{"type", "string"}, {"pattern", "^[0-9]+(\\.[0-9]+)?(ns|us|ms|s|m|h)$"}}, {{"const", 0}}, parameter}}};
    case Shape::Kind::Hex:
        return or_words({{"anyOf",
                          {{{"type", "string"}, {"pattern", "^[0-9A-Fa-f]{2}([ ,\\n\\t]*[0-9A-Fa-f]{2})*[ ,\\n\\t]*$"}},
                           {{"type", "integer"}},
                           parameter}}});
    case Shape::Kind::Word:
        return {{"anyOf", {{{"enum", shape.words}}, parameter}}};
    case Shape::Kind::Flag:
        return {{"type", "boolean"}};
    case Shape::Kind::List: {
        Json list = {{"type", "array"}, {"items", write(*shape.item)}, {"minItems", shape.least}};
        if (shape.most != INT64_MAX) list["maxItems"] = shape.most;
        return list;
    }
    case Shape::Kind::Map:
        return map(shape.fields);
    case Shape::Kind::Table:
        return {{"type", "object"},
                {"additionalProperties", write(*shape.item)},
                {"propertyNames", {{"pattern", "^[a-z0-9-]+$"}}},
                {"maxProperties", shape.most}};
    case Shape::Kind::Verbs: {
        Json any = Json::array();
        for (const Verb& verb : shape.verbs)
            any.push_back(map(fields_of(verb)));
        return {{"oneOf", std::move(any)}};
    }
    }
    return Json::object();
}

Json json_schema(const Shape& shape) {
    SchemaWriter writer(shape);
    Json schema = writer.write(shape);
    if (!writer.defs().empty()) schema["$defs"] = writer.defs();
    return schema;
}

std::string markdown(const Shape& shape) {
    return ReferenceWriter().below(shape, "");
}

} // namespace mpulab
