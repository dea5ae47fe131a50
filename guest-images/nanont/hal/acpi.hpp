// SPDX-License-Identifier: MIT
// ACPI tables as firmware leaves them in memory. PASSIVE_LEVEL and boot only.
#ifndef NANONT_HAL_ACPI_HPP
#define NANONT_HAL_ACPI_HPP

#include "hal.hpp"

namespace hal {

/// Physical memory, mapped while this lives.
class Mapped {
  public:
    Mapped(ULONGLONG physical, ULONG size);
    ~Mapped();
    Mapped(const Mapped&) = delete;
    Mapped& operator=(const Mapped&) = delete;
    explicit operator bool() const { return bytes_ != nullptr; }
    UCHAR* bytes() const { return bytes_; }
    ULONG size() const { return size_; }
    /// A structure at `offset`; nullptr when it does not lie wholly inside.
    template <typename T> const T* at(ULONG offset) const {
        return offset <= size_ && sizeof(T) <= size_ - offset ? reinterpret_cast<const T*>(bytes_ + offset) : nullptr;
    }

  private:
    UCHAR* bytes_;
    ULONG size_;
};

/// ACPI 6.5 §5.2.6.
struct __attribute__((packed)) AcpiHeader {
    UCHAR signature[4];
    ULONG length;
    UCHAR revision, checksum, oem[6], oem_table[8];
    ULONG oem_revision, creator, creator_revision;
};
static_assert(sizeof(AcpiHeader) == 36);

struct AcpiTable {
    /// Length of the table at `physical`; 0 = none that can be believed.
    static ULONG length_at(ULONGLONG physical);
};

/// Looks a table up through the RSDT. False: there is none whose checksum is right.
bool find_acpi_table(const char (&signature)[5], ULONGLONG& physical);

} // namespace hal

#endif
