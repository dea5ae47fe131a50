// SPDX-License-Identifier: MIT
// The cues of one card as data: a CUES section of a plan (device-model/probe/plan.h), checked whole and then kept.
#pragma once

#include "../../common/error_text.hpp"
#include "../../probe/plan.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace mpulab {

class CueSheet {
  public:
    // Copies and checks. The table's length is not written down: the bytes of cue 0 begin where the table ends.
    // false: `error` names the cue, the field and the value; the sheet is as it was.
    bool parse(const void* section, size_t size, ErrorText& error);

    uint32_t count() const { return static_cast<uint32_t>(cues_.size()); }
    const mpulab_cue& cue(uint32_t number) const { return cues_[number]; }
    uint8_t byte(uint32_t number, uint32_t position) const { return section_[cues_[number].offset + position]; }

    const std::vector<uint8_t>& section() const { return section_; }

  private:
    std::vector<uint8_t> section_;
    std::vector<mpulab_cue> cues_;
};

} // namespace mpulab
