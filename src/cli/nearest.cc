#include "cli/nearest.h"

#include "base/edit_distance.h"

#include <algorithm>

namespace cauce::cli {
namespace {

// What people type is short; what a peer sends may not be.
constexpr std::size_t kComparedMax = 256;

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

bool equal(char a, char b) {
    return lower(a) == lower(b);
}

}  // namespace

std::optional<std::string> nearest(std::string_view word,
                                   const std::vector<std::string>& candidates) {
    if (word.empty() || word.size() > kComparedMax) return std::nullopt;
    const std::string* best = nullptr;
    std::size_t best_distance = std::max<std::size_t>(1, word.size() / 3) + 1;
    const std::string* beginning = nullptr;
    bool several_beginnings = false;
    for (const std::string& candidate : candidates) {
        if (candidate.size() > kComparedMax) continue;
        const std::size_t distance = edit_distance(word, candidate);
        if (distance < best_distance) {
            best = &candidate;
            best_distance = distance;
        }
        const bool starts = candidate.size() > word.size() &&
                            std::equal(word.begin(), word.end(), candidate.begin(), equal);
        if (starts && word.size() >= 2) {
            several_beginnings = beginning != nullptr;
            beginning = &candidate;
        }
    }
    if (best) return *best;
    if (beginning && !several_beginnings) return *beginning;
    return std::nullopt;
}

}  // namespace cauce::cli
