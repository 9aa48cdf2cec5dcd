// keyed: keyed records in partition 0 of a topic, for bench/compaction.
//
//   write    batches of 64 records, made from nothing but the options: every broker gets the same
//            bytes. Each key comes --times times; of every fiftieth the last record is a tombstone
//   newest   reads all there is and prints one JSON object: how many keys there are, how many of
//            them end with a tombstone, how many records and bytes were read, and in "digest" a
//            sum over each key's newest record, with its offset
//   alter    sets KEY=VALUE (--config) of the topic, or with --of-brokers of all brokers
//   delete   removes the topic
//
// Exit code 1 when an answer was wrong.

#include "base/sip_hash.h"
#include "peer.h"
#include "runtime/os/runtime.h"
#include "topics.h"
#include "wire/batch_builder.h"
#include "wire/frame.h"
#include "wire/messages/fetch_request.h"
#include "wire/messages/fetch_response.h"
#include "wire/messages/incremental_alter_configs_request.h"
#include "wire/messages/incremental_alter_configs_response.h"
#include "wire/messages/produce_request.h"
#include "wire/messages/produce_response.h"
#include "wire/record.h"
#include "wire/record_batch.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace cauce::bench {
namespace {

using runtime::Task;
using wire::ApiKey;

// Topics by name, and spoken by every broker since 2.4.
constexpr std::int16_t kProduceVersion = 9;
constexpr std::int16_t kFetchVersion = 12;
constexpr std::int16_t kAlterVersion = 1;

constexpr std::int32_t kRecordsABatch = 64;
constexpr std::int64_t kTombstoneEvery = 50;
constexpr std::int64_t kTimestamp = 1'700'000'000'000;
constexpr unsigned kInFlight = 16;
constexpr std::int32_t kFetchBytes = 8 << 20;
constexpr std::size_t kDecompressedMost = 64 << 20;
constexpr std::int8_t kTopicResource = 2;
constexpr std::int8_t kBrokerResource = 4;

struct Options {
    std::string host = "127.0.0.1";
    std::uint16_t port = 9092;
    std::string topic = "keyed";
    TopicConfigs configs;
    bool of_brokers = false;
    std::int64_t megabytes = 256;  // of records, before compression
    std::size_t value_bytes = 100;
    std::int64_t times = 4;
    std::string codec = "none";
};

// About half of a value is what a codec saves.
class Content {
public:
    explicit Content(const Options& options)
        : value_bytes_(options.value_bytes),
          codec_(wire::codec_from_name(options.codec).value()),
          keys_(std::max<std::int64_t>(
              1, options.megabytes * 1'000'000 /
                     (static_cast<std::int64_t>(value_bytes_ + kOverhead) * options.times))),
          batches_((keys_ * options.times + kRecordsABatch - 1) / kRecordsABatch) {}

    std::int64_t batches() const { return batches_; }
    std::int64_t records() const { return batches_ * kRecordsABatch; }

    Buffer batch(std::int64_t number) const {
        wire::BatchOptions options;
        options.codec = codec_;
        wire::BatchBuilder builder(options);
        std::string value(value_bytes_, 'v');
        std::uint64_t state = static_cast<std::uint64_t>(number) + 1;
        for (std::int32_t i = 0; i < kRecordsABatch; ++i) {
            const std::int64_t index = number * kRecordsABatch + i;
            const std::int64_t key_number = index % keys_;
            const std::string key = "key-" + std::to_string(key_number);
            for (std::size_t at = 0; at < value.size(); at += 2) {
                state = state * 6364136223846793005ull + 1442695040888963407ull;
                value[at] = static_cast<char>('a' + (state >> 33) % 26);
            }
            const bool last = index + keys_ >= records();
            std::optional<wire::Bytes> content = wire::Bytes(as_bytes(value));
            if (last && key_number % kTombstoneEvery == 0) content.reset();
            builder.append(kTimestamp, wire::Bytes(as_bytes(key)), content);
        }
        return builder.build().value();
    }

private:
    static constexpr std::size_t kOverhead = 24;  // key, lengths, deltas

    std::size_t value_bytes_;
    wire::Codec codec_;
    std::int64_t keys_;
    std::int64_t batches_;
};

class Keyed {
public:
    Keyed(const Options& options, runtime::Shards& shards, runtime::Net& net)
        : options_(options),
          shards_(shards),
          topics_(shards, net, runtime::Address{options.host, options.port}) {}

    // The topic must not be there yet.
    Task<void> write() {
        const std::vector<std::string> names{options_.topic};
        std::string wrong = co_await topics_.create(names, 1, options_.configs);
        if (wrong.empty()) {
            const MonoTime deadline = shards_.clock().now() + seconds(60);
            wrong = co_await topics_.await_serving(names, 1, deadline);
        }
        if (!wrong.empty()) co_return complain(wrong);
        auto peer = co_await topics_.connect();
        if (!peer) co_return complain(peer.error().to_string());
        const Content content(options_);
        std::int64_t sent = 0;
        for (std::int64_t answered = 0; answered < content.batches(); ++answered) {
            for (; sent < content.batches() && sent < answered + kInFlight; ++sent) {
                const Buffer frame = produce_frame(content.batch(sent));
                if (!co_await (*peer)->send(frame)) co_return complain("the connection broke");
            }
            const BytesView answer = co_await (*peer)->receive();
            const std::int64_t offset = answer.empty() ? -1 : base_offset_in(answer);
            if (offset != answered * kRecordsABatch) co_return complain("a batch was not taken");
        }
        std::printf("{\"records\":%lld}\n", static_cast<long long>(content.records()));
    }

    Task<void> newest() {
        const std::vector<std::int64_t> ends = co_await topics_.ends(options_.topic, 1);
        if (ends.empty()) co_return complain("cannot tell where the topic ends");
        auto peer = co_await topics_.connect();
        if (!peer) co_return complain(peer.error().to_string());
        std::int64_t next = 0;
        while (next < ends[0]) {
            wire::FetchRequest request;
            request.max_wait_ms = 500;
            request.min_bytes = 1;
            request.max_bytes = kFetchBytes;
            auto& topic = request.topics.emplace_back();
            topic.topic = options_.topic;
            auto& wanted = topic.partitions.emplace_back();
            wanted.fetch_offset = next;
            wanted.partition_max_bytes = kFetchBytes;
            wire::FetchResponse response;
            Buffer keep;
            const bool asked =
                co_await ask(**peer, ApiKey::fetch, kFetchVersion, request, response, keep);
            if (!asked) co_return complain("an answer that cannot be read");
            const std::int64_t before = next;
            if (!take(response, next)) co_return;
            if (next == before) co_return complain("nothing at " + std::to_string(next));
        }
        std::uint64_t digest = 0;
        std::size_t tombstones = 0;
        for (const auto& [key, hash] : newest_) {
            digest += hash.sum;
            tombstones += hash.tombstone ? 1 : 0;
        }
        std::printf(
            "{\"keys\":%zu,\"tombstones\":%zu,\"records\":%llu,\"bytes\":%llu,"
            "\"digest\":\"%016llx\"}\n",
            newest_.size(), tombstones, static_cast<unsigned long long>(records_),
            static_cast<unsigned long long>(bytes_), static_cast<unsigned long long>(digest));
    }

    Task<void> alter() {
        auto peer = co_await topics_.connect();
        if (!peer) co_return complain(peer.error().to_string());
        wire::IncrementalAlterConfigsRequest request;
        auto& resource = request.resources.emplace_back();
        resource.resource_type = options_.of_brokers ? kBrokerResource : kTopicResource;
        if (!options_.of_brokers) resource.resource_name = options_.topic;
        for (const auto& [key, value] : options_.configs) {
            auto& config = resource.configs.emplace_back();
            config.name = key;
            config.value = value;
        }
        wire::IncrementalAlterConfigsResponse response;
        Buffer keep;
        const bool asked = co_await ask(**peer, ApiKey::incremental_alter_configs, kAlterVersion,
                                        request, response, keep);
        if (!asked || response.responses.size() != 1)
            co_return complain("an answer that cannot be read");
        const auto error = error_code_from_wire(response.responses[0].error_code);
        if (error != ErrorCode::none) complain(std::string(error_name(error)));
    }

    Task<void> remove() {
        const std::vector<std::string> names{options_.topic};
        const std::string wrong = co_await topics_.remove(names);
        if (!wrong.empty()) complain(wrong);
    }

    bool ok() const { return ok_; }

private:
    struct Newest {
        std::uint64_t sum = 0;  // of key, offset and value
        bool tombstone = false;
    };

    void complain(const std::string& what) {
        ok_ = false;
        std::fprintf(stderr, "keyed: %s\n", what.c_str());
    }

    Buffer produce_frame(const Buffer& batch) const {
        wire::ProduceRequest request;
        request.acks = -1;
        request.timeout_ms = 30'000;
        auto& topic = request.topic_data.emplace_back();
        topic.name = options_.topic;
        topic.partition_data.emplace_back().records.emplace().bytes = wire::Bytes(batch);
        return frame_of(ApiKey::produce, kProduceVersion, request);
    }

    // -1 when it was refused.
    static std::int64_t base_offset_in(BytesView answer) {
        wire::Reader reader(answer);
        wire::read_response_header(reader, ApiKey::produce, kProduceVersion);
        wire::ProduceResponse response;
        response.decode(reader, kProduceVersion);
        if (!reader.ok() || response.responses.empty()) return -1;
        const auto& partition = response.responses[0].partition_responses.at(0);
        return partition.error_code == 0 ? partition.base_offset : -1;
    }

    // Moves `next` behind what came. False after a complaint.
    bool take(const wire::FetchResponse& response, std::int64_t& next) {
        if (response.responses.empty() || response.responses[0].partitions.empty() ||
            response.responses[0].partitions[0].error_code != 0) {
            complain("a fetch was refused");
            return false;
        }
        const auto& partition = response.responses[0].partitions[0];
        BytesView rest = partition.records ? BytesView(partition.records->bytes) : BytesView{};
        while (!rest.empty()) {
            const auto batch = wire::parse_batch(rest);
            if (!batch) break;  // the last one may be cut short
            if (!batch->crc_matches() || !take(*batch)) {
                complain("a batch that is damaged");
                return false;
            }
            next = batch->next_offset().value;
            bytes_ += batch->size_bytes();
            rest = rest.subspan(batch->size_bytes());
        }
        return true;
    }

    bool take(const wire::BatchHeader& batch) {
        Buffer storage;
        const auto body = wire::records_of(batch, kDecompressedMost, storage);
        if (!body) return false;
        wire::RecordIterator records(batch, *body);
        for (wire::Record record; records.next(record);) {
            if (!record.key) return false;
            const std::string key(reinterpret_cast<const char*>(record.key->data()),
                                  record.key->size());
            std::string all = key + ' ' + std::to_string(record.offset.value) + ' ';
            if (record.value)
                all.append(reinterpret_cast<const char*>(record.value->data()),
                           record.value->size());
            newest_[key] = {sip_hash(as_bytes(all), {}).first, !record.value.has_value()};
            ++records_;
        }
        return records.ok();
    }

    const Options& options_;
    runtime::Shards& shards_;
    Topics topics_;
    std::unordered_map<std::string, Newest> newest_;  // by key
    std::uint64_t records_ = 0;
    std::uint64_t bytes_ = 0;
    bool ok_ = true;
};

int main(int argc, char** argv) {
    CLI::App app{"Writes and reads keyed records.", "keyed"};
    app.require_subcommand(1);
    Options options;
    std::string bootstrap = "127.0.0.1:9092";
    std::vector<std::string> configs;
    app.add_option("-b,--bootstrap", bootstrap, "host:port of the broker");
    app.add_option("-t,--topic", options.topic, "topic; write makes it");
    app.add_option("--config", configs, "KEY=VALUE; may come several times")
        ->allow_extra_args(false);
    CLI::App* write = app.add_subcommand("write", "send all records")->fallthrough();
    write->add_option("--megabytes", options.megabytes, "of records, before they are compressed")
        ->check(CLI::Range(1, 100'000));
    write->add_option("--value-bytes", options.value_bytes)->check(CLI::Range(1, 1'000'000));
    write->add_option("--times", options.times, "how often each key comes")
        ->check(CLI::Range(1, 1'000));
    write->add_option("--codec", options.codec)
        ->check(CLI::IsMember({"none", "gzip", "snappy", "lz4", "zstd"}));
    CLI::App* newest = app.add_subcommand("newest", "read all records")->fallthrough();
    CLI::App* alter = app.add_subcommand("alter", "change settings")->fallthrough();
    alter->add_flag("--of-brokers", options.of_brokers, "of all brokers, not of the topic");
    CLI::App* remove = app.add_subcommand("delete", "remove the topic")->fallthrough();
    CLI11_PARSE(app, argc, argv);
    const std::size_t colon = bootstrap.rfind(':');
    options.host = bootstrap.substr(0, colon);
    options.port = static_cast<std::uint16_t>(std::stoi(bootstrap.substr(colon + 1)));
    for (const std::string& config : configs) {
        const std::size_t equals = config.find('=');
        if (equals == std::string::npos) {
            std::fprintf(stderr, "keyed: --config %s is not KEY=VALUE\n", config.c_str());
            return 2;
        }
        options.configs.emplace_back(config.substr(0, equals), config.substr(equals + 1));
    }
    auto made = runtime::os::Runtime::make({});
    if (!made) {
        std::fprintf(stderr, "keyed: %s\n", made.error().to_string().c_str());
        return 1;
    }
    runtime::os::Runtime& runtime = **made;
    Keyed keyed(options, runtime.shards(0), runtime.net(0));
    const CLI::App* what = app.get_subcommands().front();
    const auto ran = runtime.run([&](unsigned) {
        if (what == write) return keyed.write();
        if (what == newest) return keyed.newest();
        if (what == remove) return keyed.remove();
        return keyed.alter();
    });
    if (!ran) std::fprintf(stderr, "keyed: %s\n", ran.error().to_string().c_str());
    return ran && keyed.ok() ? 0 : 1;
}

}  // namespace
}  // namespace cauce::bench

int main(int argc, char** argv) {
    return cauce::bench::main(argc, argv);
}
