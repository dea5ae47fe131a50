// SPDX-License-Identifier: MIT
// What the guest has said so far, for a watchdog: a card makes records by itself (clocks on MIDI OUT), and they say
// nothing of the guest.
#pragma once

#include "link/mpulab_link.h"

#include <optional>
#include <string>

namespace mpulab {

class GuestVoice {
  public:
    /// Every record, in order.
    void record(const mpulab_record& record);

    /// Whether a record of the guest's own making came since the last time this was asked.
    bool spoke();

    /// How far it came: "before its first record", or phase and last record.
    std::string where() const;

  private:
    bool spoke_ = false;
    std::string phase_;
    std::optional<mpulab_record> last_;
};

} // namespace mpulab
