// SPDX-License-Identifier: MIT
// Which URIs --connect takes, before anything is reached by them.
#include "machine/hypervisor.hpp"

#include "harness/support/text.hpp"

#include "support/catch.hpp"

using namespace mpulab;
using namespace mpulab::test;

TEST_CASE("a QEMU of this host is taken, by whatever way libvirt reaches it") {
    for (const char* uri : {"", "qemu:///system", "qemu:///session", "qemu:///embed?root=/tmp/x",
                            "qemu+unix:///session?socket=/run/x/libvirt-sock"})
        CHECK_NOTHROW(check_libvirt_uri(uri));
}

TEST_CASE("another host is refused by its name, with what it lacks") {
    for (const char* uri :
         {"qemu+ssh://lab7/system", "qemu+ssh://lab7", "qemu+tls://lab7/system?pkipath=/x", "qemu://lab7/system"}) {
        const std::string words = refusal([&] { check_libvirt_uri(uri); });
        CHECK_THAT(words, StartsWith(std::string("--connect ") + uri + ": lab7 is another host"));
        CHECK_THAT(words, ContainsSubstring("qemu:///system"));
    }
    CHECK_THAT(refusal([] { check_libvirt_uri("qemu+ssh://me@[::1]:22/system"); }),
               ContainsSubstring("me@[::1]:22 is another host"));
}

TEST_CASE("a driver without QEMU, and what is no URI, are refused") {
    CHECK_THAT(refusal([] { check_libvirt_uri("test:///default"); }),
               ContainsSubstring("libvirt's driver test starts no QEMU"));
    CHECK_THAT(refusal([] { check_libvirt_uri("xen+unix:///system"); }), ContainsSubstring("libvirt's driver xen"));
    CHECK_THAT(refusal([] { check_libvirt_uri("lab7"); }), ContainsSubstring("this is no libvirt URI"));
}

TEST_CASE("a daemon that runs QEMU as somebody else, confined, is told to run it as us, unconfined") {
    const std::string capabilities = "<capabilities><host><secmodel><model>apparmor</model><doi>0</doi></secmodel>"
                                     "<secmodel><model>dac</model><doi>0</doi><baselabel type='kvm'>+64055:+994"
                                     "</baselabel></secmodel></host></capabilities>";
    CHECK(security_labels(capabilities, 1000, 100) == "  <seclabel type='none' model='apparmor'/>\n"
                                                      "  <seclabel type='static' model='dac' relabel='no'>\n"
                                                      "    <label>+1000:+100</label>\n"
                                                      "  </seclabel>\n");
}

TEST_CASE("a daemon that runs QEMU as its own user is told nothing, whatever it says of itself") {
    for (const char* capabilities : {"", "<capabilities><host><cpu/></host></capabilities>", "<secmodel>",
                                     "<secmodel><model>dac", "<secmodel><model>none</model><doi>0</doi></secmodel>"})
        CHECK(security_labels(capabilities, 0, 0).empty());
    CHECK(security_labels("<secmodel><model>a'b</model></secmodel>", 0, 0) ==
          "  <seclabel type='none' model='a&apos;b'/>\n");
}
