// SPDX-License-Identifier: MIT
// The catalogue reader against any bytes, and against a right catalogue with bytes of it changed: it takes them or says
// in one line what is wrong.
#include "catalog/catalog.hpp"

#include <cstdlib>

namespace {

mpulab::Bytes right_catalog() {
    using namespace mpulab;
    Catalog catalog;
    catalog.date = "240203000000Z";
    catalog.hardware_ids = {"root\\x"};
    const Bytes file = {1, 2, 3};
    for (const MemberHash kind : {MemberHash::Sha1, MemberHash::Sha256})
        catalog.members.push_back({"x.sys", kind, member_hash(file, kind), kind == MemberHash::Sha1});
    return write_catalog(catalog);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace mpulab;
    static const Bytes right = right_catalog();
    if (size == 0) return 0;
    const ByteView given(data + 1, size - 1);
    Bytes bytes(given.begin(), given.end());
    if (data[0] & 1) { // (offset, value) triples
        bytes = right;
        for (size_t i = 0; i + 2 < given.size(); i += 3)
            bytes[read_pod<uint16_t>(given, i) % bytes.size()] = given[i + 2];
    }
    try {
        for (const CatalogMember& member : read_catalog(bytes, "f.cat").members)
            if (member.hash.size() != (member.kind == MemberHash::Sha1 ? 20u : 32u)) std::abort();
    } catch (const Error& error) {
        const std::string line = error.line();
        if (line.rfind("f.cat: ", 0) != 0 || line.find('\n') != std::string::npos) std::abort();
    }
    member_hash(given, MemberHash::Sha256);
    return 0;
}
