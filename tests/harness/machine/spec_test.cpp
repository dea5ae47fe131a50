// SPDX-License-Identifier: MIT
// The QEMU command line of a machine: what a run's result depends on, and values that need quoting.
#include "machine/spec.hpp"

#include "harness/machine/specs.hpp"
#include "harness/support/text.hpp"
#include "machine/domain_xml.hpp"

#include "support/catch.hpp"

#include <algorithm>

using namespace mpulab;
using namespace mpulab::test;

namespace {

using Words = std::vector<std::string>;

/// The words behind each `flag`.
Words values(const Words& command, const std::string& flag) {
    Words found;
    for (size_t i = 0; i + 1 < command.size(); ++i)
        if (command[i] == flag) found.push_back(command[i + 1]);
    return found;
}

} // namespace

TEST_CASE("the clock is the virtual one, fixed in rate, start and seed") {
    const Words command = qemu_command(plain_spec());
    CHECK(values(command, "-icount") == Words{"shift=3,sleep=off"});
    CHECK(values(command, "-seed") == Words{"42"});
    CHECK(values(command, "-rtc") == Words{"base=2000-01-01T00:00:00,clock=vm"});
    CHECK(values(command, "-uuid") == Words{kMachineUuid});
    CHECK(values(command, "-smp") == Words{"1"});
    CHECK(values(command, "-accel") == Words{"tcg"});
    CHECK(values(command, "-m") == Words{"32M"});
}

TEST_CASE("on two processors the seed makes the schedule") {
    MachineSpec spec = plain_spec();
    spec.cpus = 2;
    const Words command = qemu_command(spec);
    CHECK(values(command, "-smp") == Words{"2"});
    CHECK(values(command, "-icount") == Words{"shift=3,sleep=off,slice-min=500,slice-max=5000"});
    CHECK(domain_xml(spec, "x").find("<vcpu>2</vcpu>") != std::string::npos);
    spec.slice = 50;
    CHECK(values(qemu_command(spec), "-icount") == Words{"shift=3,sleep=off,slice-min=5,slice-max=50"});
    spec.slice = 19; // no more than ten of the shortest
    CHECK(values(qemu_command(spec), "-icount") == Words{"shift=3,sleep=off,slice-min=2,slice-max=19"});
}

TEST_CASE("a card on PCI is QEMU's other device") {
    MachineSpec spec = plain_spec();
    spec.cards.resize(1);
    spec.cards[0].device = "pci-mpu401";
    spec.cards[0].set("bar", "memory");
    CHECK(values(qemu_command(spec), "-device").back() == "pci-mpu401,id=card0,bar=memory");
}

TEST_CASE("a machine has no network card, no defaults and no listener") {
    const Words command = qemu_command(plain_spec());
    CHECK(std::count(command.begin(), command.end(), "-nodefaults") == 1);
    CHECK(std::count(command.begin(), command.end(), "-no-user-config") == 1);
    for (const char* flag : {"-nic", "-netdev", "-net", "-vnc", "-qmp", "-gdb", "-monitor"})
        CHECK(std::count(command.begin(), command.end(), flag) == 0);
}

TEST_CASE("probe and cards are devices, each card with its number and its properties in order") {
    MachineSpec spec = plain_spec();
    spec.probe_iobase = 0xf00;
    spec.cards.resize(2);
    spec.cards[0].set("iobase", "0x300");
    spec.cards[0].set("irq", "5");
    const Words command = qemu_command(spec);
    CHECK(values(command, "-device") == Words{"mpulab-probe,id=probe,iobase=0xf00,link=link,plan=/out/song-1/plan.bin",
                                              "isa-mpu401,id=card0,iobase=0x300,irq=5", "isa-mpu401,id=card1"});
    CHECK(values(command, "-append") == Words{"probe=0xf00"});
    CHECK(values(command, "-chardev") == Words{"socket,id=link,path=/tmp/m/run-1/link"});
}

TEST_CASE("a card's property that is set again has the new value in the old place") {
    CardSpec card;
    card.set("irq", "5");
    card.set("iobase", "0x300");
    card.set("irq", "7");
    CHECK(card.properties == std::vector<std::pair<std::string, std::string>>{{"irq", "7"}, {"iobase", "0x300"}});
    REQUIRE(card.find("irq") != nullptr);
    CHECK(*card.find("irq") == "7");
    CHECK(card.find("profile") == nullptr);
}

TEST_CASE("a debugger's socket is offered only on request, and the machine does not wait for it") {
    MachineSpec spec = plain_spec();
    spec.gdb_socket = "/tmp/m/run-1/gdb";
    CHECK(values(qemu_command(spec), "-gdb") == Words{"unix:/tmp/m/run-1/gdb,server=on,wait=off"});
}

TEST_CASE("a comma in a value is doubled, as QEMU's option parser wants it") {
    MachineSpec spec = plain_spec();
    spec.plan = "/out/a,b/plan.bin";
    spec.initrd = "/out/a,b/modules.cpio";
    spec.cards[0].set("cues", "x,y");
    spec.gdb_socket = "/tmp/m,n/gdb";
    const Words command = qemu_command(spec);
    CHECK(values(command, "-device") == Words{"mpulab-probe,id=probe,iobase=0xe00,link=link,plan=/out/a,,b/plan.bin",
                                              "isa-mpu401,id=card0,cues=x,,y"});
    CHECK(values(command, "-initrd") == Words{"/out/a,,b/modules.cpio"}); // a list of modules in QEMU's multiboot
    CHECK(values(command, "-gdb") == Words{"unix:/tmp/m,,n/gdb,server=on,wait=off"});
    CHECK(link_socket_chardev("/a,b/link") == "socket,id=link,path=/a,,b/link");
    CHECK(link_file_chardev("/a,b/log") == "file,id=link,path=/a,,b/log");
}

TEST_CASE("a space in the boot module's path, which QEMU would cut off, is refused with the path") {
    MachineSpec spec = plain_spec();
    spec.initrd = "/my runs/modules.cpio";
    CHECK(refusal([&] { qemu_command(spec); }) == "QEMU takes no boot module in a folder with a space in its path: "
                                                  "/my runs/modules.cpio; next: name another folder with --out");
    CHECK_THAT(refusal([&] { domain_xml(spec, "mpulab"); }), ContainsSubstring("/my runs/modules.cpio"));
}

TEST_CASE("a command is quoted so that a shell takes each word as it is") {
    CHECK(shell_quoted({"qemu", "-device", "a,b=0x1:2@3%4"}) == "qemu -device a,b=0x1:2@3%4");
    CHECK(shell_quoted({"a b", "it's", "", "$HOME", "x;y", "*"}) == R"('a b' 'it'\''s' '' '$HOME' 'x;y' '*')");
    CHECK(shell_quoted({"#x", "~", "a\nb", "ä"}) == "'#x' '~' 'a\nb' 'ä'");
    CHECK(shell_quoted({}).empty());
}
