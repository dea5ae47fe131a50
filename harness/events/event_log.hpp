// SPDX-License-Identifier: MIT
// A stored event log, mapped: what every check, report and export reads, and nothing else.
#pragma once

#include "common/bytes.hpp"
#include "link/mpulab_link.h"

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace mpulab {

/// A module of the guest, as its MODULE and NAME records tell.
struct Module {
    std::string name;
    uint64_t base = 0;
    uint64_t size = 0;
    uint64_t entry = 0;
    uint64_t record = 0; // number of its MODULE record
};

class EventLog {
  public:
    /// Maps a file, or unpacks one that gzip has packed. Throws Error when it cannot be read or has another version; a
    /// log that stops early is readable, and problem() says what is wrong with it.
    static EventLog open(const std::filesystem::path& path);
    /// For tests: a log in memory.
    static EventLog from_bytes(Bytes bytes);

    EventLog(EventLog&& other) noexcept;
    EventLog& operator=(EventLog&&) = delete;
    EventLog(const EventLog&) = delete;
    ~EventLog();

    /// All whole, sound records from the first on.
    std::span<const mpulab_record> records() const { return records_; }
    /// Empty for a complete, sound log; else what is wrong, for the integrity check.
    const std::string& problem() const { return problem_; }
    const std::vector<Module>& modules() const { return modules_; }

    /// "driver.sys+0x1234" when `address` lies in a module, else "0x…".
    std::string symbol(uint64_t address) const;
    const Module* module_at(uint64_t address) const;

    /// Bytes that a text or data record and those it is continued by hold, starting at record `index`; `next` becomes
    /// the index after the last of them.
    Bytes payload(size_t index, size_t& next) const;
    /// The text of the NAME records that follow record `index` (MODULE, IMPORT_MISSING, FINDING).
    std::string name_after(size_t index) const;

  private:
    EventLog(ByteView bytes, Bytes owned, void* mapping, size_t mapping_size);
    void check();
    void find_modules();

    Bytes owned_;
    void* mapping_ = nullptr;
    size_t mapping_size_ = 0;
    ByteView bytes_;
    std::span<const mpulab_record> records_;
    std::string problem_;
    std::vector<Module> modules_;
};

/// The bytes one text or data record holds.
Bytes record_payload(const mpulab_record& record);

} // namespace mpulab
