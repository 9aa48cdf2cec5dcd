#include "sim/clients.h"

#include "sim/workloads/group_member.h"
#include "sim/workloads/inquirer.h"
#include "sim/workloads/key_writer.h"
#include "sim/workloads/offsets.h"
#include "sim/workloads/producer.h"
#include "sim/workloads/reader.h"
#include "sim/workloads/topic_churn.h"
#include "sim/workloads/topic_settings.h"
#include "sim/workloads/trimmer.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cauce::sim {

using runtime::Task;

namespace {
constexpr const char* kGroup = "members";
}  // namespace

Clients::Clients(World& world, Load& load, const Plan& plan)
    : world_(world),
      load_(load),
      plan_(plan),
      clients_(world.add_node("clients", 1)),
      auditor_(world.add_node("auditor", 1)) {}

void Clients::start() {
    world_.start(clients_, [this](NodeSeams& seams, unsigned) { return run(seams); });
}

void Clients::start_audit() {
    world_.start(auditor_, [this](NodeSeams& seams, unsigned) { return audit(seams); });
}

Task<void> Clients::run(NodeSeams& seams) {
    co_await create_topics(seams, load_, plan_.topics);
    loaded_ = true;
    std::vector<std::unique_ptr<Producer>> producers;
    std::vector<std::unique_ptr<Reader>> readers;
    std::vector<std::unique_ptr<GroupMember>> members;
    Inquirer inquirer(seams, load_, plan_.partitions());
    TopicChurn churn(seams, load_);
    TopicSettings settings(seams, load_, plan_.topics);
    Trimmer trimmer(seams, load_, plan_.trimmer);
    KeyWriter key_writer(seams, load_, plan_.key_writer);
    runtime::TaskGroup group(seams.shards.ready());
    for (const ProducerOptions& options : plan_.producers) {
        producers.push_back(std::make_unique<Producer>(seams, load_, options));
        group.spawn(producers.back()->run());
    }
    for (std::size_t i = 0; i < plan_.readers; ++i) {
        readers.push_back(std::make_unique<Reader>(seams, load_, plan_.partitions(), false));
        group.spawn(readers.back()->run());
    }
    for (std::size_t i = 0; i < plan_.members; ++i) {
        GroupMemberOptions options;
        options.group = kGroup;
        options.partitions = plan_.partitions();
        if (plan_.static_member && i == 0) options.instance = "static-0";
        options.pause = plan_.member_pause;
        options.session_timeout = plan_.member_session;
        members.push_back(std::make_unique<GroupMember>(seams, load_, std::move(options)));
        group.spawn(members.back()->run());
    }
    group.spawn(inquirer.run());
    if (plan_.churn) group.spawn(churn.run());
    if (plan_.churn) group.spawn(settings.run());
    if (plan_.trims) group.spawn(trimmer.run());
    if (plan_.compacts) group.spawn(key_writer.run());
    co_await group.join();
    for (const auto& reader : readers)
        records_read_ += reader->records();
}

Task<void> Clients::audit(NodeSeams& seams) {
    Reader reader(seams, load_, plan_.partitions(), true);
    co_await reader.run();
    records_read_ += reader.records();
    if (load_.groups.committed_count() > 0) co_await audit_group(seams);
}

Task<void> Clients::audit_group(NodeSeams& seams) {
    while (!load_.over()) {
        const std::unique_ptr<BrokerClient> client =
            co_await BrokerClient::connect(seams, load_.broker, load_.findings);
        if (client) {
            const auto told = co_await fetch_offsets(*client, load_, kGroup, plan_.partitions());
            if (told && *told) co_return;
            if (told && !load_.may_come_again(told->error()))
                load_.findings.add("OffsetFetch: " + std::string(error_name(told->error())));
        }
        co_await pause(seams, milliseconds(20));
    }
}

}  // namespace cauce::sim
