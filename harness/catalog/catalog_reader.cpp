// SPDX-License-Identifier: MIT
// A catalogue from hostile bytes. OpenSSL reads the DER; what it means is checked here.
#include "catalog/catalog.hpp"
#include "catalog/catalog_der.hpp"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/pkcs7.h>

namespace mpulab {
namespace {

using namespace asn1;

bool is(const ASN1_OBJECT* object, const char* id) {
    char text[64];
    return object != nullptr && OBJ_obj2txt(text, sizeof text, object, 1) > 0 && std::string_view(text) == id;
}

/// The DER of a SEQUENCE value as `T`; null: it is none, or has something behind it.
template <typename T, typename Decode> T* decoded(const ASN1_STRING* string, Decode decode) {
    const unsigned char* at = ASN1_STRING_get0_data(string);
    const unsigned char* const end = at + ASN1_STRING_length(string);
    T* thing = decode(nullptr, &at, ASN1_STRING_length(string));
    return at == end ? thing : nullptr;
}

class Reader {
  public:
    explicit Reader(const std::string& name) : name_(name) {}

    [[noreturn]] void refuse(const std::string& seen, const char* expected) const {
        ERR_clear_error();
        throw Error(fmt::format("{}: {}; expected {}", name_, seen, expected), "make the catalogue anew");
    }

    const ASN1_STRING* sequence(const ASN1_TYPE* type, const char* where) const {
        if (type == nullptr || type->type != V_ASN1_SEQUENCE) refuse(where, "a SEQUENCE");
        return type->value.sequence;
    }

    void read_indirect(const ASN1_TYPE* value, CatalogMember& member) const {
        const ASN1_STRING* text = sequence(value, "a member's SPC_INDIRECT_DATA");
        const Owner<IndirectData, IndirectData_free> data(decoded<IndirectData>(text, d2i_IndirectData));
        if (!data) refuse("a member's SPC_INDIRECT_DATA", "one that can be read");
        member.image = is(data->data->type, kPeImageData);
        const ASN1_OBJECT* algorithm = nullptr;
        X509_ALGOR_get0(&algorithm, nullptr, nullptr, data->digest->algorithm);
        const int nid = OBJ_obj2nid(algorithm);
        if (nid != NID_sha1 && nid != NID_sha256) refuse("a member's hash algorithm", "SHA-1 or SHA-256");
        member.kind = nid == NID_sha1 ? MemberHash::Sha1 : MemberHash::Sha256;
        const ASN1_STRING* digest = data->digest->digest;
        const unsigned char* bytes = ASN1_STRING_get0_data(digest);
        member.hash.assign(bytes, bytes + ASN1_STRING_length(digest));
        if (member.hash.size() != (nid == NID_sha1 ? 20u : 32u))
            refuse(fmt::format("a hash of {} bytes", member.hash.size()), "20 for SHA-1, 32 for SHA-256");
    }

    std::pair<std::string, std::string> read_pair(const ASN1_STRING* text) const {
        const Owner<NameValue, NameValue_free> pair(decoded<NameValue>(text, d2i_NameValue));
        if (!pair) refuse("a CAT_NAMEVALUE", "one that can be read");
        return {ascii_of(ASN1_STRING_get0_data(pair->name), ASN1_STRING_length(pair->name), true),
                ascii_of(ASN1_STRING_get0_data(pair->value), ASN1_STRING_length(pair->value), false)};
    }

    /// The hash is said twice, as the tag and in SPC_INDIRECT_DATA: Windows looks it up by the first and checks the
    /// second.
    bool tag_agrees(const ASN1_OCTET_STRING* tag, const CatalogMember& member) const {
        const unsigned char* data = ASN1_STRING_get0_data(tag);
        const int length = ASN1_STRING_length(tag);
        if (Bytes(data, data + length) == member.hash) return true;
        return ascii_of(data, length, false) == hex_tag(member.hash);
    }

    CatalogMember read_member(const Subject* subject) const {
        CatalogMember member;
        const int count = subject->attributes == nullptr ? 0 : sk_Attribute_num(subject->attributes);
        for (int i = 0; i < count; ++i) {
            const Attribute* attribute = sk_Attribute_value(subject->attributes, i);
            if (sk_ASN1_TYPE_num(attribute->values) != 1) refuse("a member's attribute", "one value in it");
            const ASN1_TYPE* value = sk_ASN1_TYPE_value(attribute->values, 0);
            if (is(attribute->type, kIndirectData)) {
                if (!member.hash.empty()) refuse("a second SPC_INDIRECT_DATA of a member", "one");
                read_indirect(value, member);
            } else if (is(attribute->type, kNameValue)) {
                auto [name, text] = read_pair(sequence(value, "a member's CAT_NAMEVALUE"));
                if (name == "File") member.file = text;
            }
        }
        if (member.hash.empty()) refuse("a member without a hash", "SPC_INDIRECT_DATA in it");
        if (!tag_agrees(subject->tag, member))
            refuse(fmt::format("the tag of '{}'", member.file), "the hash that its SPC_INDIRECT_DATA has");
        return member;
    }

  private:
    const std::string& name_;
};

} // namespace

Catalog read_catalog(ByteView der, const std::string& name) {
    const Reader reader(name);
    if (der.size() > kMaxCatalogBytes) reader.refuse(fmt::format("{} bytes", der.size()), "at most 16 MiB");
    const unsigned char* at = der.data();
    const Owner<PKCS7, PKCS7_free> outer(d2i_PKCS7(nullptr, &at, static_cast<long>(der.size())));
    if (!outer || !PKCS7_type_is_signed(outer.get()) || outer->d.sign == nullptr ||
        outer->d.sign->contents == nullptr) {
        reader.refuse("what it holds", "PKCS #7 signed data");
    }
    if (at != der.data() + der.size()) reader.refuse("bytes behind the signed data", "nothing");
    const PKCS7* inner = outer->d.sign->contents;
    if (!is(inner->type, asn1::kTrustList)) reader.refuse("the content of the signed data", "a certificate trust list");
    const ASN1_STRING* text = reader.sequence(inner->d.other, "the certificate trust list");
    const Owner<TrustList, asn1::TrustList_free> list(decoded<TrustList>(text, asn1::d2i_TrustList));
    if (!list) reader.refuse("the certificate trust list", "one that can be read");
    if (sk_ASN1_OBJECT_num(list->usage) != 1 || !is(sk_ASN1_OBJECT_value(list->usage, 0), asn1::kCatalogList))
        reader.refuse("the usage of the certificate trust list", "szOID_CATALOG_LIST");
    const ASN1_OBJECT* version = nullptr;
    X509_ALGOR_get0(&version, nullptr, nullptr, list->algorithm);
    if (!is(version, asn1::kMemberVersion1) && !is(version, asn1::kMemberVersion2))
        reader.refuse("the kind of its members", "version 1 or 2");
    Catalog catalog;
    const unsigned char* date = ASN1_STRING_get0_data(list->this_update);
    for (int i = 0; i < ASN1_STRING_length(list->this_update); ++i)
        catalog.date += date[i] >= ' ' && date[i] <= '~' ? static_cast<char>(date[i]) : '?';
    const int members = list->subjects == nullptr ? 0 : sk_Subject_num(list->subjects);
    if (members > static_cast<int>(kMaxCatalogMembers))
        reader.refuse(fmt::format("{} members", members), "at most 10000");
    for (int i = 0; i < members; ++i)
        catalog.members.push_back(reader.read_member(sk_Subject_value(list->subjects, i)));
    const int extensions = list->extensions == nullptr ? 0 : sk_X509_EXTENSION_num(list->extensions);
    for (int i = 0; i < extensions; ++i) {
        X509_EXTENSION* extension = sk_X509_EXTENSION_value(list->extensions, i);
        if (!is(X509_EXTENSION_get_object(extension), asn1::kNameValue)) continue;
        auto [key, value] = reader.read_pair(X509_EXTENSION_get_data(extension));
        if (key.rfind("HWID", 0) == 0) catalog.hardware_ids.push_back(value);
    }
    const int signers =
        outer->d.sign->signer_info == nullptr ? 0 : sk_PKCS7_SIGNER_INFO_num(outer->d.sign->signer_info);
    catalog.signers = static_cast<size_t>(signers);
    return catalog;
}

} // namespace mpulab
