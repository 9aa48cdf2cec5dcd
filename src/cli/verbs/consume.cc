// `cauce consume`
#include "cli/command.h"
#include "cli/partition_list.h"
#include "cli/place.h"
#include "cli/place_offsets.h"
#include "cli/record_format.h"
#include "cli/record_json.h"
#include "cli/report.h"
#include "cli/verbs.h"
#include "client/admin.h"
#include "client/consumer.h"
#include "client/fetcher.h"

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <set>

namespace cauce::cli {
namespace {

using client::FetchedRecords;
using runtime::Task;

// How records are printed, whichever of -f, -J and -o said so.
class RecordPrinter {
public:
    RecordPrinter(OutputFormat format, std::optional<RecordFormat> own)
        : format_(format), own_(std::move(own)) {}

    std::string heading() const {
        if (own_ || format_ != OutputFormat::tsv) return {};
        return "topic\tpartition\toffset\ttimestamp\tkey\tvalue\n";
    }

    void append(std::string& out, const TopicPartition& partition,
                const client::FetchedRecord& record) const {
        if (own_) return own_->append(out, partition, record);
        switch (format_) {
            case OutputFormat::json:
                append_json(out, record_value(partition, record));
                out += '\n';
                return;
            case OutputFormat::yaml:
                out += "---\n";
                append_yaml(out, record_value(partition, record));
                return;
            case OutputFormat::name:
                out += partition.to_string() + "@" + std::to_string(record.offset.value) + "\n";
                return;
            case OutputFormat::wide:
                out += partition.to_string() + "@" + std::to_string(record.offset.value) + "  " +
                       format_time(WallTime{record.timestamp}) + "  ";
                append_cell(out, record.key);
                out += "  ";
                append_cell(out, record.value);
                out += '\n';
                return;
            case OutputFormat::tsv:
                out += partition.topic + "\t" + std::to_string(partition.partition) + "\t" +
                       std::to_string(record.offset.value) + "\t" +
                       std::to_string(record.timestamp) + "\t";
                if (record.key) append_tsv_text(out, as_text(*record.key));
                out += '\t';
                if (record.value) append_tsv_text(out, as_text(*record.value));
                out += '\n';
                return;
            case OutputFormat::table:
                // The value alone, byte for byte: what goes through a pipe.
                if (record.value) out += as_text(*record.value);
                out += '\n';
        }
    }

private:
    static void append_cell(std::string& out, const std::optional<wire::Bytes>& bytes) {
        out += bytes ? printable(as_text(*bytes)) : std::string("-");
    }

    OutputFormat format_;
    std::optional<RecordFormat> own_;
};

class Consume final : public ClientCommand {
public:
    void declare(Arguments& arguments) override {
        arguments.positionals("TOPIC", topics_, "name the topic to read, or several");
        arguments.option(
            "--from", "PLACE",
            "where to begin: " + std::string(kPlaces) + " (else end; start with --exit and --to)",
            into(from_));
        arguments.option("--to", "PLACE", "where to stop, before the record there", into(to_));
        arguments.option("-n,--count", "N", "stop after N records",
                         into_number<std::optional<std::int64_t>, std::int64_t>(
                             count_, 1, std::numeric_limits<std::int64_t>::max()));
        arguments.flag("--exit", exit_, "stop at what is the end now; the same as --to end");
        arguments.option("-p,--partition", "LIST", "only these partitions, such as 0,2 or 4-6",
                         into_partitions());
        arguments.option("-g,--group", "NAME",
                         "read as a member of this group, from where it stopped, and commit",
                         into(group_));
        arguments.option("-f,--format", "TEXT",
                         "%t topic, %p partition, %o offset, %T timestamp, %k key, %v or %s value, "
                         "%h headers, %K and %S lengths, \\n newline",
                         into_format());
        arguments.flag("-J,--json", json_, "a JSON object a line; the same as -o json");
    }

    Outcome check() override {
        const std::string next = "cauce help consume  shows examples";
        if (exit_ && to_)
            return usage_problem("--exit and --to exclude each other", "--exit means --to end",
                                 "leave one of them away");
        if (json_ && format_)
            return usage_problem("-J and -f exclude each other", "both say how to print a record",
                                 "leave one of them away");
        if (!group_) return {};
        if (!partitions_.empty())
            return usage_problem("-p goes without -g", "a group shares partitions out by itself",
                                 next);
        if (to_)
            return usage_problem("--to goes without -g",
                                 "which partitions a group's member reads may change", next);
        if (from_ &&
            (from_->kind == Place::Kind::offset || from_->kind == Place::Kind::after_start ||
             from_->kind == Place::Kind::before_end))
            return usage_problem("with -g, --from is start, end or a time",
                                 "it is for partitions in which the group has no position yet",
                                 next);
        return {};
    }

protected:
    // Before records are read there is nothing to finish.
    bool ends_by_stop() const override { return reading_; }

    Task<Outcome> run(Session& session) override {
        const OutputFormat format = json_ ? OutputFormat::json : session.globals().format;
        const RecordPrinter printer(format, format_);
        const std::string heading = printer.heading();
        if (!heading.empty()) {
            const Outcome written = co_await session.write(as_bytes(heading));
            if (!written) co_return written;
        }
        Outcome outcome;
        if (group_) {
            outcome = co_await read_as_member(session, printer);
        } else {
            outcome = co_await read_partitions(session, printer);
        }
        if (!outcome && session.stop().requested()) co_return Outcome();  // Ctrl-C is a normal end.
        co_return outcome;
    }

private:
    using Bounds = PartitionOffsets;

    Accept into_partitions() {
        return [this](std::string_view text) -> std::expected<void, std::string> {
            auto parsed = parse_partitions(text);
            if (!parsed) return std::unexpected(parsed.error());
            partitions_ = std::move(*parsed);
            return {};
        };
    }
    Accept into_format() {
        return [this](std::string_view text) -> std::expected<void, std::string> {
            auto parsed = RecordFormat::parse(text);
            if (!parsed)
                return std::unexpected("a format of %t %p %o %T %k %v %s %h %K %S and \\n: " +
                                       parsed.error());
            format_ = std::move(*parsed);
            return {};
        };
    }

    Place from() const {
        const bool bounded = exit_ || to_;
        return from_.value_or(Place{bounded ? Place::Kind::start : Place::Kind::end, 0});
    }
    std::optional<Place> to() const {
        return exit_ ? std::optional(Place{Place::Kind::end, 0}) : to_;
    }

    Task<void> greet(Session& session) const {
        const bool watched = session.environment().invocation.err_is_terminal;
        if (!watched || from().kind != Place::Kind::end) co_return;
        co_await session.talk(
            "Waiting for new records; --from start shows the old ones. Ctrl-C ends.");
    }

    // --- reading given partitions

    Task<Outcome> read_partitions(Session& session, const RecordPrinter& printer) {
        client::Cluster& cluster = session.cluster();
        const MonoTime deadline = session.deadline();
        Expected<std::vector<TopicPartition>> partitions =
            co_await find_partitions(session, deadline);
        if (!partitions) co_return std::unexpected(partitions.error());
        Expected<Bounds> begin = co_await resolve_place(session, from(), *partitions, deadline);
        if (!begin) co_return std::unexpected(begin.error());
        std::optional<Bounds> end;
        if (const auto place = to()) {
            Expected<Bounds> resolved =
                co_await resolve_place(session, *place, *partitions, deadline);
            if (!resolved) co_return std::unexpected(resolved.error());
            end = std::move(*resolved);
        }

        client::FetchOptions options = session.settings().fetch;
        // What retention took away while we read is passed over.
        if (!session.settings().offset_reset_given) options.reset = client::OffsetReset::earliest;
        client::Fetcher fetcher(cluster, options);
        for (const TopicPartition& tp : *partitions)
            if (!end || begin->at(tp) < end->at(tp)) fetcher.add(tp, begin->at(tp));
        reading_ = true;
        co_await greet(session);
        const runtime::Stop::Callback on_stop(session.stop(), [&] { fetcher.stop(); });
        const Outcome outcome = co_await print_all(session, printer, fetcher, end);
        co_await fetcher.close();
        co_return outcome;
    }

    Task<Outcome> print_all(Session& session, const RecordPrinter& printer,
                            client::Fetcher& fetcher, const std::optional<Bounds>& end) {
        std::int64_t printed = 0;
        while (fetcher.partition_count() > 0) {
            auto next = co_await fetcher.next(idle_deadline(session));
            if (!next) co_return std::unexpected(session.explain(next.error(), "reading stopped"));
            if (!*next) co_return ran_dry(session, printed);
            const FetchedRecords& fetched = **next;
            const Offset stop =
                end ? end->at(fetched.partition) : Offset{std::numeric_limits<std::int64_t>::max()};
            std::string text;
            for (const auto& record : fetched.records) {
                if (record.offset >= stop || (count_ && printed == *count_)) break;
                printer.append(text, fetched.partition, record);
                ++printed;
            }
            const Outcome written = co_await session.write(as_bytes(text));
            if (!written) co_return written;
            if (count_ && printed == *count_) co_return Outcome();
            if (fetched.next >= stop || (end && fetched.at_end)) fetcher.remove(fetched.partition);
        }
        co_return Outcome();
    }

    // Good until the next suspension.
    static Task<Expected<const client::TopicInfo*>> find_topic(Session& session, std::string name,
                                                               MonoTime deadline) {
        const auto topic =
            co_await session.cluster().find_topic(name, client::Unknown::fails, deadline);
        if (topic) co_return *topic;
        if (topic.error().code == ErrorCode::unknown_topic_or_partition) {
            Problem unknown = co_await session.unknown_topic(name);
            co_return std::unexpected(std::move(unknown));
        }
        co_return std::unexpected(
            session.explain(topic.error(), "topic `" + name + "` was not read"));
    }

    // The partitions of all topics, as far as -p wants them.
    Task<Expected<std::vector<TopicPartition>>> find_partitions(Session& session,
                                                                MonoTime deadline) const {
        std::vector<TopicPartition> partitions;
        for (const std::string& name : topics_) {
            auto topic = co_await find_topic(session, name, deadline);
            if (!topic) co_return std::unexpected(std::move(topic).error());
            for (const std::int32_t wanted : partitions_)
                if (!(*topic)->partition(wanted))
                    co_return problem(
                        exit_not_found,
                        "topic `" + name + "` has no partition " + std::to_string(wanted),
                        "it has " + std::to_string((*topic)->partitions.size()) +
                            ", numbered from 0",
                        "cauce topic describe " + name + "  shows them");
            for (const auto& partition : (*topic)->partitions)
                if (partitions_.empty() || partitions_.contains(partition.partition))
                    partitions.push_back({name, partition.partition});
        }
        co_return partitions;
    }

    // --- reading as a member of a group

    Task<Outcome> read_as_member(Session& session, const RecordPrinter& printer) {
        client::Cluster& cluster = session.cluster();
        for (const std::string& name : topics_) {
            auto topic = co_await find_topic(session, name, session.deadline());
            if (!topic) co_return std::unexpected(std::move(topic).error());
        }
        client::ConsumerOptions options;
        options.fetch = session.settings().fetch;
        options.group = session.settings().group;
        options.group.group = *group_;
        options.start = start_timestamp(session);
        std::vector<std::string> news;
        options.assigned = [&news](const std::set<TopicPartition>& now) {
            std::string text = "Reading";
            for (const TopicPartition& tp : now)
                text += " " + tp.to_string();
            news.push_back(now.empty() ? "Reading nothing: the group is being shared out anew."
                                       : text + ".");
        };
        const bool commits = options.group.auto_commit;
        client::Consumer consumer(cluster, std::move(options), topics_);
        reading_ = true;
        const runtime::Stop::Callback on_stop(session.stop(), [&] { consumer.stop(); });
        Outcome outcome = co_await print_group(session, printer, consumer, commits, news);
        const Result<void> closed = co_await consumer.close(session.deadline());
        if (outcome && !closed && commits)
            outcome = std::unexpected(
                session.explain(closed.error(), "the group's last positions were not committed"));
        co_return outcome;
    }

    std::int64_t start_timestamp(const Session& session) const {
        const bool earliest = session.settings().offset_reset_given &&
                              session.settings().fetch.reset == client::OffsetReset::earliest;
        if (!from_ && earliest) return client::kEarliestOffset;
        const Place place = from();
        const std::int64_t now = session.environment().shards.clock().wall().ms;
        switch (place.kind) {
            case Place::Kind::start:
                return client::kEarliestOffset;
            case Place::Kind::time:
                return place.number;
            case Place::Kind::ago:
                return std::max<std::int64_t>(0, now - place.number);
            default:
                return client::kLatestOffset;
        }
    }

    Task<Outcome> print_group(Session& session, const RecordPrinter& printer,
                              client::Consumer& consumer, bool commits,
                              std::vector<std::string>& news) {
        std::int64_t printed = 0;
        std::set<TopicPartition> at_end;
        for (;;) {
            auto next = co_await consumer.next(idle_deadline(session));
            for (std::string& line : std::exchange(news, {}))
                co_await session.whisper(std::move(line));
            if (!next) co_return std::unexpected(session.explain(next.error(), "reading stopped"));
            if (!*next) co_return ran_dry(session, printed);
            const FetchedRecords& fetched = **next;
            std::string text;
            Offset done = fetched.next;
            for (const auto& record : fetched.records) {
                if (count_ && printed == *count_) {
                    done = record.offset;
                    break;
                }
                printer.append(text, fetched.partition, record);
                ++printed;
            }
            const Outcome written = co_await session.write(as_bytes(text));
            if (!written) co_return written;
            if (commits) consumer.processed(fetched, done);
            if (count_ && printed == *count_) co_return Outcome();
            if (fetched.at_end) at_end.insert(fetched.partition);
            if (exit_ && std::ranges::includes(at_end, consumer.assignment())) co_return Outcome();
        }
    }

    // --- both

    MonoTime idle_deadline(const Session& session) const {
        const std::int64_t ms = session.globals().timeout_ms;
        return ms > 0 ? session.now() + milliseconds(ms) : MonoTime::never();
    }

    // No record came within --timeout, or Ctrl-C.
    Outcome ran_dry(Session& session, std::int64_t printed) const {
        if (session.stop().requested() || !count_) return {};
        return problem(
            exit_unreachable,
            std::to_string(printed) + " of " + std::to_string(*count_) + " records came",
            "no other came within " + std::to_string(session.globals().timeout_ms) + " ms",
            "give it more time with  --timeout , or read older ones with  --from start");
    }

    std::vector<std::string> topics_;
    std::optional<Place> from_;
    std::optional<Place> to_;
    std::optional<std::int64_t> count_;
    bool exit_ = false;
    std::set<std::int32_t> partitions_;
    std::optional<std::string> group_;
    std::optional<RecordFormat> format_;
    bool json_ = false;
    bool reading_ = false;
};

}  // namespace

Verb consume_verb() {
    return {
        .name = "consume",
        .summary = "print the records of topics",
        .text =
            "Prints each record's value on a line, unless -f, -J or -o say otherwise, and goes on "
            "until Ctrl-C, -n, --to, --exit, or until no record came for --timeout.",
        .examples = {{"cauce consume greetings --from start", "everything, and then what comes"},
                     {"cauce consume greetings --from -10 --exit",
                      "the last ten of each partition"},
                     {"cauce consume orders --from -1h --to @2026-11-21T10:00:00Z",
                      "a span of time"},
                     {"cauce consume orders -f '%p@%o %k: %v\\n'", "a format of one's own"},
                     {"cauce consume orders -J | jq .value.total", "as JSON, for a program"},
                     {"cauce consume orders -g billing",
                      "as a member of a group: who reads what is shared out, and where it stopped "
                      "is kept"}},
        .make = [] { return std::make_unique<Consume>(); }};
}

}  // namespace cauce::cli
