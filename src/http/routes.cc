#include "http/routes.h"

namespace cauce::http {

std::string Routes::nothing_at(std::string_view path) const {
    constexpr std::size_t kShown = 200;
    std::string text = "There is nothing at ";
    text += path.substr(0, kShown);
    text += path.size() > kShown ? "... Here are:" : ". Here are:";
    for (const auto& [name, handler] : pages_)
        text += " " + name;
    return text + "\n";
}

}  // namespace cauce::http
