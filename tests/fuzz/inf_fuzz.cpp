// SPDX-License-Identifier: MIT
// The INF reader against any bytes: it takes them or says in one line, with file and line, what is wrong; and what it
// takes can be written as a registry file.
#include "package/inf_facts.hpp"
#include "package/inf_lint.hpp"
#include "package/log_config.hpp"

#include <cstdlib>

namespace {

void check(bool condition) {
    if (!condition) std::abort();
}

/// The first byte says how the rest is read: as it is, behind a right beginning, or as the resources of a card there,
/// so that the deeper sections are met.
constexpr const char kBeginning[] =
    "[Version]\nSignature=$CHICAGO$\nClass=MEDIA\n[Manufacturer]\nM=m,NTamd64\n[m.NTamd64]\nd=D,ROOT\\X\n"
    "[D.Services]\nAddService=s,2,S\n[S]\nServiceType=1\nServiceBinary=x.sys\n[D]\nAddReg=R\n";

constexpr const char kResources[] = "LogConfig=L\n[L]\n";

void choose(const std::vector<mpulab::InfLogConfig>& configs) {
    try {
        const mpulab::AssignedResources assigned = mpulab::choose_log_config(configs, {}, {});
        check(assigned.first_port <= assigned.last_port && assigned.last_port <= 0xffff &&
              assigned.irq.value_or(0) <= 15);
    } catch (const mpulab::Error& error) {
        check(!error.next().empty() && error.line().find('\n') == std::string::npos);
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace mpulab;
    if (size == 0) return 0;
    Bytes bytes;
    if (data[0] & 1) bytes.insert(bytes.end(), kBeginning, kBeginning + sizeof kBeginning - 1);
    if ((data[0] & 3) == 3) bytes.insert(bytes.end(), kResources, kResources + sizeof kResources - 1);
    bytes.insert(bytes.end(), data + 1, data + size);
    try {
        const InfFile inf = InfFile::parse(bytes, "f.inf");
        for (const InfFinding& finding : lint_inf(inf, "/nowhere"))
            check(finding.seen.find('\n') == std::string::npos && !finding.expected.empty());
        const InfFacts facts = read_inf_facts(inf, {10, 0, 19045});
        check(!facts.models.empty());
        for (const InfModel& model : facts.models) {
            const InfInstall install = read_inf_install(inf, model);
            check(!install.service.file.empty());
            choose(install.log_configs);
            inf_source_path(inf, install, install.service.file);
        }
    } catch (const Error& error) {
        const std::string line = error.line();
        check(!error.next().empty() && line.rfind("f.inf:", 0) == 0 && line.find('\n') == std::string::npos);
    }
    return 0;
}
