// load: puts a broker under load over the raw protocol and verifies every answer. Batches are built
// once, so that the generator costs little beside the broker.
//
//   closed loop (default)  each connection keeps --in-flight requests under way
//   open loop (--rate)     requests leave at fixed times; latency counts from the time a request
//   should have left, so a
//                          stalled broker is not spared the requests it delayed (no coordinated
//                          omission)
//
// Prints one JSON object. Exit code 1 when any answer was wrong.

#include "histogram.h"
#include "runtime/os/runtime.h"
#include "wire/batch_builder.h"
#include "wire/frame.h"
#include "wire/messages/create_topics_request.h"
#include "wire/messages/create_topics_response.h"
#include "wire/messages/fetch_request.h"
#include "wire/messages/fetch_response.h"
#include "wire/messages/list_offsets_request.h"
#include "wire/messages/list_offsets_response.h"
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
constexpr std::int16_t kListOffsetsVersion = 6;
constexpr std::int16_t kCreateTopicsVersion = 5;

struct Options {
    std::string host = "127.0.0.1";
    std::uint16_t port = 9092;
    std::string topic = "load";
    std::int32_t partitions = 1;
    std::string durability;  // cauce.durability of a topic we make; empty: the broker's
    bool create = true;
    std::size_t record_bytes = 1024;
    std::size_t batch_bytes = 16 * 1024;
    int acks = 1;
    unsigned connections = 1;
    unsigned in_flight = 1;
    double rate = 0;  // requests a second over all connections; 0 = closed loop
    double seconds = 10;
    double warmup_seconds = 1;
    std::int32_t fetch_bytes = 1024 * 1024;
    bool check_crc = false;
    bool follow = false;  // consumers start at the end and wait for records
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

// One connection: frames out, frames in.
class Peer {
public:
    explicit Peer(std::unique_ptr<runtime::Stream> stream) : stream_(std::move(stream)) {}

    Task<bool> send(BytesView frame) {
        const runtime::WritePart part = frame;
        const auto written = co_await stream_->write(std::span(&part, 1));
        co_return written.has_value();
    }

    // The next response without its size; empty when the connection ended. Valid until the next
    // call.
    Task<BytesView> receive() {
        while (true) {
            if (end_ - begin_ >= 4) {
                const auto size = static_cast<std::size_t>(
                    load_big_endian<std::int32_t>(buffer_.data() + begin_));
                if (end_ - begin_ - 4 >= size) {
                    const BytesView frame(buffer_.data() + begin_ + 4, size);
                    begin_ += 4 + size;
                    co_return frame;
                }
                make_room(size + 4);
            } else {
                make_room(64 * 1024);
            }
            const auto n = co_await stream_->read_some(
                MutableBytes(buffer_.data() + end_, buffer_.size() - end_));
            if (!n || *n == 0) co_return BytesView{};
            end_ += *n;
        }
    }

    void close() { stream_->close(); }

private:
    void make_room(std::size_t wanted) {
        if (begin_ > 0) {
            std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(begin_),
                      buffer_.begin() + static_cast<std::ptrdiff_t>(end_), buffer_.begin());
            end_ -= begin_;
            begin_ = 0;
        }
        if (buffer_.size() < std::max<std::size_t>(wanted, 256 * 1024))
            buffer_.resize(std::max<std::size_t>(wanted, 256 * 1024));
    }

    std::unique_ptr<runtime::Stream> stream_;
    Buffer buffer_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

template <typename Request>
Buffer frame_of(ApiKey key, std::int16_t version, const Request& request) {
    wire::Writer writer;
    wire::begin_request(writer, key, version, 0, "load");
    request.encode(writer, version);
    wire::end_frame(writer);
    CHECK(writer.ok(), writer.error());
    return writer.take();
}

void set_correlation(Buffer& frame, std::int32_t id) {
    store_big_endian(frame.data() + 8, id);
}

class Load {
public:
    Load(const Options& options, runtime::Shards& shards, runtime::Net& net, runtime::Stop& stop)
        : options_(options), shards_(shards), net_(net), stop_(stop) {}

    Task<void> produce() {
        if (!co_await prepare_topic()) co_return;
        const std::int64_t before = co_await end_offsets();
        build_batches();
        begin();
        runtime::TaskGroup tasks(shards_.ready());
        for (unsigned i = 0; i < options_.connections; ++i)
            tasks.spawn(produce_on(i));
        co_await tasks.join();
        measured_ = shards_.clock().now();
        // With acks=1 the last records may still be on their way to the device.
        std::int64_t after = co_await end_offsets();
        for (int i = 0;
             i < 100 && after - before < static_cast<std::int64_t>(acknowledged_records_); ++i) {
            const MonoTime next = shards_.clock().now() + milliseconds(50);
            co_await shards_.sleep_until(next);
            after = co_await end_offsets();
        }
        // Everything acknowledged is there, and nothing else.
        if (options_.acks != 0 &&
            after - before != static_cast<std::int64_t>(acknowledged_records_)) {
            totals_.complain("the log grew by " + std::to_string(after - before) +
                             " records, but " + std::to_string(acknowledged_records_) +
                             " were acknowledged");
        }
    }

    Task<void> fetch() {
        if (!co_await prepare_topic()) co_return;
        begin();
        runtime::TaskGroup tasks(shards_.ready());
        for (unsigned i = 0; i < options_.connections; ++i)
            tasks.spawn(fetch_on(i));
        co_await tasks.join();
        measured_ = shards_.clock().now();
    }

    int report(std::string_view what) const {
        const double seconds =
            std::chrono::duration<double>(measured_end_ - measured_start_).count();
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
            static_cast<unsigned long long>(totals_.bytes),
            static_cast<double>(totals_.requests) / seconds,
            static_cast<double>(totals_.records) / seconds,
            static_cast<double>(totals_.bytes) / seconds / 1e6,
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
        const runtime::Address address{options_.host, options_.port};
        auto stream = co_await net_.connect(address, shards_.clock().now() + seconds(10));
        if (!stream) {
            totals_.complain("cannot connect: " + stream.error().to_string());
            co_return nullptr;
        }
        co_return std::make_unique<Peer>(*std::move(stream));
    }

    template <typename Request, typename Response>
    Task<bool> ask(Peer& peer, ApiKey key, std::int16_t version, const Request& request,
                   Response& response, Buffer& keep) {
        const Buffer frame = frame_of(key, version, request);
        if (!co_await peer.send(frame)) co_return false;
        const BytesView answer = co_await peer.receive();
        keep.assign(answer.begin(), answer.end());
        wire::Reader reader(keep);
        wire::read_response_header(reader, key, version);
        response.decode(reader, version);
        co_return reader.ok();
    }

    Task<bool> prepare_topic() {
        auto peer = co_await connect();
        if (!peer) co_return false;
        if (!options_.create) co_return true;
        wire::CreateTopicsRequest request;
        request.timeout_ms = 30'000;
        auto& topic = request.topics.emplace_back();
        topic.name = options_.topic;
        topic.num_partitions = options_.partitions;
        topic.replication_factor = 1;
        if (!options_.durability.empty())
            topic.configs.push_back({"cauce.durability", options_.durability});
        wire::CreateTopicsResponse response;
        Buffer keep;
        const bool asked = co_await ask(*peer, ApiKey::create_topics, kCreateTopicsVersion, request,
                                        response, keep);
        const auto error = asked && response.topics.size() == 1
                               ? error_code_from_wire(response.topics[0].error_code)
                               : ErrorCode::network_exception;
        if (error != ErrorCode::none && error != ErrorCode::topic_already_exists) {
            totals_.complain("cannot create the topic: " + std::string(error_name(error)));
            co_return false;
        }
        // Brokers may need a moment until they serve it.
        for (int i = 0; i < 100 && (co_await end_offsets()) < 0; ++i) {
            const MonoTime next = shards_.clock().now() + milliseconds(50);
            co_await shards_.sleep_until(next);
        }
        co_return true;
    }

    // The sum of all partitions' ends; -1 when a partition does not answer.
    Task<std::int64_t> end_offsets() {
        auto peer = co_await connect();
        if (!peer) co_return -1;
        wire::ListOffsetsRequest request;
        request.replica_id = -1;
        auto& topic = request.topics.emplace_back();
        topic.name = options_.topic;
        for (std::int32_t p = 0; p < options_.partitions; ++p) {
            auto& partition = topic.partitions.emplace_back();
            partition.partition_index = p;
            partition.timestamp = -1;
        }
        wire::ListOffsetsResponse response;
        Buffer keep;
        if (!co_await ask(*peer, ApiKey::list_offsets, kListOffsetsVersion, request, response,
                          keep))
            co_return -1;
        std::int64_t sum = 0;
        for (const auto& one : response.topics) {
            for (const auto& partition : one.partitions) {
                if (partition.error_code != 0) co_return -1;
                sum += partition.offset;
            }
        }
        co_return sum;
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
    }

    void begin() {
        started_ = shards_.clock().now();
        measured_start_ = started_ + std::chrono::duration_cast<Duration>(
                                         std::chrono::duration<double>(options_.warmup_seconds));
        measured_end_ = measured_start_ + std::chrono::duration_cast<Duration>(
                                              std::chrono::duration<double>(options_.seconds));
    }
    bool over() const { return shards_.clock().now() >= measured_end_ || stop_.requested(); }
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

    Task<void> produce_on(unsigned number) {
        auto peer = co_await connect();
        if (!peer) co_return;
        Window window;
        runtime::TaskGroup receiving(shards_.ready());
        if (options_.acks != 0) receiving.spawn(receive_produced(*peer, window));
        std::vector<Buffer> frames = frames_;
        const double own_rate = options_.rate / options_.connections;
        std::int32_t sent = 0;
        while (!over() && !window.broken) {
            MonoTime since = shards_.clock().now();
            if (own_rate > 0) {
                const auto offset = std::chrono::duration<double>(
                    (sent + number / static_cast<double>(options_.connections)) / own_rate);
                since = started_ + std::chrono::duration_cast<Duration>(offset);
                if (since > shards_.clock().now()) co_await shards_.sleep_until(since);
            } else {
                while (window.outstanding.size() >= options_.in_flight && !window.broken)
                    co_await window.freed.wait();
                since = shards_.clock().now();
            }
            const auto partition =
                static_cast<std::int32_t>((number + static_cast<unsigned>(sent)) %
                                          static_cast<unsigned>(options_.partitions));
            Buffer& frame = frames[static_cast<std::size_t>(partition)];
            set_correlation(frame, sent++);
            if (options_.acks != 0) window.outstanding.push_back({since, partition});
            if (!co_await peer->send(frame)) {
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
                acknowledged_records_ += records_per_batch_;
                count(request.since, records_per_batch_, bytes_per_batch_);
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

    // Reads the partition over and over from its start, or with --follow what is appended.
    Task<void> fetch_on(unsigned number) {
        auto peer = co_await connect();
        if (!peer) co_return;
        const auto partition =
            static_cast<std::int32_t>(number % static_cast<unsigned>(options_.partitions));
        std::int64_t next = 0;
        if (options_.follow) {
            const std::int64_t end = co_await end_offsets();
            next = std::max<std::int64_t>(end, 0);
        }
        std::int32_t correlation = 0;
        while (!over()) {
            const MonoTime since = shards_.clock().now();
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
            Buffer frame = frame_of(ApiKey::fetch, kFetchVersion, request);
            set_correlation(frame, correlation++);
            if (!co_await peer->send(frame)) break;
            const BytesView answer = co_await peer->receive();
            if (answer.empty()) {
                totals_.complain("the connection broke");
                break;
            }
            if (!take(answer, next, since)) break;
        }
        peer->close();
    }

    bool take(BytesView answer, std::int64_t& next, MonoTime since) {
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
        std::uint64_t records = 0;
        const std::size_t bytes = rest.size();
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
            next = batch->next_offset().value;
            records += static_cast<std::uint64_t>(batch->count());
            rest = rest.subspan(batch->size_bytes());
        }
        if (records > 0) {
            count(since, records, bytes);
        } else if (!options_.follow && next >= partition.high_watermark) {
            next = 0;
        }
        return true;
    }

    const Options& options_;
    runtime::Shards& shards_;
    runtime::Net& net_;
    runtime::Stop& stop_;
    std::vector<Buffer> frames_;  // one a partition
    std::uint64_t records_per_batch_ = 0;
    std::uint64_t bytes_per_batch_ = 0;
    MonoTime started_;
    MonoTime measured_start_;
    MonoTime measured_end_;
    MonoTime measured_;
    std::uint64_t acknowledged_records_ = 0;
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
    app.add_option("-b,--bootstrap", bootstrap, "host:port of the broker");
    app.add_option("-t,--topic", options.topic, "topic, made when it is not there");
    app.add_option("--partitions", options.partitions)->check(CLI::Range(1, 100'000));
    app.add_option("--durability", options.durability,
                   "cauce.durability of the topic: flush or page-cache");
    app.add_flag("!--no-create", options.create, "the topic exists");
    app.add_option("-c,--connections", options.connections)->check(CLI::Range(1, 10'000));
    app.add_option("-s,--seconds", options.seconds, "measured time");
    app.add_option("--warmup", options.warmup_seconds, "seconds before that, not measured");
    CLI::App* produce = app.add_subcommand("produce", "send prebuilt batches")->fallthrough();
    produce->add_option("--record-bytes", options.record_bytes);
    produce->add_option("--batch-bytes", options.batch_bytes);
    produce->add_option("--acks", options.acks)->check(CLI::Range(-1, 1));
    produce->add_option("--in-flight", options.in_flight,
                        "requests under way on each connection (closed loop)");
    produce->add_option("--rate", options.rate,
                        "requests a second over all connections (open loop)");
    CLI::App* fetch =
        app.add_subcommand("fetch", "read over and over, or follow the end")->fallthrough();
    fetch->add_option("--fetch-bytes", options.fetch_bytes, "max_bytes of a request");
    fetch->add_flag("--check-crc", options.check_crc);
    fetch->add_flag("--follow", options.follow);
    CLI11_PARSE(app, argc, argv);
    const std::size_t colon = bootstrap.rfind(':');
    options.host = bootstrap.substr(0, colon);
    options.port = static_cast<std::uint16_t>(std::stoi(bootstrap.substr(colon + 1)));

    auto made = runtime::os::Runtime::make({});
    if (!made) {
        std::fprintf(stderr, "load: %s\n", made.error().to_string().c_str());
        return 1;
    }
    runtime::os::Runtime& runtime = **made;
    Load load(options, runtime.shards(0), runtime.net(0), runtime.stop());
    const bool producing = produce->parsed();
    const auto ran =
        runtime.run([&](unsigned) { return producing ? load.produce() : load.fetch(); });
    if (!ran) std::fprintf(stderr, "load: %s\n", ran.error().to_string().c_str());
    return load.report(producing ? "produce" : "fetch");
}

}  // namespace
}  // namespace cauce::bench

int main(int argc, char** argv) {
    return cauce::bench::main(argc, argv);
}
