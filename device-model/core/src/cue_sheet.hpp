// SPDX-License-Identifier: MIT
// The cues of one card as data: a CUES section of a plan (device-model/probe/plan.h), checked whole and then kept.
#pragma once

#include "../../common/error_text.hpp"
#include "cue_table.hpp"
#include "time.hpp"

#include <vector>

namespace mpulab {

class CueSheet {
  public:
    // Copies and checks; 0 bytes are a sheet without cues. false: `error` names the cue, the field, the value and what
    // was expected; the sheet is as it was.
    bool parse(const void* section, size_t size, ErrorText& error);

    uint32_t count() const { return static_cast<uint32_t>(cues_.size()); }
    const mpulab_cue& cue(uint32_t number) const { return cues_[number]; }
    // Of an INJECT cue.
    uint8_t byte(uint32_t number, uint32_t position) const { return section_[cues_[number].value + position]; }

    // From trigger to action: the cue's delay and, where it has a jitter, its lot. A pure function of seed, cue and
    // firing, so that neither the order of events nor a restored state changes it.
    Nanoseconds delay(uint32_t number, uint32_t firing) const;

    const std::vector<uint8_t>& section() const { return section_; }

  private:
    std::vector<uint8_t> section_;
    std::vector<mpulab_cue> cues_;
    uint64_t seed_ = 0;
};

} // namespace mpulab
