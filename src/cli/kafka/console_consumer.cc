// kafka-console-consumer
#include "cli/arguments.h"
#include "cli/kafka/error_text.h"
#include "cli/kafka/record_text.h"
#include "cli/kafka/shell.h"
#include "cli/kafka/tool.h"
#include "cli/kafka/topic_pattern.h"
#include "client/admin.h"
#include "client/consumer.h"
#include "client/fetcher.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <limits>
#include <set>

namespace cauce::cli::kafka {
namespace {

using client::FetchedRecords;
using runtime::Task;

constexpr std::string_view kFormatters = "org.apache.kafka.tools.consumer.";
// How often topics are looked for that --include means.
constexpr Duration kTopicSearch = seconds(30);
constexpr Duration kFirstTopicSearch = seconds(1);
constexpr int kInterrupted = 130;

std::string lower(std::string text) {
    std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
    return text;
}

// "earliest", "latest", or an offset; nothing when it is none of them.
std::optional<std::int64_t> read_offset(const std::string& text) {
    if (lower(text) == "earliest") return client::kEarliestOffset;
    if (lower(text) == "latest") return client::kLatestOffset;
    const auto number = whole_number<std::int64_t>(text);
    return number && *number >= 0 ? number : std::nullopt;
}

// "DefaultMessageFormatter" of its package; empty for those of others.
std::string_view formatter_of(const std::string& name) {
    const std::string_view text = name;
    if (!text.starts_with(kFormatters)) return {};
    const std::string_view own = text.substr(kFormatters.size());
    const bool known = own == "DefaultMessageFormatter" || own == "LoggingMessageFormatter" ||
                       own == "NoOpMessageFormatter";
    return known ? own : std::string_view();
}

Attempt<void> check_flags(const Given& given) {
    constexpr std::array kPairs = std::to_array<std::pair<const char*, const char*>>(
        {{"consumer-property", "command-property"},
         {"consumer.config", "command-config"},
         {"property", "formatter-property"}});
    if (given.has("topic") == given.has("include"))
        return misused("Exactly one of the following arguments is required: [topic], [include]");
    if (given.has("partition")) {
        if (!given.has("topic"))
            return misused("The topic is required when partition is specified.");
        if (given.has("from-beginning") && given.has("offset"))
            return misused("Options from-beginning and offset cannot be specified together.");
    } else if (given.has("offset")) {
        return misused("The partition is required when offset is specified.");
    }
    if (const auto wrong = missing(given, {"bootstrap-server"})) return misused(*wrong);
    for (const auto& [one, other] : kPairs)
        if (given.has(one) && given.has(other))
            return misused("Options --" + std::string(one) + " and --" + other +
                           " cannot be specified together.");
    const std::string offset = *given.text("offset");
    if (!read_offset(offset))
        return misused("The provided offset value '" + offset +
                       "' is incorrect. Valid values are 'earliest', 'latest', or a non-negative "
                       "long.");
    const std::string formatter = *given.text("formatter");
    if (formatter_of(formatter).empty()) return misused(formatter);
    return {};
}

void settle(const Given& given, Properties& properties) {
    properties.try_emplace("client.id", "console-consumer");
    if (given.has("isolation-level") || !properties.contains("isolation.level"))
        properties["isolation.level"] = *given.text("isolation-level");
}

// Groups are named in three places, which must agree.
Attempt<std::optional<std::string>> read_group(const Shell& shell) {
    std::set<std::string> groups;
    if (const auto flag = shell.given().text("group")) groups.insert(*flag);
    if (const auto property = shell.setting("group.id")) groups.insert(*property);
    if (groups.size() > 1) {
        std::string names;
        for (const std::string& group : groups)
            names += (names.empty() ? "'" : ", '") + group + "'";
        return misused(
            "The group ids provided in different places (directly using '--group', via "
            "'--consumer-property', or via '--consumer.config') do not match. Detected "
            "group ids: " +
            names);
    }
    if (groups.empty()) return std::nullopt;
    if (shell.given().has("partition"))
        return misused("Options group and partition cannot be specified together.");
    return *groups.begin();
}

// What is done with records: printed, counted, up to a number.
class Output {
public:
    Output(Shell& shell, RecordText text)
        : shell_(shell),
          text_(std::move(text)),
          most_(shell.given().number("max-messages").value_or(-1)),
          prints_(formatter_of(*shell.given().text("formatter")) != "NoOpMessageFormatter"),
          skips_errors_(shell.given().has("skip-message-on-error")) {}

    bool wants_more() const { return most_ < 0 || count_ < most_; }
    std::int64_t count() const { return count_; }

    // Takes records while it wants more; returns where to go on.
    Task<Attempt<Offset>> take(const FetchedRecords& fetched) {
        Offset next = fetched.next;
        std::string text;
        std::optional<std::string> wrong;
        for (const client::FetchedRecord& record : fetched.records) {
            if (!wants_more()) {
                next = record.offset;
                break;
            }
            ++count_;
            const auto appended = text_.append(text, fetched.partition.partition, record);
            if (appended) continue;
            wrong = appended.error();
            if (!skips_errors_) break;
            co_await shell_.err("ERROR Error processing message, skipping this message: " +
                                appended.error());
        }
        if (prints_) co_await shell_.out(std::move(text));
        if (wrong && !skips_errors_) co_return failed(*wrong);
        co_return next;
    }

private:
    Shell& shell_;
    RecordText text_;
    std::int64_t most_;
    bool prints_;
    bool skips_errors_;
    std::int64_t count_ = 0;
};

// How reading ends that has no end of its own.
class Patience {
public:
    explicit Patience(const Shell& shell) : shell_(shell) {
        span_ms_ = shell.given().number("timeout-ms").value_or(-1);
        renew();
    }
    void renew() { deadline_ = span_ms_ < 0 ? MonoTime::never() : shell_.after_ms(span_ms_); }
    MonoTime deadline() const { return deadline_; }
    bool is_over() const { return shell_.now() >= deadline_; }

private:
    const Shell& shell_;
    std::int64_t span_ms_ = -1;  // -1: for ever
    MonoTime deadline_;
};

Task<void> tell_timeout(Shell& shell) {
    co_await shell.err(
        "ERROR Error processing message, terminating consumer process: "
        "org.apache.kafka.common.errors.TimeoutException");
}

// What ended the reading is told, and is no failure, as with Kafka's tool.
Task<void> tell_error(Shell& shell, const Error& error) {
    if (shell.stop().requested()) co_return;
    co_await shell.err("ERROR Error processing message, terminating consumer process: " +
                       exception_text(error));
}

// --- one partition

Task<Attempt<void>> read_partition(Shell& shell, Output& output) {
    const Given& given = shell.given();
    const TopicPartition tp{*given.text("topic"),
                            static_cast<std::int32_t>(*given.number("partition"))};
    std::int64_t offset = *read_offset(*given.text("offset"));
    if (!given.has("offset") && given.has("from-beginning")) offset = client::kEarliestOffset;
    client::Cluster& cluster = shell.cluster();
    if (offset < 0) {
        std::map<TopicPartition, std::int64_t> asked;
        asked[tp] = offset;
        const auto found =
            co_await client::list_offsets(cluster, std::move(asked), shell.deadline());
        if (!found) co_return std::unexpected(shell.failure(found.error(), "listOffsets"));
        const client::FoundOffset& start = found->at(tp);
        if (start.error.code != ErrorCode::none) {
            co_await tell_error(shell, start.error);
            co_return Attempt<void>();
        }
        offset = start.offset;
    }
    client::Fetcher fetcher(cluster, shell.settings().fetch);
    fetcher.add(tp, Offset{offset});
    Attempt<void> outcome;
    {
        const runtime::Stop::Callback on_stop(shell.stop(), [&] { fetcher.stop(); });
        Patience patience(shell);
        while (output.wants_more() && !shell.nobody_reads() && !shell.stop().requested()) {
            const auto next = co_await fetcher.next(patience.deadline());
            if (!next) {
                co_await tell_error(shell, next.error());
                break;
            }
            if (!*next) {
                if (!shell.stop().requested()) co_await tell_timeout(shell);
                break;
            }
            if (!(*next)->records.empty()) patience.renew();
            const Attempt<Offset> taken = co_await output.take(**next);
            if (!taken) {
                outcome = std::unexpected(taken.error());
                break;
            }
        }
    }
    co_await fetcher.close();
    co_return outcome;
}

// --- topics, as a member of a group

client::ConsumerOptions consumer_options(Shell& shell, const std::optional<std::string>& group) {
    client::ConsumerOptions options;
    options.fetch = shell.settings().fetch;
    options.group = shell.settings().group;
    if (group) {
        options.group.group = *group;
    } else {
        constexpr std::int64_t kNumbers = 100'000;
        const std::int64_t number = shell.environment().shards.random().between(0, kNumbers - 1);
        options.group.group = "console-consumer-" + std::to_string(number);
        // Nobody will ask where a group of a name made by chance stopped.
        if (!shell.setting("enable.auto.commit")) options.group.auto_commit = false;
    }
    const bool from_start = shell.given().has("from-beginning") ||
                            (shell.settings().offset_reset_given &&
                             shell.settings().fetch.reset == client::OffsetReset::earliest);
    options.start = from_start ? client::kEarliestOffset : client::kLatestOffset;
    if (from_start) options.fetch.reset = client::OffsetReset::earliest;
    return options;
}

// The topics that are to be read and are there, in order.
Task<Attempt<std::vector<std::string>>> find_topics(Shell& shell,
                                                    const std::optional<TopicPattern>& pattern) {
    std::vector<std::string> names;
    if (!pattern) {
        names.push_back(*shell.given().text("topic"));
        co_return names;
    }
    const Result<void> fetched = co_await shell.cluster().refresh_all(shell.deadline());
    if (!fetched) co_return std::unexpected(shell.failure(fetched.error(), "listTopics"));
    for (const auto& [name, topic] : shell.cluster().topics())
        if (pattern->matches(name)) names.push_back(name);
    co_return names;
}

enum class Ended : std::uint8_t { for_good, topics_to_check };

// Reads until it is enough, or until topics are to be looked for again.
Task<Attempt<Ended>> read_as_member(Shell& shell, Output& output, Patience& patience,
                                    client::Consumer& consumer, bool commits, MonoTime search) {
    while (output.wants_more() && !shell.nobody_reads() && !shell.stop().requested()) {
        const auto next = co_await consumer.next(std::min(patience.deadline(), search));
        if (!next) {
            co_await tell_error(shell, next.error());
            co_return Ended::for_good;
        }
        if (!*next) {
            if (shell.stop().requested()) co_return Ended::for_good;
            if (!patience.is_over()) co_return Ended::topics_to_check;
            co_await tell_timeout(shell);
            co_return Ended::for_good;
        }
        if (!(*next)->records.empty()) patience.renew();
        const Attempt<Offset> taken = co_await output.take(**next);
        if (!taken) co_return std::unexpected(taken.error());
        if (commits) consumer.processed(**next, *taken);
    }
    co_return Ended::for_good;
}

Task<Attempt<void>> read_topics(Shell& shell, Output& output,
                                const std::optional<std::string>& group) {
    std::optional<TopicPattern> pattern;
    if (const auto text = shell.given().text("include")) {
        auto parsed = TopicPattern::parse(*text);
        if (!parsed) co_return failed(parsed.error());
        pattern = std::move(*parsed);
    }
    const client::ConsumerOptions options = consumer_options(shell, group);
    const bool commits = options.group.auto_commit;
    Attempt<std::vector<std::string>> topics = co_await find_topics(shell, pattern);
    if (!topics) co_return std::unexpected(topics.error());
    Patience patience(shell);
    for (;;) {
        client::Consumer consumer(shell.cluster(), options, *topics);
        Attempt<void> outcome;
        bool ended = false;
        {
            const runtime::Stop::Callback on_stop(shell.stop(), [&] { consumer.stop(); });
            std::vector<std::string> now_there = *topics;
            while (!ended && now_there == *topics) {
                const Duration span = topics->empty() ? kFirstTopicSearch : kTopicSearch;
                const MonoTime search = pattern ? shell.now() + span : MonoTime::never();
                const Attempt<Ended> how =
                    co_await read_as_member(shell, output, patience, consumer, commits, search);
                ended = !how || *how == Ended::for_good;
                if (!how) outcome = std::unexpected(how.error());
                if (ended) break;
                Attempt<std::vector<std::string>> found = co_await find_topics(shell, pattern);
                // A cluster that does not answer now is asked later.
                if (found) now_there = std::move(*found);
            }
            *topics = std::move(now_there);
        }
        // Within what one request may take: who stops does not want to wait.
        const MonoTime soon = shell.now() + shell.settings().cluster.request_timeout;
        const Result<void> closed = co_await consumer.close(soon);
        if (!closed && commits && outcome) co_await tell_error(shell, closed.error());
        if (ended) co_return outcome;
    }
}

Task<void> tell_deprecated(Shell& shell) {
    constexpr std::array kDeprecated = std::to_array<std::pair<const char*, const char*>>(
        {{"consumer-property", "command-property"},
         {"consumer.config", "command-config"},
         {"property", "formatter-property"}});
    for (const auto& [old, instead] : kDeprecated)
        if (shell.given().has(old))
            co_await shell.out("Option --" + std::string(old) +
                               " is deprecated and will be removed in a future version. Use --" +
                               instead + " instead.\n");
}

Task<Attempt<Properties>> formatter_properties(Shell& shell) {
    const Given& given = shell.given();
    std::vector<std::string> single;
    for (const char* side : {"key", "value"})
        if (const auto name = given.text(std::string(side) + "-deserializer"))
            single.push_back(std::string(side) + ".deserializer=" + *name);
    for (const char* flag : {"property", "formatter-property"})
        for (const std::string& property : given.texts(flag))
            single.push_back(property);
    co_return co_await shell.read_properties(given.text("formatter-config"), single);
}

Task<Attempt<void>> run(Shell& shell) {
    const Given& given = shell.given();
    co_await tell_deprecated(shell);
    const Attempt<std::optional<std::string>> group = read_group(shell);
    if (!group) co_return std::unexpected(group.error());
    const auto reset = shell.setting("auto.offset.reset");
    if (given.has("from-beginning") && reset && *reset != "earliest")
        co_return failed("Can't simultaneously specify --from-beginning and 'auto.offset.reset=" +
                         *reset + "', please remove one option");
    const Attempt<Properties> properties = co_await formatter_properties(shell);
    if (!properties) co_return std::unexpected(properties.error());
    RecordText text(*properties);
    for (const std::string& name : text.unknown())
        co_await shell.err("ERROR Unable to instantiate a deserializer from " + name);
    Output output(shell, std::move(text));
    shell.finish_on_stop();

    Attempt<void> outcome;
    if (given.has("partition")) {
        outcome = co_await read_partition(shell, output);
    } else {
        outcome = co_await read_topics(shell, output, *group);
    }
    if (shell.stop().requested()) shell.set_exit_code(kInterrupted);
    if (shell.nobody_reads())
        co_await shell.err("Unable to write to standard out, closing consumer.");
    co_await shell.err("Processed a total of " + std::to_string(output.count()) + " messages");
    if (given.has("enable-systest-events")) co_await shell.out("shutdown_complete\n");
    co_return outcome;
}

}  // namespace

Tool console_consumer_tool() {
    constexpr std::string_view kProperties =
        "A property of the formatter, key=value: print.timestamp, print.partition, print.offset, "
        "print.headers, print.key, print.value, key.separator, line.separator, headers.separator, "
        "null.literal, key.deserializer, value.deserializer, headers.deserializer.";
    return {
        .name = "kafka-console-consumer",
        .purpose =
            "This tool helps to read data from Kafka topics and outputs it to standard output.",
        .flags =
            {bootstrap_server_flag(),
             command_config_flag("config file"),
             {"command-property",
              Takes::text,
              "consumer_prop",
              "A setting of the consumer, key=value.",
              {},
              true},
             {"consumer-property",
              Takes::text,
              "consumer_prop",
              "(DEPRECATED) The same as --command-property.",
              {},
              true},
             {"consumer.config", Takes::text, "config file",
              "(DEPRECATED) The same as --command-config."},
             {"enable-systest-events", Takes::nothing, {}, "Prints shutdown_complete at the end."},
             {"formatter", Takes::text, "class",
              "How records are printed: DefaultMessageFormatter, LoggingMessageFormatter or "
              "NoOpMessageFormatter of its package.",
              "org.apache.kafka.tools.consumer.DefaultMessageFormatter"},
             {"formatter-config", Takes::text, "config file",
              "A file with properties of the formatter."},
             {"formatter-property", Takes::text, "prop", kProperties, {}, true},
             {"from-beginning",
              Takes::nothing,
              {},
              "Begins with the oldest record where the group has no position."},
             {"group", Takes::text, "consumer group id",
              "The group to read as a member of; else one of its own."},
             {"include", Takes::text, "Java regex (String)",
              "A regular expression: the topics to read."},
             {"isolation-level",
              Takes::text,
              {},
              "read_committed hides what open and aborted transactions wrote.",
              "read_uncommitted"},
             {"key-deserializer", Takes::text, "deserializer for keys",
              "The type of keys, by the name of Java's deserializer."},
             {"max-messages", Takes::integer, "num_messages",
              "Ends after so many records; else never."},
             {"offset", Takes::text, "consume offset",
              "With --partition: earliest, latest, or the offset to begin with.", "latest"},
             {"partition", Takes::integer, "partition", "The only partition to read."},
             {"property",
              Takes::text,
              "prop",
              "(DEPRECATED) The same as --formatter-property.",
              {},
              true},
             {"skip-message-on-error",
              Takes::nothing,
              {},
              "Goes on after a record that cannot be printed."},
             {"timeout-ms", Takes::whole, "timeout_ms", "Ends when no record came for so long."},
             {"topic", Takes::text, "topic", "The topic to read."},
             {"value-deserializer", Takes::text, "deserializer for values",
              "The type of values, by the name of Java's deserializer."}},
        .check = check_flags,
        .usage_for_unknown_flags = true,
        .settle = settle,
        .run = run};
}

}  // namespace cauce::cli::kafka
