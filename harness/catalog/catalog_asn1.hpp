// SPDX-License-Identifier: MIT
// The ASN.1 of catalogues, as OpenSSL's templates: d2i_* and i2d_* come from them. ("CTL_INFO", "SPC_INDIRECT_DATA",
// learn.microsoft.com.)
#pragma once

#include <openssl/asn1.h>
#include <openssl/asn1t.h>
#include <openssl/x509.h>

namespace mpulab::asn1 {

// Attribute: an id and a set of values.
struct Attribute {
    ASN1_OBJECT* type;
    STACK_OF(ASN1_TYPE) * values;
};
DECLARE_ASN1_FUNCTIONS(Attribute)
DEFINE_STACK_OF(Attribute)

// TrustedSubject: a member's tag and what is said of it.
struct Subject {
    ASN1_OCTET_STRING* tag;
    STACK_OF(Attribute) * attributes;
};
DECLARE_ASN1_FUNCTIONS(Subject)
DEFINE_STACK_OF(Subject)

struct TrustList {
    ASN1_INTEGER* version;
    STACK_OF(ASN1_OBJECT) * usage;
    ASN1_OCTET_STRING* list;
    ASN1_INTEGER* sequence;
    ASN1_TIME* this_update;
    ASN1_TIME* next_update;
    X509_ALGOR* algorithm;
    STACK_OF(Subject) * subjects;
    STACK_OF(X509_EXTENSION) * extensions;
};
DECLARE_ASN1_FUNCTIONS(TrustList)

// CAT_NAMEVALUE
struct NameValue {
    ASN1_BMPSTRING* name;
    ASN1_INTEGER* flags;
    ASN1_OCTET_STRING* value;
};
DECLARE_ASN1_FUNCTIONS(NameValue)

// CAT_MEMBERINFO
struct MemberInfo {
    ASN1_BMPSTRING* subject_type;
    ASN1_INTEGER* version;
};
DECLARE_ASN1_FUNCTIONS(MemberInfo)

struct TypeAndValue {
    ASN1_OBJECT* type;
    ASN1_TYPE* value;
};
DECLARE_ASN1_FUNCTIONS(TypeAndValue)

struct DigestInfo {
    X509_ALGOR* algorithm;
    ASN1_OCTET_STRING* digest;
};
DECLARE_ASN1_FUNCTIONS(DigestInfo)

// SPC_INDIRECT_DATA
struct IndirectData {
    TypeAndValue* data;
    DigestInfo* digest;
};
DECLARE_ASN1_FUNCTIONS(IndirectData)

} // namespace mpulab::asn1
