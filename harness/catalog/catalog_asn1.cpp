// SPDX-License-Identifier: MIT
#include "catalog/catalog_asn1.hpp"

// The templates are C: their initialisers leave fields out and end in semicolons.
#pragma GCC diagnostic ignored "-Wpedantic"
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

namespace mpulab::asn1 {

// clang-format off
ASN1_SEQUENCE(Attribute) = {
    ASN1_SIMPLE(Attribute, type, ASN1_OBJECT),
    ASN1_SET_OF(Attribute, values, ASN1_ANY)
} ASN1_SEQUENCE_END(Attribute)
IMPLEMENT_ASN1_FUNCTIONS(Attribute)

ASN1_SEQUENCE(Subject) = {
    ASN1_SIMPLE(Subject, tag, ASN1_OCTET_STRING),
    ASN1_SET_OF_OPT(Subject, attributes, Attribute)
} ASN1_SEQUENCE_END(Subject)
IMPLEMENT_ASN1_FUNCTIONS(Subject)

ASN1_SEQUENCE(TrustList) = {
    ASN1_OPT(TrustList, version, ASN1_INTEGER),
    ASN1_SEQUENCE_OF(TrustList, usage, ASN1_OBJECT),
    ASN1_OPT(TrustList, list, ASN1_OCTET_STRING),
    ASN1_OPT(TrustList, sequence, ASN1_INTEGER),
    ASN1_SIMPLE(TrustList, this_update, ASN1_TIME),
    ASN1_OPT(TrustList, next_update, ASN1_TIME),
    ASN1_SIMPLE(TrustList, algorithm, X509_ALGOR),
    ASN1_SEQUENCE_OF_OPT(TrustList, subjects, Subject),
    ASN1_EXP_SEQUENCE_OF_OPT(TrustList, extensions, X509_EXTENSION, 0)
} ASN1_SEQUENCE_END(TrustList)
IMPLEMENT_ASN1_FUNCTIONS(TrustList)

ASN1_SEQUENCE(NameValue) = {
    ASN1_SIMPLE(NameValue, name, ASN1_BMPSTRING),
    ASN1_SIMPLE(NameValue, flags, ASN1_INTEGER),
    ASN1_SIMPLE(NameValue, value, ASN1_OCTET_STRING)
} ASN1_SEQUENCE_END(NameValue)
IMPLEMENT_ASN1_FUNCTIONS(NameValue)

ASN1_SEQUENCE(MemberInfo) = {
    ASN1_SIMPLE(MemberInfo, subject_type, ASN1_BMPSTRING),
    ASN1_SIMPLE(MemberInfo, version, ASN1_INTEGER)
} ASN1_SEQUENCE_END(MemberInfo)
IMPLEMENT_ASN1_FUNCTIONS(MemberInfo)

ASN1_SEQUENCE(TypeAndValue) = {
    ASN1_SIMPLE(TypeAndValue, type, ASN1_OBJECT),
    ASN1_OPT(TypeAndValue, value, ASN1_ANY)
} ASN1_SEQUENCE_END(TypeAndValue)
IMPLEMENT_ASN1_FUNCTIONS(TypeAndValue)

ASN1_SEQUENCE(DigestInfo) = {
    ASN1_SIMPLE(DigestInfo, algorithm, X509_ALGOR),
    ASN1_SIMPLE(DigestInfo, digest, ASN1_OCTET_STRING)
} ASN1_SEQUENCE_END(DigestInfo)
IMPLEMENT_ASN1_FUNCTIONS(DigestInfo)

ASN1_SEQUENCE(IndirectData) = {
    ASN1_SIMPLE(IndirectData, data, TypeAndValue),
    ASN1_SIMPLE(IndirectData, digest, DigestInfo)
} ASN1_SEQUENCE_END(IndirectData)
IMPLEMENT_ASN1_FUNCTIONS(IndirectData)
// clang-format on

} // namespace mpulab::asn1
