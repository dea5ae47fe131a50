// SPDX-License-Identifier: MIT
// A security catalogue (.cat): PKCS #7 signed data around a certificate trust list that holds the hash of each file of
// a driver package. ("Catalog Files and Digital Signatures", "Authenticode PE", [MS-CAESO], learn.microsoft.com.)
#pragma once

#include "common/bytes.hpp"
#include "common/error.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace mpulab {

enum class MemberHash { Sha1, Sha256 }; // of version-1 members, the only ones Windows 7 knows; of version 2

const char* hash_name(MemberHash kind); // "SHA-1", "SHA-256"

/// The hash of a file as a catalogue holds it. A PE image: without its checksum, the directory entry of its signature
/// and the signature, padded with zeros to 8 bytes, so that an embedded signature changes nothing. Any other file: all
/// its bytes.
Bytes member_hash(ByteView file, MemberHash kind);

/// Where the signature of a PE image begins and how long it is, and what else its hash leaves out; not `image`: it is
/// none, or one whose offsets lead out of it.
struct PeHashLayout {
    bool image = false;
    size_t checksum = 0;
    size_t directory_entry = 0;
    size_t end = 0; // of what is hashed
};
PeHashLayout pe_hash_layout(ByteView file);

struct CatalogMember {
    std::string file; // its name without a folder, in lower case
    MemberHash kind = MemberHash::Sha256;
    Bytes hash;
    bool image = false; // hashed as a PE image
};

struct Catalog {
    std::vector<CatalogMember> members;
    std::vector<std::string> hardware_ids; // in lower case
    std::string date;                      // "261126000000Z", a UTCTime
    size_t signers = 0;                    // read only: how many signatures it carries
};

inline constexpr size_t kMaxCatalogBytes = 16u << 20;
inline constexpr size_t kMaxCatalogMembers = 10'000;
inline constexpr size_t kMaxMemberBytes = 64u << 20;

/// DER of the catalogue, not signed. The same catalogue gives the same bytes.
Bytes write_catalog(const Catalog& catalog);

/// Throws Error naming `name` and what is wrong. Signatures are not checked: osslsigncode and Windows do that.
Catalog read_catalog(ByteView der, const std::string& name);

/// The members of the package in `folder`: its INF and every file of its [SourceDisksFiles] sections, by both hashes
/// unless `only_sha1`; hardware ids of all models; the date of DriverVer. Throws Error naming file and line.
Catalog catalog_of_package(const std::filesystem::path& folder, bool only_sha1 = false);

/// What in `folder` the catalogue does not vouch for: a line for each file that is altered, missing, or a member the
/// package has no file for. Empty: all is as it was when the catalogue was made.
std::vector<std::string> verify_catalog(const Catalog& catalog, const std::filesystem::path& folder);

/// The one .cat that the INF of `folder` names. Throws Error.
std::filesystem::path catalog_path(const std::filesystem::path& folder);

} // namespace mpulab
