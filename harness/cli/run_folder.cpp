// SPDX-License-Identifier: MIT
#include "cli/run_folder.hpp"

#include "common/error.hpp"
#include "common/files.hpp"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

namespace mpulab {
namespace {

constexpr unsigned kMaxRuns = 1'000'000;

/// What the schema allows in an id.
std::string id_text(std::string stem) {
    std::replace_if(
        stem.begin(), stem.end(),
        [](unsigned char c) { return c >= 0x80 || (std::isalnum(c) == 0 && c != '.' && c != '_' && c != '-'); }, '_');
    return stem.empty() ? "run" : stem;
}

} // namespace

std::filesystem::path make_run_folder(const std::filesystem::path& out, const std::string& stem) {
    create_folders(out);
    const auto folder = [&](unsigned number) { return out / fmt::format("{}-{}", id_text(stem), number); };
    const auto taken = [&](unsigned number) { return ::access(folder(number).c_str(), F_OK) == 0; };
    // The first free number without asking for each: runs are counted up, and a thousand of a scenario is usual.
    unsigned below = 0; // 0, or taken
    unsigned step = 1;
    while (below + step <= kMaxRuns && taken(below + step)) {
        below += step;
        step *= 2;
    }
    for (; step > 1; step /= 2) {
        const unsigned middle = below + step / 2;
        if (middle <= kMaxRuns && taken(middle)) below = middle;
    }
    for (unsigned number = below + 1; number <= kMaxRuns; ++number) {
        if (::mkdir(folder(number).c_str(), 0755) == 0) return std::filesystem::absolute(folder(number));
        if (errno != EEXIST) {
            throw Error(fmt::format("cannot make {}: {}", folder(number).string(), errno_text(errno)),
                        "name another folder with --out");
        }
    }
    throw Error(fmt::format("{} holds {} runs of {}", out.string(), kMaxRuns, stem), "remove old ones");
}

std::filesystem::path find_event_log(const std::filesystem::path& out, const std::string& what) {
    for (const auto& path :
         {std::filesystem::path(what), std::filesystem::path(what) / kEventLogName,
          std::filesystem::path(what) / kPackedLogName, out / what / kEventLogName, out / what / kPackedLogName}) {
        std::error_code ignored;
        if (std::filesystem::is_regular_file(path, ignored)) return path;
    }
    throw Error(fmt::format("'{}' is neither an event log nor a run's folder nor a run below {}", what, out.string()),
                "name the folder that \"mpulab play\" printed");
}

} // namespace mpulab
