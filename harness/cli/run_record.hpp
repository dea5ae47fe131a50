// SPDX-License-Identifier: MIT
// What every run leaves, whatever it was made of: facts of its machine and its log, crash report, result document.
#pragma once

#include "cli/guest.hpp"
#include "debug/symbolize.hpp"
#include "report/result.hpp"
#include "scenario/choices.hpp"

namespace mpulab {

/// What is known of a run from its machine alone.
RunFacts machine_facts(const Guest& guest, const MachineSpec& spec, const std::string& windows);

/// Writes command.txt, the QEMU command line that makes the same run from what lies in its folder, and machine.xml, the
/// same machine for libvirt.
void keep_command(RunFacts& facts, MachineSpec spec);
/// In its place the XML that libvirt was given.
void keep_xml(RunFacts& facts, const std::string& xml);

/// What its event log adds; `unit`: the card whose interrupts are counted.
void note_log(RunFacts& facts, const EventLog& log, const MachineSpec& spec, uint32_t unit,
              const std::vector<mpulab_choice>& forced);

/// Keeps the findings with their places in the code, named as far as there are symbols; the failed checks that tell one
/// of them, and the verdict's reason, say where, too.
void keep_findings(RunFacts& facts, Judgement& judgement, const RuleBooks& books, const EventLog& log,
                   const SymbolPath& symbols, const std::filesystem::path& driver);

/// Names the crash's frames and writes crash.txt, if there was a crash.
void keep_crash(RunFacts& facts, Judgement& judgement, const SymbolPath& symbols, const std::filesystem::path& driver);

/// Writes result.json into the run's folder; the text written.
std::string keep_result(RunFacts& facts, const Judgement& judgement);

} // namespace mpulab
