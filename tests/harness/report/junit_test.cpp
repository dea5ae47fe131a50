// SPDX-License-Identifier: MIT
#include "report/junit.hpp"

#include "support/catch.hpp"

using namespace mpulab;
using Outcome = JunitCase::Outcome;

TEST_CASE("each outcome has its element, and the suite counts them") {
    const std::string xml = junit_xml({{"a.yaml", "a: it holds", Outcome::Passed, "", "", 0.5},
                                       {"b.yaml", "b", Outcome::Failed, "why", "details", 1},
                                       {"c.yaml", "c", Outcome::Error, "bench", "", 0},
                                       {"d.yaml", "d", Outcome::KnownIssue, "slow (#12)", "", 0}});
    CHECK_THAT(xml, ContainsSubstring("tests=\"4\" failures=\"1\" errors=\"1\" skipped=\"1\" time=\"1.500\""));
    CHECK_THAT(xml,
               ContainsSubstring("<testcase classname=\"a.yaml\" name=\"a: it holds\" time=\"0.500\"></testcase>"));
    CHECK_THAT(xml, ContainsSubstring("<failure message=\"why\">details</failure>"));
    CHECK_THAT(xml, ContainsSubstring("<error message=\"bench\"></error>"));
    CHECK_THAT(xml, ContainsSubstring("<skipped message=\"known issue: slow (#12)\"/>"));
}

TEST_CASE("markup, control characters and broken UTF-8 of a guest do not break the document") {
    const std::string xml = junit_xml({{"a", "<b> & \"c\"\x01", Outcome::Failed, "\xff\xc3", "\xc3\xa4 \xe2\x82", 0}});
    CHECK_THAT(xml, ContainsSubstring("name=\"&lt;b&gt; &amp; &quot;c&quot;?\""));
    CHECK_THAT(xml, ContainsSubstring("message=\"??\""));
    CHECK_THAT(xml, ContainsSubstring(">\xc3\xa4 " + std::string(2, '?') + "</failure>"));
}

TEST_CASE("no case at all is a suite of none") {
    CHECK_THAT(junit_xml({}), ContainsSubstring("tests=\"0\""));
}
