#include "cli/verbs.h"

#include <algorithm>

namespace cauce::cli {

const std::vector<VerbGroup>& verb_groups() {
    static const std::vector<VerbGroup> kGroups{
        {"Start",
         {dev_verb(), broker_start_verb(), broker_ready_verb(), storage_format_verb(),
          storage_random_uuid_verb()}},
        {"Send and read", {produce_verb(), consume_verb()}},
        {"Look and change",
         {topic_list_verb(), topic_create_verb(), topic_describe_verb(), topic_alter_verb(),
          topic_partitions_verb(), topic_config_verb(), topic_retention_verb(), topic_trim_verb(),
          topic_locate_verb(), topic_delete_verb(), group_list_verb(), group_describe_verb(),
          group_lag_verb(), group_seek_verb(), group_delete_verb(), cluster_info_verb(),
          cluster_health_verb(), doctor_verb()}},
        {"Configuration", {config_explain_verb(), config_validate_verb(), config_diff_verb()}},
        {"Files of a broker", {storage_info_verb(), storage_verify_verb(), storage_dump_verb()}},
        {"Profiles",
         {profile_list_verb(), profile_create_verb(), profile_use_verb(), profile_show_verb(),
          profile_current_verb(), profile_delete_verb()}},
        {"About", {explain_verb(), completion_verb(), help_verb(), version_verb()}},
    };
    return kGroups;
}

const Verb* find_verb(std::string_view name) {
    for (const VerbGroup& group : verb_groups())
        for (const Verb& verb : group.verbs)
            if (verb.name == name) return &verb;
    return nullptr;
}

std::vector<std::string> verbs_of(std::string_view noun) {
    std::vector<std::string> verbs;
    const std::string start = std::string(noun) + " ";
    for (const VerbGroup& group : verb_groups())
        for (const Verb& verb : group.verbs)
            if (verb.name.starts_with(start)) verbs.push_back(verb.name.substr(start.size()));
    return verbs;
}

bool is_noun(std::string_view word) {
    return !verbs_of(word).empty();
}

std::vector<std::string> first_words() {
    std::vector<std::string> words;
    for (const VerbGroup& group : verb_groups()) {
        for (const Verb& verb : group.verbs) {
            const std::string word = verb.name.substr(0, verb.name.find(' '));
            if (std::ranges::find(words, word) == words.end()) words.push_back(word);
        }
    }
    return words;
}

}  // namespace cauce::cli
