#include "sim/checkers/topic_checker.h"

namespace cauce::sim {

void TopicChecker::created(const std::string& topic) {
    topics_[topic].created = true;
}

void TopicChecker::deleting(const std::string& topic) {
    topics_[topic].deleting = true;
}

void TopicChecker::deleted(const std::string& topic) {
    topics_[topic].deleted = true;
}

void TopicChecker::producer_id(ProducerId id) {
    if (!producer_ids_.insert(id).second) {
        findings_.add("producer id " + std::to_string(id.value) + " was given out twice");
    }
}

TopicChecker::Known TopicChecker::expected() const {
    Known known;
    for (const auto& [name, topic] : topics_) {
        if (topic.deleted) {
            known[name] = false;
        } else if (topic.created && !topic.deleting) {
            known[name] = true;
        }
    }
    return known;
}

std::string TopicChecker::compare(const Known& known,
                                  const std::map<std::string, TopicId>& topics) {
    for (const auto& [name, present] : known) {
        const auto found = topics.find(name);
        if (!present) {
            if (found != topics.end()) return "topic " + name + " was deleted and is there";
            continue;
        }
        Topic& topic = topics_[name];
        if (topic.deleting) continue;  // it may be on its way out by now
        if (found == topics.end()) return "topic " + name + " was created and is not there";
        if (found->second.is_zero()) continue;
        if (!topic.id) topic.id = found->second;
        if (*topic.id != found->second) {
            return "topic " + name + " had the id " + topic.id->to_string() + " and has " +
                   found->second.to_string();
        }
    }
    return {};
}

}  // namespace cauce::sim
