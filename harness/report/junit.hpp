// SPDX-License-Identifier: MIT
// Results as JUnit XML, as CI servers read it.
#pragma once

#include <string>
#include <vector>

namespace mpulab {

struct JunitCase {
    enum class Outcome { Passed, Failed, Error, KnownIssue, NotApplicable };
    std::string group; // classname: the scenario's file
    std::string name;
    Outcome outcome = Outcome::Passed;
    std::string message; // one line; of a known issue its reason
    std::string text;    // what is shown below it
    double seconds = 0;  // host
};

/// Control characters that XML has no place for become '?'.
std::string junit_xml(const std::vector<JunitCase>& cases);

} // namespace mpulab
