// SPDX-License-Identifier: MIT
// Which records a check of a scenario means.
#pragma once

#include "events/names.hpp"
#include "link/mpulab_link.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace mpulab {

class RecordMatch {
  public:
    /// `check[key]` is the kind; `prefix` + "a", "b", "c", "unit" what its words must be.
    RecordMatch(const nlohmann::json& check, const std::string& key, const std::string& prefix = "")
        : name_(check.at(key).get<std::string>()), kind_(kind_by_name(name_)) {
        const auto word = [&](const char* field) -> std::optional<uint64_t> {
            const std::string full = prefix + field;
            if (!check.contains(full)) return std::nullopt;
            return check[full].get<uint64_t>();
        };
        a_ = word("a");
        b_ = word("b");
        c_ = word("c");
        unit_ = word("unit");
    }

    bool operator()(const mpulab_record& record) const {
        return record.kind == kind_ && (!a_ || record.a == *a_) && (!b_ || record.b == *b_) &&
               (!c_ || record.c == *c_) && (!unit_ || record.unit == *unit_);
    }

    /// "REG_READ a=0".
    std::string text() const {
        std::string out = name_;
        const auto add = [&out](const char* word, const std::optional<uint64_t>& value) {
            if (value) out += fmt::format(" {}={}", word, *value);
        };
        add("a", a_);
        add("b", b_);
        add("c", c_);
        add("unit", unit_);
        return out;
    }

  private:
    std::string name_;
    uint16_t kind_;
    std::optional<uint64_t> a_, b_, c_, unit_;
};

} // namespace mpulab
