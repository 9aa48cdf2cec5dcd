// `cauce produce`
#include "cli/command.h"
#include "cli/line_reader.h"
#include "cli/record_json.h"
#include "cli/verbs.h"
#include "client/producer.h"
#include "runtime/task_group.h"

#include <algorithm>
#include <cerrno>
#include <limits>
#include <optional>

namespace cauce::cli {
namespace {

using client::Delivery;
using runtime::Task;

// Without --timeout: how long a topic may take to be made, and a record to be delivered.
constexpr Duration kTopicPatience = seconds(5);
constexpr Duration kDeliveryPatience = seconds(30);
// JSON around the largest record.
constexpr std::size_t kLineBytesMore = 1 << 20;

Buffer to_buffer(std::string_view text) {
    return {text.begin(), text.end()};
}

// What came back, and the task that prints it while standard input is read.
class Deliveries {
public:
    explicit Deliveries(Session& session) : session_(session) {}

    void told(const Result<Delivery>& delivery) {
        if (!delivery) {
            ++failed_;
            if (!error_) error_ = delivery.error();
        } else {
            ++sent_;
            describe(*delivery);
        }
        changed_.notify_all();
    }

    // Until finish() and everything is printed.
    Task<void> print() {
        if (session_.globals().format == OutputFormat::tsv)
            text_ = "topic\tpartition\toffset\ttimestamp\n" + text_;
        while (outcome_ && (!finished_ || !text_.empty())) {
            if (text_.empty()) {
                co_await changed_.wait();
                continue;
            }
            const std::string text = std::exchange(text_, {});
            outcome_ = co_await session_.write(as_bytes(text));
        }
    }
    void finish() {
        finished_ = true;
        changed_.notify_all();
    }

    std::int64_t sent() const { return sent_; }
    std::int64_t failed() const { return failed_; }
    const std::optional<Error>& error() const { return error_; }
    const Outcome& printed() const { return outcome_; }

private:
    void describe(const Delivery& delivery) {
        const OutputFormat format = session_.globals().format;
        if (format == OutputFormat::table) return;  // A sum at the end is enough.
        const Value offset = delivery.offset < 0 ? Value() : Value(delivery.offset);
        if (format == OutputFormat::wide || format == OutputFormat::name) {
            text_ += delivery.partition.to_string() + "@" + cell_text(offset) + "\n";
        } else if (format == OutputFormat::tsv) {
            text_ += delivery.partition.topic + "\t" +
                     std::to_string(delivery.partition.partition) + "\t" + cell_text(offset) +
                     "\t" + std::to_string(delivery.timestamp) + "\n";
        } else {
            const Value value = Value::Fields{{"topic", delivery.partition.topic},
                                              {"partition", delivery.partition.partition},
                                              {"offset", offset},
                                              {"timestamp", delivery.timestamp}};
            if (format == OutputFormat::json) {
                append_json(text_, value);
                text_ += '\n';
            } else {
                text_ += "---\n";
                append_yaml(text_, value);
            }
        }
    }

    Session& session_;
    std::int64_t sent_ = 0;
    std::int64_t failed_ = 0;
    std::optional<Error> error_;
    std::string text_;
    bool finished_ = false;
    Outcome outcome_;
    runtime::WaitList changed_;
};

class Produce final : public ClientCommand {
public:
    void declare(Arguments& arguments) override {
        arguments.positional("TOPIC", topic_, "name the topic to send to");
        arguments.option("-k,--key", "KEY", "the key of every record", into(key_));
        arguments.option("--key-sep", "TEXT", "each line is a key, this, and a value",
                         into(key_separator_));
        arguments.repeatable("-H,--header", "NAME=VALUE", "a header of every record",
                             into(headers_));
        arguments.option("-p,--partition", "N", "the partition (else by key, else any)",
                         into_number<std::optional<std::int32_t>, std::int32_t>(
                             partition_, 0, std::numeric_limits<std::int32_t>::max()));
        arguments.option("--acks", "all|1|0", "who must have a record before it counts as sent",
                         into(acks_));
        arguments.option("-z,--compress", "CODEC", "none, gzip, snappy, lz4 or zstd", into(codec_));
        arguments.flag("-J,--json", json_, "each line is a record as `consume -J` prints it");
    }

    Outcome check() override {
        if (key_ && key_separator_)
            return usage_problem("-k and --key-sep exclude each other",
                                 "one gives every record the same key, the other takes keys from "
                                 "the lines",
                                 "leave one of them away");
        if (key_separator_ && key_separator_->empty())
            return usage_problem("--key-sep is empty", "it has to tell key and value apart",
                                 "give it as  --key-sep :");
        if (json_ && (key_ || key_separator_))
            return usage_problem("-J goes without -k and --key-sep",
                                 "the key of a record stands in its JSON", "leave them away");
        return {};
    }

protected:
    bool ends_by_stop() const override { return reading_; }

    Task<Outcome> run(Session& session) override {
        Expected<client::ProducerOptions> options = producer_options(session);
        if (!options) co_return std::unexpected(options.error());
        session.allow_topic_creation(session.settings().produce_creates_topics);
        client::Cluster& cluster = session.cluster();
        // First of all whether there is a cluster: before anybody types.
        const auto connected = co_await cluster.any(session.deadline());
        if (!connected)
            co_return std::unexpected(session.explain(connected.error(), "nothing was sent"));

        if (session.environment().invocation.in_is_terminal)
            co_await session.talk("Each line is a record for `" + topic_ + "`; Ctrl-D ends.");
        Deliveries deliveries(session);
        runtime::TaskGroup printing(session.environment().shards.ready());
        printing.spawn(deliveries.print());
        client::Producer producer(cluster, *options);
        Outcome outcome;
        {
            reading_ = true;
            const runtime::Stop::Callback end_input(session.stop(),
                                                    [&] { session.environment().in.close(); });
            outcome = co_await send_lines(session, producer, deliveries,
                                          options->request_size_bytes_max + kLineBytesMore);
            reading_ = false;
        }
        co_await producer.close();
        deliveries.finish();
        co_await printing.join();
        if (!outcome) co_return outcome;
        if (!deliveries.printed()) co_return deliveries.printed();
        if (deliveries.error()) {
            Problem problem = co_await undelivered(session, *deliveries.error(), deliveries.sent(),
                                                   deliveries.failed());
            co_return std::unexpected(std::move(problem));
        }
        std::string summary = "Sent " + std::to_string(deliveries.sent());
        summary += deliveries.sent() == 1 ? " record" : " records";
        summary += " to `" + topic_ + "`.";
        co_await session.talk(std::move(summary));
        co_return Outcome();
    }

private:
    Expected<client::ProducerOptions> producer_options(const Session& session) const {
        std::vector<KeyValue> settings = session.globals().settings;
        if (acks_) settings.emplace_back("acks", *acks_);
        if (codec_) settings.emplace_back("compression.type", *codec_);
        Expected<ClientSettings> read = read_client_settings(settings);
        if (!read) return std::unexpected(read.error());
        client::ProducerOptions options = read->producer;
        const std::int64_t timeout_ms = session.globals().timeout_ms;
        if (!read->delivery_timeout_given)
            options.delivery_timeout =
                timeout_ms > 0 ? Duration(milliseconds(timeout_ms)) : kDeliveryPatience;
        options.metadata_timeout =
            timeout_ms > 0 ? Duration(milliseconds(timeout_ms)) : kTopicPatience;
        options.unknown_topics = session.settings().produce_creates_topics ? client::Unknown::waits
                                                                           : client::Unknown::fails;
        return options;
    }

    // Until the input ends, a record cannot be sent, or nobody reads the output.
    Task<Outcome> send_lines(Session& session, client::Producer& producer, Deliveries& deliveries,
                             std::size_t line_bytes_max) {
        LineReader lines(session.environment().in, line_bytes_max);
        for (std::int64_t number = 1; deliveries.failed() == 0 && deliveries.printed(); ++number) {
            IoResult<std::optional<std::string>> line = co_await lines.next();
            if (!line && line.error().number == ECANCELED) co_return Outcome();
            if (!line && line.error().number == EMSGSIZE)
                co_return problem(exit_error, "line " + std::to_string(number) + " is too long",
                                  "it is longer than the largest record, max.request.size",
                                  "split it, or raise the limit with  -X max.request.size=N");
            if (!line)
                co_return problem(exit_error, "standard input could not be read",
                                  line.error().to_string(), "check what is piped in");
            if (!*line) co_return Outcome();
            auto record = record_of(**line);
            if (!record)
                co_return problem(exit_usage, "line " + std::to_string(number) + " is no record",
                                  record.error(), "cauce help produce  shows what lines look like");
            client::Producer::Delivered told = [&deliveries](const Result<Delivery>& delivery) {
                deliveries.told(delivery);
            };
            const Result<void> taken = co_await producer.send(std::move(*record), std::move(told));
            if (!taken) {
                deliveries.told(std::unexpected(taken.error()));
                co_return Outcome();
            }
        }
        co_return Outcome();
    }

    std::expected<client::ProducerRecord, std::string> record_of(const std::string& line) const {
        client::ProducerRecord record;
        if (json_) {
            auto parsed = record_from_json(line);
            if (!parsed) return parsed;
            record = std::move(*parsed);
        } else {
            std::string_view value = line;
            if (key_) record.key = to_buffer(*key_);
            if (key_separator_) {
                const std::size_t at = line.find(*key_separator_);
                if (at == std::string::npos)
                    return std::unexpected("there is no `" + *key_separator_ + "` in it");
                record.key = to_buffer(value.substr(0, at));
                value = value.substr(at + key_separator_->size());
            }
            record.value = to_buffer(value);
        }
        record.topic = topic_;
        record.partition = partition_;
        for (const auto& [name, value] : headers_)
            record.headers.emplace_back(name, to_buffer(value));
        return record;
    }

    Task<Problem> undelivered(Session& session, Error error, std::int64_t sent,
                              std::int64_t failed) const {
        const bool no_partition = partition_ && error.message.contains("there is no partition");
        if (error.code == ErrorCode::unknown_topic_or_partition && !no_partition) {
            Problem unknown = co_await session.unknown_topic(topic_);
            unknown.next += "\ncauce topic create " + topic_ + "  makes it";
            co_return unknown;
        }
        std::string what = failed == 1 ? "a record was not delivered"
                                       : std::to_string(failed) + " records were not delivered";
        if (sent > 0) what += ", " + std::to_string(sent) + " were";
        Problem problem = session.explain(error, std::move(what));
        if (no_partition)
            problem.next = "cauce topic describe " + topic_ + "  shows its partitions";
        co_return problem;
    }

    std::string topic_;
    std::optional<std::string> key_;
    std::optional<std::string> key_separator_;
    std::vector<KeyValue> headers_;
    std::optional<std::int32_t> partition_;
    std::optional<std::string> acks_;
    std::optional<std::string> codec_;
    bool json_ = false;
    bool reading_ = false;
};

}  // namespace

Verb produce_verb() {
    return {.name = "produce",
            .summary = "send lines of standard input to a topic",
            .text =
                "Each line is the value of a record. A topic that does not exist is made, if the "
                "cluster does that. -o json tells for each record where it went.",
            .examples =
                {{"echo hello | cauce produce greetings", "one record"},
                 {"cauce produce orders -k customer-7 -H source=shop < orders.txt",
                  "a file, each line under the same key and with a header"},
                 {"echo 'ana:10' | cauce produce scores --key-sep :", "the key stands in the line"},
                 {R"(echo '{"key":"a","value":{"n":1}}' | cauce produce events -J)",
                  "key and value as JSON; value is JSON, or text and bytes in base64 as value_b64"},
                 {"cauce consume a --exit -J | cauce produce b -J -z zstd",
                  "copies a topic, with keys, headers and timestamps"}},
            .make = [] { return std::make_unique<Produce>(); }};
}

}  // namespace cauce::cli
