// SPDX-License-Identifier: MIT
#include "catalog/catalog.hpp"

#include <memory>
#include <openssl/evp.h>

namespace mpulab {

const char* hash_name(MemberHash kind) {
    return kind == MemberHash::Sha1 ? "SHA-1" : "SHA-256";
}

PeHashLayout pe_hash_layout(ByteView file) {
    PeHashLayout layout;
    if (file.size() < 0x40 || file[0] != 'M' || file[1] != 'Z') return layout;
    const size_t pe = read_pod<uint32_t>(file, 0x3c);
    if (pe > file.size() || file.size() - pe < 24 + 96 + 40 || read_pod<uint32_t>(file, pe) != 0x00004550)
        return layout;
    const size_t optional = pe + 24;
    const auto magic = read_pod<uint16_t>(file, optional);
    if (magic != 0x10b && magic != 0x20b) return layout;
    const size_t directories = optional + (magic == 0x20b ? 112 : 96);
    const size_t entry = directories + 4 * 8; // IMAGE_DIRECTORY_ENTRY_SECURITY
    if (entry + 8 > file.size() || read_pod<uint32_t>(file, directories - 4) < 5) return layout;
    const size_t at = read_pod<uint32_t>(file, entry);
    const size_t size = read_pod<uint32_t>(file, entry + 4);
    size_t end = file.size();
    if (at != 0 || size != 0) {
        // A signature that is not the file's end would leave bytes that nobody vouches for.
        if (at < entry + 8 || at > file.size() || size != file.size() - at) return layout;
        end = at;
    }
    return {true, optional + 64, entry, end};
}

Bytes member_hash(ByteView file, MemberHash kind) {
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
    bool sound =
        context && EVP_DigestInit_ex(context.get(), kind == MemberHash::Sha1 ? EVP_sha1() : EVP_sha256(), nullptr) == 1;
    const auto add = [&](size_t from, size_t to) {
        sound = sound && EVP_DigestUpdate(context.get(), file.data() + from, to - from) == 1;
    };
    const PeHashLayout layout = pe_hash_layout(file);
    if (layout.image) {
        add(0, layout.checksum);
        add(layout.checksum + 4, layout.directory_entry);
        add(layout.directory_entry + 8, layout.end);
        constexpr uint8_t kZeros[8] = {};
        sound = sound && EVP_DigestUpdate(context.get(), kZeros, (8 - layout.end % 8) % 8) == 1;
    } else {
        add(0, file.size());
    }
    Bytes hash(EVP_MAX_MD_SIZE);
    unsigned size = 0;
    sound = sound && EVP_DigestFinal_ex(context.get(), hash.data(), &size) == 1;
    if (!sound) throw Error("libcrypto computes no hash", "check the installation of OpenSSL");
    hash.resize(size);
    return hash;
}

} // namespace mpulab
