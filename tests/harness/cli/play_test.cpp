// SPDX-License-Identifier: MIT
// What `play` does before a machine starts: with --print-command it leaves the run's files and a command, and stops.
#include "cli/play.hpp"

#include "harness/support/captured_stdout.hpp"
#include "harness/support/environment.hpp"
#include "harness/support/smf_bytes.hpp"
#include "harness/support/temp_dir.hpp"

#include "support/catch.hpp"

using namespace mpulab;
using namespace mpulab::test;
namespace fs = std::filesystem;

namespace {

/// A machine's parts, all of them files that hold only their names.
class Parts {
  public:
    Parts() {
        for (const char* name : {"ntoskrnl.exe", "hal.dll", "ks.sys", "portcls.sys", "agent.sys"})
            dir.file(std::string("modules/") + name, name);
        fs::permissions(dir.file("qemu", "#!/bin/false"), fs::perms(0755));
        options.file = dir.file("my song.mid", smf(0, {track("00 90 3c 40")}));
        options.out = dir / "out";
        options.print_command = true;
    }

    std::string play_and_print() {
        const CapturedStdout out;
        CHECK(play(options) == ExitCode::Passed);
        return out.text();
    }
    std::string play_refused() {
        return refusal([this] { play(options); });
    }

    TempDir dir;
    PlayOptions options;

  private:
    ScopedVariable qemu_{"MPULAB_QEMU", (dir / "qemu").c_str()};
    ScopedVariable firmware_{"MPULAB_FIRMWARE", dir.file("bios", "bios").c_str()};
    ScopedVariable kernel_{"MPULAB_KERNEL", dir.file("loader.elf", "loader").c_str()};
    ScopedVariable modules_{"MPULAB_MODULES", (dir / "modules").c_str()};
    ScopedVariable driver_{"MPULAB_DRIVER", dir.file("testcard.sys", "driver").c_str()};
};

} // namespace

TEST_CASE("the printed command names the run's files, its seed and the card as it was asked for") {
    Parts parts;
    parts.options.seed = 77;
    parts.options.card = {"iobase=0x300,irq=5", "profile=uart-only"};
    const std::string command = parts.play_and_print();
    const std::string run = (parts.dir / "out/my_song-1").string();
    CHECK_THAT(command, ContainsSubstring((parts.dir / "qemu").string() + " -no-user-config "));
    CHECK_THAT(command, ContainsSubstring(" -seed 77 "));
    CHECK_THAT(command, ContainsSubstring(" -initrd " + run + "/modules.cpio "));
    CHECK_THAT(command, ContainsSubstring(",plan=" + run + "/plan.bin "));
    CHECK_THAT(command, ContainsSubstring(" -chardev file,id=link,path=" + run + "/events.mpl "));
    CHECK_THAT(command, EndsWith(" isa-mpu401,id=card0,iobase=0x300,irq=5,profile=uart-only\n"));
    CHECK(text_of(run + "/plan.bin").substr(0, 8) == "MPLBPLAN");
    const std::string archive = text_of(run + "/modules.cpio");
    for (const char* part : {"ntoskrnl.exe", "hal.dll", "ks.sys", "portcls.sys", "agent.sys", "testcard.sys",
                             "driver=testcard.sys\n", "TRAILER!!!"})
        CHECK_THAT(archive, ContainsSubstring(part));
}

TEST_CASE("the same song, seed and card make the same plan and archive, another seed another plan") {
    Parts parts;
    parts.play_and_print();
    parts.play_and_print();
    parts.options.seed = 1;
    parts.play_and_print();
    const auto file = [&parts](const char* name) { return text_of(parts.dir / "out" / name); };
    CHECK(file("my_song-1/plan.bin") == file("my_song-2/plan.bin"));
    CHECK(file("my_song-1/modules.cpio") == file("my_song-2/modules.cpio"));
    CHECK(file("my_song-1/plan.bin") != file("my_song-3/plan.bin"));
}

TEST_CASE("a card's word that is no KEY=VALUE and no device is wrong usage, and leaves no folder") {
    for (const char* word : {"irq", "=5", "irq=", "", "irq=5,", ",irq=5", "irq=5,,iobase=0x300", "irq=5,x"}) {
        Parts parts;
        parts.options.card = {word};
        CHECK_THAT(
            parts.play_refused(),
            ContainsSubstring("is neither KEY=VALUE nor one of isa-mpu401 and pci-mpu401; next: example: --card "));
        CHECK(refusal_code([&] { play(parts.options); }) == ExitCode::Usage);
        CHECK_FALSE(fs::exists(parts.dir / "out"));
    }
}

TEST_CASE("a song that is wrong is refused before anything is left on the disk") {
    Parts parts;
    parts.options.file = parts.dir.file("bad.mid", "hello");
    CHECK_THAT(parts.play_refused(), ContainsSubstring("not a Standard MIDI File"));
    parts.options.file = parts.dir / "no.mid";
    CHECK_THAT(parts.play_refused(), StartsWith("cannot read MIDI file "));
    CHECK_FALSE(fs::exists(parts.dir / "out"));
}

TEST_CASE("a module that is not built, and a driver with a module's name, are refused") {
    Parts parts;
    const fs::path driver = parts.dir.file("other/portcls.sys", "");
    parts.options.package.driver = driver;
    CHECK(parts.play_refused() ==
          "the driver " + driver.string() + " has the name of a module of nanont; next: rename it");
    fs::remove(parts.dir / "modules/ks.sys");
    CHECK_THAT(parts.play_refused(), StartsWith("nanont's module " + (parts.dir / "modules/ks.sys").string() +
                                                " is not built; next: build it"));
}

TEST_CASE("a watchdog that is no number of milliseconds is wrong usage") {
    for (const char* text : {"x", "0", "-1", "5s", "3600001", "99999999999999999999"}) {
        Parts parts;
        parts.options.print_command = false;
        const ScopedVariable variable("MPULAB_WATCHDOG_MS", text);
        CHECK_THAT(parts.play_refused(), StartsWith("MPULAB_WATCHDOG_MS=" + std::string(text) + " is no number"));
        CHECK(refusal_code([&] { play(parts.options); }) == ExitCode::Usage);
    }
}
