// SPDX-License-Identifier: MIT
#include "inspect/offers.hpp"

#include "common/text.hpp"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>

namespace mpulab {
namespace {

struct NamedGuid {
    std::string_view guid;
    std::string_view name;
};
constexpr NamedGuid kNames[] = {
#define MPULAB_GUID(kind, guid, name) {guid, name},
#include "inspect/guid_names.def"
#undef MPULAB_GUID
};

constexpr size_t kMaxSubdevices = 4096;
constexpr size_t kMaxPins = 65536; // of all of them

// KSDATARANGE: FormatSize, Flags, SampleSize, Reserved, then three GUIDs; KSDATARANGE_MUSIC goes on.
constexpr size_t kRangeBytes = 64;
constexpr size_t kMusicRangeBytes = 92;

const Guid kMusic = guid_of("{e725d360-62cc-11cf-a5d6-28db04c10000}");
const Guid kMidi = guid_of("{1d262760-e957-11cf-a5d6-28db04c10000}");

Guid guid_at(ByteView bytes, size_t offset) {
    return read_pod<Guid>(bytes, offset);
}

Guid guid_from(uint64_t first, uint64_t second) {
    Guid guid;
    std::memcpy(guid.data(), &first, 8);
    std::memcpy(guid.data() + 8, &second, 8);
    return guid;
}

OfferedRange read_range(ByteView bytes) {
    OfferedRange range;
    if (bytes.size() < kRangeBytes) return range;
    range.major = guid_at(bytes, 16);
    range.sub = guid_at(bytes, 32);
    range.specifier = guid_at(bytes, 48);
    range.music = range.major == kMusic && bytes.size() >= kMusicRangeBytes;
    if (range.music) {
        range.technology = guid_at(bytes, 64);
        range.channels = read_pod<uint32_t>(bytes, 80);
        range.notes = read_pod<uint32_t>(bytes, 84);
        range.channel_mask = read_pod<uint32_t>(bytes, 88);
    }
    return range;
}

} // namespace

std::string guid_text(const Guid& g) {
    return fmt::format(
        "{{{:02x}{:02x}{:02x}{:02x}-{:02x}{:02x}-{:02x}{:02x}-{:02x}{:02x}-{:02x}{:02x}{:02x}{:02x}{:02x}{:02x}}}",
        g[3], g[2], g[1], g[0], g[5], g[4], g[7], g[6], g[8], g[9], g[10], g[11], g[12], g[13], g[14], g[15]);
}

std::string guid_name(const Guid& guid) {
    const std::string text = guid_text(guid);
    for (const NamedGuid& entry : kNames) {
        if (entry.guid == text) return std::string(entry.name);
    }
    return text;
}

Guid guid_of(std::string_view text) {
    constexpr uint8_t kOrder[] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
    Guid guid{};
    size_t digits = 0;
    for (const char c : text) {
        const int value = c >= '0' && c <= '9'   ? c - '0'
                          : c >= 'a' && c <= 'f' ? c - 'a' + 10
                          : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                                 : -1;
        if (value < 0) continue;
        if (digits == 32) return Guid{};
        auto& byte = guid[kOrder[digits / 2]];
        byte = static_cast<uint8_t>(byte << 4 | value);
        ++digits;
    }
    return digits == 32 ? guid : Guid{};
}

bool OfferedRange::is_midi() const {
    return major == kMusic && sub == kMidi;
}

std::string OfferedRange::text() const {
    std::string out = fmt::format("{} / {} / {}", guid_name(major), guid_name(sub), guid_name(specifier));
    if (music) {
        out += fmt::format(", technology {}, channels {}, notes {}, mask 0x{:x}", guid_name(technology), channels,
                           notes, channel_mask);
    }
    return out;
}

bool OfferedPin::streams_midi() const {
    return (communication == Sink || communication == Both) && max_filter != 0 &&
           std::any_of(ranges.begin(), ranges.end(), [](const OfferedRange& range) { return range.is_midi(); });
}

std::string OfferedPin::text() const {
    static constexpr const char* kFlows[] = {"no direction", "in (render)", "out (capture)", "in and out"};
    static constexpr const char* kCommunications[] = {"none", "sink", "source", "both", "bridge"};
    return fmt::format("pin {}: {}, {}, {} instances", id, flow < 4 ? kFlows[flow] : "?",
                       communication < 5 ? kCommunications[communication] : "?", max_filter);
}

const OfferedPin* OfferedSubdevice::midi_pin(OfferedPin::Flow flow) const {
    for (const OfferedPin& pin : pins) {
        if (pin.flow == flow && pin.streams_midi()) return &pin;
    }
    return nullptr;
}

std::vector<OfferedSubdevice> read_offers(const EventLog& log) {
    std::vector<OfferedSubdevice> offers;
    const auto find = [&offers](uint64_t number) -> OfferedSubdevice* {
        const auto found = std::find_if(offers.begin(), offers.end(),
                                        [number](const OfferedSubdevice& s) { return s.number == number; });
        return found == offers.end() ? nullptr : &*found;
    };
    OfferedPin* pin = nullptr;
    size_t pins = 0;
    const auto records = log.records();
    for (size_t i = 0; i < records.size(); ++i) {
        const mpulab_record& record = records[i];
        OfferedSubdevice* owner = nullptr;
        switch (record.kind) {
        case MPULAB_KIND_SUBDEVICE:
            pin = nullptr;
            if (offers.size() == kMaxSubdevices) break;
            offers.push_back(
                {static_cast<uint32_t>(record.a), log.name_after(i), guid_from(record.b, record.c), {}, {}, false});
            break;
        case MPULAB_KIND_SUBDEVICE_GONE:
            if ((owner = find(record.a)) != nullptr) owner->gone = true;
            break;
        case MPULAB_KIND_CATEGORY:
            if ((owner = find(record.a)) != nullptr)
                owner->interfaces.push_back({guid_from(record.b, record.c), log.name_after(i)});
            break;
        case MPULAB_KIND_PIN:
            pin = nullptr;
            owner = find(record.a >> 32);
            if (owner == nullptr || ++pins > kMaxPins) break;
            owner->pins.push_back({});
            pin = &owner->pins.back();
            pin->id = static_cast<uint32_t>(record.a);
            pin->flow = static_cast<uint8_t>(record.b);
            pin->communication = static_cast<uint8_t>(record.b >> 8);
            pin->max_global = static_cast<uint32_t>(record.c);
            pin->max_filter = static_cast<uint32_t>(record.c >> 32);
            break;
        case MPULAB_KIND_RANGE: {
            const bool goes_on =
                i > 0 && records[i - 1].kind == MPULAB_KIND_RANGE && (records[i - 1].flags & MPULAB_RECORD_MORE) != 0;
            if (pin == nullptr || goes_on) break;
            size_t next = 0;
            pin->ranges.push_back(read_range(log.payload(i, next)));
            break;
        }
        default:
            break;
        }
    }
    return offers;
}

} // namespace mpulab
