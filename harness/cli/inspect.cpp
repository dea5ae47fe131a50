// SPDX-License-Identifier: MIT
#include "cli/inspect.hpp"

#include "common/files.hpp"
#include "inspect/image_report.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace mpulab {

ExitCode inspect(const InspectOptions& options) {
    const ImageReport report =
        inspect_image(options.file.filename().string(), read_file(options.file, kMaxImageFile, "driver image"));
    if (options.json) {
        // Section names come from the file: whatever is no UTF-8 in them is replaced.
        fmt::print("{}\n", report_json(report).dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
    } else {
        fmt::print("{}", report_text(report));
    }
    return report.runs() ? ExitCode::Passed : ExitCode::Error;
}

} // namespace mpulab
