// kafka-consumer-groups: --list, --describe, --delete, and what all its parts share.
#include "cli/kafka/consumer_groups.h"

#include "cli/arguments.h"
#include "cli/kafka/columns.h"
#include "cli/kafka/error_text.h"
#include "cli/kafka/topic_pattern.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <set>
#include <tuple>

namespace cauce::cli::kafka {

using runtime::Task;

namespace {

constexpr std::array kActions{"list",          "describe",       "delete",
                              "reset-offsets", "delete-offsets", "validate-regex"};
constexpr std::string_view kNothing = "-";

// --- flags

std::optional<std::string> clashing_scenarios(const Given& given) {
    constexpr std::array kScenarios{"to-offset", "to-datetime", "by-duration", "to-earliest",
                                    "to-latest", "to-current",  "shift-by",    "from-file"};
    for (const char* used : kScenarios) {
        for (const char* other : kScenarios) {
            if (used == other) continue;
            if (auto wrong = clash(given, used, {other})) return wrong;
        }
    }
    return std::nullopt;
}

Attempt<void> check_flags(const Given& given) {
    const auto actions = std::ranges::count_if(kActions, [&](auto a) { return given.has(a); });
    if (!given.has("validate-regex"))
        if (const auto wrong = missing(given, {"bootstrap-server"})) return misused(*wrong);
    const bool has_groups = given.has("group") || given.has("all-groups");
    if (given.has("describe")) {
        if (!has_groups)
            return misused("Option [describe] takes one of these options: [all-groups], [group]");
        const int parts =
            int{given.has("members")} + int{given.has("offsets")} + int{given.has("state")};
        if (parts > 1)
            return misused(
                "Option [describe] takes at most one of these options: [members], "
                "[offsets], [state]");
        if (!given.texts("state").empty())
            return misused("Option [describe] does not take a value for [state]");
    }
    if (given.has("delete")) {
        if (!has_groups)
            return misused("Option [delete] takes one of these options: [all-groups], [group]");
        if (given.has("topic"))
            return misused(
                "The consumer does not support topic-specific offset deletion from a "
                "consumer group.");
    }
    if (given.has("delete-offsets") && (!given.has("group") || !given.has("topic")))
        return misused("Option [delete-offsets] takes the following options: [group], [topic]");
    if (given.has("reset-offsets")) {
        if (given.has("dry-run") && given.has("execute"))
            return misused("Option [reset-offsets] only accepts one of [execute] and [dry-run]");
        const std::string warning =
            is_undecided(given) ? std::string(kUndecided) + "\n" : std::string();
        if (!has_groups)
            return misused(
                warning +
                "Option [reset-offsets] takes one of these options: [all-groups], [group]");
        if (const auto wrong = clashing_scenarios(given)) return misused(warning + *wrong);
    }
    std::optional<std::string> wrong = clash(given, "group", {"all-groups"});
    if (!wrong) wrong = clash(given, "group", {"list"});
    if (!wrong) wrong = clash(given, "topic", {"list", "describe"});
    if (wrong) return misused(*wrong);
    if (actions != 1)
        return misused(
            "Command must include exactly one action: --list, --describe, --delete, "
            "--reset-offsets, --delete-offsets, --validate-regex");
    return {};
}

std::string lower(std::string text) {
    std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
    return text;
}

// Words with commas between them, each one of `known`; the error names those.
Attempt<std::set<std::string>> read_words(const std::vector<std::string>& values,
                                          std::string_view what,
                                          std::initializer_list<std::string_view> known) {
    std::set<std::string> words;
    for (const std::string& value : values) {
        for (std::string_view rest = value;;) {
            const std::size_t comma = rest.find(',');
            std::string word(rest.substr(0, comma));
            std::erase(word, ' ');
            const auto found = std::ranges::find_if(
                known, [&](auto name) { return lower(std::string(name)) == lower(word); });
            if (found == known.end()) {
                std::string names;
                for (const std::string_view name : known)
                    names += (names.empty() ? "" : ", ") + std::string(name);
                return misused("Invalid " + std::string(what) + " list '" + value + "'. Valid " +
                               std::string(what) + " are: " + names);
            }
            words.emplace(*found);
            if (comma == std::string_view::npos) break;
            rest = rest.substr(comma + 1);
        }
    }
    return words;
}

Attempt<std::set<std::string>> wanted_states(const Given& given) {
    Attempt<std::set<std::string>> states =
        read_words(given.texts("state"), "states",
                   {"Empty", "Reconciling", "PreparingRebalance", "CompletingRebalance",
                    "Assigning", "Dead", "Stable"});
    // Kafka says "state list" and "Valid states".
    if (!states) states.error().text.replace(8, 6, "state");
    return states;
}

// --- list

Task<Attempt<std::vector<client::GroupListing>>> list_all(Shell& shell) {
    auto listed = co_await client::list_groups(shell.cluster(), group_deadline(shell));
    if (!listed) co_return std::unexpected(group_failure(shell, listed.error(), "listGroups"));
    // Others than consumers use the protocol too: Kafka Connect, for instance.
    std::erase_if(*listed, [](const client::GroupListing& group) {
        return !group.protocol_type.empty() && group.protocol_type != "consumer";
    });
    co_return std::move(*listed);
}

Task<Attempt<void>> list(Shell& shell) {
    const Given& given = shell.given();
    const Attempt<std::set<std::string>> states = wanted_states(given);
    if (!states) co_return std::unexpected(states.error());
    const Attempt<std::set<std::string>> types =
        read_words(given.texts("type"), "types", {"Consumer", "Classic"});
    if (!types) co_return std::unexpected(types.error());
    const auto groups = co_await list_all(shell);
    if (!groups) co_return std::unexpected(groups.error());

    const bool with_type = given.has("type");
    const bool with_state = given.has("state");
    std::string text;
    if (!with_type && !with_state) {
        for (const client::GroupListing& group : *groups)
            text += group.group + "\n";
        co_await shell.out(std::move(text));
        co_return Attempt<void>();
    }
    std::vector<std::vector<std::string>> rows;
    for (const client::GroupListing& group : *groups) {
        const std::string type = group.type.empty() ? "Classic" : group.type;
        const std::string state = group.state.empty() ? "Unknown" : group.state;
        const auto is_wanted = [](const std::set<std::string>& wanted, const std::string& word) {
            return wanted.empty() || std::ranges::any_of(wanted, [&](const std::string& w) {
                       return lower(w) == lower(word);
                   });
        };
        if (!is_wanted(*states, state) || !is_wanted(*types, type)) continue;
        std::vector<std::string>& cells = rows.emplace_back();
        cells.push_back(group.group);
        if (with_type) {
            cells.push_back(lower(type));
            cells.back().front() = static_cast<char>(std::toupper(cells.back().front()));
        }
        if (with_state) cells.push_back(state);
    }
    constexpr std::size_t kGroupMin = 15;
    constexpr std::size_t kGroupGap = 10;
    constexpr std::size_t kOthers = 20;
    std::vector<std::size_t> widths{kGroupMin, kOthers, kOthers};
    widen(widths, 0, rows);
    widths[0] += kGroupGap;
    std::vector<std::string> titles{"GROUP"};
    if (with_type) titles.emplace_back("TYPE");
    if (with_state) titles.emplace_back("STATE");
    text = row(titles, widths) + "\n";
    for (const auto& cells : rows)
        text += row(cells, widths) + "\n";
    co_await shell.out(std::move(text));
    co_return Attempt<void>();
}

// --- describe

// What is said of a group beside its table. False when there is no table to show.
Task<bool> tell_state(Shell& shell, const client::GroupDescription& group, std::size_t rows) {
    const std::string name = "onsumer group '" + group.group + "' ";
    if (group.state == "Dead") {
        co_await complain(shell, "C" + name + "does not exist.");
        co_return false;
    }
    if (group.state == "Empty") {
        co_await shell.err("\nC" + name + "has no active members.");
    } else if (group.state == "PreparingRebalance" || group.state == "CompletingRebalance" ||
               group.state == "Assigning" || group.state == "Reconciling") {
        co_await shell.err("\nWarning: C" + name + "is rebalancing.");
    }
    co_return rows > 0;
}

std::string or_nothing(std::string text) {
    return text.empty() ? std::string(kNothing) : std::move(text);
}

// The offsets of a group: rows of partitions with a consumer, then those without.
class OffsetRows {
public:
    OffsetRows(std::string group, bool verbose,
               const std::map<TopicPartition, client::CommittedOffset>& committed,
               const std::map<TopicPartition, client::FoundOffset>& ends)
        : group_(std::move(group)), verbose_(verbose), committed_(committed), ends_(ends) {}

    void add(const TopicPartition& tp, const std::string& consumer, const std::string& host,
             const std::string& client) {
        const auto committed = committed_.find(tp);
        const auto end = ends_.find(tp);
        const bool has_offset = committed != committed_.end();
        const bool has_end = end != ends_.end() && end->second.error.code == ErrorCode::none;
        std::string epoch(kNothing);
        if (has_offset && committed->second.leader_epoch.value >= 0)
            epoch = std::to_string(committed->second.leader_epoch.value);
        const std::int64_t offset = has_offset ? committed->second.offset : 0;
        std::vector<std::string>& cells = rows_.emplace_back();
        cells = {group_, tp.topic, std::to_string(tp.partition)};
        if (verbose_) cells.push_back(epoch);
        cells.push_back(has_offset ? std::to_string(offset) : std::string(kNothing));
        cells.push_back(has_end ? std::to_string(end->second.offset) : std::string(kNothing));
        cells.push_back(has_offset && has_end ? std::to_string(end->second.offset - offset)
                                              : std::string(kNothing));
        cells.push_back(consumer);
        cells.push_back(host);
        cells.push_back(client);
    }

    std::size_t size() const { return rows_.size(); }

    std::string table() const {
        std::vector<std::string> titles{"GROUP", "TOPIC", "PARTITION"};
        std::vector<std::size_t> widths{15, 15, 10};
        if (verbose_) {
            titles.emplace_back("LEADER-EPOCH");
            widths.push_back(15);
        }
        for (const char* title :
             {"CURRENT-OFFSET", "LOG-END-OFFSET", "LAG", "CONSUMER-ID", "HOST", "CLIENT-ID"})
            titles.emplace_back(title);
        for (int i = 0; i < 5; ++i)
            widths.push_back(15);
        const std::size_t consumer = titles.size() - 3;
        for (const std::size_t column : {std::size_t{0}, std::size_t{1}, consumer, consumer + 1})
            widen(widths, column, rows_);
        std::string text = "\n" + row(titles, widths);
        for (const auto& cells : rows_)
            text += "\n" + row(cells, widths);
        return text + "\n";
    }

private:
    std::string group_;
    bool verbose_;
    const std::map<TopicPartition, client::CommittedOffset>& committed_;
    const std::map<TopicPartition, client::FoundOffset>& ends_;
    std::vector<std::vector<std::string>> rows_;
};

Task<Attempt<void>> describe_offsets(Shell& shell, const client::GroupDescription& group) {
    const auto committed = co_await committed_offsets(shell, group.group);
    if (!committed) co_return std::unexpected(committed.error());
    std::map<TopicPartition, std::int64_t> asked;
    for (const auto& [tp, offset] : *committed)
        asked[tp] = client::kLatestOffset;
    for (const client::MemberDescription& member : group.members)
        for (const TopicPartition& tp : member.assignment)
            asked[tp] = client::kLatestOffset;
    const auto ends = co_await client::list_offsets(shell.cluster(), asked, group_deadline(shell));
    if (!ends) co_return std::unexpected(group_failure(shell, ends.error(), "listOffsets"));

    OffsetRows rows(group.group, shell.given().has("verbose"), *committed, *ends);
    std::vector<const client::MemberDescription*> members;
    for (const client::MemberDescription& member : group.members)
        members.push_back(&member);
    std::ranges::sort(members, [](const auto* one, const auto* other) {
        return std::tuple(other->assignment.size(), one->member_id) <
               std::tuple(one->assignment.size(), other->member_id);
    });
    for (const client::MemberDescription* member : members) {
        for (const TopicPartition& tp : member->assignment) {
            rows.add(tp, member->member_id, member->client_host, member->client_id);
            asked.erase(tp);
        }
    }
    for (const auto& [tp, timestamp] : asked)
        rows.add(tp, std::string(kNothing), std::string(kNothing), std::string(kNothing));
    const bool shown = co_await tell_state(shell, group, rows.size());
    if (shown) {
        std::string table = rows.table();
        co_await shell.out(std::move(table));
    }
    co_return Attempt<void>();
}

// "t1:0,1;t2:0"
std::string assignment_text(const std::vector<TopicPartition>& assignment) {
    std::string text;
    std::string_view topic;
    for (const TopicPartition& tp : assignment) {
        const bool same = tp.topic == topic;
        if (!same) text += (text.empty() ? "" : ";") + tp.topic + ":";
        if (same) text += ',';
        text += std::to_string(tp.partition);
        topic = tp.topic;
    }
    return text;
}

Task<void> describe_members(Shell& shell, const client::GroupDescription& group) {
    const bool verbose = shell.given().has("verbose");
    const bool with_instance = std::ranges::any_of(
        group.members, [](const auto& m) { return m.instance_id && !m.instance_id->empty(); });
    std::vector<std::string> titles{"GROUP", "CONSUMER-ID"};
    std::vector<std::size_t> widths{15, 15};
    if (with_instance) {
        titles.emplace_back("GROUP-INSTANCE-ID");
        widths.push_back(17);
    }
    for (const char* title : {"HOST", "CLIENT-ID", "#PARTITIONS"}) {
        titles.emplace_back(title);
        widths.push_back(15);
    }
    std::vector<std::vector<std::string>> rows;
    for (const client::MemberDescription& member : group.members) {
        std::vector<std::string>& cells = rows.emplace_back();
        cells = {group.group, member.member_id};
        if (with_instance) cells.push_back(member.instance_id.value_or(""));
        cells.push_back(member.client_host);
        cells.push_back(member.client_id);
        cells.push_back(std::to_string(member.assignment.size()));
        if (!verbose) continue;
        // Epochs are of the newer protocol.
        cells.emplace_back(kNothing);
        cells.push_back(or_nothing(assignment_text(member.assignment)));
        cells.emplace_back(kNothing);
        cells.emplace_back(kNothing);
    }
    for (std::size_t column = 0; column + 1 < widths.size(); ++column)
        widen(widths, column, rows);
    if (verbose) {
        for (const char* title :
             {"CURRENT-EPOCH", "CURRENT-ASSIGNMENT", "TARGET-EPOCH", "TARGET-ASSIGNMENT"})
            titles.emplace_back(title);
        const std::size_t current = widths.size() + 1;
        widths.insert(widths.end(), {15, 20, 15, 20});
        widen(widths, current, rows);
    }
    const bool shown = co_await tell_state(shell, group, 1);
    if (!shown) co_return;
    const std::string_view end = verbose ? "\n" : " \n";
    std::string text = "\n" + row(titles, widths).append(end);
    for (const auto& cells : rows)
        text += row(cells, widths).append(end);
    co_await shell.out(std::move(text));
}

Task<void> describe_state(Shell& shell, const client::GroupDescription& group) {
    const bool verbose = shell.given().has("verbose");
    std::string coordinator(kNothing);
    if (const client::NodeInfo* node = shell.cluster().known_coordinator(group.group))
        coordinator = node->address.to_string() + "  (" + std::to_string(node->id.value) + ")";
    std::vector<std::string> titles{"GROUP", "COORDINATOR (ID)", "ASSIGNMENT-STRATEGY", "STATE"};
    std::vector<std::string> cells{group.group, coordinator, or_nothing(group.protocol),
                                   group.state};
    std::vector<std::size_t> widths{std::max<std::size_t>(15, group.group.size()),
                                    std::max<std::size_t>(25, coordinator.size()), 20, 20};
    if (verbose) {
        titles.emplace_back("GROUP-EPOCH");
        titles.emplace_back("TARGET-ASSIGNMENT-EPOCH");
        cells.emplace_back(kNothing);
        cells.emplace_back(kNothing);
        widths.push_back(15);
        widths.push_back(25);
    }
    titles.emplace_back("#MEMBERS");
    cells.push_back(std::to_string(group.members.size()));
    const bool shown = co_await tell_state(shell, group, 1);
    if (!shown) co_return;
    std::string text = "\n" + row(titles, widths) + "\n" + row(cells, widths) + "\n";
    co_await shell.out(std::move(text));
}

Task<Attempt<void>> describe(Shell& shell) {
    const Attempt<std::vector<std::string>> names = co_await chosen_groups(shell);
    if (!names) co_return std::unexpected(names.error());
    std::map<std::string, client::GroupDescription> groups;
    for (const std::string& name : *names) {
        auto group = co_await client::describe_group(shell.cluster(), name, group_deadline(shell));
        if (!group)
            co_return std::unexpected(group_failure(shell, group.error(), "describeGroups"));
        groups[name] = std::move(*group);
    }
    for (const auto& [name, group] : groups) {
        if (shell.given().has("members")) {
            co_await describe_members(shell, group);
        } else if (shell.given().has("state")) {
            co_await describe_state(shell, group);
        } else {
            const Attempt<void> described = co_await describe_offsets(shell, group);
            if (!described) co_return described;
        }
    }
    co_return Attempt<void>();
}

// --- delete

Task<Attempt<void>> remove(Shell& shell) {
    const Attempt<std::vector<std::string>> names = co_await chosen_groups(shell);
    if (!names) co_return std::unexpected(names.error());
    const auto outcomes =
        co_await client::delete_groups(shell.cluster(), *names, group_deadline(shell));
    if (!outcomes)
        co_return std::unexpected(group_failure(shell, outcomes.error(), "deleteConsumerGroups"));
    std::string deleted;
    std::string failed_ones;
    for (const client::GroupOutcome& outcome : *outcomes) {
        if (outcome.ok()) {
            deleted += (deleted.empty() ? "'" : ", '") + outcome.group + "'";
        } else {
            failed_ones += "* Group '" + outcome.group +
                           "' could not be deleted due to: " + exception_text(outcome.error) + "\n";
        }
    }
    if (failed_ones.empty()) {
        co_await shell.out("Deletion of requested consumer groups (" + deleted +
                           ") was successful.\n");
        co_return Attempt<void>();
    }
    co_await complain(shell, "Deletion of some consumer groups failed:");
    co_await shell.out(std::move(failed_ones));
    if (!deleted.empty())
        co_await shell.out("\nThese consumer groups were deleted successfully: " + deleted + "\n");
    co_return Attempt<void>();
}

// --- validate-regex

Task<Attempt<void>> validate_regex(Shell& shell) {
    const std::string text = *shell.given().text("validate-regex");
    const auto parsed = TopicPattern::parse(text);
    std::string said = "The regular expression `" + text + "` is ";
    said += parsed ? "valid.\n" : "invalid: " + parsed.error() + "\n";
    co_await shell.out(std::move(said));
    co_return Attempt<void>();
}

Task<Attempt<void>> run(Shell& shell) {
    const Given& given = shell.given();
    if (given.has("list")) co_return co_await list(shell);
    if (given.has("describe")) co_return co_await describe(shell);
    if (given.has("delete")) co_return co_await remove(shell);
    if (given.has("reset-offsets")) co_return co_await reset_offsets(shell);
    if (given.has("delete-offsets")) co_return co_await delete_offsets(shell);
    co_return co_await validate_regex(shell);
}

}  // namespace

// --- shared

MonoTime group_deadline(const Shell& shell) {
    return shell.after_ms(*shell.given().number("timeout"));
}

Failure group_failure(const Shell& shell, const Error& error, std::string_view call) {
    const Failure plain = shell.failure(error, call);
    const bool of_broker = plain.text == error_text(error);
    return {of_broker ? exception_text(error)
                      : "org.apache.kafka.common.errors.TimeoutException: " + plain.text};
}

Task<void> complain(Shell& shell, std::string text) {
    std::string line = "\nError: " + text + "\n";
    co_await shell.out(std::move(line));
}

Task<Attempt<std::vector<std::string>>> chosen_groups(Shell& shell) {
    if (!shell.given().has("all-groups")) co_return shell.given().texts("group");
    const auto groups = co_await list_all(shell);
    if (!groups) co_return std::unexpected(groups.error());
    std::vector<std::string> names;
    for (const client::GroupListing& group : *groups)
        names.push_back(group.group);
    co_return names;
}

Task<Attempt<std::map<TopicPartition, client::CommittedOffset>>> committed_offsets(
    Shell& shell, std::string group) {
    auto committed = co_await client::fetch_offsets(shell.cluster(), std::move(group), std::nullopt,
                                                    group_deadline(shell));
    if (!committed)
        co_return std::unexpected(
            group_failure(shell, committed.error(), "listConsumerGroupOffsets"));
    std::erase_if(*committed, [](const auto& entry) { return entry.second.offset < 0; });
    co_return std::move(*committed);
}

Attempt<TopicWord> read_topic_word(const std::string& word) {
    const std::size_t colon = word.find(':');
    TopicWord read{word.substr(0, colon), {}};
    if (colon == std::string::npos) return read;
    const std::string numbers = word.substr(colon + 1);
    if (numbers.empty() || numbers.contains(':'))
        return misused("Invalid topic arg '" + word + "', expected topic name and partitions");
    for (std::string_view rest = numbers;;) {
        const std::size_t comma = rest.find(',');
        const std::string_view text = rest.substr(0, comma);
        const auto number = whole_number<std::int32_t>(text);
        if (!number)
            return misused("Invalid partition '" + std::string(text) +
                           "' specified in topic arg '" + word + "''");
        read.numbers.push_back(*number);
        if (comma == std::string_view::npos) return read;
        rest = rest.substr(comma + 1);
    }
}

Task<Result<std::vector<TopicPartition>>> partitions_of(Shell& shell, TopicWord word) {
    std::vector<TopicPartition> partitions;
    for (const std::int32_t number : word.numbers)
        partitions.push_back({word.topic, number});
    if (!word.numbers.empty()) co_return partitions;
    const auto topic = co_await shell.cluster().find_topic(word.topic, client::Unknown::fails,
                                                           group_deadline(shell));
    if (!topic) co_return std::unexpected(topic.error());
    for (const client::PartitionInfo& partition : (*topic)->partitions)
        partitions.push_back({word.topic, partition.partition});
    co_return partitions;
}

Task<Attempt<std::vector<TopicPartition>>> chosen_partitions(Shell& shell) {
    std::set<TopicPartition> chosen;
    for (const std::string& word : shell.given().texts("topic")) {
        const Attempt<TopicWord> read = read_topic_word(word);
        if (!read) co_return std::unexpected(read.error());
        const auto partitions = co_await partitions_of(shell, *read);
        if (!partitions)
            co_return std::unexpected(shell.failure(partitions.error(), "describeTopics"));
        chosen.insert(partitions->begin(), partitions->end());
    }
    co_return std::vector<TopicPartition>(chosen.begin(), chosen.end());
}

Tool consumer_groups_tool() {
    return {
        .name = "kafka-consumer-groups",
        .purpose =
            "This tool helps to list all consumer groups, describe a consumer group, delete "
            "consumer group info, or reset consumer group offsets.",
        .flags =
            {{"all-groups", Takes::nothing, {}, "All groups instead of --group."},
             {"all-topics",
              Takes::nothing,
              {},
              "With --reset-offsets: all topics the group has a position in."},
             bootstrap_server_flag(),
             {"by-duration", Takes::text, "duration",
              "Resets to where the logs were that long ago, such as P1DT2H30M."},
             command_config_flag(),
             {"delete", Takes::nothing, {}, "Deletes groups that nobody is in."},
             {"delete-offsets", Takes::nothing, {}, "Deletes positions of a group in topics."},
             {"describe", Takes::nothing, {}, "Shows groups: positions, and what is left to read."},
             {"dry-run", Takes::nothing, {}, "With --reset-offsets: only shows what would be."},
             {"execute", Takes::nothing, {}, "With --reset-offsets: does it."},
             {"export", Takes::nothing, {}, "With --reset-offsets: prints lines for --from-file."},
             {"from-file", Takes::text, "path to CSV file",
              "Resets to the lines of a file: topic,partition,offset, or group,... for several."},
             {"group",
              Takes::text,
              "consumer group",
              "The group. May come several times.",
              {},
              true},
             {"list", Takes::nothing, {}, "Lists groups."},
             {"members",
              Takes::nothing,
              {},
              "With --describe: the members.",
              {},
              false,
              "describe"},
             {"offsets",
              Takes::nothing,
              {},
              "With --describe: the positions.",
              {},
              false,
              "describe"},
             {"reset-offsets",
              Takes::nothing,
              {},
              "Moves the positions of a group that nobody is in. Where to: one of the --to-..., "
              "--shift-by, --by-duration, --from-file. In which topics: --topic or --all-topics."},
             {"shift-by", Takes::whole, "number-of-offsets",
              "Resets by that many records, back when it is negative."},
             {"state",
              Takes::text_or_nothing,
              {},
              "With --describe: state and coordinator. With --list: adds the state, or lists only "
              "groups in the states named.",
              {},
              false,
              "describe,list"},
             {"timeout", Takes::whole, "timeout (ms)", "How long to wait for answers.", "30000"},
             {"to-current", Takes::nothing, {}, "Resets to where the group is."},
             {"to-datetime", Takes::text, "datetime",
              "Resets to the first record of that time or later, such as "
              "2026-11-22T10:00:00.000."},
             {"to-earliest", Takes::nothing, {}, "Resets to the start of the logs."},
             {"to-latest", Takes::nothing, {}, "Resets to the end of the logs."},
             {"to-offset", Takes::whole, "offset", "Resets to this offset."},
             {"topic",
              Takes::text,
              "topic",
              "The topic, or topic:0,1 for some of its partitions. May come several times.",
              {},
              true},
             {"type",
              Takes::text_or_nothing,
              {},
              "With --list: adds the type, or lists only groups of the types named.",
              {},
              false,
              "list"},
             {"validate-regex", Takes::text, "regex",
              "Says whether a regular expression is valid."},
             {"verbose",
              Takes::nothing,
              {},
              "With --describe: more columns.",
              {},
              false,
              "describe"}},
        .check = check_flags,
        // It tells most failures and still ends well.
        .voice = {true, "\nError: Executing consumer group command failed due to ", 0},
        .run = run};
}

}  // namespace cauce::cli::kafka
