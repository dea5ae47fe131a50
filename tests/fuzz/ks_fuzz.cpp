// SPDX-License-Identifier: MIT
// Everything ks.sys parses from a client: pin names, object names, range lists, stream headers. What is accepted must
// lie inside the input.
#include "ks/object_name.hpp"
#include "ks/pin_name.hpp"
#include "ks/range_list.hpp"
#include "ks/stream_header.hpp"

#include <cstdlib>
#include <vector>

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size == 0) return 0;
    const std::vector<uint8_t> input(data + 1, data + size); // its own block: the sanitizer watches both ends
    const auto bytes = static_cast<uint32_t>(input.size());
    switch (data[0] % 4) {
    case 0: {
        const ks::PinName pin = ks::parse_pin_name(input.data(), bytes);
        if (pin.error == ks::PinNameError::None)
            require(uint64_t{pin.connect_offset} + sizeof(wire::PinConnect) + pin.format_size <= bytes);
        break;
    }
    case 1: {
        const ks::ObjectName name = ks::split_object_name(input.data(), bytes);
        require(name.offset + name.bytes <= bytes);
        break;
    }
    case 2: {
        ks::RangeWalk walk(input.data(), bytes);
        uint32_t offset = 0, last = 0, count = 0;
        while (walk.next(offset)) {
            require(offset > last && uint64_t{offset} + sizeof(wire::DataFormat) <= bytes);
            require(++count <= bytes / sizeof(wire::DataFormat));
            last = offset;
        }
        break;
    }
    default: {
        uint32_t failed = 0;
        ks::check_stream_headers(input.data(), bytes, sizeof(wire::StreamHeader), ks::StreamDirection::Write, failed);
        require(failed <= ks::kMaxStreamHeaders);
        break;
    }
    }
    return 0;
}
