// SPDX-License-Identifier: MIT
#include "events/event_log.hpp"

#include "common/error.hpp"
#include "common/files.hpp"
#include "common/gzip.hpp"
#include "link/record_reader.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>

namespace mpulab {
namespace {

constexpr size_t kMaxUnpackedBytes = size_t{4} << 30; // more than any run has left

} // namespace

Bytes record_payload(const mpulab_record& record) {
    const auto* first = reinterpret_cast<const uint8_t*>(&record.a);
    return Bytes(first, first + std::min<size_t>(record.count, MPULAB_RECORD_PAYLOAD));
}

EventLog EventLog::open(const std::filesystem::path& path) {
    const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    struct stat status {};
    if (!file || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
        throw Error(
            fmt::format("cannot read event log {}: {}", path.string(), file ? "not a regular file" : errno_text(errno)),
            "name a run's folder or its events.mpl");
    }
    const auto size = static_cast<size_t>(status.st_size);
    if (size == 0) throw Error(fmt::format("event log {} is empty", path.string()), "run again: nothing was recorded");
    void* mapping = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.get(), 0);
    if (mapping == MAP_FAILED) {
        throw Error(fmt::format("cannot map event log {}: {}", path.string(), errno_text(errno)), "check the file");
    }
    const ByteView bytes(static_cast<const uint8_t*>(mapping), size);
    if (!is_gzip(bytes)) return EventLog(bytes, {}, mapping, size);
    bool whole = false;
    Bytes unpacked = gunzip(bytes, kMaxUnpackedBytes, whole);
    ::munmap(mapping, size);
    EventLog log = from_bytes(std::move(unpacked));
    if (!whole && log.problem_.empty()) log.problem_ = "the compressed log is damaged behind its last record";
    return log;
}

EventLog EventLog::from_bytes(Bytes bytes) {
    const ByteView view = bytes;
    return EventLog(view, std::move(bytes), nullptr, 0);
}

EventLog::EventLog(ByteView bytes, Bytes owned, void* mapping, size_t mapping_size)
    : owned_(std::move(owned)), mapping_(mapping), mapping_size_(mapping_size), bytes_(bytes) {
    check();
    find_modules();
}

EventLog::EventLog(EventLog&& other) noexcept
    : owned_(std::move(other.owned_)), mapping_(other.mapping_), mapping_size_(other.mapping_size_),
      bytes_(other.bytes_), records_(other.records_), problem_(std::move(other.problem_)),
      modules_(std::move(other.modules_)) {
    other.mapping_ = nullptr;
}

EventLog::~EventLog() {
    if (mapping_ != nullptr) ::munmap(mapping_, mapping_size_);
}

void EventLog::check() {
    RecordReader reader([](const mpulab_record&) {});
    try {
        reader.feed(bytes_);
        reader.finish();
    } catch (const Error& error) {
        if (!reader.header_seen()) {
            if (mapping_ != nullptr) ::munmap(mapping_, mapping_size_); // the destructor will not run
            throw;
        }
        problem_ = error.what();
    }
    records_ = {reinterpret_cast<const mpulab_record*>(bytes_.data() + sizeof(mpulab_link_header)), reader.records()};
}

Bytes EventLog::payload(size_t index, size_t& next) const {
    const mpulab_record& first = records_[index];
    Bytes bytes;
    bool more = true;
    // Records of other kinds (an interrupt's) may come between the parts.
    for (next = index; more && next < records_.size(); ++next) {
        const mpulab_record& part = records_[next];
        if (part.kind != first.kind || part.corr != first.corr) continue;
        append(bytes, record_payload(part));
        more = (part.flags & MPULAB_RECORD_MORE) != 0;
    }
    return bytes;
}

std::string EventLog::name_after(size_t index) const {
    for (size_t i = index + 1; i < records_.size(); ++i) {
        if (records_[i].kind == MPULAB_KIND_NAME && records_[i].corr == records_[index].corr) {
            size_t next = 0;
            const Bytes text = payload(i, next);
            return std::string(text.begin(), text.end());
        }
        if (records_[i].kind == records_[index].kind) break; // the next one's name is not ours
    }
    return "";
}

void EventLog::find_modules() {
    for (size_t i = 0; i < records_.size(); ++i) {
        const mpulab_record& record = records_[i];
        if (record.kind == MPULAB_KIND_MODULE) {
            modules_.push_back({name_after(i), record.a, record.b, record.c, record.seq});
        }
    }
}

const Module* EventLog::module_at(uint64_t address) const {
    for (const Module& module : modules_) {
        if (address >= module.base && address - module.base < module.size) return &module;
    }
    return nullptr;
}

std::string EventLog::symbol(uint64_t address) const {
    const Module* module = module_at(address);
    if (module == nullptr) return fmt::format("0x{:x}", address);
    return fmt::format("{}+0x{:x}", module->name, address - module->base);
}

} // namespace mpulab
