// SPDX-License-Identifier: MIT
#include "report/junit.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace mpulab {
namespace {

/// As text and inside attributes; invalid UTF-8 becomes '?', too: one bad byte makes a whole document unreadable.
std::string escaped(const std::string& text) {
    std::string out;
    for (size_t i = 0; i < text.size();) {
        const auto byte = static_cast<unsigned char>(text[i]);
        const size_t length = byte < 0x80                   ? 1
                              : byte >= 0xc2 && byte < 0xe0 ? 2
                              : byte >= 0xe0 && byte < 0xf0 ? 3
                              : byte >= 0xf0 && byte < 0xf5 ? 4
                                                            : 0;
        bool sound = length != 0 && i + length <= text.size();
        for (size_t k = 1; sound && k < length; ++k)
            sound = (static_cast<unsigned char>(text[i + k]) & 0xc0) == 0x80;
        if (!sound) {
            out += '?';
            ++i;
            continue;
        }
        switch (text[i]) {
        case '&':
            out += "&amp;";
            break;
        case '<':
            out += "&lt;";
            break;
        case '>':
            out += "&gt;";
            break;
        case '"':
            out += "&quot;";
            break;
        case '\n':
        case '\t':
            out += text[i];
            break;
        default:
            if (byte < 0x20) {
                out += '?';
            } else {
                out += text.substr(i, length);
            }
        }
        i += length;
    }
    return out;
}

} // namespace

std::string junit_xml(const std::vector<JunitCase>& cases) {
    using Outcome = JunitCase::Outcome;
    const auto count = [&cases](Outcome outcome) {
        return std::count_if(cases.begin(), cases.end(),
                             [outcome](const JunitCase& c) { return c.outcome == outcome; });
    };
    double seconds = 0;
    for (const JunitCase& one : cases)
        seconds += one.seconds;
    std::string xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    xml += fmt::format("<testsuites>\n<testsuite name=\"mpulab\" tests=\"{}\" failures=\"{}\" errors=\"{}\" "
                       "skipped=\"{}\" time=\"{:.3f}\">\n",
                       cases.size(), count(Outcome::Failed), count(Outcome::Error),
                       count(Outcome::KnownIssue) + count(Outcome::NotApplicable), seconds);
    for (const JunitCase& one : cases) {
        xml += fmt::format("<testcase classname=\"{}\" name=\"{}\" time=\"{:.3f}\">", escaped(one.group),
                           escaped(one.name), one.seconds);
        if (one.outcome == Outcome::Failed || one.outcome == Outcome::Error) {
            const char* element = one.outcome == Outcome::Failed ? "failure" : "error";
            xml += fmt::format("\n<{0} message=\"{1}\">{2}</{0}>\n", element, escaped(one.message), escaped(one.text));
        } else if (one.outcome == Outcome::KnownIssue || one.outcome == Outcome::NotApplicable) {
            const char* why = one.outcome == Outcome::KnownIssue ? "known issue: " : "not applicable: ";
            xml += fmt::format("\n<skipped message=\"{}\"/>\n", escaped(why + one.message));
        }
        xml += "</testcase>\n";
    }
    return xml + "</testsuite>\n</testsuites>\n";
}

} // namespace mpulab
