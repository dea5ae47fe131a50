// SPDX-License-Identifier: MIT
// Create names: which create item, and which pin. What a client sends is doubted byte by byte.
#include "ks/object_name.hpp"
#include "ks/pin_name.hpp"

#include <support/catch.hpp>

#include <cstring>
#include <string>
#include <vector>

namespace {

using Bytes = std::vector<uint8_t>;

Bytes utf16(const std::u16string& text) {
    Bytes bytes(text.size() * 2);
    std::memcpy(bytes.data(), text.data(), bytes.size());
    return bytes;
}

const std::u16string kClass = u"{146F1A80-4791-11D0-A5D6-28DB04C10000}\\";

struct Request {
    wire::PinConnect connect{};
    wire::DataFormat format{};
};
static_assert(sizeof(Request) == 0x88);

Request midi_request() {
    Request request;
    request.connect.pin_interface.set = wire::kInterfaceStandard;
    request.connect.medium.set = wire::kMediumStandard;
    request.connect.pin_id = 2;
    request.format = {sizeof(wire::DataFormat), 0, 0, 0, wire::kTypeMusic, wire::kSubtypeMidi, wire::kSpecifierNone};
    return request;
}

Bytes name_of(const Request& request, const std::u16string& prefix = kClass) {
    Bytes name = utf16(prefix);
    const auto* raw = reinterpret_cast<const uint8_t*>(&request);
    name.insert(name.end(), raw, raw + sizeof request);
    return name;
}

ks::PinName parse(const Bytes& name) {
    return ks::parse_pin_name(name.data(), static_cast<uint32_t>(name.size()));
}

} // namespace

TEST_CASE("a pin's name is the class, a backslash, KSPIN_CONNECT and the format") {
    const ks::PinName parsed = parse(name_of(midi_request()));
    REQUIRE(parsed.error == ks::PinNameError::None);
    CHECK(parsed.connect.pin_id == 2);
    CHECK(parsed.connect_offset == kClass.size() * 2);
    CHECK(parsed.format_size == sizeof(wire::DataFormat));
    CHECK(parsed.format.sub == wire::kSubtypeMidi);
}

TEST_CASE("a pin's name may begin with a backslash and spell the class in lower case") {
    CHECK(parse(name_of(midi_request(), u"\\" + kClass)).error == ks::PinNameError::None);
    CHECK(parse(name_of(midi_request(), u"{146f1a80-4791-11d0-a5d6-28db04c10000}\\")).error == ks::PinNameError::None);
}

TEST_CASE("a pin's name cut at any byte is refused and nothing behind it is read") {
    const Bytes whole = name_of(midi_request());
    for (size_t length = 0; length < whole.size(); ++length) {
        const Bytes cut(whole.begin(),
                        whole.begin() + static_cast<std::ptrdiff_t>(length)); // the sanitizer watches its end
        CHECK(parse(cut).error != ks::PinNameError::None);
    }
}

TEST_CASE("another class, or the class without a backslash behind it, is no pin") {
    CHECK(parse(name_of(midi_request(), u"{146F1A80-4791-11D0-A5D6-28DB04C10001}\\")).error ==
          ks::PinNameError::NotAPin);
    CHECK(parse(name_of(midi_request(), u"{146F1A80-4791-11D0-A5D6-28DB04C10000}/")).error ==
          ks::PinNameError::NotAPin);
    CHECK(parse(utf16(u"UART")).error == ks::PinNameError::NotAPin);
}

TEST_CASE("a character above ASCII is not folded into the class") {
    std::u16string prefix = kClass;
    prefix[1] = static_cast<char16_t>(0x3100 | prefix[1]);
    CHECK(parse(name_of(midi_request(), prefix)).error == ks::PinNameError::NotAPin);
}

TEST_CASE("a FormatSize below KSDATAFORMAT, or beyond the name's end, is refused") {
    Request request = midi_request();
    for (uint32_t size : {0u, 1u, 0x3fu}) {
        request.format.format_size = size;
        CHECK(parse(name_of(request)).error == ks::PinNameError::FormatSizeTooSmall);
    }
    for (uint32_t size : {0x41u, 0x1000u, 0x80000000u, 0xffffffffu}) {
        request.format.format_size = size;
        CHECK(parse(name_of(request)).error == ks::PinNameError::FormatSizeTooLarge);
    }
}

TEST_CASE("bytes behind the format do not harm") {
    Bytes name = name_of(midi_request());
    name.resize(name.size() + 6, 0xcc);
    CHECK(parse(name).error == ks::PinNameError::None);
}

TEST_CASE("a create name's first component is what the create item is found by") {
    const Bytes plain = utf16(u"\\UART");
    auto split = ks::split_object_name(plain.data(), static_cast<uint32_t>(plain.size()));
    CHECK(split.offset == 2);
    CHECK(split.bytes == 8);
    CHECK_FALSE(split.has_parameters);

    const Bytes relative = utf16(u"UART\\more\\still");
    split = ks::split_object_name(relative.data(), static_cast<uint32_t>(relative.size()));
    CHECK(split.offset == 0);
    CHECK(split.bytes == 8);
    CHECK(split.has_parameters);
}

TEST_CASE("an empty create name, a lone backslash and an odd byte make an empty component") {
    for (const Bytes& name : {Bytes{}, Bytes{'\\', 0}, Bytes{'x'}}) {
        const auto split = ks::split_object_name(name.data(), static_cast<uint32_t>(name.size()));
        CHECK(split.bytes == 0);
        CHECK_FALSE(split.has_parameters);
    }
    const Bytes two = utf16(u"\\\\");
    const auto split = ks::split_object_name(two.data(), 4);
    CHECK(split.bytes == 0);
    CHECK(split.has_parameters);
}
