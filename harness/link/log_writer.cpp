// SPDX-License-Identifier: MIT
#include "link/log_writer.hpp"

#include "common/error.hpp"

#include <cerrno>
#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/evp.h>

namespace mpulab {

void Sha256::Free::operator()(evp_md_ctx_st* context) const {
    EVP_MD_CTX_free(context);
}

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
    if (!context_ || EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) != 1) {
        throw Error("OpenSSL offers no SHA-256", "install libssl3 as the distribution ships it");
    }
}

void Sha256::update(ByteView bytes) {
    EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size());
}

std::string Sha256::hex() {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    EVP_DigestFinal_ex(context_.get(), digest, &size);
    std::string text;
    for (unsigned int i = 0; i < size; ++i)
        text += fmt::format("{:02x}", digest[i]);
    return text;
}

std::string sha256_hex(ByteView bytes) {
    Sha256 hash;
    hash.update(bytes);
    return hash.hex();
}

LogWriter::LogWriter(std::filesystem::path path, uint64_t most_bytes)
    : path_(std::move(path)), file_(::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)),
      most_bytes_(most_bytes) {
    if (!file_) {
        throw Error(fmt::format("cannot create event log {}: {}", path_.string(), errno_text(errno)),
                    "check the folder, or name another one with --out");
    }
}

void LogWriter::append(ByteView bytes) {
    if (bytes.size() > most_bytes_ - size_) {
        throw Error(fmt::format("event log {} has reached {} bytes, {} at most: the guest does not come to an end",
                                path_.string(), size_, most_bytes_),
                    "look at the log's last records: they say what repeats; split the scenario if all of it is meant");
    }
    write_all(file_.get(), bytes, path_);
    hash_.update(bytes);
    size_ += bytes.size();
}

} // namespace mpulab
