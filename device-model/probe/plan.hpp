// SPDX-License-Identifier: MIT
// A plan (plan.h) read from bytes that nobody has checked yet. What comes out of parse() is whole and in bounds.
#pragma once

#include "../common/error_text.hpp"
#include "plan.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace mpulab {

class Plan {
  public:
    // Copies and checks. false: `error` names the section, the value and what was expected; the plan is as it was.
    bool parse(const void* bytes, size_t size, ErrorText& error);

    uint64_t seed() const { return seed_; }
    uint32_t size() const { return static_cast<uint32_t>(bytes_.size()); } // 0: no plan was given
    const std::vector<mpulab_plan_section>& sections() const { return sections_; }

    // The bytes of a section; empty when there is none.
    std::span<const uint8_t> section(uint32_t tag, uint32_t unit) const;

  private:
    std::vector<uint8_t> bytes_;
    std::vector<mpulab_plan_section> sections_;
    uint64_t seed_ = 0;
};

} // namespace mpulab
