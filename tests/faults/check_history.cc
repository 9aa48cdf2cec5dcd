// Judges a history (docs/formats/history.md) on standard input, as `sim --check` does, in what
// ships beside the program under test: that needs nothing of the simulator but its rules.
#include "sim/checkers/findings.h"
#include "sim/checkers/history.h"
#include "sim/checkers/kafka_checker.h"

#include <cstdio>
#include <iostream>
#include <iterator>
#include <string>

int main() {
    using namespace cauce::sim;
    const std::string text{std::istreambuf_iterator<char>(std::cin), {}};
    History history;
    if (const auto read = history.read_text(text); !read) {
        std::fprintf(stderr, "%s\n", read.error().message.c_str());
        return 2;
    }
    Findings findings;
    check_history(history, findings);
    for (const std::string& finding : findings.texts())
        std::printf("%s\n", finding.c_str());
    std::printf("history: %zu events of %zu keys, %zu findings\n", history.events().size(),
                history.keys(), findings.texts().size());
    return findings.empty() ? 0 : 1;
}
