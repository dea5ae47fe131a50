// SPDX-License-Identifier: MIT
#include "cli/stored_run.hpp"

#include "common/error.hpp"
#include "common/files.hpp"
#include "report/result.hpp"

#include <fmt/format.h>

namespace mpulab {
namespace {

constexpr size_t kMaxResultBytes = 64u << 20;

} // namespace

StoredRun read_stored_run(const std::filesystem::path& folder, bool needed) {
    StoredRun run;
    run.folder = folder;
    const std::filesystem::path path = folder / "result.json";
    std::error_code ignored;
    if (!needed && !std::filesystem::is_regular_file(path, ignored)) return run;
    const Bytes bytes = read_file(path, kMaxResultBytes, "result");
    run.document = nlohmann::json::parse(bytes.begin(), bytes.end(), nullptr, false);
    const auto broken = [&](const std::string& what) {
        return Error(fmt::format("{}: {}", path.string(), what), "name a run that this mpulab made, or run it anew");
    };
    if (!run.document.is_object() || !run.document.contains("mpulab_result"))
        throw broken("this is no result of mpulab's");
    if (run.document["mpulab_result"] != kResultVersion)
        throw broken(
            fmt::format("a result of version {}, {} expected", run.document["mpulab_result"].dump(), kResultVersion));
    try {
        run.inputs = run.document.at("inputs_sha256").get<std::map<std::string, std::string>>();
        run.seed = run.document.at("seed").get<uint64_t>();
        run.event_log_sha256 = run.document.at("event_log_sha256").get<std::string>();
    } catch (const nlohmann::json::exception& problem) {
        throw broken(problem.what());
    }
    return run;
}

} // namespace mpulab
