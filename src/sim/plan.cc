#include "sim/plan.h"

#include "runtime/random.h"
#include "sim/broker.h"

#include <algorithm>
#include <initializer_list>
#include <sstream>

namespace cauce::sim {

using runtime::Random;

namespace {

// Of the safety phase, in seconds; a seed that counts simulates at least 60 (docs/testing.md).
constexpr std::int64_t kSafetyMin = 60;
constexpr std::int64_t kSafetyMax = 100;
// One seed in so many is under load all the time.
constexpr std::uint64_t kRestless = 64;
// It pauses longer for it.
constexpr int kRestlessPause = 4;

// Writes down what it draws, so that a report can say it.
class Knobs {
public:
    explicit Knobs(Random& random) : random_(random) {}

    std::string choose(const std::string& key, std::initializer_list<const char*> choices) {
        std::string value = *(choices.begin() + random_.below(choices.size()));
        said_ += (said_.empty() ? "" : " ") + key + "=" + value;
        return value;
    }
    // A line of the broker's properties.
    std::string line(const std::string& key, std::initializer_list<const char*> choices) {
        return key + "=" + choose(key, choices) + "\n";
    }

    const std::string& said() const { return said_; }

private:
    Random& random_;
    std::string said_;
};

void draw_broker(Plan& plan, Random& random, Knobs& knobs) {
    plan.shards = static_cast<unsigned>(random.between(1, 4));
    plan.flush = !random.one_in(4);
    plan.disk_sync = std::chrono::microseconds(random.between(50, 4000));
    plan.net_hop = std::chrono::microseconds(random.between(20, 1000));
    // One draw a statement: the operands of + come in no certain order.
    std::string& properties = plan.properties;
    properties = std::string(kAlone) + "group.min.session.timeout.ms=100\n" +
                 "offsets.topic.replication.factor=1\n" +
                 "cauce.durability=" + (plan.flush ? "flush" : "page-cache") + "\n";
    properties += knobs.line("offsets.topic.num.partitions", {"1", "2", "3", "4"});
    properties += knobs.line("group.initial.rebalance.delay.ms", {"0", "0", "20", "200"});
    properties += knobs.line("offsets.topic.segment.bytes", {"1048576", "104857600"});
    properties += knobs.line("log.flush.offset.checkpoint.interval.ms", {"100", "2000", "60000"});
    properties += knobs.line("replica.high.watermark.checkpoint.interval.ms", {"100", "5000"});
    properties += knobs.line("log.retention.check.interval.ms", {"1000", "300000"});
    properties += knobs.line("auto.create.topics.enable", {"true", "false"});
    properties += knobs.line("log.cleaner.backoff.ms", {"100", "2000", "15000"});
    properties +=
        knobs.line("metadata.log.max.record.bytes.between.snapshots", {"2000", "20971520"});
    plan.directories = {"/data"};
    plan.metadata_directory = "/data";
    if (!random.one_in(3)) return;
    // The last word on a key counts.
    plan.directories.emplace_back("/more");
    plan.properties += "log.dirs=/data,/more\n";
    if (!random.one_in(2)) return;
    plan.metadata_directory = "/meta";
    plan.properties += "metadata.log.dir=/meta\n";
}

void draw_topics(Plan& plan, Random& random, Knobs& knobs) {
    const std::int64_t topics = random.between(1, 3);
    for (std::int64_t i = 0; i < topics; ++i) {
        TopicSpec topic;
        topic.name = "load-" + std::to_string(i);
        topic.partitions = static_cast<std::int32_t>(random.between(1, 4));
        // Segments roll by size, by time and by a full index.
        topic.config["segment.bytes"] = "1048576";
        topic.config["segment.ms"] = knobs.choose("segment.ms", {"200", "5000", "604800000"});
        topic.config["index.interval.bytes"] =
            knobs.choose("index.interval.bytes", {"0", "200", "4096"});
        topic.config["segment.index.bytes"] =
            knobs.choose("segment.index.bytes", {"64", "1200", "10485760"});
        plan.topics.push_back(std::move(topic));
    }
}

void draw_producers(Plan& plan, Random& random) {
    // Each partition has at most one idempotent producer; any number of others.
    std::vector<ProducerOptions> idempotent(static_cast<std::size_t>(random.between(1, 3)));
    for (const TopicPartition& partition : plan.partitions())
        if (!random.one_in(5))
            idempotent[random.below(idempotent.size())].partitions.push_back(partition);
    const auto draw_common = [&](ProducerOptions& producer) {
        producer.codec =
            static_cast<wire::Codec>(random.one_in(2) ? 0 : random.below(wire::kCodecs));
        // 8 ms to a quarter of a second.
        producer.pause = std::chrono::microseconds(std::int64_t{1} << random.between(13, 18));
    };
    for (ProducerOptions& producer : idempotent) {
        if (producer.partitions.empty()) continue;
        producer.requests_in_flight = static_cast<std::size_t>(random.between(1, 5));
        draw_common(producer);
        plan.producers.push_back(producer);
    }
    const std::int64_t others = random.between(plan.producers.empty() ? 1 : 0, 2);
    for (std::int64_t i = 0; i < others; ++i) {
        ProducerOptions producer;
        producer.idempotent = false;
        producer.acks = static_cast<std::int16_t>(random.one_in(4) ? random.between(0, 1) : -1);
        producer.requests_in_flight = static_cast<std::size_t>(random.between(1, 5));
        producer.first_number = (i + 1) * 1'000'000'000'000;
        for (const TopicPartition& partition : plan.partitions())
            if (producer.partitions.empty() || random.one_in(2))
                producer.partitions.push_back(partition);
        draw_common(producer);
        plan.producers.push_back(producer);
    }
}

// A partition that loses its oldest records, because somebody asks for it or because they are old.
void draw_trimmer(Plan& plan, Random& random, Knobs& knobs) {
    plan.trims = random.one_in(2);
    plan.trimmer.retention = random.one_in(2);
    plan.trimmer.durable = plan.flush;
    TopicSpec& topic = plan.trimmer.topic;
    topic.name = "trimmed";
    topic.config["segment.bytes"] = "1048576";
    topic.config["segment.ms"] = knobs.choose("trimmed.segment.ms", {"200", "5000", "604800000"});
    topic.config["file.delete.delay.ms"] =
        knobs.choose("trimmed.file.delete.delay.ms", {"0", "1000", "60000"});
    if (plan.trimmer.retention)
        topic.config["retention.ms"] = knobs.choose("trimmed.retention.ms", {"1000", "10000"});
}

// A compacted partition.
void draw_key_writer(Plan& plan, Random& random, Knobs& knobs) {
    plan.compacts = random.one_in(2);
    plan.key_writer.keys = static_cast<int>(random.between(1, 30));
    TopicSpec& topic = plan.key_writer.topic;
    topic.name = "compacted";
    topic.config["cleanup.policy"] = "compact";
    topic.config["segment.bytes"] = "1048576";
    topic.config["segment.ms"] = knobs.choose("compacted.segment.ms", {"200", "5000"});
    topic.config["min.cleanable.dirty.ratio"] =
        knobs.choose("compacted.min.cleanable.dirty.ratio", {"0.01", "0.5"});
    const std::string stay = "86400000";
    topic.config["delete.retention.ms"] =
        knobs.choose("compacted.delete.retention.ms", {"86400000", "86400000", "1000"});
    plan.key_writer.tombstones_stay = topic.config["delete.retention.ms"] == stay;
}

// Kinds that the promise covers (docs/testing.md): what was not synced may go only where an
// acknowledgement waits for the device.
std::vector<Fault> kinds_for(const Plan& plan, const std::set<Fault>& without) {
    std::vector<Fault> kinds;
    for (std::size_t i = 0; i < kFaults; ++i) {
        const auto fault = static_cast<Fault>(i);
        const bool loses_unsynced = fault == Fault::power_loss || fault == Fault::failed_write ||
                                    fault == Fault::failed_sync;
        if (loses_unsynced && !plan.flush) continue;
        if (without.contains(fault)) continue;
        kinds.push_back(fault);
        // Most of what is forgotten shows only there.
        if (is_crash(fault)) kinds.push_back(fault);
    }
    if (kinds.empty()) kinds.push_back(Fault::kill);
    return kinds;
}

template <typename Element>
void keep_first(std::vector<Element>& all, std::size_t most) {
    if (all.size() > most) all.resize(most);
}

}  // namespace

std::string Reductions::to_arguments() const {
    std::string text;
    const auto add = [&](const char* name, std::size_t value) {
        if (value != kAll) text += std::string(" ") + name + " " + std::to_string(value);
    };
    add("--faults", faults_max);
    for (const Fault fault : without)
        text += " --without " + std::string(name_of(fault));
    add("--producers", producers_max);
    add("--readers", readers_max);
    add("--members", members_max);
    if (!churn) text += " --no-churn";
    return text;
}

std::vector<TopicPartition> Plan::partitions() const {
    std::vector<TopicPartition> all;
    for (const TopicSpec& topic : topics)
        for (std::int32_t i = 0; i < topic.partitions; ++i)
            all.push_back({topic.name, i});
    return all;
}

std::string Plan::describe() const {
    std::ostringstream out;
    out << shards << " shards, " << (flush ? "flush" : "page-cache") << ", " << partitions().size()
        << " partitions of " << topics.size() << " topics, " << producers.size() << " producers, "
        << readers << " readers, " << members << " members"
        << (static_member ? " (one static)" : "") << (churn ? ", topic churn" : "")
        << (trims ? ", removed records" : "")
        << (trims && trimmer.retention ? " (some by their age)" : "")
        << (compacts ? ", a compacted partition" : "")
        << (directories.size() > 1 ? ", two log directories" : "")
        << (metadata_directory != directories.front() ? ", one more for the metadata" : "")
        << (rests ? "" : ", no rest") << "; " << knobs;
    return out.str();
}

Plan draw_plan(std::uint64_t seed, std::size_t deaths, const Reductions& reductions) {
    Random random(seed * 0x9e3779b97f4a7c15ull + 1);
    Knobs knobs(random);
    Plan plan;
    draw_broker(plan, random, knobs);
    draw_topics(plan, random, knobs);
    draw_producers(plan, random);
    plan.readers = static_cast<std::size_t>(random.between(1, 2));
    plan.members = random.one_in(3) ? 0 : static_cast<std::size_t>(random.between(1, 3));
    plan.static_member = random.one_in(3);
    plan.member_pause = milliseconds(random.one_in(4) ? 40 : 300);
    plan.member_session = milliseconds(random.one_in(2) ? 500 : 6000);
    plan.churn = random.one_in(2);
    plan.safety = seconds(random.between(kSafetyMin, kSafetyMax));
    plan.faults = static_cast<std::size_t>(random.between(4, 10));
    plan.rests = !random.one_in(kRestless);
    for (ProducerOptions& producer : plan.producers)
        if (!plan.rests) producer.pause *= kRestlessPause;
    draw_trimmer(plan, random, knobs);
    draw_key_writer(plan, random, knobs);
    plan.knobs = knobs.said();

    // Only now: what is left out changes nothing of the rest.
    keep_first(plan.producers, std::max<std::size_t>(reductions.producers_max, 1));
    plan.readers = std::min(plan.readers, reductions.readers_max);
    plan.members = std::min(plan.members, reductions.members_max);
    plan.churn = plan.churn && reductions.churn;
    plan.trims = plan.trims && reductions.churn;
    plan.compacts = plan.compacts && reductions.churn;
    plan.kinds = kinds_for(plan, reductions.without);
    if (deaths > 0) {
        plan.faults = deaths;
        std::erase_if(plan.kinds, [](Fault fault) { return !is_crash(fault); });
        if (plan.kinds.empty()) plan.kinds.push_back(Fault::kill);
    }
    plan.faults = std::min(plan.faults, reductions.faults_max);
    return plan;
}

}  // namespace cauce::sim
