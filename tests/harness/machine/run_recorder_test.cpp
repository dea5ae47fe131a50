// SPDX-License-Identifier: MIT
// From the link into the event log, over a pipe.
#include "machine/run_recorder.hpp"

#include "harness/support/log_builder.hpp"
#include "harness/support/temp_dir.hpp"
#include "harness/support/text.hpp"

#include "support/catch.hpp"

#include <fcntl.h>
#include <unistd.h>

using namespace mpulab;
using namespace mpulab::test;

namespace {

/// The link's reading end after `bytes` have come and the machine has gone.
FileDescriptor link_with(const Bytes& bytes) {
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    const FileDescriptor write_end(ends[1]);
    write_all(write_end.get(), bytes, "a pipe");
    return FileDescriptor(ends[0]);
}

} // namespace

TEST_CASE("a run's log is what came over the link, to RUN_ENDED") {
    const TempDir dir;
    const Bytes bytes = LogBuilder().started(7).ended().bytes();
    const FileDescriptor link = link_with(bytes);
    RunRecorder recorder(dir / "events.mpl", {});
    CHECK(recorder.read(link.get()) == RunRecorder::Stop::Ended);
    CHECK(recorder.records() == 2);
    CHECK(text_of(dir / "events.mpl") == std::string(bytes.begin(), bytes.end()));
}

TEST_CASE("a machine that goes before RUN_ENDED is no run that ended") {
    const TempDir dir;
    const FileDescriptor link = link_with(LogBuilder().started(7).bytes());
    RunRecorder recorder(dir / "events.mpl", {});
    CHECK(recorder.read(link.get()) == RunRecorder::Stop::Closed);
}

TEST_CASE("a guest that makes records for ever is stopped at the run's own bound") {
    const TempDir dir;
    const FileDescriptor link = link_with(LogBuilder().started(7).ended().bytes());
    RunRecorder recorder(dir / "events.mpl", {.most_log_bytes = sizeof(mpulab_link_header) + sizeof(mpulab_record)});
    CHECK_THAT(refusal([&] { recorder.read(link.get()); }), ContainsSubstring("the guest does not come to an end"));
}
