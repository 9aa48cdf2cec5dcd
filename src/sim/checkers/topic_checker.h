// Topics and producer ids: a topic whose creation was answered is there with its id until its
// deletion is asked for, and gone once that was answered; a producer id is given out once.
#pragma once

#include "base/ids.h"
#include "sim/checkers/findings.h"

#include <map>
#include <optional>
#include <set>
#include <string>

namespace cauce::sim {

class TopicChecker {
public:
    explicit TopicChecker(Findings& findings) : findings_(findings) {}

    void created(const std::string& topic);
    void deleting(const std::string& topic);
    void deleted(const std::string& topic);
    void producer_id(ProducerId id);

    // What a broker said about all its topics, in answer to a question that was asked when `known`
    // was what expected() gave.
    using Known = std::map<std::string, bool>;  // name -> must be there (true) or gone (false)
    Known expected() const;
    // Empty when all is well; else what is wrong, which is a finding once the broker has had time
    // to hear of it. A zero id was not told.
    std::string compare(const Known& known, const std::map<std::string, TopicId>& topics);

private:
    struct Topic {
        bool created = false;
        bool deleting = false;
        bool deleted = false;
        std::optional<TopicId> id;
    };

    Findings& findings_;
    std::map<std::string, Topic> topics_;
    std::set<ProducerId> producer_ids_;
};

}  // namespace cauce::sim
