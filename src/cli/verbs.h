// The table of verbs: what there is, in the order of help.
#pragma once

#include "cli/command.h"

#include <string>
#include <string_view>
#include <vector>

namespace cauce::cli {

struct VerbGroup {
    std::string heading;
    std::vector<Verb> verbs;
};

const std::vector<VerbGroup>& verb_groups();
// Null when there is none of that name.
const Verb* find_verb(std::string_view name);
// True for "topic" of "topic list".
bool is_noun(std::string_view word);
// "list", "create" ... of a noun.
std::vector<std::string> verbs_of(std::string_view noun);
// Everything one can type after `cauce`: verbs that stand alone, and nouns.
std::vector<std::string> first_words();

// --- one file each

Verb dev_verb();
Verb broker_start_verb();
Verb broker_ready_verb();
Verb storage_format_verb();
Verb storage_random_uuid_verb();
Verb storage_info_verb();
Verb storage_verify_verb();
Verb storage_dump_verb();
Verb produce_verb();
Verb consume_verb();
Verb topic_list_verb();
Verb topic_create_verb();
Verb topic_describe_verb();
Verb topic_alter_verb();
Verb topic_partitions_verb();
Verb topic_config_verb();
Verb topic_trim_verb();
Verb topic_retention_verb();
Verb topic_locate_verb();
Verb topic_delete_verb();
Verb group_list_verb();
Verb group_describe_verb();
Verb group_lag_verb();
Verb group_seek_verb();
Verb group_delete_verb();
Verb cluster_info_verb();
Verb config_explain_verb();
Verb config_validate_verb();
Verb config_diff_verb();
Verb cluster_health_verb();
Verb doctor_verb();
Verb explain_verb();
Verb completion_verb();
Verb profile_list_verb();
Verb profile_create_verb();
Verb profile_use_verb();
Verb profile_show_verb();
Verb profile_current_verb();
Verb profile_delete_verb();
Verb help_verb();
Verb version_verb();

}  // namespace cauce::cli
