// SPDX-License-Identifier: MIT
#include "events/json.hpp"

#include "events/format.hpp"
#include "events/names.hpp"

#include <fmt/format.h>

namespace mpulab {

nlohmann::ordered_json record_json(const EventLog& log, const mpulab_record& record) {
    nlohmann::ordered_json json;
    json["seq"] = record.seq;
    json["time_ns"] = record.time_ns;
    json["kind"] = kind_info(record.kind)->name; // the reader let only known kinds through
    json["unit"] = record.unit == MPULAB_NO_UNIT ? nlohmann::ordered_json() : nlohmann::ordered_json(record.unit);
    if (record.corr != 0) json["corr"] = correlation_name(record.corr);
    if (holds_text(record.kind)) {
        const Bytes text = record_payload(record);
        json["text"] = std::string(text.begin(), text.end());
    } else if (holds_bytes(record.kind)) {
        json["bytes"] = format_hex(record_payload(record), MPULAB_RECORD_PAYLOAD);
    } else {
        const uint64_t words[] = {record.a, record.b, record.c};
        for (int i = 0; i < 3; ++i) {
            json[kWordNames[i]] = words[i];
            if (const auto name = word_name(record.kind, i, words[i]))
                json[std::string(kWordNames[i]) + "_name"] = *name;
        }
    }
    json["cpu"] = record.cpu;
    json["irql"] = record.irql;
    if (record.pc != 0) {
        json["pc"] = record.pc;
        if (log.module_at(record.pc) != nullptr) json["at"] = log.symbol(record.pc);
    }
    return json;
}

} // namespace mpulab
