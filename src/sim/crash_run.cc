#include "sim/crash_run.h"

#include "sim/broker.h"
#include "sim/workloads/group_member.h"
#include "sim/workloads/load.h"
#include "sim/workloads/offsets.h"
#include "sim/workloads/producer.h"
#include "sim/workloads/reader.h"
#include "sim/workloads/topic_churn.h"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <sstream>

namespace cauce::sim {

using runtime::Random;
using runtime::Task;

namespace {

// Simulated time in which a start, a drain, a stop has to come about.
constexpr Duration kStartsWithin = seconds(60);
constexpr Duration kDrainsWithin = seconds(300);
constexpr Duration kStopsWithin = seconds(60);

// What a seed draws.
struct Plan {
    unsigned shards = 1;
    bool flush = true;
    std::string properties;
    std::vector<TopicSpec> topics;
    std::vector<ProducerOptions> producers;
    int readers = 1;
    int members = 0;
    bool static_member = false;
    bool churn = false;
    int directories = 1;
    Duration disk_sync{0};
    Duration net_hop{0};

    std::vector<TopicPartition> partitions() const {
        std::vector<TopicPartition> all;
        for (const TopicSpec& topic : topics)
            for (std::int32_t i = 0; i < topic.partitions; ++i)
                all.push_back({topic.name, i});
        return all;
    }
};

std::string pick(Random& random, std::initializer_list<const char*> choices) {
    return *(choices.begin() + random.below(choices.size()));
}

Plan draw(std::uint64_t seed) {
    Random random(seed * 0x9e3779b97f4a7c15ull + 1);
    Plan plan;
    plan.shards = static_cast<unsigned>(random.between(1, 4));
    plan.flush = !random.one_in(4);
    plan.disk_sync = std::chrono::microseconds(random.between(50, 4000));
    plan.net_hop = std::chrono::microseconds(random.between(20, 1000));

    std::ostringstream properties;
    properties << kAlone << "group.min.session.timeout.ms=100\n"
               << "group.initial.rebalance.delay.ms=" << pick(random, {"0", "0", "20", "200"})
               << "\n"
               << "offsets.topic.replication.factor=1\n"
               << "offsets.topic.num.partitions=" << random.between(1, 4) << "\n"
               << "offsets.topic.segment.bytes=" << pick(random, {"1048576", "104857600"}) << "\n"
               << "log.flush.offset.checkpoint.interval.ms="
               << pick(random, {"100", "2000", "60000"}) << "\n"
               << "replica.high.watermark.checkpoint.interval.ms=" << pick(random, {"100", "5000"})
               << "\n"
               << "log.retention.check.interval.ms=" << pick(random, {"1000", "300000"}) << "\n"
               << "auto.create.topics.enable=" << pick(random, {"true", "false"}) << "\n"
               << "cauce.durability=" << (plan.flush ? "flush" : "page-cache") << "\n";
    plan.properties = properties.str();

    const std::int64_t topics = random.between(1, 3);
    for (std::int64_t i = 0; i < topics; ++i) {
        TopicSpec topic;
        topic.name = "load-" + std::to_string(i);
        topic.partitions = static_cast<std::int32_t>(random.between(1, 4));
        // Segments roll by size, by time and by a full index.
        topic.config["segment.bytes"] = "1048576";
        topic.config["segment.ms"] = pick(random, {"200", "5000", "604800000"});
        topic.config["index.interval.bytes"] = pick(random, {"0", "200", "4096"});
        topic.config["segment.index.bytes"] = pick(random, {"64", "1200", "10485760"});
        plan.topics.push_back(topic);
    }

    // Each partition has at most one idempotent producer; any number of others.
    std::vector<ProducerOptions> idempotent(static_cast<std::size_t>(random.between(1, 3)));
    for (const TopicPartition& partition : plan.partitions())
        if (!random.one_in(5))
            idempotent[random.below(idempotent.size())].partitions.push_back(partition);
    const auto draw_common = [&](ProducerOptions& producer) {
        producer.codec =
            static_cast<wire::Codec>(random.one_in(2) ? 0 : random.below(wire::kCodecs));
        producer.pause = std::chrono::microseconds(1 << random.between(5, 15));
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
    plan.readers = static_cast<int>(random.between(1, 2));
    plan.members = random.one_in(3) ? 0 : static_cast<int>(random.between(1, 3));
    plan.static_member = random.one_in(3);
    plan.churn = random.one_in(2);
    if (random.one_in(3)) {
        // The last word on it counts.
        plan.directories = 2;
        plan.properties += "log.dirs=/data,/more\n";
        if (random.one_in(2)) plan.properties += "metadata.log.dir=/meta\n";
    }
    return plan;
}

std::string describe(const Plan& plan) {
    std::ostringstream out;
    out << plan.shards << " shards, " << (plan.flush ? "flush" : "page-cache") << ", "
        << plan.partitions().size() << " partitions of " << plan.topics.size() << " topics, "
        << plan.producers.size() << " producers, " << plan.readers << " readers, " << plan.members
        << " members" << (plan.static_member ? " (one static)" : "")
        << (plan.churn ? ", topic churn" : "")
        << (plan.directories > 1 ? ", two log directories" : "");
    return out.str();
}

// The clients, all on one machine that does not die.
class Clients {
public:
    Clients(World& world, Load& load, const Plan& plan)
        : world_(world),
          load_(load),
          plan_(plan),
          clients_(world.add_node("clients", 1)),
          auditor_(world.add_node("auditor", 1)) {}

    void start() {
        world_.start(clients_, [this](NodeSeams& seams, unsigned) { return run(seams); });
    }
    bool loaded() const { return loaded_; }
    bool ended() const { return !world_.running(clients_); }

    // Reads everything that is promised from the beginning, and the committed offsets.
    void start_audit() {
        world_.start(auditor_, [this](NodeSeams& seams, unsigned) { return audit(seams); });
    }
    bool audited() const { return !world_.running(auditor_); }

    std::uint64_t records_read() const { return records_read_; }

private:
    static constexpr const char* kGroup = "members";

    Task<void> run(NodeSeams& seams) {
        co_await create_topics(seams, load_, plan_.topics);
        loaded_ = true;
        std::vector<std::unique_ptr<Producer>> producers;
        std::vector<std::unique_ptr<Reader>> readers;
        std::vector<std::unique_ptr<GroupMember>> members;
        TopicChurn churn(seams, load_);
        runtime::TaskGroup group(seams.shards.ready());
        for (const ProducerOptions& options : plan_.producers) {
            producers.push_back(std::make_unique<Producer>(seams, load_, options));
            group.spawn(producers.back()->run());
        }
        for (int i = 0; i < plan_.readers; ++i) {
            readers.push_back(std::make_unique<Reader>(seams, load_, plan_.partitions(), false));
            group.spawn(readers.back()->run());
        }
        for (int i = 0; i < plan_.members; ++i) {
            std::optional<std::string> instance;
            if (plan_.static_member && i == 0) instance = "static-0";
            members.push_back(
                std::make_unique<GroupMember>(seams, load_, kGroup, plan_.partitions(), instance));
            group.spawn(members.back()->run());
        }
        if (plan_.churn) group.spawn(churn.run());
        co_await group.join();
        for (const auto& reader : readers)
            records_read_ += reader->records();
    }

    Task<void> audit(NodeSeams& seams) {
        Reader reader(seams, load_, plan_.partitions(), true);
        co_await reader.run();
        records_read_ += reader.records();
        while (load_.groups.committed_count() > 0 && !load_.over()) {
            const std::unique_ptr<BrokerClient> client =
                co_await BrokerClient::connect(seams, load_.broker, load_.findings);
            if (client) {
                const auto told =
                    co_await fetch_offsets(*client, load_, kGroup, plan_.partitions());
                if (told && *told) co_return;
                if (told && !may_come_again(told->error())) {
                    load_.findings.add("OffsetFetch: " + std::string(error_name(told->error())));
                }
            }
            co_await pause(seams, milliseconds(20));
        }
    }

    World& world_;
    Load& load_;
    const Plan& plan_;
    SimNode& clients_;
    SimNode& auditor_;
    bool loaded_ = false;
    std::uint64_t records_read_ = 0;
};

class Run {
public:
    explicit Run(const CrashRunOptions& options)
        : options_(options), plan_(draw(options.seed)), world_(world_options()) {
        load_.broker = {"broker", kPort};
        load_.one_ack_is_a_promise = !plan_.flush;
        machine_ = &world_.add_node("broker", plan_.shards);
        machine_->syncs_do_nothing = options.syncs_do_nothing;
        machine_->folder_syncs_do_nothing = options.folder_syncs_do_nothing;
        broker_.emplace(world_, *machine_, plan_.properties);
        clients_.emplace(world_, load_, plan_);
    }

    CrashRunReport run() {
        broker_->start();
        if (starts()) {
            clients_->start();
            wait(kDrainsWithin, "the topics are not there",
                 [this] { return clients_->loaded() && !load_.over(); });
            for (int i = 0; i < options_.deaths && load_.findings.empty(); ++i)
                die_and_start();
            finish();
        }
        return report();
    }

private:
    WorldOptions world_options() const {
        WorldOptions options;
        options.seed = options_.seed;
        options.disk_sync = plan_.disk_sync;
        options.net_hop = plan_.net_hop;
        options.log_level = options_.echo_log.value_or(LogLevel::info);
        options.echo_log = options_.echo_log.has_value();
        return options;
    }

    void note(const std::string& what) {
        char stamp[32];
        std::snprintf(stamp, sizeof stamp, "%14.6f",
                      std::chrono::duration<double>(world_.now().since_start).count());
        world_.add_log_line(std::string(stamp) + " ---- " + what);
    }

    // A finding when it does not come about in time.
    bool wait(Duration within, const char* otherwise, const std::function<bool()>& done) {
        const auto ends = [&] { return !load_.findings.empty() || done(); };
        const bool came = world_.run_until(ends, world_.now() + within);
        if (!load_.findings.empty()) return false;
        if (!came) load_.findings.add(otherwise);
        return came;
    }

    // A broker that ends by itself while it should serve is a finding.
    bool still_runs() {
        if (broker_->running() || !broker_->outcome()) return true;
        const Result<void>& outcome = *broker_->outcome();
        load_.findings.add("the broker ended by itself: " +
                           (outcome ? std::string("in order") : outcome.error().message));
        return false;
    }

    bool starts() {
        return wait(kStartsWithin, "the broker does not start",
                    [this] { return !still_runs() || broker_->serving(); }) &&
               broker_->serving();
    }

    // Runs for a while, then lets the broker die in one of the ways there are.
    void die_and_start() {
        Random& random = world_.random();
        // From the very beginning of the start to well into serving.
        const std::int64_t longest = std::int64_t{1} << random.between(16, 31);
        const MonoTime until = world_.now() + Duration(random.between(0, longest));
        world_.run_until([this] { return !load_.findings.empty() || !still_runs(); }, until);
        if (!load_.findings.empty()) return;
        const bool power = plan_.flush && random.one_in(3);
        const std::string manner = power ? "power loss" : "kill -9";
        if (random.one_in(2)) {
            note(manner + " in a disk call to come");
            world_.kill_in_disk_call(*machine_, 1 + random.below(20), power);
            const auto dead = [this] { return !load_.findings.empty() || !broker_->running(); };
            world_.run_until(dead, world_.now() + seconds(10));
            // Nothing was written in all that time: then it dies where it stands.
            if (broker_->running()) world_.kill(*machine_);
            if (!still_runs()) return;
        } else if (power) {
            world_.power_loss(*machine_);
        } else {
            world_.kill(*machine_);
        }
        note("dead by " + manner);
        ++(power ? report_.power_losses : report_.kills);
        broker_->start();
        // One in four dies again before it serves.
        if (!random.one_in(4)) starts();
    }

    void finish() {
        if (!load_.findings.empty() || !starts()) return;
        note("no more deaths");
        load_.draining = true;
        if (!wait(kDrainsWithin, "the workloads do not come to their end",
                  [this] { return !still_runs() || clients_->ended(); })) {
            return;
        }
        if (!audit()) return;
        note("stop in order");
        broker_->stop();
        if (!wait(kStopsWithin, "the broker does not stop",
                  [this] { return !broker_->running(); })) {
            return;
        }
        if (!broker_->outcome() || !*broker_->outcome()) {
            load_.findings.add("the broker did not stop in order: " +
                               (broker_->outcome() ? broker_->outcome()->error().message
                                                   : std::string("it vanished")));
            return;
        }
        broker_->start();
        if (starts()) audit();
    }

    bool audit() {
        note("audit");
        clients_->start_audit();
        if (!wait(kDrainsWithin, "the audit does not come to its end",
                  [this] { return !still_runs() || clients_->audited(); })) {
            // What is missing says more than that something is.
            load_.records.finish();
            return false;
        }
        load_.records.finish();
        return load_.findings.empty();
    }

    CrashRunReport report() {
        report_.drawn = describe(plan_);
        report_.findings = load_.findings.texts();
        report_.log = world_.log();
        report_.acknowledged = load_.records.acknowledged_count();
        report_.read = clients_->records_read();
        report_.commits = load_.groups.committed_count();
        report_.generations = load_.groups.assigned_count();
        report_.simulated_seconds = std::chrono::duration<double>(world_.now().since_start).count();
        report_.turns = world_.turns();
        report_.trace_hash = world_.trace_hash();
        return std::move(report_);
    }

    const CrashRunOptions options_;
    const Plan plan_;
    Load load_;
    // Before the world, whose end destroys processes that refer to them.
    std::optional<Broker> broker_;
    std::optional<Clients> clients_;
    World world_;
    SimNode* machine_ = nullptr;
    CrashRunReport report_;
};

}  // namespace

CrashRunReport crash_run(const CrashRunOptions& options) {
    Run run(options);
    return run.run();
}

}  // namespace cauce::sim
