// SPDX-License-Identifier: MIT
// The folder a run leaves behind: its name is the run's id.
#pragma once

#include <filesystem>
#include <string>

namespace mpulab {

inline constexpr const char* kEventLogName = "events.mpl";
inline constexpr const char* kPackedLogName = "events.mpl.gz"; // in its place, of `run`
inline constexpr const char* kCommandName = "command.txt";     // QEMU, for the same run
inline constexpr const char* kMachineName = "machine.xml";     // the machine, as libvirt is told of it

/// Makes the next free folder "<stem>-<n>" below `out`; several runs at once get one each. Throws Error.
std::filesystem::path make_run_folder(const std::filesystem::path& out, const std::string& stem);

/// The event log that `what` means: a log, a run's folder, or the id of a run below `out`. Throws Error.
std::filesystem::path find_event_log(const std::filesystem::path& out, const std::string& what);

} // namespace mpulab
