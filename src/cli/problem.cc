#include "cli/problem.h"

#include "cli/value.h"

namespace cauce::cli {
namespace {

void append_part(std::string& out, std::string_view label, std::string_view text,
                 std::string_view color) {
    if (text.empty()) return;
    if (!color.empty()) out += color;
    out += label;
    if (!color.empty()) out += "\x1b[0m";
    // A text of several lines stays under its label.
    std::string_view rest = text;
    for (bool first = true; first || !rest.empty(); first = false) {
        const std::size_t end = rest.find('\n');
        out += first ? " " : "        ";
        out += printable(rest.substr(0, end));
        out += '\n';
        rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    }
}

}  // namespace

std::string problem_text(const Problem& problem, bool color) {
    std::string out;
    append_part(out, "error:", problem.what, color ? "\x1b[1;31m" : "");
    append_part(out, "  why:", problem.why, color ? "\x1b[1m" : "");
    append_part(out, " next:", problem.next, color ? "\x1b[1m" : "");
    return out;
}

}  // namespace cauce::cli
