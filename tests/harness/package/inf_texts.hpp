// SPDX-License-Identifier: MIT
// INFs as tests write them: a whole, right one, and ways to bend it.
#pragma once

#include "package/inf_facts.hpp"

#include "harness/support/text.hpp"

#include <stdexcept>

namespace mpulab::test {

/// A right INF of a made-up card.
inline const std::string kGoodInf = R"([Version]
Signature="$Windows NT$"
Class=MEDIA
ClassGuid={4d36e96c-e325-11ce-bfc1-08002be10318}
Provider=%Maker%
DriverVer=02/03/2024,1.2.3.4
CatalogFile=card.cat
[SourceDisksNames]
1=%Disk%
[SourceDisksFiles]
card.sys=1
[Manufacturer]
%Maker%=Models,NTamd64
[Models.NTamd64]
%Desc%=Card,ACPI\PNPB006,*PNPB006
[Card.NT]
Include=ks.inf,wdmaudio.inf
Needs=KS.Registration
CopyFiles=Card.Files
AddReg=Card.Reg
[Card.Files]
card.sys
[Card.Reg]
HKR,,Driver,,card.sys
HKR,Drivers,SubClasses,,"midi"
[Card.NT.Services]
AddService=cardsvc,0x2,Svc
[Svc]
DisplayName=%Desc%
ServiceType=1
StartType=3
ErrorControl=1
ServiceBinary=%12%\card.sys
[Card.NT.Interfaces]
AddInterface={6994AD04-93EF-11D0-A3CC-00A0C9223196},%Name%,Card.If
[Card.If]
AddReg=Card.If.Reg
[Card.If.Reg]
HKR,,FriendlyName,,%Desc%
[Strings]
Maker="Maker"
Desc="A card"
Disk="Disk"
Name="UART"
)";

/// `text` with its one `from` replaced.
inline std::string with(std::string text, std::string_view from, std::string_view to) {
    const size_t at = text.find(from);
    if (at == std::string::npos || text.find(from, at + 1) != std::string::npos) {
        throw std::logic_error("not exactly one \"" + std::string(from) + "\" in the INF");
    }
    return text.replace(at, from.size(), to);
}

inline InfFile inf_of(const std::string& text) {
    return InfFile::parse(bytes_of(text), "card.inf");
}

inline InfFacts facts_of(const std::string& text, WindowsVersion target = {10, 0, 19045}) {
    return read_inf_facts(inf_of(text), target);
}

inline InfInstall install_of(const std::string& text) {
    const InfFile inf = inf_of(text);
    return read_inf_install(inf, read_inf_facts(inf, {10, 0, 19045}).models.front());
}

} // namespace mpulab::test
