// SPDX-License-Identifier: MIT
// A machine whose every path needs care.
#pragma once

#include "machine/spec.hpp"

namespace mpulab::test {

inline MachineSpec plain_spec() {
    MachineSpec spec;
    spec.qemu = "/opt/qemu/qemu-system-x86_64";
    spec.firmware = "/usr/share/qemu/qboot.rom";
    spec.kernel = "/build/nanont-loader.elf";
    spec.initrd = "/out/song-1/modules.cpio";
    spec.plan = "/out/song-1/plan.bin";
    spec.seed = 42;
    spec.link_chardev = link_socket_chardev("/tmp/m/run-1/link");
    spec.cards.resize(1);
    return spec;
}

} // namespace mpulab::test
