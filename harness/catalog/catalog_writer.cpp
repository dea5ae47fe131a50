// SPDX-License-Identifier: MIT
// A catalogue as DER. The values are those that Windows' own tools write; nothing in it depends on time or place.
#include "catalog/catalog.hpp"
#include "catalog/catalog_der.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/pkcs7.h>

namespace mpulab {
namespace {

using namespace asn1;

constexpr int32_t kNameValueFlags = 0x10010001; // CRYPTCAT_ATTR_AUTHENTICATED | DATAASCII | NAMEASCII
constexpr int32_t kMemberInfoVersion = 0x200;
constexpr std::string_view kPeSubject = "{C689AAB8-8E78-11D0-8C47-00C04FC295EE}";
constexpr std::string_view kFlatSubject = "{DE351A42-8E59-11D0-8C47-00C04FC295EE}";
constexpr std::string_view kSystems = "2:6.1,2:6.2,2:6.3,2:10.0"; // Windows 7 to 11
// SpcPeImageData without flags, SpcLink to an empty file; the latter alone for a flat file.
constexpr uint8_t kPeValue[] = {0x30, 0x09, 0x03, 0x01, 0x00, 0xa0, 0x04, 0xa2, 0x02, 0x80, 0x00};
constexpr uint8_t kFlatValue[] = {0xa2, 0x02, 0x80, 0x00};

void want(bool done) {
    if (!done) throw Error("libcrypto builds no catalogue: out of memory", "free some memory");
}

template <typename T, typename Encode> Bytes der(const T* thing, Encode encode) {
    unsigned char* out = nullptr;
    const int length = encode(thing, &out);
    want(length > 0);
    Bytes bytes(out, out + length);
    OPENSSL_free(out);
    return bytes;
}

void set_object(ASN1_OBJECT*& object, const char* id) {
    ASN1_OBJECT_free(object);
    object = OBJ_txt2obj(id, 1);
    want(object != nullptr);
}

void set_string(ASN1_STRING* string, const std::string& bytes) {
    want(ASN1_STRING_set(string, bytes.data(), static_cast<int>(bytes.size())) == 1);
}

/// Any DER as an ASN1_TYPE: whatever its tag, it is written as it stands.
ASN1_TYPE* raw_type(ByteView bytes) {
    const unsigned char* at = bytes.data();
    ASN1_TYPE* type = d2i_ASN1_TYPE(nullptr, &at, static_cast<long>(bytes.size()));
    want(type != nullptr);
    return type;
}

void set_algorithm(X509_ALGOR* algorithm, const char* id) {
    ASN1_OBJECT* object = OBJ_txt2obj(id, 1);
    want(object != nullptr && X509_ALGOR_set0(algorithm, object, V_ASN1_NULL, nullptr) == 1);
}

Bytes name_value(std::string_view name, std::string_view value) {
    const Owner<NameValue, NameValue_free> pair(NameValue_new());
    want(pair != nullptr);
    set_string(pair->name, utf16(name, true, false));
    want(ASN1_INTEGER_set(pair->flags, kNameValueFlags) == 1);
    set_string(pair->value, utf16(value, false, true));
    return der(pair.get(), i2d_NameValue);
}

Bytes member_info(bool image) {
    const Owner<MemberInfo, MemberInfo_free> info(MemberInfo_new());
    want(info != nullptr);
    set_string(info->subject_type, utf16(image ? kPeSubject : kFlatSubject, true, false));
    want(ASN1_INTEGER_set(info->version, kMemberInfoVersion) == 1);
    return der(info.get(), i2d_MemberInfo);
}

Bytes indirect_data(const CatalogMember& member) {
    const Owner<IndirectData, IndirectData_free> data(IndirectData_new());
    want(data != nullptr);
    set_object(data->data->type, member.image ? kPeImageData : kFlatData);
    data->data->value = raw_type(member.image ? ByteView(kPeValue) : ByteView(kFlatValue));
    const EVP_MD* md = member.kind == MemberHash::Sha1 ? EVP_sha1() : EVP_sha256();
    want(X509_ALGOR_set0(data->digest->algorithm, OBJ_nid2obj(EVP_MD_get_type(md)), V_ASN1_NULL, nullptr) == 1);
    set_string(data->digest->digest, std::string(member.hash.begin(), member.hash.end()));
    return der(data.get(), i2d_IndirectData);
}

void add_attribute(Subject* subject, const char* id, const Bytes& value) {
    Owner<Attribute, Attribute_free> attribute(Attribute_new());
    want(attribute != nullptr);
    set_object(attribute->type, id);
    ASN1_TYPE* type = raw_type(value);
    if (sk_ASN1_TYPE_push(attribute->values, type) <= 0) {
        ASN1_TYPE_free(type);
        want(false);
    }
    if (subject->attributes == nullptr) subject->attributes = sk_Attribute_new_null();
    want(subject->attributes != nullptr && sk_Attribute_push(subject->attributes, attribute.get()) > 0);
    attribute.release();
}

/// How Windows looks a member up: version 1 by the hash in hexadecimal as text, version 2 by the hash itself.
std::string tag_of(const CatalogMember& member) {
    if (member.kind == MemberHash::Sha256) return std::string(member.hash.begin(), member.hash.end());
    return utf16(hex_tag(member.hash), false, true);
}

void add_member(TrustList* list, const CatalogMember& member) {
    Owner<Subject, Subject_free> subject(Subject_new());
    want(subject != nullptr);
    set_string(subject->tag, tag_of(member));
    add_attribute(subject.get(), kNameValue, name_value("File", member.file));
    add_attribute(subject.get(), kNameValue, name_value("OSAttr", kSystems));
    add_attribute(subject.get(), kMemberInfo, member_info(member.image));
    add_attribute(subject.get(), kIndirectData, indirect_data(member));
    want(sk_Subject_push(list->subjects, subject.get()) > 0);
    subject.release();
}

void add_extension(TrustList* list, std::string_view name, std::string_view value) {
    const Bytes bytes = name_value(name, value);
    const Owner<ASN1_OCTET_STRING, ASN1_OCTET_STRING_free> text(ASN1_OCTET_STRING_new());
    const Owner<ASN1_OBJECT, ASN1_OBJECT_free> id(OBJ_txt2obj(kNameValue, 1));
    want(text && id && ASN1_OCTET_STRING_set(text.get(), bytes.data(), static_cast<int>(bytes.size())) == 1);
    X509_EXTENSION* extension = X509_EXTENSION_create_by_OBJ(nullptr, id.get(), 0, text.get());
    want(extension != nullptr);
    if (list->extensions == nullptr) list->extensions = sk_X509_EXTENSION_new_null();
    if (list->extensions == nullptr || sk_X509_EXTENSION_push(list->extensions, extension) <= 0) {
        X509_EXTENSION_free(extension);
        want(false);
    }
}

Bytes trust_list(const Catalog& catalog) {
    std::vector<CatalogMember> members = catalog.members;
    std::sort(members.begin(), members.end(),
              [](const CatalogMember& a, const CatalogMember& b) { return tag_of(a) < tag_of(b); });
    const Owner<TrustList, TrustList_free> list(TrustList_new());
    want(list != nullptr);
    ASN1_OBJECT* usage = OBJ_txt2obj(kCatalogList, 1);
    want(usage != nullptr && sk_ASN1_OBJECT_push(list->usage, usage) > 0);
    // Names the list: what it holds does, so that the same members give the same name.
    Bytes all;
    bool version1 = false;
    list->subjects = sk_Subject_new_null();
    want(list->subjects != nullptr);
    for (const CatalogMember& member : members) {
        append(all, member.hash);
        version1 |= member.kind == MemberHash::Sha1;
        add_member(list.get(), member);
    }
    const Bytes name = member_hash(all, MemberHash::Sha256);
    list->list = ASN1_OCTET_STRING_new();
    want(list->list != nullptr && ASN1_OCTET_STRING_set(list->list, name.data(), 16) == 1);
    want(ASN1_TIME_set_string(list->this_update, catalog.date.c_str()) == 1);
    set_algorithm(list->algorithm, version1 ? kMemberVersion1 : kMemberVersion2);
    add_extension(list.get(), "OS", "7X86,7X64,8X86,8X64,_v63,_v63_X64,_v100,_v100_X64");
    for (size_t i = 0; i < catalog.hardware_ids.size(); ++i)
        add_extension(list.get(), fmt::format("HWID{}", i + 1), catalog.hardware_ids[i]);
    return der(list.get(), i2d_TrustList);
}

} // namespace

Bytes write_catalog(const Catalog& catalog) {
    const Bytes content = trust_list(catalog);
    const Owner<PKCS7, PKCS7_free> outer(PKCS7_new());
    Owner<PKCS7, PKCS7_free> inner(PKCS7_new());
    want(outer && inner && PKCS7_set_type(outer.get(), NID_pkcs7_signed) == 1);
    inner->type = OBJ_txt2obj(kTrustList, 1);
    inner->d.other = raw_type(content);
    want(inner->type != nullptr && PKCS7_set_content(outer.get(), inner.get()) == 1);
    inner.release();
    return der(outer.get(), i2d_PKCS7);
}

} // namespace mpulab
