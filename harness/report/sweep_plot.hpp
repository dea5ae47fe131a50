// SPDX-License-Identifier: MIT
// A sweep as an SVG: one line a series, along one axis.
#pragma once

#include <string>
#include <vector>

namespace mpulab {

struct PlotSeries {
    std::string name;           // shown in the legend; empty: none
    std::vector<double> values; // one for each place on the axis
};

/// `places`: what stands below the axis. The series are as long. Pure.
std::string sweep_svg(const std::string& title, const std::string& axis, const std::string& measure,
                      const std::vector<std::string>& places, const std::vector<PlotSeries>& series);

} // namespace mpulab
