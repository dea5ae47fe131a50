// SPDX-License-Identifier: MIT
// "Did you mean": the word that a mistyped one is nearest to.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace mpulab {

/// Letters to be put in, taken out, replaced, or exchanged with their neighbour until `a` is `b`.
inline size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<size_t> before(b.size() + 1), last(b.size() + 1), now(b.size() + 1);
    for (size_t k = 0; k <= b.size(); ++k)
        last[k] = k;
    for (size_t i = 1; i <= a.size(); ++i) {
        now[0] = i;
        for (size_t k = 1; k <= b.size(); ++k) {
            now[k] = std::min({last[k] + 1, now[k - 1] + 1, last[k - 1] + (a[i - 1] != b[k - 1])});
            if (i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1])
                now[k] = std::min(now[k], before[k - 2] + 1);
        }
        before.swap(last);
        last.swap(now);
    }
    return last[b.size()];
}

/// The first of those that are nearest to `word`; empty: more than a third of its letters would have
/// to change.
inline std::string nearest_word(std::string_view word, const std::vector<std::string>& words) {
    constexpr size_t kLongest = 64; // no word anybody mistypes is longer
    std::string nearest;
    if (word.size() > kLongest) return nearest;
    size_t least = word.size() / 3 + 1;
    for (const std::string& candidate : words) {
        const size_t distance = edit_distance(word, candidate);
        if (distance >= least) continue;
        least = distance;
        nearest = candidate;
    }
    return nearest;
}

/// " (did you mean 'write'?)", or nothing.
inline std::string did_you_mean(std::string_view word, const std::vector<std::string>& words) {
    const std::string nearest = nearest_word(word, words);
    return nearest.empty() ? "" : " (did you mean '" + nearest + "'?)";
}

} // namespace mpulab
