// SPDX-License-Identifier: MIT
#include "report/sweep_plot.hpp"

#include "machine/domain_xml.hpp" // xml_escaped

#include <algorithm>
#include <fmt/format.h>

namespace mpulab {
namespace {

constexpr double kWidth = 900, kHeight = 420;
constexpr double kLeft = 70, kRight = 180, kTop = 40, kBottom = 60; // room around the plot
constexpr size_t kMostLabels = 16;
constexpr const char* kColours[] = {"#1b6ca8", "#c8553d", "#3a7d44", "#8d5a97",
                                    "#b8860b", "#2f8f9d", "#a23b72", "#555555"};

} // namespace

std::string sweep_svg(const std::string& title, const std::string& axis, const std::string& measure,
                      const std::vector<std::string>& places, const std::vector<PlotSeries>& series) {
    double most = 1;
    for (const PlotSeries& one : series) {
        for (const double value : one.values)
            most = std::max(most, value);
    }
    const double across = kWidth - kLeft - kRight;
    const double up = kHeight - kTop - kBottom;
    const auto x = [&](size_t place) {
        return kLeft + (places.size() < 2
                            ? across / 2
                            : across * static_cast<double>(place) / static_cast<double>(places.size() - 1));
    };
    const auto y = [&](double value) { return kHeight - kBottom - up * value / most; };
    std::string svg = fmt::format(
        R"(<svg xmlns="http://www.w3.org/2000/svg" width="{0}" height="{1}" viewBox="0 0 {0} {1}" font-family="sans-serif" font-size="12">
<rect width="{0}" height="{1}" fill="white"/>
<text x="{2}" y="22" font-size="15">{3}</text>
)",
        kWidth, kHeight, kLeft, xml_escaped(title));
    for (int line = 0; line <= 4; ++line) {
        const double value = most * line / 4;
        svg += fmt::format("<line x1=\"{0}\" y1=\"{2:.1f}\" x2=\"{1}\" y2=\"{2:.1f}\" stroke=\"#ddd\"/>\n"
                           "<text x=\"{3}\" y=\"{4:.1f}\" text-anchor=\"end\">{5:g}</text>\n",
                           kLeft, kWidth - kRight, y(value), kLeft - 8, y(value) + 4, value);
    }
    const size_t every = std::max<size_t>(1, (places.size() + kMostLabels - 1) / kMostLabels);
    for (size_t i = 0; i < places.size(); i += every)
        svg += fmt::format("<text x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\">{}</text>\n", x(i),
                           kHeight - kBottom + 18, xml_escaped(places[i]));
    svg += fmt::format(
        "<text x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\">{}</text>\n<text transform=\"translate(18 {:.1f}) "
        "rotate(-90)\" text-anchor=\"middle\">{}</text>\n",
        kLeft + across / 2, kHeight - 16, xml_escaped(axis), kTop + up / 2, xml_escaped(measure));
    for (size_t i = 0; i < series.size(); ++i) {
        const char* colour = kColours[i % std::size(kColours)];
        std::string points;
        for (size_t place = 0; place < series[i].values.size(); ++place)
            points += fmt::format("{:.1f},{:.1f} ", x(place), y(series[i].values[place]));
        svg +=
            fmt::format("<polyline fill=\"none\" stroke=\"{}\" stroke-width=\"2\" points=\"{}\"/>\n", colour, points);
        if (series[i].name.empty() || i >= 20) continue;
        svg += fmt::format("<text x=\"{}\" y=\"{}\" fill=\"{}\">{}</text>\n", kWidth - kRight + 12,
                           kTop + 12 + 16 * static_cast<double>(i), colour, xml_escaped(series[i].name));
    }
    return svg + "</svg>\n";
}

} // namespace mpulab
