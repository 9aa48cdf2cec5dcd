// kafka-console-producer
#include "cli/arguments.h"
#include "cli/kafka/error_text.h"
#include "cli/kafka/line_records.h"
#include "cli/kafka/shell.h"
#include "cli/kafka/tool.h"
#include "cli/line_reader.h"
#include "client/producer.h"
#include "runtime/task_group.h"

#include <array>
#include <cerrno>
#include <deque>

namespace cauce::cli::kafka {
namespace {

using runtime::Task;

// Around the largest record.
constexpr std::size_t kLineBytesMore = 1 << 20;

Attempt<void> check_flags(const Given& given) {
    if (const auto wrong = missing(given, {"topic"})) return misused(*wrong);
    constexpr std::array kPairs = std::to_array<std::pair<const char*, const char*>>(
        {{"command-config", "producer.config"},
         {"command-property", "producer-property"},
         {"reader-property", "property"}});
    for (const auto& [one, other] : kPairs)
        if (given.has(one) && given.has(other))
            return misused("Options --" + std::string(one) + " and --" + other +
                           " cannot be specified together.");
    const std::string bootstrap = given.text("bootstrap-server").value_or("");
    if (bootstrap.empty()) return misused("Error while validating the bootstrap address\n");
    if (!check_bootstrap(bootstrap))
        return misused("Please provide valid host:port like host1:9091,host2:9092\n");
    return {};
}

void settle(const Given& given, Properties& properties) {
    if (given.has("compression-codec"))
        properties["compression.type"] = given.text("compression-codec").value_or("gzip");
    properties.try_emplace("client.id", "console-producer");
    // A flag wins over a property, a property over the default of the flag.
    constexpr std::array kSettings = std::to_array<std::pair<const char*, const char*>>(
        {{"linger.ms", "timeout"},
         {"acks", "request-required-acks"},
         {"request.timeout.ms", "request-timeout-ms"},
         {"retry.backoff.ms", "retry-backoff-ms"},
         {"buffer.memory", "max-memory-bytes"},
         {"batch.size", "batch-size"},
         {"metadata.max.age.ms", "metadata-expiry-ms"},
         {"max.block.ms", "max-block-ms"}});
    for (const auto& [setting, flag] : kSettings)
        if (given.has(flag) || !properties.contains(setting))
            properties[setting] = *given.text(flag);
    if (const auto bytes = given.text("max-partition-memory-bytes");
        bytes && given.has("max-partition-memory-bytes"))
        properties["batch.size"] = *bytes;
}

Task<void> tell_deprecated(Shell& shell) {
    constexpr std::array kDeprecated = std::to_array<std::pair<const char*, const char*>>(
        {{"producer-property", "command-property"},
         {"producer.config", "command-config"},
         {"property", "reader-property"}});
    for (const auto& [old, instead] : kDeprecated)
        if (shell.given().has(old))
            co_await shell.out("Warning: --" + std::string(old) +
                               " is deprecated and will be removed in a future version. Use --" +
                               instead + " instead.\n");
    if (shell.given().has("max-partition-memory-bytes"))
        co_await shell.out(
            "Warning: --max-partition-memory-bytes is deprecated and will be removed in Apache "
            "Kafka 5.0. Use --batch-size instead.\n");
}

// How large a record was, for whoever misses it: all that is told of it.
struct Sizes {
    std::optional<std::size_t> key;
    std::optional<std::size_t> value;
};

Sizes sizes_of(const client::ProducerRecord& record) {
    Sizes sizes;
    if (record.key) sizes.key = record.key->size();
    if (record.value) sizes.value = record.value->size();
    return sizes;
}

// Sends lines, and tells of records that did not arrive while others are read.
class Sending {
public:
    Sending(Shell& shell, std::string topic)
        : shell_(shell), topic_(std::move(topic)), sync_(shell.given().has("sync")) {}

    // To the end of the input.
    Task<Attempt<void>> send_lines(client::Producer& producer, LineRecords lines,
                                   std::size_t line_bytes_max) {
        LineReader reader(shell_.environment().in, line_bytes_max);
        const Invocation& invocation = shell_.environment().invocation;
        const bool prompts = invocation.in_is_terminal && invocation.out_is_terminal;
        for (;;) {
            if (prompts) co_await shell_.out(">");
            const IoResult<std::optional<std::string>> line = co_await reader.next();
            if (!line && line.error().number == ECANCELED) co_return Attempt<void>();
            if (!line && line.error().number == EMSGSIZE)
                co_return failed("A line is longer than the largest record, max.request.size");
            if (!line) co_return failed(line.error().to_string());
            if (!*line) co_return Attempt<void>();
            auto record = lines.read(**line);
            if (!record)
                co_return failed("org.apache.kafka.common.KafkaException: " + record.error());
            Attempt<void> sent = co_await send(producer, std::move(*record));
            if (!sent) co_return sent;
        }
    }

    // Until finish() and everything is told.
    Task<void> tell() {
        while (!finished_ || !lost_.empty()) {
            if (lost_.empty()) {
                co_await changed_.wait();
                continue;
            }
            std::string line = std::move(lost_.front());
            lost_.pop_front();
            co_await shell_.err(std::move(line));
        }
    }
    void finish() {
        finished_ = true;
        changed_.notify_all();
    }

private:
    Task<Attempt<void>> send(client::Producer& producer, client::ProducerRecord record) {
        std::optional<Error> lost;  // of a record that is waited for
        std::optional<Error>* const waiting = sync_ ? &lost : nullptr;
        const Sizes sizes = sizes_of(record);
        client::Producer::Delivered delivered = [this, waiting,
                                                 sizes](const Result<client::Delivery>& delivery) {
            if (delivery) return;
            if (waiting != nullptr) {
                *waiting = delivery.error();
            } else {
                lose(sizes, delivery.error());
            }
        };
        const Result<void> taken = co_await producer.send(std::move(record), std::move(delivered));
        if (!taken && sync_) co_return failed(exception_text(taken.error()));
        if (!taken) lose(sizes, taken.error());
        if (!sync_) co_return Attempt<void>();
        co_await producer.flush();
        if (lost) co_return failed(exception_text(*lost));
        co_return Attempt<void>();
    }

    void lose(const Sizes& sizes, const Error& error) {
        const auto text = [](std::optional<std::size_t> bytes) {
            return bytes ? std::to_string(*bytes) + " bytes" : std::string("null");
        };
        lost_.push_back("ERROR Error when sending message to topic " + topic_ +
                        " with key: " + text(sizes.key) + ", value: " + text(sizes.value) +
                        " with error: " + exception_text(error));
        changed_.notify_all();
    }

    Shell& shell_;
    std::string topic_;
    bool sync_;
    std::deque<std::string> lost_;
    bool finished_ = false;
    runtime::WaitList changed_;
};

Task<Attempt<void>> run(Shell& shell) {
    const Given& given = shell.given();
    co_await tell_deprecated(shell);
    std::vector<std::string> single = given.texts("property");
    for (const std::string& property : given.texts("reader-property"))
        single.push_back(property);
    const Attempt<Properties> properties =
        co_await shell.read_properties(given.text("reader-config"), single);
    if (!properties) co_return std::unexpected(properties.error());
    const std::string topic = *given.text("topic");
    auto lines = LineRecords::make(topic, *properties);
    if (!lines) co_return failed("org.apache.kafka.common.KafkaException: " + lines.error());
    constexpr std::string_view kLineReader = "org.apache.kafka.tools.LineMessageReader";
    if (const std::string reader = *given.text("line-reader"); reader != kLineReader)
        co_return failed("java.lang.ClassNotFoundException: " + reader);

    client::ProducerOptions options = shell.settings().producer;
    if (options.acks != client::Acks::all) options.idempotent = false;
    const auto block = whole_number<std::int32_t>(shell.setting("max.block.ms").value_or(""));
    if (block) options.metadata_timeout = milliseconds(*block);
    shell.settings().cluster.allow_auto_create_topics = true;
    const std::size_t line_bytes_max = options.request_size_bytes_max + kLineBytesMore;
    shell.finish_on_stop();
    Sending sending(shell, topic);
    runtime::TaskGroup telling(shell.environment().shards.ready());
    telling.spawn(sending.tell());
    client::Producer producer(shell.cluster(), options);
    const Attempt<void> outcome =
        co_await sending.send_lines(producer, std::move(*lines), line_bytes_max);
    co_await producer.close();
    sending.finish();
    co_await telling.join();
    co_return outcome;
}

}  // namespace

Tool console_producer_tool() {
    constexpr std::string_view kProperties =
        "A property of the reader of lines, key=value: parse.key, key.separator, parse.headers, "
        "headers.delimiter, headers.separator, headers.key.separator, null.marker, ignore.error.";
    return {.name = "kafka-console-producer",
            .purpose = "This tool helps to read data from standard input and publish it to Kafka.",
            .flags =
                {{"batch-size", Takes::integer, "size",
                  "Bytes of records collected for a partition (batch.size).", "16384"},
                 bootstrap_server_flag(),
                 command_config_flag("config file"),
                 {"command-property",
                  Takes::text,
                  "producer_prop",
                  "A setting of the producer, key=value.",
                  {},
                  true},
                 {"compression-codec", Takes::text_or_nothing, "compression-codec",
                  "none, gzip, snappy, lz4 or zstd; gzip when it is left out."},
                 {"line-reader", Takes::text, "reader_class", "Only the reader of lines there is.",
                  "org.apache.kafka.tools.LineMessageReader"},
                 {"max-block-ms", Takes::whole, "max block on send",
                  "How long a topic's partitions are looked for.", "60000"},
                 {"max-memory-bytes", Takes::whole, "total memory in bytes",
                  "Bytes of records that may wait to be sent (buffer.memory).", "33554432"},
                 {"max-partition-memory-bytes", Takes::integer, "memory in bytes per partition",
                  "(Deprecated) The same as --batch-size.", "16384"},
                 {"message-send-max-retries",
                  Takes::integer,
                  {},
                  "Without effect: records are sent again for delivery.timeout.ms.",
                  "3"},
                 {"metadata-expiry-ms", Takes::whole, "metadata expiration interval",
                  "After this time topics and leaders are looked up again.", "300000"},
                 {"producer-property",
                  Takes::text,
                  "producer_prop",
                  "(DEPRECATED) The same as --command-property.",
                  {},
                  true},
                 {"producer.config", Takes::text, "config file",
                  "(DEPRECATED) The same as --command-config."},
                 {"property",
                  Takes::text,
                  "prop",
                  "(DEPRECATED) The same as --reader-property.",
                  {},
                  true},
                 {"reader-config", Takes::text, "config file",
                  "A file with properties of the reader of lines."},
                 {"reader-property", Takes::text, "prop", kProperties, {}, true},
                 {"request-required-acks", Takes::text, "request required acks",
                  "Who must have a record before it counts as sent: all or -1, 1, 0.", "-1"},
                 {"request-timeout-ms", Takes::integer, "request timeout ms",
                  "How long a broker may take to answer.", "1500"},
                 {"retry-backoff-ms",
                  Takes::whole,
                  {},
                  "The pause after the first failed attempt.",
                  "100"},
                 {"socket-buffer-size", Takes::integer, "size", "Without effect.", "102400"},
                 {"sync", Takes::nothing, {}, "Sends each record when the one before has arrived."},
                 {"timeout", Takes::whole, "timeout_ms",
                  "How long a batch waits for more records (linger.ms).", "1000"},
                 {"topic", Takes::text, "topic", "REQUIRED: the topic to send to."}},
            .check = check_flags,
            .usage_for_unknown_flags = true,
            .settle = settle,
            .run = run};
}

}  // namespace cauce::cli::kafka
