// SPDX-License-Identifier: MIT
// Move-only owners of libvirt's objects, and its errors as ours.
#pragma once

#include <libvirt/libvirt.h>
#include <memory>
#include <string>

namespace mpulab {

struct ConnectionClose {
    void operator()(virConnectPtr connection) const { virConnectClose(connection); }
};
struct DomainFree {
    void operator()(virDomainPtr domain) const { virDomainFree(domain); } // drops the handle, not the machine
};
using ConnectionHandle = std::unique_ptr<virConnect, ConnectionClose>;
using DomainHandle = std::unique_ptr<virDomain, DomainFree>;

/// libvirt's last error of this thread on one line, control characters and libvirt's own prefixes taken out.
std::string libvirt_error_text();

} // namespace mpulab
