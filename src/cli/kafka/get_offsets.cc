// kafka-get-offsets
#include "cli/arguments.h"
#include "cli/kafka/error_text.h"
#include "cli/kafka/shell.h"
#include "cli/kafka/tool.h"
#include "cli/kafka/topic_pattern.h"
#include "client/admin.h"

#include <array>
#include <limits>
#include <set>
#include <utility>

namespace cauce::cli::kafka {
namespace {

using runtime::Task;

Attempt<void> check_flags(const Given& given) {
    if (const auto wrong = missing(given, {"bootstrap-server"})) return misused(*wrong);
    if (!check_bootstrap(*given.text("bootstrap-server")))
        return misused("Please provide valid host:port like host1:9091,host2:9092\n");
    return {};
}

// Questions of ListOffsets by name; whoever writes a number means a time, or one of these too.
constexpr std::array kTimes =
    std::to_array<std::pair<std::string_view, std::int64_t>>({{"latest", -1},
                                                              {"earliest", -2},
                                                              {"max-timestamp", -3},
                                                              {"earliest-local", -4},
                                                              {"latest-tiered", -5},
                                                              {"earliest-pending-upload", -6}});

Attempt<std::int64_t> read_time(const std::string& text) {
    for (const auto& [name, timestamp] : kTimes)
        if (text == name) return timestamp;
    if (const auto number = whole_number<std::int64_t>(text)) return *number;
    return failed("Malformed time argument " + text +
                  ". Please use -1 or latest / -2 or earliest / -3 or max-timestamp / -4 or "
                  "earliest-local / -5 or latest-tiered / -6 or earliest-pending-upload, or a "
                  "specified long format timestamp");
}

// Partitions of some topics: from `low` to below `high`, or those of a set.
struct Wanted {
    TopicPattern topics;
    std::int32_t low = 0;
    std::int32_t high = std::numeric_limits<std::int32_t>::max();
    std::set<std::int32_t> numbers = {};

    bool includes(std::int32_t partition) const {
        if (!numbers.empty()) return numbers.contains(partition);
        return partition >= low && partition < high;
    }
};

Attempt<TopicPattern> read_pattern(std::string_view text) {
    auto pattern = TopicPattern::parse(text.empty() ? ".*" : text);
    if (!pattern) return failed(pattern.error());
    return std::move(*pattern);
}

// "topic:3", "topic:1-4", "topic:2-", ":-3", "topic"
Attempt<Wanted> read_rule(std::string_view rule) {
    const std::size_t colon = rule.find(':');
    Attempt<TopicPattern> pattern = read_pattern(rule.substr(0, colon));
    if (!pattern) return std::unexpected(pattern.error());
    Wanted wanted{std::move(*pattern)};
    if (colon == std::string_view::npos) return wanted;
    const std::string_view range = rule.substr(colon + 1);
    const std::size_t dash = range.find('-');
    const auto read = [](std::string_view text, std::int32_t& into) {
        if (text.empty()) return true;
        const auto number = whole_number<std::int32_t>(text);
        if (number) into = *number;
        return number.has_value();
    };
    bool valid = read(range.substr(0, dash), wanted.low);
    if (dash != std::string_view::npos) {
        valid = valid && read(range.substr(dash + 1), wanted.high);
    } else if (!range.empty()) {
        wanted.numbers = {wanted.low};
    }
    if (!valid) return failed("Invalid rule specification: " + std::string(rule));
    return wanted;
}

Attempt<std::vector<Wanted>> read_wanted(const Given& given) {
    std::vector<Wanted> list;
    if (const auto rules = given.text("topic-partitions")) {
        for (std::string_view rest = *rules;;) {
            const std::size_t comma = rest.find(',');
            Attempt<Wanted> wanted = read_rule(rest.substr(0, comma));
            if (!wanted) return std::unexpected(wanted.error());
            list.push_back(std::move(*wanted));
            if (comma == std::string_view::npos) return list;
            rest = rest.substr(comma + 1);
        }
    }
    Attempt<TopicPattern> pattern = read_pattern(given.text("topic").value_or(""));
    if (!pattern) return std::unexpected(pattern.error());
    Wanted wanted{std::move(*pattern)};
    const std::string partitions = given.text("partitions").value_or("");
    for (std::string_view rest = partitions; !rest.empty();) {
        const std::size_t comma = rest.find(',');
        const auto number = whole_number<std::int32_t>(rest.substr(0, comma));
        if (!number)
            return failed(
                "--partitions expects a comma separated list of numeric partition ids, "
                "but received: " +
                partitions);
        wanted.numbers.insert(*number);
        rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
    }
    list.push_back(std::move(wanted));
    return list;
}

Task<Attempt<void>> run(Shell& shell) {
    const Given& given = shell.given();
    if (given.has("topic-partitions") && (given.has("topic") || given.has("partitions")))
        co_return failed("--topic-partitions cannot be used with --topic or --partitions");
    const Attempt<std::int64_t> time = read_time(*given.text("time"));
    if (!time) co_return std::unexpected(time.error());
    const Attempt<std::vector<Wanted>> wanted = read_wanted(given);
    if (!wanted) co_return std::unexpected(wanted.error());

    client::Cluster& cluster = shell.cluster();
    const Result<void> fetched = co_await cluster.refresh_all(shell.deadline());
    if (!fetched) co_return std::unexpected(shell.failure(fetched.error(), "listTopics"));
    std::map<TopicPartition, std::int64_t> asked;
    for (const auto& [name, topic] : cluster.topics()) {
        if (topic.is_internal && given.has("exclude-internal-topics")) continue;
        for (const Wanted& rule : *wanted) {
            if (!rule.topics.matches(name)) continue;
            for (const client::PartitionInfo& partition : topic.partitions)
                if (rule.includes(partition.partition)) asked[{name, partition.partition}] = *time;
        }
    }
    if (asked.empty())
        co_return failed("Could not match any topic-partitions with the specified filters");

    const auto found = co_await client::list_offsets(cluster, std::move(asked), shell.deadline());
    if (!found) co_return std::unexpected(shell.failure(found.error(), "listOffsets"));
    std::map<std::string, std::string> lines;  // as Kafka sorts them: by "topic-partition"
    for (const auto& [tp, offset] : *found) {
        if (offset.error.code != ErrorCode::none) {
            co_await shell.err("Skip getting offsets for topic-partition " + tp.to_string() +
                               " due to error: " + exception_text(offset.error));
        } else if (offset.offset >= 0) {
            lines[tp.to_string()] = tp.topic + ":" + std::to_string(tp.partition) + ":" +
                                    std::to_string(offset.offset) + "\n";
        }
    }
    std::string text;
    for (const auto& [tp, line] : lines)
        text += line;
    co_await shell.out(std::move(text));
    co_return Attempt<void>();
}

}  // namespace

Tool get_offsets_tool() {
    return {
        .name = "kafka-get-offsets",
        .purpose = "An interactive shell for getting topic-partition offsets.",
        .flags =
            {bootstrap_server_flag("HOST1:PORT1,...,HOST3:PORT3"),
             command_config_flag("config file"),
             {"exclude-internal-topics",
              Takes::nothing,
              {},
              "Leaves the cluster's own topics out."},
             {"partitions", Takes::text, "partition ids",
              "Numbers with commas between them; all partitions without it."},
             {"time", Takes::text,
              "<timestamp> / -1 or latest / -2 or earliest / -3 or max-timestamp / -4 or "
              "earliest-local / -5 or latest-tiered / -6 or earliest-pending-upload",
              "Which offset: of the first record at that time (ms) or later, or one of the names.",
              "latest"},
             {"topic", Takes::text, "topic", "A regular expression; all topics without it."},
             {"topic-partitions", Takes::text, "topic1:1,topic2:0-3,topic3,topic4:5-,topic5:-3",
              "Topics (regular expressions) with their partitions: a number, a range that "
              "excludes its end, or none for all. Instead of --topic and --partitions."}},
        .check = check_flags,
        .voice_of_parsing = {false, "Error occurred: "},
        .voice = {false, "Error occurred: "},
        .run = run};
}

}  // namespace cauce::cli::kafka
