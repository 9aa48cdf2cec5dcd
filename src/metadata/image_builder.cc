#include "metadata/image_builder.h"

#include "wire/messages/abort_transaction_record.h"
#include "wire/messages/access_control_entry_record.h"
#include "wire/messages/begin_transaction_record.h"
#include "wire/messages/broker_registration_change_record.h"
#include "wire/messages/clear_elr_record.h"
#include "wire/messages/client_quota_record.h"
#include "wire/messages/config_record.h"
#include "wire/messages/delegation_token_record.h"
#include "wire/messages/end_transaction_record.h"
#include "wire/messages/feature_level_record.h"
#include "wire/messages/fence_broker_record.h"
#include "wire/messages/no_op_record.h"
#include "wire/messages/partition_change_record.h"
#include "wire/messages/partition_record.h"
#include "wire/messages/producer_ids_record.h"
#include "wire/messages/register_broker_record.h"
#include "wire/messages/register_controller_record.h"
#include "wire/messages/remove_access_control_entry_record.h"
#include "wire/messages/remove_delegation_token_record.h"
#include "wire/messages/remove_topic_record.h"
#include "wire/messages/remove_user_scram_credential_record.h"
#include "wire/messages/topic_record.h"
#include "wire/messages/unfence_broker_record.h"
#include "wire/messages/unregister_broker_record.h"
#include "wire/messages/unregister_controller_record.h"
#include "wire/messages/user_scram_credential_record.h"
#include "wire/messages/zk_migration_state_record.h"
#include "wire/record_frame.h"

#include <algorithm>
#include <utility>

namespace cauce::metadata {
namespace {

// Above any topic Kafka can make; a record beyond is damage, not a plan.
constexpr std::int32_t kPartitionMax = 10'000'000;

// PartitionChangeRecord says so when the leader stays.
constexpr std::int32_t kNoLeaderChange = -2;

std::unexpected<Error> damaged(std::string text) {
    return fail(ErrorCode::unknown_server_error, std::move(text));
}

ReplicaList replicas(const std::vector<std::int32_t>& ids) {
    std::vector<NodeId> nodes;
    nodes.reserve(ids.size());
    for (std::int32_t id : ids)
        nodes.push_back(NodeId{id});
    return ReplicaList(nodes);
}

ReplicaList replicas(const std::optional<std::vector<std::int32_t>>& ids) {
    return ids ? replicas(*ids) : ReplicaList();
}

// Records and registrations hold the same things under different type names.
template <typename WireEndpoints>
std::vector<Endpoint> endpoints(const WireEndpoints& from) {
    std::vector<Endpoint> out;
    for (const auto& e : from)
        out.push_back({std::string(e.name), std::string(e.host), e.port, e.security_protocol});
    return out;
}

template <typename WireFeatures>
std::vector<FeatureRange> features(const WireFeatures& from) {
    std::vector<FeatureRange> out;
    for (const auto& f : from)
        out.push_back({std::string(f.name), f.min_supported_version, f.max_supported_version});
    std::ranges::sort(out, {}, &FeatureRange::name);
    return out;
}

std::string text_identity(std::string_view name, int number) {
    return std::string(name) + '\0' + std::to_string(number);
}

}  // namespace

void ImageBuilder::reset(const Image& start) {
    work_ = start;
    edit_ = std::max(edit_, start.edit_) + 1;
    before_transaction_ = nullptr;
}

ImagePointer ImageBuilder::freeze() {
    work_.edit_ = edit_++;
    return std::make_shared<const Image>(work_);
}

ImagePointer ImageBuilder::publish() {
    return before_transaction_ != nullptr ? before_transaction_ : freeze();
}

Result<void> ImageBuilder::replay(BytesView value) {
    wire::Reader reader(value);
    const wire::MetadataRecordHeader header = wire::read_metadata_record_header(reader);
    if (!reader.ok()) return damaged("metadata record: " + reader.error());
    return replay_record(header.type, header.version, value, reader.rest());
}

template <typename Record, typename Apply>
Result<void> ImageBuilder::decode(std::int16_t version, BytesView body, Apply apply) {
    if (version > Record::kMaxVersion) {
        ++work_
              .unknown_records_[std::string(Record::kName) + " version " + std::to_string(version)];
        return {};
    }
    Record record;
    wire::Reader reader(body);
    record.decode(reader, version);
    if (!reader.ok()) return damaged(std::string(Record::kName) + ": " + reader.error());
    if (reader.remaining() != 0)
        return damaged(std::string(Record::kName) + ": " + std::to_string(reader.remaining()) +
                       " bytes too many");
    return apply(record);
}

Result<void> ImageBuilder::replay_record(std::uint32_t type, std::int16_t version, BytesView value,
                                         BytesView body) {
    using namespace wire;
    const auto nothing = [](const auto&) -> Result<void> { return {}; };
    // Kept as it is, under what tells it from its like.
    const auto carried = [&](auto identity_of) {
        return [this, value, identity_of](const auto& record) -> Result<void> {
            carry(record.kRecordType, identity_of(record), value);
            return {};
        };
    };
    const auto uncarried = [&](std::int16_t carried_type, auto identity_of) {
        return [this, carried_type, identity_of](const auto& record) -> Result<void> {
            const std::string identity = identity_of(record);
            work_.carried_.erase(edit_, CarriedKey::Key{carried_type, identity});
            return {};
        };
    };
    const auto by_id = [](const auto& r) { return r.id.to_string(); };
    const auto by_token = [](const auto& r) { return std::string(r.token_id); };
    const auto by_user = [](const auto& r) { return text_identity(r.name, r.mechanism); };

    switch (type) {
        case RegisterBrokerRecord::kRecordType:
            return decode<RegisterBrokerRecord>(version, body,
                                                [this](auto& r) { return register_broker(r); });
        case UnregisterBrokerRecord::kRecordType:
            return decode<UnregisterBrokerRecord>(version, body,
                                                  [this](auto& r) { return unregister_broker(r); });
        case FenceBrokerRecord::kRecordType:
        case UnfenceBrokerRecord::kRecordType: {
            // The older forms of a registration change, from 3.3-IV2 and before.
            const bool fence = type == FenceBrokerRecord::kRecordType;
            return decode<FenceBrokerRecord>(version, body, [this, fence](auto& r) {
                BrokerRegistrationChangeRecord change;
                change.broker_id = r.id;
                change.broker_epoch = r.epoch;
                change.fenced = fence ? 1 : -1;
                return change_broker(change);
            });
        }
        case BrokerRegistrationChangeRecord::kRecordType:
            return decode<BrokerRegistrationChangeRecord>(
                version, body, [this](auto& r) { return change_broker(r); });
        case RegisterControllerRecord::kRecordType:
            return decode<RegisterControllerRecord>(
                version, body, [this](auto& r) { return register_controller(r); });
        case UnregisterControllerRecord::kRecordType:
            return decode<UnregisterControllerRecord>(version, body,
                                                      [this](auto& r) -> Result<void> {
                                                          work_.controllers_.erase(r.controller_id);
                                                          return {};
                                                      });
        case TopicRecord::kRecordType:
            return decode<TopicRecord>(version, body, [this](auto& r) { return add_topic(r); });
        case PartitionRecord::kRecordType:
            return decode<PartitionRecord>(version, body,
                                           [this](auto& r) { return add_partition(r); });
        case PartitionChangeRecord::kRecordType:
            return decode<PartitionChangeRecord>(version, body,
                                                 [this](auto& r) { return change_partition(r); });
        case RemoveTopicRecord::kRecordType:
            return decode<RemoveTopicRecord>(version, body,
                                             [this](auto& r) { return remove_topic(r); });
        case ClearElrRecord::kRecordType:
            return decode<ClearElrRecord>(version, body, [this](auto& r) { return clear_elr(r); });
        case ConfigRecord::kRecordType:
            return decode<ConfigRecord>(version, body, [this](auto& r) { return set_config(r); });
        case FeatureLevelRecord::kRecordType:
            return decode<FeatureLevelRecord>(version, body,
                                              [this](auto& r) { return set_feature(r); });
        case ProducerIdsRecord::kRecordType:
            return decode<ProducerIdsRecord>(version, body, [this](auto& r) -> Result<void> {
                work_.next_producer_id_ = r.next_producer_id;
                return {};
            });
        case ClientQuotaRecord::kRecordType:
            return decode<ClientQuotaRecord>(
                version, body, [this, value](auto& r) { return set_quota(r, value); });
        case AccessControlEntryRecord::kRecordType:
            return decode<AccessControlEntryRecord>(version, body, carried(by_id));
        case RemoveAccessControlEntryRecord::kRecordType:
            return decode<RemoveAccessControlEntryRecord>(
                version, body, uncarried(AccessControlEntryRecord::kRecordType, by_id));
        case UserScramCredentialRecord::kRecordType:
            return decode<UserScramCredentialRecord>(version, body, carried(by_user));
        case RemoveUserScramCredentialRecord::kRecordType:
            return decode<RemoveUserScramCredentialRecord>(
                version, body, uncarried(UserScramCredentialRecord::kRecordType, by_user));
        case DelegationTokenRecord::kRecordType:
            return decode<DelegationTokenRecord>(version, body, carried(by_token));
        case RemoveDelegationTokenRecord::kRecordType:
            return decode<RemoveDelegationTokenRecord>(
                version, body, uncarried(DelegationTokenRecord::kRecordType, by_token));
        case BeginTransactionRecord::kRecordType:
            return decode<BeginTransactionRecord>(version, body,
                                                  [this](auto&) { return begin_transaction(); });
        case EndTransactionRecord::kRecordType:
            return decode<EndTransactionRecord>(version, body,
                                                [this](auto&) { return end_transaction(); });
        case AbortTransactionRecord::kRecordType:
            return decode<AbortTransactionRecord>(version, body,
                                                  [this](auto&) { return abort_transaction(); });
        case NoOpRecord::kRecordType:
            return decode<NoOpRecord>(version, body, nothing);
        case ZkMigrationStateRecord::kRecordType:
            // Left behind by clusters that came from ZooKeeper; means nothing since 4.0.
            return decode<ZkMigrationStateRecord>(version, body, nothing);
        default:
            ++work_.unknown_records_["record type " + std::to_string(type)];
            return {};
    }
}

Result<void> ImageBuilder::register_broker(const wire::RegisterBrokerRecord& record) {
    auto broker = std::make_shared<Broker>();
    broker->id = NodeId{record.broker_id};
    broker->epoch = record.broker_epoch;
    broker->incarnation = record.incarnation_id;
    broker->endpoints = endpoints(record.end_points);
    broker->features = features(record.features);
    if (record.rack) broker->rack = std::string(*record.rack);
    broker->fenced = record.fenced;
    broker->in_controlled_shutdown = record.in_controlled_shutdown;
    broker->directories = record.log_dirs;
    broker->cordoned_directories = record.cordoned_log_dirs;
    work_.brokers_.set(edit_, std::move(broker));
    return {};
}

Result<void> ImageBuilder::unregister_broker(const wire::UnregisterBrokerRecord& record) {
    const Broker* held = work_.broker(NodeId{record.broker_id});
    if (held == nullptr || held->epoch != record.broker_epoch)
        return damaged("UnregisterBrokerRecord: no broker " + std::to_string(record.broker_id) +
                       " with epoch " + std::to_string(record.broker_epoch));
    work_.brokers_.erase(edit_, NodeId{record.broker_id});
    return {};
}

Result<void> ImageBuilder::change_broker(const wire::BrokerRegistrationChangeRecord& record) {
    const Broker* held = work_.broker(NodeId{record.broker_id});
    if (held == nullptr || held->epoch != record.broker_epoch)
        return damaged("change of broker " + std::to_string(record.broker_id) +
                       ": none with epoch " + std::to_string(record.broker_epoch));
    auto broker = std::make_shared<Broker>(*held);
    if (record.fenced != 0) broker->fenced = record.fenced > 0;
    if (record.in_controlled_shutdown != 0)
        broker->in_controlled_shutdown = record.in_controlled_shutdown > 0;
    if (!record.log_dirs.empty()) broker->directories = record.log_dirs;
    if (record.cordoned_log_dirs) broker->cordoned_directories = record.cordoned_log_dirs;
    work_.brokers_.set(edit_, std::move(broker));
    return {};
}

Result<void> ImageBuilder::register_controller(const wire::RegisterControllerRecord& record) {
    Controller controller;
    controller.id = NodeId{record.controller_id};
    controller.incarnation = record.incarnation_id;
    controller.zk_migration_ready = record.zk_migration_ready;
    controller.endpoints = endpoints(record.end_points);
    controller.features = features(record.features);
    work_.controllers_[record.controller_id] = std::move(controller);
    return {};
}

Result<void> ImageBuilder::add_topic(const wire::TopicRecord& record) {
    if (work_.topic(record.name) != nullptr || work_.topic(record.topic_id) != nullptr)
        return damaged("TopicRecord: " + std::string(record.name) + " (" +
                       record.topic_id.to_string() + ") is there already");
    auto topic = std::make_shared<Topic>(std::string(record.name), record.topic_id);
    topic->edit_ = edit_;
    work_.by_name_.set(edit_, topic);
    work_.by_id_.set(edit_, std::move(topic));
    return {};
}

Result<void> ImageBuilder::remove_topic(const wire::RemoveTopicRecord& record) {
    const auto* held = work_.by_id_.find(record.topic_id);
    if (held == nullptr)
        return damaged("RemoveTopicRecord: no topic with id " + record.topic_id.to_string());
    const std::shared_ptr<Topic> topic = *held;
    work_.partition_count_ -= topic->partition_count();
    work_.configs_.erase(edit_, ResourceKey::Key{ResourceType::topic, topic->name()});
    work_.by_name_.erase(edit_, std::string_view(topic->name()));
    work_.by_id_.erase(edit_, topic->id());
    return {};
}

Result<void> ImageBuilder::add_partition(const wire::PartitionRecord& record) {
    Topic* topic = topic_to_edit(record.topic_id);
    if (topic == nullptr)
        return damaged("PartitionRecord: no topic with id " + record.topic_id.to_string());
    const std::int32_t index = record.partition_id;
    if (index < 0 || index >= kPartitionMax || record.replicas.empty())
        return damaged("PartitionRecord: partition " + std::to_string(index) + " of " +
                       topic->name() + " with " + std::to_string(record.replicas.size()) +
                       " replicas");
    while (topic->count_ <= index) {
        const std::size_t chunk = Topic::chunk_of(topic->count_);
        if (chunk == topic->chunks_.size()) {
            topic->chunks_.push_back(std::make_shared<Topic::Chunk>());
            topic->chunks_.back()->edit = edit_;
        }
        chunk_to_edit(*topic, chunk).partitions.emplace_back();
        ++topic->count_;
        ++work_.partition_count_;
    }
    Partition partition;
    partition.replicas = replicas(record.replicas);
    partition.isr = replicas(record.isr);
    partition.elr = replicas(record.eligible_leader_replicas);
    partition.last_known_elr = replicas(record.last_known_elr);
    partition.adding = replicas(record.adding_replicas);
    partition.removing = replicas(record.removing_replicas);
    partition.directories = InlineList<Uuid, 1>(record.directories);
    partition.leader = NodeId{record.leader};
    partition.leader_epoch = LeaderEpoch{record.leader_epoch};
    partition.partition_epoch = record.partition_epoch;
    partition.recovering = record.leader_recovery_state == 1;
    partition_to_edit(*topic, index) = std::move(partition);
    return {};
}

Result<void> ImageBuilder::change_partition(const wire::PartitionChangeRecord& record) {
    Topic* topic = topic_to_edit(record.topic_id);
    if (topic == nullptr)
        return damaged("PartitionChangeRecord: no topic with id " + record.topic_id.to_string());
    if (topic->find(record.partition_id) == nullptr)
        return damaged("PartitionChangeRecord: " + topic->name() + " has no partition " +
                       std::to_string(record.partition_id));
    Partition& partition = partition_to_edit(*topic, record.partition_id);
    if (record.replicas) {
        if (record.replicas->empty())
            return damaged("PartitionChangeRecord: " + topic->name() + "-" +
                           std::to_string(record.partition_id) + " without replicas");
        partition.replicas = replicas(*record.replicas);
    }
    if (record.isr) partition.isr = replicas(*record.isr);
    if (record.eligible_leader_replicas) partition.elr = replicas(*record.eligible_leader_replicas);
    if (record.last_known_elr) partition.last_known_elr = replicas(*record.last_known_elr);
    if (record.adding_replicas) partition.adding = replicas(*record.adding_replicas);
    if (record.removing_replicas) partition.removing = replicas(*record.removing_replicas);
    if (record.directories) partition.directories = InlineList<Uuid, 1>(*record.directories);
    if (record.leader != kNoLeaderChange) {
        partition.leader = NodeId{record.leader};
        ++partition.leader_epoch.value;
    }
    if (record.leader_recovery_state >= 0) partition.recovering = record.leader_recovery_state == 1;
    ++partition.partition_epoch;
    return {};
}

Result<void> ImageBuilder::clear_elr(const wire::ClearElrRecord& record) {
    std::vector<TopicId> ids;
    if (!record.topic_name.empty()) {
        const Topic* topic = work_.topic(record.topic_name);
        if (topic == nullptr)
            return damaged("ClearElrRecord: no topic " + std::string(record.topic_name));
        ids.push_back(topic->id());
    } else {
        for (const auto& topic : work_.by_name_)
            ids.push_back(topic->id());
    }
    for (TopicId id : ids) {
        const std::int32_t count = work_.topic(id)->partition_count();
        for (std::int32_t i = 0; i < count; ++i) {
            const Partition* held = work_.topic(id)->find(i);
            if (held == nullptr || (held->elr.empty() && held->last_known_elr.empty())) continue;
            Partition& partition = partition_to_edit(*topic_to_edit(id), i);
            partition.elr = {};
            partition.last_known_elr = {};
            ++partition.partition_epoch;
        }
    }
    return {};
}

Result<void> ImageBuilder::set_config(const wire::ConfigRecord& record) {
    const auto type = static_cast<ResourceType>(record.resource_type);
    const ConfigResource* held = work_.config(type, record.resource_name);
    if (held == nullptr && !record.value) return {};
    auto resource = std::make_shared<ConfigResource>();
    if (held != nullptr) {
        *resource = *held;
    } else {
        resource->type = type;
        resource->name = record.resource_name;
    }
    if (record.value) {
        resource->entries.insert_or_assign(std::string(record.name), std::string(*record.value));
    } else if (const auto at = resource->entries.find(record.name); at != resource->entries.end()) {
        resource->entries.erase(at);
    }
    if (resource->entries.empty()) {
        work_.configs_.erase(edit_, ResourceKey::Key{type, record.resource_name});
    } else {
        work_.configs_.set(edit_, std::move(resource));
    }
    return {};
}

Result<void> ImageBuilder::set_feature(const wire::FeatureLevelRecord& record) {
    if (record.feature_level == 0) {
        if (const auto at = work_.features_.find(record.name); at != work_.features_.end())
            work_.features_.erase(at);
    } else {
        work_.features_.insert_or_assign(std::string(record.name), record.feature_level);
    }
    return {};
}

Result<void> ImageBuilder::set_quota(const wire::ClientQuotaRecord& record, BytesView value) {
    // The same entity may be written in any order.
    std::vector<std::string> parts;
    for (const auto& part : record.entity)
        parts.push_back(std::string(part.entity_type) + '=' +
                        (part.entity_name ? std::string(*part.entity_name) + '.' : "*"));
    std::ranges::sort(parts);
    std::string identity;
    for (const std::string& part : parts)
        identity += part + '\0';
    identity += record.key;
    if (record.remove) {
        work_.carried_.erase(edit_, CarriedKey::Key{record.kRecordType, identity});
    } else {
        carry(record.kRecordType, std::move(identity), value);
    }
    return {};
}

void ImageBuilder::carry(std::int16_t type, std::string identity, BytesView value) {
    auto record = std::make_shared<CarriedRecord>();
    record->type = type;
    record->identity = std::move(identity);
    record->value.assign(value.begin(), value.end());
    work_.carried_.set(edit_, std::move(record));
}

Result<void> ImageBuilder::begin_transaction() {
    if (in_transaction()) return damaged("BeginTransactionRecord inside a transaction");
    before_transaction_ = freeze();
    return {};
}

Result<void> ImageBuilder::end_transaction() {
    if (!in_transaction()) return damaged("EndTransactionRecord without a transaction");
    before_transaction_ = nullptr;
    return {};
}

Result<void> ImageBuilder::abort_transaction() {
    if (!in_transaction()) return damaged("AbortTransactionRecord without a transaction");
    const LogPosition position = work_.position_;
    work_ = *before_transaction_;
    work_.position_ = position;
    before_transaction_ = nullptr;
    // What the transaction made under this number is gone; nothing frozen carries the next one.
    ++edit_;
    return {};
}

Topic* ImageBuilder::topic_to_edit(TopicId id) {
    const auto* held = work_.by_id_.find(id);
    if (held == nullptr) return nullptr;
    if ((*held)->edit_ == edit_) return held->get();
    auto copy = std::make_shared<Topic>(**held);
    copy->edit_ = edit_;
    Topic* topic = copy.get();
    work_.by_name_.set(edit_, copy);
    work_.by_id_.set(edit_, std::move(copy));
    return topic;
}

Topic::Chunk& ImageBuilder::chunk_to_edit(Topic& topic, std::size_t chunk) {
    std::shared_ptr<Topic::Chunk>& held = topic.chunks_[chunk];
    if (held->edit != edit_) {
        held = std::make_shared<Topic::Chunk>(*held);
        held->edit = edit_;
    }
    return *held;
}

Partition& ImageBuilder::partition_to_edit(Topic& topic, std::int32_t index) {
    return chunk_to_edit(topic, Topic::chunk_of(index)).partitions[Topic::place_of(index)];
}

}  // namespace cauce::metadata
