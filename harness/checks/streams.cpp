// SPDX-License-Identifier: MIT
#include "checks/streams.hpp"

namespace mpulab {

ByteStream wire_bytes(const EventLog& log, uint16_t kind, uint32_t unit) {
    ByteStream stream;
    for (const mpulab_record& record : log.records()) {
        if (record.kind != kind || record.unit != unit) continue;
        if (MPULAB_CORR_SPACE(record.corr) == MPULAB_CORR_OWN_BYTE) continue;
        stream.bytes.push_back(static_cast<uint8_t>(record.a));
        stream.records.push_back(record.seq);
    }
    return stream;
}

ByteStream captured_bytes(const EventLog& log, const std::set<uint64_t>& steps) {
    ByteStream stream;
    for (const mpulab_record& record : log.records()) {
        if (record.kind != MPULAB_KIND_CAPTURED) continue;
        if (!steps.empty() && !steps.contains(MPULAB_CORR_NUMBER(record.corr))) continue;
        const Bytes part = record_payload(record);
        append(stream.bytes, part);
        stream.records.insert(stream.records.end(), part.size(), record.seq);
    }
    return stream;
}

} // namespace mpulab
