// load: puts a broker under load over the raw protocol and verifies every answer. Batches are built
// once, so that the generator costs little beside the broker.
//
//   produce   sends batches; ends with as many records in the log as were acknowledged
//   fetch     reads the partition over and over
//   tail      produces, and has consumers that wait at the end; each must get every record, in
//             order. What is counted is what the consumers got; latency is from the time at which
//             a batch should have left to its arrival at a consumer
//   create, delete, await   topics, and the moment at which all their partitions answer
//
//   closed loop (default)  each connection keeps --in-flight requests under way
//   open loop (--rate)     requests leave at fixed times; latency counts from the time a request
//                          should have left, so a stalled broker is not spared the requests it
//                          delayed (no coordinated omission)
//
// Prints one JSON object. Exit code 1 when any answer was wrong.

#include "histogram.h"
#include "peer.h"
#include "runtime/os/runtime.h"
#include "topics.h"
#include "wire/batch_builder.h"
#include "wire/frame.h"
#include "wire/messages/fetch_request.h"
#include "wire/messages/fetch_response.h"
#include "wire/messages/produce_request.h"
#include "wire/messages/produce_response.h"
#include "wire/record_batch.h"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <deque>
#include <memory>
#include <string>
#include <vector>

namespace cauce::bench {
namespace {

using runtime::Task;
using wire::ApiKey;

// Topics by name, and spoken by every broker since 2.4.
constexpr std::int16_t kProduceVersion = 9;
constexpr std::int16_t kFetchVersion = 12;

struct Options {
    std::string host = "127.0.0.1";
    std::uint16_t port = 9092;
    std::string topic = "load";
    std::int32_t partitions = 1;
    std::int32_t topics = 1;  // create, delete, await: how many; from two on they are numbered
    TopicConfigs configs;     // of a topic we make
    bool create = true;
    std::size_t record_bytes = 1024;
    std::size_t batch_bytes = 16 * 1024;
    int acks = 1;
    unsigned connections = 1;
    unsigned in_flight = 1;
    double rate = 0;                  // requests a second over all connections; 0 = closed loop
    double megabytes_per_second = 0;  // the same, told by the bytes of batches
    std::uint64_t requests = 0;       // ends after so many; 0 = when the time is over
    unsigned consumers = 1;           // of tail
    double seconds = 10;
    double warmup_seconds = 1;
    std::int32_t fetch_bytes = 1024 * 1024;
    bool check_crc = false;
    double timeout_seconds = 600;  // of create and await
};

struct Totals {
    std::uint64_t requests = 0;
    std::uint64_t records = 0;
    std::uint64_t bytes = 0;  // of record batches
    std::uint64_t wrong = 0;
    std::string first_wrong;
    Histogram latency;

    void complain(std::string what) {
        if (wrong++ == 0) first_wrong = std::move(what);
    }
};

class Load {
public:
    Load(const Options& options, runtime::Shards& shards, runtime::Net& net, runtime::Stop& stop)
        : options_(options),
          shards_(shards),
          stop_(stop),
          topics_(shards, net, runtime::Address{options.host, options.port}) {}

    Task<void> produce() {
        if (!co_await prepare_topic()) co_return;
        build_batches();
        begin();
        runtime::TaskGroup tasks(shards_.ready());
        for (unsigned i = 0; i < options_.connections; ++i)
            tasks.spawn(produce_on(i, options_.connections));
        co_await tasks.join();
        co_await check_ends();
    }

    Task<void> fetch() {
        if (!co_await prepare_topic()) co_return;
        begin();
        runtime::TaskGroup tasks(shards_.ready());
        for (unsigned i = 0; i < options_.connections; ++i)
            tasks.spawn(fetch_on(i));
        co_await tasks.join();
    }

    // One connection produces to each partition: so the offset of a batch tells which one it is.
    Task<void> tail() {
        tailing_ = true;
        if (!co_await prepare_topic()) co_return;
        build_batches();
        due_.resize(static_cast<std::size_t>(options_.partitions));
        begin();
        runtime::TaskGroup consumers(shards_.ready());
        for (unsigned i = 0; i < options_.consumers; ++i)
            consumers.spawn(follow_on(i));
        runtime::TaskGroup producers(shards_.ready());
        const auto count = static_cast<unsigned>(options_.partitions);
        for (unsigned i = 0; i < count; ++i)
            producers.spawn(produce_on(i, count));
        co_await producers.join();
        give_up_ = shards_.clock().now() + seconds(30);
        producers_ended_ = true;
        co_await consumers.join();
        co_await check_ends();
    }

    Task<void> create() {
        measured_start_ = measured_end_ = shards_.clock().now();
        const std::vector<std::string> names = topic_names();
        std::string wrong = co_await topics_.create(names, options_.partitions, options_.configs);
        if (wrong.empty()) wrong = co_await await_serving();
        measured_end_ = shards_.clock().now();
        if (!wrong.empty()) totals_.complain(std::move(wrong));
    }

    Task<void> remove() {
        measured_start_ = measured_end_ = shards_.clock().now();
        const std::vector<std::string> names = topic_names();
        std::string wrong = co_await topics_.remove(names);
        measured_end_ = shards_.clock().now();
        if (!wrong.empty()) totals_.complain(std::move(wrong));
    }

    Task<void> await() {
        measured_start_ = measured_end_ = shards_.clock().now();
        std::string wrong = co_await await_serving();
        measured_end_ = shards_.clock().now();
        if (!wrong.empty()) totals_.complain(std::move(wrong));
    }

    int report(std::string_view what) const {
        const double seconds =
            std::chrono::duration<double>(measured_end_ - measured_start_).count();
        const auto per_second = [&](std::uint64_t count) {
            return seconds > 0 ? static_cast<double>(count) / seconds : 0.0;
        };
        const auto us = [&](double p) {
            return static_cast<double>(totals_.latency.percentile(p)) / 1000.0;
        };
        std::printf(
            "{\"load\":\"%.*s\",\"seconds\":%.3f,\"requests\":%llu,\"records\":%llu,\"bytes\":%llu,"
            "\"requests_per_second\":%.0f,\"records_per_second\":%.0f,\"megabytes_per_second\":%."
            "2f,"
            "\"all_requests\":%llu,\"all_records\":%llu,\"all_bytes\":%llu,"
            "\"latency_us\":{\"p50\":%.1f,\"p99\":%.1f,\"p99.9\":%.1f,\"max\":%.1f},\"wrong\":%llu}"
            "\n",
            static_cast<int>(what.size()), what.data(), seconds,
            static_cast<unsigned long long>(totals_.requests),
            static_cast<unsigned long long>(totals_.records),
            static_cast<unsigned long long>(totals_.bytes), per_second(totals_.requests),
            per_second(totals_.records), per_second(totals_.bytes) / 1e6,
            static_cast<unsigned long long>(all_requests_),
            static_cast<unsigned long long>(all_records_),
            static_cast<unsigned long long>(all_bytes_), us(50), us(99), us(99.9),
            static_cast<double>(totals_.latency.max()) / 1000.0,
            static_cast<unsigned long long>(totals_.wrong));
        if (totals_.wrong > 0)
            std::fprintf(stderr, "load: wrong answers, the first: %s\n",
                         totals_.first_wrong.c_str());
        return totals_.wrong > 0 ? 1 : 0;
    }

private:
    Task<std::unique_ptr<Peer>> connect() {
        auto peer = co_await topics_.connect();
        if (!peer) {
            totals_.complain("cannot connect: " + peer.error().to_string());
            co_return nullptr;
        }
        co_return *std::move(peer);
    }

    std::vector<std::string> topic_names() const {
        if (options_.topics == 1) return {options_.topic};
        std::vector<std::string> names;
        for (std::int32_t i = 0; i < options_.topics; ++i)
            names.push_back(options_.topic + "-" + std::to_string(i));
        return names;
    }

    Task<std::string> await_serving() {
        const auto timeout = std::chrono::duration<double>(options_.timeout_seconds);
        const MonoTime deadline =
            shards_.clock().now() + std::chrono::duration_cast<Duration>(timeout);
        const std::vector<std::string> names = topic_names();
        co_return co_await topics_.await_serving(names, options_.partitions, deadline);
    }

    // The topic is there and its partitions answer; notes where they end.
    Task<bool> prepare_topic() {
        const std::vector<std::string> names{options_.topic};
        std::string wrong;
        if (options_.create)
            wrong = co_await topics_.create(names, options_.partitions, options_.configs);
        if (wrong.empty()) wrong = co_await await_serving();
        if (wrong.empty()) {
            starts_ = co_await topics_.ends(options_.topic, options_.partitions);
            if (starts_.empty()) wrong = "cannot tell where the topic ends";
        }
        if (!wrong.empty()) {
            totals_.complain(std::move(wrong));
            co_return false;
        }
        acknowledged_.resize(starts_.size());
        co_return true;
    }

    // Everything acknowledged is there, and nothing else.
    Task<void> check_ends() {
        if (options_.acks == 0) co_return;
        std::int64_t acknowledged = 0;
        for (const std::int64_t records : acknowledged_)
            acknowledged += records;
        std::int64_t grown = -1;  // nobody has told
        // With acks=1 the last records may still be on their way to the device.
        for (int i = 0; i < 100 && grown < acknowledged; ++i) {
            if (i > 0) {
                const MonoTime next = shards_.clock().now() + milliseconds(50);
                co_await shards_.sleep_until(next);
            }
            const auto ends = co_await topics_.ends(options_.topic, options_.partitions);
            if (ends.empty()) continue;
            grown = 0;
            for (std::size_t p = 0; p < ends.size(); ++p)
                grown += ends[p] - starts_[p];
        }
        if (grown != acknowledged)
            totals_.complain("the log grew by " + std::to_string(grown) + " records, but " +
                             std::to_string(acknowledged) + " were acknowledged");
    }

    void build_batches() {
        const std::string value(options_.record_bytes, 'x');
        for (std::int32_t p = 0; p < options_.partitions; ++p) {
            wire::BatchBuilder builder(wire::BatchOptions{});
            const std::int64_t now = shards_.clock().wall().ms;
            do {
                builder.append(now, std::nullopt, wire::Bytes(as_bytes(value)));
            } while (builder.size_bytes() + options_.record_bytes + 16 <= options_.batch_bytes);
            records_per_batch_ = static_cast<std::uint64_t>(builder.count());
            const Buffer batch = builder.build().value();
            bytes_per_batch_ = batch.size();
            wire::ProduceRequest request;
            request.acks = static_cast<std::int16_t>(options_.acks);
            request.timeout_ms = 30'000;
            auto& topic = request.topic_data.emplace_back();
            topic.name = options_.topic;
            auto& partition = topic.partition_data.emplace_back();
            partition.index = p;
            partition.records.emplace().bytes = wire::Bytes(batch);
            frames_.push_back(frame_of(ApiKey::produce, kProduceVersion, request));
        }
        rate_ = options_.rate;
        if (options_.megabytes_per_second > 0)
            rate_ = options_.megabytes_per_second * 1e6 / static_cast<double>(bytes_per_batch_);
    }

    void begin() {
        started_ = shards_.clock().now();
        measured_start_ = started_ + std::chrono::duration_cast<Duration>(
                                         std::chrono::duration<double>(options_.warmup_seconds));
        measured_end_ = measured_start_ + std::chrono::duration_cast<Duration>(
                                              std::chrono::duration<double>(options_.seconds));
    }
    bool over() const { return shards_.clock().now() >= measured_end_ || stop_.requested(); }
    bool all_sent() const { return options_.requests > 0 && sent_ >= options_.requests; }
    bool counts(MonoTime sent) const { return sent >= measured_start_ && sent < measured_end_; }

    struct Outstanding {
        MonoTime since;  // sent, or in the open loop: should have been sent
        std::int32_t partition = 0;
    };
    struct Window {
        std::deque<Outstanding> outstanding;
        runtime::WaitList freed;
        bool sending_ended = false;
        bool broken = false;
    };

    Task<void> produce_on(unsigned number, unsigned connections) {
        auto peer = co_await connect();
        if (!peer) co_return;
        Window window;
        runtime::TaskGroup receiving(shards_.ready());
        if (options_.acks != 0) receiving.spawn(receive_produced(*peer, window));
        std::vector<Sending> sendings;
        const double own_rate = rate_ / connections;
        std::int32_t sent = 0;
        while (!over() && !all_sent() && !window.broken) {
            MonoTime since = shards_.clock().now();
            std::size_t room = 1;
            if (own_rate > 0) {
                const auto offset = std::chrono::duration<double>(
                    (sent + number / static_cast<double>(connections)) / own_rate);
                since = started_ + std::chrono::duration_cast<Duration>(offset);
                if (since > shards_.clock().now()) co_await shards_.sleep_until(since);
            } else {
                while (window.outstanding.size() >= options_.in_flight && !window.broken)
                    co_await window.freed.wait();
                since = shards_.clock().now();
                if (options_.acks != 0) room = options_.in_flight - window.outstanding.size();
            }
            // What may leave now leaves together, in one system call.
            sendings.clear();
            for (; room > 0 && !all_sent(); --room) {
                const unsigned turn = tailing_ ? number : number + static_cast<unsigned>(sent);
                const auto partition =
                    static_cast<std::int32_t>(turn % static_cast<unsigned>(options_.partitions));
                sendings.emplace_back(frames_[static_cast<std::size_t>(partition)], sent++);
                ++sent_;
                if (tailing_) due_[static_cast<std::size_t>(partition)].push_back(since);
                if (options_.acks != 0) window.outstanding.push_back({since, partition});
            }
            if (!co_await peer->send(sendings)) {
                totals_.complain("the connection broke while sending");
                window.broken = true;
            } else if (options_.acks == 0) {
                count(since, records_per_batch_, bytes_per_batch_);
                co_await runtime::yield();
            }
        }
        window.sending_ended = true;
        while (!window.outstanding.empty() && !window.broken)
            co_await window.freed.wait();
        peer->close();
        co_await receiving.join();
    }

    Task<void> receive_produced(Peer& peer, Window& window) {
        std::int32_t expected = 0;
        std::vector<std::int64_t> last_offset(static_cast<std::size_t>(options_.partitions), -1);
        while (true) {
            const BytesView frame = co_await peer.receive();
            if (frame.empty()) break;
            wire::Reader reader(frame);
            const std::int32_t correlation =
                wire::read_response_header(reader, ApiKey::produce, kProduceVersion);
            wire::ProduceResponse response;
            response.decode(reader, kProduceVersion);
            if (!reader.ok() || window.outstanding.empty() || correlation != expected++) {
                totals_.complain("an answer that cannot be read, or to another request");
                break;
            }
            const Outstanding request = window.outstanding.front();
            window.outstanding.pop_front();
            const auto& partition = response.responses.at(0).partition_responses.at(0);
            if (partition.error_code != 0) {
                totals_.complain(
                    std::string(error_name(error_code_from_wire(partition.error_code))));
            } else if (partition.base_offset <=
                       last_offset[static_cast<std::size_t>(request.partition)]) {
                totals_.complain("offset " + std::to_string(partition.base_offset) +
                                 " is not above the one before");
            } else {
                last_offset[static_cast<std::size_t>(request.partition)] = partition.base_offset;
                acknowledged_[static_cast<std::size_t>(request.partition)] +=
                    static_cast<std::int64_t>(records_per_batch_);
                if (!tailing_) count(request.since, records_per_batch_, bytes_per_batch_);
            }
            window.freed.notify_all();
        }
        if (!window.outstanding.empty()) {
            totals_.complain("the connection ended with requests unanswered");
            window.broken = true;
        }
        window.freed.notify_all();
    }

    void count(MonoTime since, std::uint64_t records, std::uint64_t bytes) {
        ++all_requests_;
        all_records_ += records;
        all_bytes_ += bytes;
        if (!counts(since)) return;
        ++totals_.requests;
        totals_.records += records;
        totals_.bytes += bytes;
        totals_.latency.record(static_cast<std::uint64_t>((shards_.clock().now() - since).count()));
    }

    // Reads the partition over and over from its start.
    Task<void> fetch_on(unsigned number) {
        auto peer = co_await connect();
        if (!peer) co_return;
        const auto partition =
            static_cast<std::int32_t>(number % static_cast<unsigned>(options_.partitions));
        std::int64_t next = 0;
        std::int32_t correlation = 0;
        while (!over()) {
            const MonoTime since = shards_.clock().now();
            Read read;
            if (!co_await fetch_once(*peer, partition, next, correlation++, read)) break;
            if (read.records > 0) {
                count(since, read.records, read.bytes);
            } else if (next >= read.high_watermark) {
                next = 0;
            }
        }
        peer->close();
    }

    // Waits at the end of a partition, until it has got all that was acknowledged there.
    Task<void> follow_on(unsigned number) {
        auto peer = co_await connect();
        if (!peer) co_return;
        const auto partition =
            static_cast<std::int32_t>(number % static_cast<unsigned>(options_.partitions));
        const auto index = static_cast<std::size_t>(partition);
        std::int64_t next = starts_[index];
        std::int32_t correlation = 0;
        while (!producers_ended_ || next < starts_[index] + acknowledged_[index]) {
            if (producers_ended_ && shards_.clock().now() >= give_up_) {
                totals_.complain("a consumer got " + std::to_string(next - starts_[index]) +
                                 " records, but " + std::to_string(acknowledged_[index]) +
                                 " were acknowledged");
                break;
            }
            Read read;
            if (!co_await fetch_once(*peer, partition, next, correlation++, read)) break;
        }
        peer->close();
    }

    struct Read {
        std::uint64_t records = 0;
        std::uint64_t bytes = 0;
        std::int64_t high_watermark = -1;
    };

    // One request; moves `next` behind what came. False after a complaint.
    Task<bool> fetch_once(Peer& peer, std::int32_t partition, std::int64_t& next,
                          std::int32_t correlation, Read& read) {
        wire::FetchRequest request;
        request.max_wait_ms = 500;
        request.min_bytes = 1;
        request.max_bytes = options_.fetch_bytes;
        auto& topic = request.topics.emplace_back();
        topic.topic = options_.topic;
        auto& wanted = topic.partitions.emplace_back();
        wanted.partition = partition;
        wanted.fetch_offset = next;
        wanted.partition_max_bytes = options_.fetch_bytes;
        const Buffer frame = frame_of(ApiKey::fetch, kFetchVersion, request);
        Sending sending(frame, correlation);
        const bool sent = co_await peer.send(std::span(&sending, 1));
        BytesView answer;
        if (sent) answer = co_await peer.receive();
        if (answer.empty()) {
            totals_.complain("the connection broke");
            co_return false;
        }
        co_return take(answer, partition, next, read);
    }

    bool take(BytesView answer, std::int32_t asked, std::int64_t& next, Read& read) {
        wire::Reader reader(answer);
        wire::read_response_header(reader, ApiKey::fetch, kFetchVersion);
        wire::FetchResponse response;
        response.decode(reader, kFetchVersion);
        if (!reader.ok() || response.responses.empty()) {
            totals_.complain("an answer that cannot be read");
            return false;
        }
        const auto& partition = response.responses[0].partitions.at(0);
        if (partition.error_code != 0) {
            totals_.complain(std::string(error_name(error_code_from_wire(partition.error_code))));
            return false;
        }
        BytesView rest = partition.records ? BytesView(partition.records->bytes) : BytesView{};
        read.bytes = rest.size();
        read.high_watermark = partition.high_watermark;
        while (!rest.empty()) {
            const auto batch = wire::parse_batch(rest);
            if (!batch) break;  // the last one may be cut short
            if (batch->base_offset().value > next || batch->last_offset().value < next) {
                totals_.complain("asked for offset " + std::to_string(next) +
                                 ", got a batch from " +
                                 std::to_string(batch->base_offset().value));
                return false;
            }
            if (options_.check_crc && !batch->crc_matches()) {
                totals_.complain("a batch with a wrong checksum");
                return false;
            }
            if (tailing_ && !deliver(asked, batch->base_offset().value)) return false;
            next = batch->next_offset().value;
            read.records += static_cast<std::uint64_t>(batch->count());
            rest = rest.subspan(batch->size_bytes());
        }
        return true;
    }

    // A batch of ours has come to a consumer.
    bool deliver(std::int32_t partition, std::int64_t base_offset) {
        const auto index = static_cast<std::size_t>(partition);
        const std::int64_t behind = base_offset - starts_[index];
        const auto per_batch = static_cast<std::int64_t>(records_per_batch_);
        const auto turn = static_cast<std::size_t>(behind / per_batch);
        if (behind < 0 || behind % per_batch != 0 || turn >= due_[index].size()) {
            totals_.complain("a batch at offset " + std::to_string(base_offset) +
                             ", which nobody sent");
            return false;
        }
        count(due_[index][turn], records_per_batch_, bytes_per_batch_);
        return true;
    }

    const Options& options_;
    runtime::Shards& shards_;
    runtime::Stop& stop_;
    Topics topics_;
    std::vector<Buffer> frames_;  // one a partition
    std::uint64_t records_per_batch_ = 0;
    std::uint64_t bytes_per_batch_ = 0;
    MonoTime started_;
    MonoTime measured_start_;
    MonoTime measured_end_;
    double rate_ = 0;                         // requests a second; 0 = closed loop
    std::uint64_t sent_ = 0;                  // requests
    std::vector<std::int64_t> starts_;        // by partition: its end before we began
    std::vector<std::int64_t> acknowledged_;  // by partition: records
    bool tailing_ = false;
    std::vector<std::vector<MonoTime>> due_;  // by partition: when each batch should have left
    bool producers_ended_ = false;
    MonoTime give_up_;
    std::uint64_t all_requests_ = 0;  // warm-up included, for CPU per request
    std::uint64_t all_records_ = 0;
    std::uint64_t all_bytes_ = 0;
    Totals totals_;
};

int main(int argc, char** argv) {
    CLI::App app{"Puts a Kafka broker under load and verifies every answer.", "load"};
    app.require_subcommand(1);
    Options options;
    std::string bootstrap = "127.0.0.1:9092";
    std::vector<std::string> configs;
    app.add_option("-b,--bootstrap", bootstrap, "host:port of the broker");
    app.add_option("-t,--topic", options.topic, "topic, made when it is not there");
    app.add_option("--partitions", options.partitions)->check(CLI::Range(1, 100'000));
    app.add_option("--config", configs, "KEY=VALUE of a topic we make; may come several times")
        ->allow_extra_args(false);
    app.add_flag("!--no-create", options.create, "the topic exists");
    app.add_option("-c,--connections", options.connections)->check(CLI::Range(1, 10'000));
    app.add_option("-s,--seconds", options.seconds, "measured time");
    app.add_option("--warmup", options.warmup_seconds, "seconds before that, not measured");
    CLI::App* produce = app.add_subcommand("produce", "send prebuilt batches")->fallthrough();
    CLI::App* tail =
        app.add_subcommand("tail", "produce, and follow the end with consumers")->fallthrough();
    for (CLI::App* each : {produce, tail}) {
        each->add_option("--record-bytes", options.record_bytes);
        each->add_option("--batch-bytes", options.batch_bytes);
        each->add_option("--in-flight", options.in_flight,
                         "requests under way on each connection (closed loop)");
        each->add_option("--rate", options.rate,
                         "requests a second over all connections (open loop)");
        each->add_option("--megabytes-per-second", options.megabytes_per_second,
                         "the rate, by the bytes of batches (open loop)");
        each->add_option("--requests", options.requests, "end after so many");
    }
    produce->add_option("--acks", options.acks)->check(CLI::Range(-1, 1));
    tail->add_option("--acks", options.acks)->check(CLI::IsMember({-1, 1}));
    tail->add_option("--consumers", options.consumers)->check(CLI::Range(1, 10'000));
    CLI::App* fetch = app.add_subcommand("fetch", "read over and over")->fallthrough();
    for (CLI::App* each : {fetch, tail}) {
        each->add_option("--fetch-bytes", options.fetch_bytes, "max_bytes of a request");
        each->add_flag("--check-crc", options.check_crc);
    }
    CLI::App* create = app.add_subcommand("create", "make topics and wait until all of them answer")
                           ->fallthrough();
    CLI::App* remove = app.add_subcommand("delete", "delete topics")->fallthrough();
    CLI::App* await =
        app.add_subcommand("await", "wait until all partitions of topics answer")->fallthrough();
    for (CLI::App* each : {create, remove, await})
        each->add_option("--topics", options.topics, "how many: NAME-0, NAME-1 ...")
            ->check(CLI::Range(1, 100'000));
    for (CLI::App* each : {create, await})
        each->add_option("--timeout", options.timeout_seconds, "seconds");
    CLI11_PARSE(app, argc, argv);
    const std::size_t colon = bootstrap.rfind(':');
    options.host = bootstrap.substr(0, colon);
    options.port = static_cast<std::uint16_t>(std::stoi(bootstrap.substr(colon + 1)));
    for (const std::string& config : configs) {
        const std::size_t equals = config.find('=');
        if (equals == std::string::npos) {
            std::fprintf(stderr, "load: --config %s is not KEY=VALUE\n", config.c_str());
            return 2;
        }
        options.configs.emplace_back(config.substr(0, equals), config.substr(equals + 1));
    }

    auto made = runtime::os::Runtime::make({});
    if (!made) {
        std::fprintf(stderr, "load: %s\n", made.error().to_string().c_str());
        return 1;
    }
    runtime::os::Runtime& runtime = **made;
    Load load(options, runtime.shards(0), runtime.net(0), runtime.stop());
    const CLI::App* what = app.get_subcommands().front();
    const auto ran = runtime.run([&](unsigned) {
        if (what == produce) return load.produce();
        if (what == fetch) return load.fetch();
        if (what == tail) return load.tail();
        if (what == create) return load.create();
        if (what == remove) return load.remove();
        return load.await();
    });
    if (!ran) std::fprintf(stderr, "load: %s\n", ran.error().to_string().c_str());
    return load.report(what->get_name());
}

}  // namespace
}  // namespace cauce::bench

int main(int argc, char** argv) {
    return cauce::bench::main(argc, argv);
}
