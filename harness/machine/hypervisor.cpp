// SPDX-License-Identifier: MIT
#include "machine/hypervisor.hpp"

#include "common/error.hpp"
#include "machine/domain_xml.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <string_view>
#include <sys/prctl.h>
#include <unistd.h>

namespace mpulab {
namespace {

/// libvirt detaches QEMU, and who adopts it else (init, a container's first process) may never bury it, nor say how it
/// ended. Not so the QEMU that libvirt asks what it can do before: that one it kills itself, and then waits until
/// somebody has buried it, 40 s (measured). So it is asked first, once for each build of QEMU; what fails here fails
/// again when a machine starts.
void adopt_what_libvirt_detaches(virConnectPtr connection, const std::filesystem::path& qemu) {
    std::free(virConnectGetDomainCapabilities(connection, qemu.c_str(), nullptr, nullptr, nullptr, 0));
    if (::prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) {
        spdlog::warn("QEMU's end will not be seen: PR_SET_CHILD_SUBREAPER: {}", std::strerror(errno));
    }
}

} // namespace

void check_libvirt_uri(const std::string& uri) {
    if (uri.empty()) return;
    constexpr const char* kLocal = "qemu:///system, qemu:///session or qemu+unix:///session?socket=PATH";
    const auto refuse = [&](const std::string& what) {
        throw Error(fmt::format("--connect {}: {}", uri, what), fmt::format("name a QEMU of this host: {}", kLocal),
                    ExitCode::Usage);
    };
    const size_t scheme = uri.find("://");
    if (scheme == std::string::npos) refuse("this is no libvirt URI, DRIVER[+TRANSPORT]://[HOST]/PATH");
    const std::string driver = uri.substr(0, std::min(scheme, uri.find('+')));
    if (driver != "qemu") refuse(fmt::format("libvirt's driver {} starts no QEMU", driver));
    const size_t host = scheme + 3;
    if (const std::string name = uri.substr(host, uri.find_first_of("/?#", host) - host); !name.empty()) {
        refuse(fmt::format("{} is another host, and machines there can reach neither our link, a unix socket, nor our "
                           "files",
                           name));
    }
}

std::string security_labels(const std::string& capabilities, unsigned uid, unsigned gid) {
    constexpr std::string_view kBegin = "<secmodel>", kModel = "<model>", kModelEnd = "</model>";
    std::string labels;
    for (size_t at = 0; (at = capabilities.find(kBegin, at)) != std::string::npos; at += kBegin.size()) {
        const size_t model = capabilities.find(kModel, at);
        const size_t end = model == std::string::npos ? model : capabilities.find(kModelEnd, model);
        if (end == std::string::npos) break;
        const std::string name = capabilities.substr(model + kModel.size(), end - model - kModel.size());
        if (name == "dac") { // the file owner's: which user
            labels += fmt::format("  <seclabel type='static' model='dac' relabel='no'>\n"
                                  "    <label>+{}:+{}</label>\n  </seclabel>\n",
                                  uid, gid);
        } else if (name != "none") {
            labels += fmt::format("  <seclabel type='none' model='{}'/>\n", xml_escaped(name));
        }
    }
    return labels;
}

Hypervisor::Hypervisor(const RuntimeDir& runtime, std::string uri)
    : runtime_(runtime), embedded_(uri.empty()), uri_(std::move(uri)) {
    if (!embedded_) return;
    uri_ = runtime_.prepare_embedded_libvirt();
    // The embedded driver would log into our stderr.
    const std::string outputs = "3:file:" + (runtime_.path() / "libvirt.log").string();
    ::setenv("LIBVIRT_LOG_OUTPUTS", outputs.c_str(), 0);
}

void Hypervisor::connect(const std::filesystem::path& qemu) {
    loop_.emplace();
    connection_.reset(virConnectOpen(uri_.c_str()));
    if (!connection_) {
        throw Error(fmt::format("cannot reach libvirt at {}: {}", uri_, libvirt_error_text()),
                    embedded_ ? "apt-get install libvirt-daemon (its QEMU driver), or name a hypervisor with --connect"
                              : "check the URI given with --connect and that its daemon runs");
    }
    if (!embedded_) {
        const std::unique_ptr<char, decltype(&std::free)> capabilities(virConnectGetCapabilities(connection_.get()),
                                                                       &std::free);
        if (capabilities) {
            security_labels_ = mpulab::security_labels(capabilities.get(), ::geteuid(), ::getegid());
        }
    }
    if (embedded_) adopt_what_libvirt_detaches(connection_.get(), qemu);
}

} // namespace mpulab
