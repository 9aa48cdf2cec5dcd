// Problem: how a command says that it failed. Always in three parts: what happened, why, and what
// to do next.
#pragma once

#include "cli/exit_code.h"

#include <expected>
#include <string>

namespace cauce::cli {

struct Problem {
    ExitCode code = exit_error;
    std::string what;
    std::string why;   // may be empty when `what` says it all
    std::string next;  // a command to type or a thing to change

    // Nobody reads our output any more: end without a word.
    static Problem silence() { return {exit_ok, {}, {}, {}}; }
    bool is_silence() const { return what.empty(); }
};

// What standard error shows:
//   error: topic `ordres` does not exist
//     why: the broker at 127.0.0.1:9092 knows no topic of that name
//    next: did you mean `orders`?  cauce topic list  shows all of them
std::string problem_text(const Problem& problem, bool color);

using Outcome = std::expected<void, Problem>;
template <typename T>
using Expected = std::expected<T, Problem>;

inline std::unexpected<Problem> problem(ExitCode code, std::string what, std::string why,
                                        std::string next) {
    return std::unexpected(Problem{code, std::move(what), std::move(why), std::move(next)});
}
inline std::unexpected<Problem> usage_problem(std::string what, std::string why, std::string next) {
    return problem(exit_usage, std::move(what), std::move(why), std::move(next));
}

}  // namespace cauce::cli
