// SPDX-License-Identifier: MIT
// The INF reader against any bytes: it takes them or says in one line, with file and line, what is wrong; and what it
// takes can be written as a registry file.
#include "package/inf_facts.hpp"
#include "package/inf_lint.hpp"

#include <cstdlib>

namespace {

void check(bool condition) {
    if (!condition) std::abort();
}

/// The first byte says how the rest is read: as it is, or behind a right beginning, so that the deeper sections are
/// met.
constexpr const char kBeginning[] =
    "[Version]\nSignature=$CHICAGO$\nClass=MEDIA\n[Manufacturer]\nM=m,NTamd64\n[m.NTamd64]\nd=D,ROOT\\X\n"
    "[D.Services]\nAddService=s,2,S\n[S]\nServiceType=1\nServiceBinary=x.sys\n[D]\nAddReg=R\n";

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace mpulab;
    if (size == 0) return 0;
    Bytes bytes;
    if (data[0] & 1) bytes.insert(bytes.end(), kBeginning, kBeginning + sizeof kBeginning - 1);
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
            inf_source_path(inf, install, install.service.file);
        }
    } catch (const Error& error) {
        const std::string line = error.line();
        check(!error.next().empty() && line.rfind("f.inf:", 0) == 0 && line.find('\n') == std::string::npos);
    }
    return 0;
}
