// SPDX-License-Identifier: MIT
// The domain XML against the golden file, and against the plain command line: both must ask for one machine.
#include "machine/domain_xml.hpp"

#include "harness/machine/specs.hpp"
#include "harness/support/temp_dir.hpp"

#include "support/catch.hpp"

#include <algorithm>

using namespace mpulab;
using namespace mpulab::test;

namespace {

using Words = std::vector<std::string>;

MachineSpec golden_spec() {
    MachineSpec spec = plain_spec();
    spec.cards[0].set("iobase", "0x300");
    spec.cards[0].set("irq", "5");
    spec.gdb_socket = "/tmp/m/run-1/gdb";
    return spec;
}

std::string unescaped(std::string text) {
    const std::pair<const char*, const char*> entities[] = {
        {"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&apos;", "'"}, {"&amp;", "&"}};
    for (const auto& [entity, c] : entities) {
        for (size_t at = 0; (at = text.find(entity, at)) != std::string::npos; at += 1)
            text.replace(at, std::string(entity).size(), c);
    }
    return text;
}

/// What stands between each `before` and the next `after`.
Words between(const std::string& xml, const std::string& before, const std::string& after) {
    Words found;
    for (size_t at = 0; (at = xml.find(before, at)) != std::string::npos;) {
        at += before.size();
        found.push_back(unescaped(xml.substr(at, xml.find(after, at) - at)));
    }
    return found;
}

bool follow_each_other(const Words& command, const Words& part) {
    return std::search(command.begin(), command.end(), part.begin(), part.end()) != command.end();
}

} // namespace

TEST_CASE("the domain of a machine is the golden one") {
    CHECK(domain_xml(golden_spec(), "mpulab") == text_of(MPULAB_SOURCE_DIR "/tests/harness/machine/golden/domain.xml"));
}

TEST_CASE("the plain command line asks for what the XML asks for") {
    const MachineSpec spec = golden_spec();
    const std::string xml = domain_xml(spec, "mpulab");
    const Words command = qemu_command(spec);
    CHECK(follow_each_other(command, between(xml, "<qemu:arg value='", "'/>")));
    const auto one = [&xml](const std::string& element) {
        return between(xml, "<" + element + ">", "</" + element + ">").at(0);
    };
    CHECK(command[0] == one("emulator"));
    CHECK(follow_each_other(command, {"-uuid", one("uuid")}));
    CHECK(follow_each_other(command, {"-smp", one("vcpu")}));
    CHECK(follow_each_other(command, {"-m", between(xml, "<memory unit='MiB'>", "<").at(0) + "M"}));
    CHECK(follow_each_other(command, {"-cpu", between(xml, "<model fallback='forbid'>", "<").at(0)}));
    CHECK(follow_each_other(command, {"-bios", between(xml, "<loader type='rom'>", "<").at(0)}));
    CHECK(follow_each_other(command, {"-kernel", one("kernel")}));
    CHECK(follow_each_other(command, {"-initrd", one("initrd")}));
    CHECK(follow_each_other(command, {"-append", one("cmdline")}));
    CHECK(follow_each_other(command, {"-accel", "tcg"}));
    CHECK(xml.find("<domain type='qemu'") == 0); // libvirt's word for TCG
    CHECK(between(xml, "machine='", "'").at(0) == "pc");
    CHECK(between(xml, "<clock offset='absolute' start='", "'").at(0) == "946684800"); // 2000-01-01T00:00:00Z
}

TEST_CASE("text in XML is escaped") {
    CHECK(xml_escaped("a<b>&\"c'") == "a&lt;b&gt;&amp;&quot;c&apos;");
    CHECK(xml_escaped("plain /path, x=1") == "plain /path, x=1");
}

TEST_CASE("a path with every character that XML minds goes through whole") {
    MachineSpec spec = golden_spec();
    const std::string odd = R"(/a<b>&'c"&amp;/x)";
    spec.qemu = spec.firmware = spec.kernel = spec.initrd = spec.plan = odd;
    spec.cards[0].set("cues", "<'&>");
    const std::string xml = domain_xml(spec, "<&>");
    CHECK(between(xml, "<name>", "</name>") == Words{"<&>"});
    CHECK(between(xml, "<emulator>", "</emulator>") == Words{odd});
    CHECK(between(xml, "<loader type='rom'>", "</loader>") == Words{odd});
    CHECK(between(xml, "<kernel>", "</kernel>") == Words{odd});
    CHECK(between(xml, "<initrd>", "</initrd>") == Words{odd});
    CHECK(follow_each_other(qemu_command(spec), between(xml, "<qemu:arg value='", "'/>")));
}
