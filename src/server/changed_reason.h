// Why something goes wrong again and again, for a log that is to hear of each reason once and not
// each time. Belongs to one shard.
#pragma once

#include <string>
#include <string_view>

namespace cauce::server {

class ChangedReason {
public:
    // True when `reason` is not the one of the last call: tell it. Empty: all is well, and whatever
    // comes next is news.
    bool is_news(std::string_view reason) {
        if (reason == last_) return false;
        last_ = reason;
        return !reason.empty();
    }

private:
    std::string last_;
};

}  // namespace cauce::server
