#include "sim/checkers/setting_checker.h"

namespace cauce::sim {

void SettingChecker::altering(const std::string& topic, const std::string& key,
                              const std::string& value) {
    settings_[{topic, key}].unsettled.insert(value);
}

void SettingChecker::altered(const std::string& topic, const std::string& key,
                             const std::string& value) {
    Setting& setting = settings_[{topic, key}];
    setting.promised = value;
    setting.unsettled.erase(value);
}

void SettingChecker::has(const std::string& topic, const std::string& key,
                         const std::string& value) {
    settings_[{topic, key}].promised = value;
}

bool SettingChecker::may_have(const std::string& topic, const std::string& key,
                              const std::string& value) const {
    const auto found = settings_.find({topic, key});
    if (found == settings_.end()) return true;
    return found->second.promised == value || found->second.unsettled.contains(value);
}

void SettingChecker::told(const std::string& topic, const std::string& key,
                          const std::string& value) {
    if (may_have(topic, key, value)) return;
    findings_.add("topic " + topic + " is told to have " + key + "=" + value + ", and was given " +
                  settings_[{topic, key}].promised);
}

}  // namespace cauce::sim
