// What the parts of kafka-consumer-groups share.
#pragma once

#include "cli/kafka/shell.h"
#include "client/admin.h"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace cauce::cli::kafka {

// Within --timeout.
MonoTime group_deadline(const Shell& shell);

// A failure of this tool names Java's exception.
Failure group_failure(const Shell& shell, const Error& error, std::string_view call);
// "\nError: ..." on standard output, where this tool complains.
runtime::Task<void> complain(Shell& shell, std::string text);

// Those of --group, or all with --all-groups.
runtime::Task<Attempt<std::vector<std::string>>> chosen_groups(Shell& shell);

// What a group committed, without the partitions for which it did not.
runtime::Task<Attempt<std::map<TopicPartition, client::CommittedOffset>>> committed_offsets(
    Shell& shell, std::string group);

// "topic" and "topic:0,1" of --topic; partitions of topics that are not there fail.
runtime::Task<Attempt<std::vector<TopicPartition>>> chosen_partitions(Shell& shell);
// The numbers of "topic:0,1"; nothing in `numbers` for "topic".
struct TopicWord {
    std::string topic;
    std::vector<std::int32_t> numbers;
};
Attempt<TopicWord> read_topic_word(const std::string& word);
// Those it names: all of the topic when there are no numbers.
runtime::Task<Result<std::vector<TopicPartition>>> partitions_of(Shell& shell, TopicWord word);

// One file each.
runtime::Task<Attempt<void>> reset_offsets(Shell& shell);

// A reset that says neither --dry-run nor --execute is only shown, and this is said about it, also
// before what else is wrong with its flags.
bool is_undecided(const Given& given);
inline constexpr std::string_view kUndecided =
    "WARN: No action will be performed as the --execute option is missing. In version 5.0, this "
    "command will require either --dry-run or --execute to be specified. You should add the "
    "--dry-run option explicitly if you are scripting this command and want to keep the current "
    "default behavior without prompting.";

runtime::Task<Attempt<void>> delete_offsets(Shell& shell);

}  // namespace cauce::cli::kafka
