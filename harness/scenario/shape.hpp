// SPDX-License-Identifier: MIT
// What may stand in a scenario file, as data: the reader, the published JSON Schema and the table for people all go by
// the same shapes (scenario/format.cpp builds them).
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace mpulab {

struct Shape;
using ShapePtr = std::shared_ptr<const Shape>;

/// A key of a mapping and what stands behind it.
struct Field {
    std::string name;
    ShapePtr shape;
    bool required = false;
    std::string text; // one line for people
};

/// A mapping that says what it is by which key it has: "write: 90 3c 40" is a write. The other keys are its fields.
struct Verb {
    std::string name;
    ShapePtr value;
    std::vector<Field> fields;
    std::string text;
};

struct Shape {
    enum class Kind {
        Text,   // any scalar but an empty one
        Values, // a scalar, or a list of scalars, of any kind
        Number, // decimal, or hexadecimal with 0x: least..most
        Time,   // "320us": virtual nanoseconds, least..most
        Hex,    // "90 3c 40": so many of them, least..most
        Word,   // one of `words`
        Flag,   // true or false
        List,   // so many of `item`, least..most
        Map,    // `fields`
        Table,  // names of the author's choice, `item` behind each
        Verbs,  // a mapping with exactly one of `verbs`
    };

    Kind kind = Kind::Text;
    int64_t least = 0;
    int64_t most = INT64_MAX;
    std::vector<std::string> words; // of a Word; beside a Number or Hex: also taken
    ShapePtr item;                  // of a List or Table
    std::vector<Field> fields;
    std::vector<Verb> verbs;
};

ShapePtr text_shape();
ShapePtr values_shape();
ShapePtr number_shape(int64_t least, int64_t most, std::vector<std::string> words = {});
ShapePtr time_shape(int64_t least_ns, int64_t most_ns);
ShapePtr bytes_shape(int64_t least, int64_t most, std::vector<std::string> words = {});
ShapePtr word_shape(std::vector<std::string> words);
ShapePtr flag_shape();
ShapePtr list_shape(ShapePtr item, int64_t least, int64_t most);
ShapePtr map_shape(std::vector<Field> fields);
ShapePtr table_shape(ShapePtr item, int64_t most);
ShapePtr verbs_shape(std::vector<Verb> verbs);

/// "a time from 1us to 1h, e.g. 320us": what an error says was expected.
std::string expectation(const Shape& shape);

/// The JSON Schema (draft 2020-12) of a document of this shape, for editors.
nlohmann::ordered_json json_schema(const Shape& shape);

/// The keys as a Markdown list, nested.
std::string markdown(const Shape& shape);

} // namespace mpulab
