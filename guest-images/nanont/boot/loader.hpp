// SPDX-License-Identifier: MIT
// The boot loader's parts. It runs once, on one CPU, with interrupts off, in memory mapped one to one.
#ifndef NANONT_BOOT_LOADER_HPP
#define NANONT_BOOT_LOADER_HPP

#include <archive.hpp>
#include <nanont_boot.hpp>
#include <page_tables.hpp>
#include <probe_port.hpp>

namespace nanont::boot {

/// Pages, taken upwards from the end of everything that multiboot put into memory.
class PageSource {
  public:
    /// `first` and `end` are physical; the pages between are RAM.
    void begin(uint64_t first, uint64_t end) {
        next_ = (first + 0xfff) & ~uint64_t{0xfff};
        end_ = end;
    }
    /// `count` zeroed pages one after the other; 0 = not enough memory.
    uint64_t take(uint64_t count);
    uint64_t next() const { return next_; }

    static uint64_t take_one(void* self) { return static_cast<PageSource*>(self)->take(1); }

  private:
    uint64_t next_ = 0;
    uint64_t end_ = 0;
};

extern ProbePort g_probe;

/// Says why the machine cannot go on, ends the run, and stops. `subject` is a file or part, `what` the reason.
[[noreturn]] void end_run(uint32_t end_code, uint32_t status, const char* subject, const char* what);
[[noreturn]] void end_run(uint32_t end_code, uint32_t status, const char* subject, const Defect& defect);

/// Reads the multiboot information: memory, the archive, the command line. Ends the run when it is unusable.
struct MultibootFacts {
    ConstBytes command_line;
    ConstBytes archive;
    uint64_t first_free; // physical; behind everything multiboot put there
    uint64_t memory_end; // end of the RAM range that `first_free` lies in
};
MultibootFacts read_multiboot(uint32_t magic, const void* information, BootBlock& block);

/// Loads, binds to each other, and maps ntoskrnl.exe and hal.dll; fills block.modules. Returns ntoskrnl's entry point.
uint64_t load_kernel(const Archive& archive, PageTables& tables, PageSource& pages, BootBlock& block);

} // namespace nanont::boot

#endif
