// Settings: what a topic is told to have is what the last change that was answered gave it, or one
// whose answer never came.
#pragma once

#include "sim/checkers/findings.h"

#include <map>
#include <set>
#include <string>
#include <utility>

namespace cauce::sim {

class SettingChecker {
public:
    explicit SettingChecker(Findings& findings) : findings_(findings) {}

    // A change is asked for; it was answered with success. One after another for each topic and
    // key. One that was not answered may be carried out at any later time.
    void altering(const std::string& topic, const std::string& key, const std::string& value);
    void altered(const std::string& topic, const std::string& key, const std::string& value);
    // The topic was created with this, or falls back to it.
    void has(const std::string& topic, const std::string& key, const std::string& value);

    // Whether the topic may have this value.
    bool may_have(const std::string& topic, const std::string& key, const std::string& value) const;
    void told(const std::string& topic, const std::string& key, const std::string& value);

private:
    struct Setting {
        std::string promised;
        std::set<std::string> unsettled;
    };
    using Place = std::pair<std::string, std::string>;

    Findings& findings_;
    std::map<Place, Setting> settings_;
};

}  // namespace cauce::sim
