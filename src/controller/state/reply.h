// Reply<Response>: a response in Kafka's own form, together with the text its views point into.
// Made by the controller, encoded by whoever asked.
#pragma once

#include <forward_list>
#include <string>
#include <string_view>
#include <utility>

namespace cauce::controller::state {

// Strings with addresses that stay. Moving it moves no string.
class Texts {
public:
    std::string_view keep(std::string text) {
        kept_.push_front(std::move(text));
        return kept_.front();
    }

private:
    std::forward_list<std::string> kept_;
};

template <typename Response>
struct Reply {
    Response response;
    Texts texts;
    // Why it was refused, where the response itself has a code only. For logs and for callers in
    // the same process.
    std::string refused;
};

}  // namespace cauce::controller::state
