// SPDX-License-Identifier: MIT
// Which records a check of a scenario means.
#pragma once

#include "common/error.hpp"
#include "events/names.hpp"
#include "link/mpulab_link.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace mpulab {

class RecordMatch {
  public:
    /// `check[key]` is the kind; `prefix` + "a", "b", "c", "unit" what its words must be: numbers, or names that the
    /// words of that kind have.
    RecordMatch(const nlohmann::json& check, const std::string& key, const std::string& prefix = "")
        : name_(check.at(key).get<std::string>()), kind_(kind_by_name(name_)) {
        for (int i = 0; i < 3; ++i) {
            const auto value = check.find(prefix + kWordNames[i]);
            if (value == check.end()) continue;
            words_[i] = value->is_string() ? word_called(i, value->get<std::string>()) : value->get<uint64_t>();
        }
        if (const auto unit = check.find(prefix + "unit"); unit != check.end()) unit_ = unit->get<uint64_t>();
    }

    bool operator()(const mpulab_record& record) const {
        const auto fits = [](const std::optional<uint64_t>& wanted, uint64_t value) {
            return !wanted || *wanted == value;
        };
        return record.kind == kind_ && fits(words_[0], record.a) && fits(words_[1], record.b) &&
               fits(words_[2], record.c) && fits(unit_, record.unit);
    }

    /// "REG_READ a=0", "CALL_ENTER a=InterruptRoutine".
    std::string text() const {
        std::string out = name_;
        for (int i = 0; i < 3; ++i) {
            if (words_[i])
                out += fmt::format(" {}={}", kWordNames[i],
                                   word_name(kind_, i, *words_[i]).value_or(std::to_string(*words_[i])));
        }
        if (unit_) out += fmt::format(" unit={}", *unit_);
        return out;
    }

  private:
    /// proofread_checks() has refused names that there are not; a check that forgot it must not match everything.
    uint64_t word_called(int word, const std::string& name) const {
        if (const auto number = word_by_name(kind_, word, name)) return *number;
        throw Error(fmt::format("no {} has '{}' in its word {}", name_, name, kWordNames[word]),
                    "report this as a bug of mpulab: the scenario should have been refused");
    }

    std::string name_;
    uint16_t kind_;
    std::optional<uint64_t> words_[3];
    std::optional<uint64_t> unit_;
};

} // namespace mpulab
