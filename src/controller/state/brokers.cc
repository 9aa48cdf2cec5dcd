#include "controller/state/brokers.h"

#include "base/check.h"
#include "controller/state/leadership.h"
#include "controller/state/partition_change.h"
#include "controller/state/placement.h"
#include "controller/state/topic_settings.h"
#include "metadata/config_keys.h"
#include "metadata/image_records.h"
#include "wire/messages/broker_heartbeat_request.h"
#include "wire/messages/broker_heartbeat_response.h"
#include "wire/messages/broker_registration_change_record.h"
#include "wire/messages/broker_registration_request.h"
#include "wire/messages/broker_registration_response.h"
#include "wire/messages/register_broker_record.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string>

namespace cauce::controller::state {
namespace {

using metadata::Broker;
using metadata::kNoLeader;
using metadata::Partition;
using metadata::RecordList;
using wire::BrokerRegistrationChangeRecord;

// What happens to brokers, as far as it decides who may lead and who is in sync. Brokers that this
// does not concern are kNoLeader.
struct BrokerEvent {
    // Leaves the ISRs it is in, may not lead there.
    NodeId removed = kNoLeader;
    // Only where its replica stands in one of these directories; null: everywhere.
    const std::vector<Uuid>* removed_directories = nullptr;
    // May lead though the image still has it fenced.
    NodeId added = kNoLeader;
    // Leaves the ISRs it is in and is not eligible: it lost data.
    NodeId lost = kNoLeader;
};

bool concerns(const BrokerEvent& event, const Partition& partition) {
    if (event.removed != kNoLeader && partition.isr.contains(event.removed)) {
        if (event.removed_directories == nullptr) return true;
        const Uuid* directory = directory_of(partition, event.removed);
        return directory != nullptr && std::ranges::find(*event.removed_directories, *directory) !=
                                           event.removed_directories->end();
    }
    if (event.lost != kNoLeader &&
        (partition.isr.contains(event.lost) || partition.elr.contains(event.lost)))
        return true;
    return event.added != kNoLeader && partition.leader == kNoLeader;
}

// Whether `broker` could lead: active, and its replica on a directory that works.
bool may_lead(const metadata::Image& image, const Partition& partition, const BrokerEvent& event,
              NodeId id) {
    if (id == event.removed || id == event.lost) return false;
    const Broker* broker = image.broker(id);
    if (broker == nullptr || (id != event.added && !broker->is_active())) return false;
    const Uuid* directory = directory_of(partition, id);
    return directory == nullptr || directory_is_online(*broker, *directory);
}

// One pass over all partitions: an event is rare, and an index of a million partitions by broker
// would cost memory all the time.
void change_partitions(const Context& context, const BrokerEvent& event, RecordList& records) {
    for (const auto& topic : context.image.topics()) {
        std::optional<TopicSettings> settings;
        for (std::int32_t i = 0; i < topic->partition_count(); ++i) {
            const Partition* partition = topic->find(i);
            if (partition == nullptr || !concerns(event, *partition)) continue;
            if (!settings) settings = topic_settings(context, topic->name());
            PartitionChange change(topic->id(), i, *partition, [&](NodeId id) {
                return may_lead(context.image, *partition, event, id);
            });
            if (context.elr_enabled()) change.enable_elr(settings->min_insync_replicas);
            if (settings->unclean_leader_election) change.allow_unclean_election();
            std::vector<NodeId> isr = partition->isr.to_vector();
            std::erase_if(isr, [&](NodeId id) { return id == event.removed || id == event.lost; });
            change.set_target_isr(std::move(isr));
            if (event.lost != kNoLeader) change.set_unclean_shutdown(event.lost);
            if (auto record = change.build()) records.add(*record, context.versions().partition());
        }
    }
}

BrokerRegistrationChangeRecord change_of(const Broker& broker) {
    BrokerRegistrationChangeRecord record;
    record.broker_id = broker.id.value;
    record.broker_epoch = broker.epoch;
    return record;
}

bool leads_something(const metadata::Image& image, NodeId id) {
    for (const auto& topic : image.topics()) {
        for (std::int32_t i = 0; i < topic->partition_count(); ++i) {
            const Partition* partition = topic->find(i);
            if (partition != nullptr && partition->leader == id) return true;
        }
    }
    return false;
}

Result<void> check_directories(const metadata::Image& image, NodeId id,
                               const std::vector<Uuid>& directories) {
    const auto invalid = [](std::string text) {
        return fail(ErrorCode::invalid_registration, std::move(text));
    };
    if (directories.empty()) return invalid("No directories specified in request");
    if (std::ranges::any_of(directories, is_reserved_directory))
        return invalid("Reserved directory ID in request");
    const std::set<Uuid> distinct(directories.begin(), directories.end());
    if (distinct.size() != directories.size()) return invalid("Duplicate directory ID in request");
    for (const auto& other : image.brokers()) {
        if (other->id == id) continue;
        for (const Uuid& directory : other->directories) {
            if (distinct.contains(directory))
                return invalid("Broker " + std::to_string(other->id.value) +
                               " is already registered with directory " + directory.to_string());
        }
    }
    return {};
}

// A broker must be able to work at every finalized level.
Result<void> check_features(const metadata::Image& image,
                            const wire::BrokerRegistrationRequest& request) {
    for (const auto& [name, level] : image.features()) {
        std::int16_t min = 0;
        std::int16_t max = 0;
        for (const auto& feature : request.features) {
            if (feature.name == name) {
                min = feature.min_supported_version;
                max = feature.max_supported_version;
            }
        }
        if (level < min || level > max)
            return fail(
                ErrorCode::unsupported_version,
                "Unable to register because the broker does not support finalized version " +
                    std::to_string(level) + " of " + name +
                    ". The broker wants a version between " + std::to_string(min) + " and " +
                    std::to_string(max) + ", inclusive.");
    }
    return {};
}

Result<void> check_registration(const Context& context, const BrokerSessions& sessions,
                                const RegistrationFacts& facts,
                                const wire::BrokerRegistrationRequest& request) {
    if (request.cluster_id != facts.cluster_id)
        return fail(ErrorCode::inconsistent_cluster_id,
                    "Expected cluster ID " + std::string(facts.cluster_id) +
                        ", but got cluster ID " + std::string(request.cluster_id));
    const NodeId id{request.broker_id};
    const Broker* existing = context.image.broker(id);
    if (existing != nullptr && existing->incarnation != request.incarnation_id &&
        !existing->in_controlled_shutdown && sessions.is_valid(id, existing->epoch, facts.now))
        return fail(ErrorCode::duplicate_broker_registration,
                    "Another broker is registered with that broker id. If the broker was recently "
                    "restarted this should self-resolve once the heartbeat manager expires the "
                    "broker's session.");
    if (request.is_migrating_zk_broker)
        return fail(ErrorCode::broker_id_not_registered,
                    "Controller does not support registering ZK brokers.");
    if (context.versions().directories())
        RETURN_IF_ERROR(check_directories(context.image, id, request.log_dirs));
    return check_features(context.image, request);
}

enum class BrokerMode : std::uint8_t { fenced, unfenced, controlled_shutdown, shutdown_now };

BrokerMode mode_of(const Broker& broker) {
    if (broker.fenced) return BrokerMode::fenced;
    return broker.in_controlled_shutdown ? BrokerMode::controlled_shutdown : BrokerMode::unfenced;
}

BrokerMode next_mode(const Context& context, const BrokerSessions& sessions, const Broker& broker,
                     const wire::BrokerHeartbeatRequest& request) {
    switch (mode_of(broker)) {
        case BrokerMode::fenced:
            if (request.want_shut_down) return BrokerMode::shutdown_now;
            // It must have seen its own registration: it acts on what the log says then.
            if (request.want_fence || request.current_metadata_offset < broker.epoch)
                return BrokerMode::fenced;
            return BrokerMode::unfenced;
        case BrokerMode::unfenced:
            if (request.want_fence)
                return request.want_shut_down ? BrokerMode::shutdown_now : BrokerMode::fenced;
            if (!request.want_shut_down) return BrokerMode::unfenced;
            return leads_something(context.image, broker.id) ? BrokerMode::controlled_shutdown
                                                             : BrokerMode::shutdown_now;
        default:
            if (leads_something(context.image, broker.id) ||
                !sessions.others_caught_up(context.image, broker.id))
                return BrokerMode::controlled_shutdown;
            return BrokerMode::shutdown_now;
    }
}

void enter_controlled_shutdown(const Context& context, const Broker& broker, RecordList& records) {
    BrokerRegistrationChangeRecord record = change_of(broker);
    record.in_controlled_shutdown = 1;
    records.add(record, 1);
    change_partitions(context, {.removed = broker.id}, records);
}

void unfence(const Context& context, const Broker& broker, RecordList& records) {
    BrokerRegistrationChangeRecord record = change_of(broker);
    record.fenced = -1;
    records.add(record, 0);
    change_partitions(context, {.added = broker.id}, records);
}

// Directories the broker lost, or closed to new replicas.
void change_directories(const Context& context, const Broker& broker,
                        const wire::BrokerHeartbeatRequest& request, RecordList& records) {
    std::vector<Uuid> online = broker.directories;
    std::erase_if(online, [&](const Uuid& id) {
        return std::ranges::find(request.offline_log_dirs, id) != request.offline_log_dirs.end();
    });
    if (context.versions().directories() && online != broker.directories && !online.empty()) {
        BrokerRegistrationChangeRecord record = change_of(broker);
        record.log_dirs = online;
        records.add(record, 2);
        change_partitions(context,
                          {.removed = broker.id, .removed_directories = &request.offline_log_dirs},
                          records);
    }
    if (context.versions().cordoned_directories() && request.cordoned_log_dirs &&
        request.cordoned_log_dirs != broker.cordoned_directories) {
        BrokerRegistrationChangeRecord record = change_of(broker);
        record.cordoned_log_dirs = request.cordoned_log_dirs;
        records.add(record, 3);
    }
}

}  // namespace

Result<void> check_broker_epoch(const metadata::Image& image, NodeId id, std::int64_t epoch) {
    const Broker* broker = image.broker(id);
    if (broker == nullptr)
        return fail(ErrorCode::stale_broker_epoch,
                    "No broker registration found for broker id " + std::to_string(id.value));
    if (broker->epoch != epoch)
        return fail(ErrorCode::stale_broker_epoch,
                    "Expected broker epoch " + std::to_string(broker->epoch) +
                        ", but got broker epoch " + std::to_string(epoch));
    return {};
}

Outcome<wire::BrokerRegistrationResponse> register_broker(
    const Context& context, const BrokerSessions& sessions, const RegistrationFacts& facts,
    const wire::BrokerRegistrationRequest& request) {
    Outcome<wire::BrokerRegistrationResponse> outcome;
    if (auto checked = check_registration(context, sessions, facts, request); !checked) {
        outcome.reply.response.error_code = to_wire(checked.error().code);
        outcome.reply.refused = std::move(checked).error().message;
        return outcome;
    }
    const NodeId id{request.broker_id};
    const Broker* existing = context.image.broker(id);
    wire::RegisterBrokerRecord record;
    record.broker_id = id.value;
    record.incarnation_id = request.incarnation_id;
    record.rack = request.rack;
    for (const auto& listener : request.listeners) {
        auto& to = record.end_points.emplace_back();
        to.name = listener.name;
        to.host = listener.host;
        to.port = listener.port;
        to.security_protocol = listener.security_protocol;
    }
    for (const auto& feature : request.features) {
        auto& to = record.features.emplace_back();
        to.name = feature.name;
        to.min_supported_version = feature.min_supported_version;
        to.max_supported_version = feature.max_supported_version;
    }
    if (context.versions().directories()) record.log_dirs = request.log_dirs;
    if (existing != nullptr && existing->incarnation == request.incarnation_id) {
        // The same process again, with something changed or an answer lost.
        record.broker_epoch = existing->epoch;
        record.fenced = existing->fenced;
        record.in_controlled_shutdown = existing->in_controlled_shutdown;
    } else {
        record.broker_epoch = facts.next_offset.value;
        if (existing != nullptr) {
            const bool lost_nothing =
                !context.elr_enabled() || existing->epoch == request.previous_broker_epoch;
            const BrokerEvent event =
                lost_nothing ? BrokerEvent{.removed = id} : BrokerEvent{.lost = id};
            change_partitions(context, event, outcome.records);
        }
    }
    outcome.records.add(record, context.versions().register_broker());
    outcome.reply.response.broker_epoch = record.broker_epoch;
    return outcome;
}

Outcome<wire::BrokerHeartbeatResponse> heartbeat(const Context& context,
                                                 const BrokerSessions& sessions,
                                                 const wire::BrokerHeartbeatRequest& request) {
    Outcome<wire::BrokerHeartbeatResponse> outcome;
    auto& response = outcome.reply.response;
    const NodeId id{request.broker_id};
    if (const auto current = check_broker_epoch(context.image, id, request.broker_epoch);
        !current) {
        response.error_code = to_wire(current.error().code);
        outcome.reply.refused = current.error().message;
        return outcome;
    }
    const Broker& broker = *context.image.broker(id);
    const BrokerMode before = mode_of(broker);
    const BrokerMode after = next_mode(context, sessions, broker, request);
    if (before != after) {
        switch (after) {
            case BrokerMode::fenced:
            case BrokerMode::shutdown_now:
                if (!broker.fenced) outcome.records = fence_broker(context, id);
                break;
            case BrokerMode::unfenced:
                unfence(context, broker, outcome.records);
                break;
            case BrokerMode::controlled_shutdown:
                enter_controlled_shutdown(context, broker, outcome.records);
                break;
        }
    }
    if (before == after) change_directories(context, broker, request, outcome.records);
    response.is_caught_up = request.current_metadata_offset >= broker.epoch;
    response.is_fenced = after == BrokerMode::fenced || after == BrokerMode::shutdown_now;
    response.should_shut_down = after == BrokerMode::shutdown_now;
    return outcome;
}

RecordList fence_broker(const Context& context, NodeId id) {
    const Broker* broker = context.image.broker(id);
    CHECK(broker != nullptr, id);
    RecordList records;
    change_partitions(context, {.removed = id}, records);
    BrokerRegistrationChangeRecord record = change_of(*broker);
    record.fenced = 1;
    records.add(record, 0);
    return records;
}

}  // namespace cauce::controller::state
