#include "cli/stored_record.h"

#include "cli/value.h"
#include "wire/control_batch.h"
#include "wire/messages/abort_transaction_record.h"
#include "wire/messages/begin_transaction_record.h"
#include "wire/messages/broker_registration_change_record.h"
#include "wire/messages/client_quota_record.h"
#include "wire/messages/config_record.h"
#include "wire/messages/end_transaction_record.h"
#include "wire/messages/feature_level_record.h"
#include "wire/messages/group_metadata_key.h"
#include "wire/messages/group_metadata_value.h"
#include "wire/messages/legacy_offset_commit_key.h"
#include "wire/messages/no_op_record.h"
#include "wire/messages/offset_commit_key.h"
#include "wire/messages/offset_commit_value.h"
#include "wire/messages/partition_change_record.h"
#include "wire/messages/partition_record.h"
#include "wire/messages/producer_ids_record.h"
#include "wire/messages/register_broker_record.h"
#include "wire/messages/register_controller_record.h"
#include "wire/messages/remove_topic_record.h"
#include "wire/messages/topic_record.h"
#include "wire/messages/unregister_broker_record.h"
#include "wire/reader.h"
#include "wire/record_frame.h"

#include <utility>
#include <vector>

namespace cauce::cli {
namespace {

using Fields = Value::Fields;

Value nullable(const std::optional<std::string_view>& text) {
    return text ? Value(*text) : Value();
}
Value numbers(const std::optional<std::vector<std::int32_t>>& list) {
    return list ? Value::list_of(*list) : Value();
}
// Adds a field that a record may leave out.
template <typename List>
void add_if(Fields& fields, const char* name, const std::optional<List>& list) {
    if (list) fields.emplace_back(name, numbers(list));
}

template <typename Endpoints>
Value endpoints_of(const Endpoints& endpoints) {
    std::vector<std::string> all;
    for (const auto& e : endpoints)
        all.push_back(std::string(e.name) + "://" + std::string(e.host) + ":" +
                      std::to_string(e.port));
    return Value::list_of(all);
}
template <typename Features>
Value features_of(const Features& features) {
    std::vector<std::string> all;
    for (const auto& f : features)
        all.push_back(std::string(f.name) + " " + std::to_string(f.min_supported_version) + "-" +
                      std::to_string(f.max_supported_version));
    return Value::list_of(all);
}

Fields fields_of(const wire::TopicRecord& r) {
    return {{"name", r.name}, {"topic_id", r.topic_id.to_string()}};
}
Fields fields_of(const wire::RemoveTopicRecord& r) {
    return {{"topic_id", r.topic_id.to_string()}};
}
Fields fields_of(const wire::PartitionRecord& r) {
    return {{"topic_id", r.topic_id.to_string()},
            {"partition", r.partition_id},
            {"replicas", Value::list_of(r.replicas)},
            {"isr", Value::list_of(r.isr)},
            {"leader", r.leader},
            {"leader_epoch", r.leader_epoch},
            {"partition_epoch", r.partition_epoch}};
}
Fields fields_of(const wire::PartitionChangeRecord& r) {
    Fields fields{{"topic_id", r.topic_id.to_string()}, {"partition", r.partition_id}};
    // -2: it stays.
    if (r.leader != -2) fields.emplace_back("leader", r.leader);
    add_if(fields, "isr", r.isr);
    add_if(fields, "replicas", r.replicas);
    add_if(fields, "eligible_leader_replicas", r.eligible_leader_replicas);
    return fields;
}
Fields fields_of(const wire::ConfigRecord& r) {
    return {{"resource_type", r.resource_type},
            {"resource_name", r.resource_name},
            {"name", r.name},
            {"value", nullable(r.value)}};
}
Fields fields_of(const wire::FeatureLevelRecord& r) {
    return {{"name", r.name}, {"feature_level", r.feature_level}};
}
Fields fields_of(const wire::ProducerIdsRecord& r) {
    return {{"broker_id", r.broker_id}, {"next_producer_id", r.next_producer_id}};
}
Fields fields_of(const wire::RegisterBrokerRecord& r) {
    return {{"broker_id", r.broker_id},
            {"broker_epoch", r.broker_epoch},
            {"incarnation_id", r.incarnation_id.to_string()},
            {"end_points", endpoints_of(r.end_points)},
            {"features", features_of(r.features)},
            {"fenced", r.fenced}};
}
Fields fields_of(const wire::UnregisterBrokerRecord& r) {
    return {{"broker_id", r.broker_id}, {"broker_epoch", r.broker_epoch}};
}
Fields fields_of(const wire::BrokerRegistrationChangeRecord& r) {
    return {{"broker_id", r.broker_id},
            {"broker_epoch", r.broker_epoch},
            {"fenced", r.fenced},
            {"in_controlled_shutdown", r.in_controlled_shutdown}};
}
Fields fields_of(const wire::RegisterControllerRecord& r) {
    return {{"controller_id", r.controller_id},
            {"incarnation_id", r.incarnation_id.to_string()},
            {"end_points", endpoints_of(r.end_points)},
            {"features", features_of(r.features)}};
}
Fields fields_of(const wire::ClientQuotaRecord& r) {
    std::vector<std::string> entity;
    for (const auto& part : r.entity)
        entity.push_back(std::string(part.entity_type) + "=" +
                         std::string(part.entity_name.value_or("<default>")));
    return {{"entity", Value::list_of(entity)}, {"key", r.key}, {"remove", r.remove}};
}
Fields fields_of(const wire::BeginTransactionRecord& r) {
    return {{"name", nullable(r.name)}};
}
Fields fields_of(const wire::AbortTransactionRecord& r) {
    return {{"reason", nullable(r.reason)}};
}
Fields fields_of(const wire::EndTransactionRecord&) {
    return {};
}
Fields fields_of(const wire::NoOpRecord&) {
    return {};
}

std::string with_fields(std::string_view name, Fields fields) {
    std::string text(name);
    if (fields.empty()) return text;
    text += ' ';
    append_json(text, Value(std::move(fields)));
    return text;
}

// Tries the types one after another; false when none of them is it.
template <typename... Records>
bool metadata_text(std::string& text, std::uint32_t type, std::int16_t version, BytesView body) {
    const auto try_one = [&]<typename Record>() {
        if (type != static_cast<std::uint32_t>(Record::kRecordType)) return false;
        Record record;
        wire::Reader reader(body);
        if (version > Record::kMaxVersion) {
            text = std::string(Record::kName) + " version " + std::to_string(version);
            return true;
        }
        record.decode(reader, version);
        text = reader.ok() ? with_fields(Record::kName, fields_of(record))
                           : std::string(Record::kName) + ", damaged: " + reader.error();
        return true;
    };
    return (try_one.template operator()<Records>() || ...);
}

std::string metadata_record_text(BytesView value) {
    wire::Reader reader(value);
    const wire::MetadataRecordHeader header = wire::read_metadata_record_header(reader);
    if (!reader.ok()) return "damaged: " + reader.error();
    std::string text;
    if (!metadata_text<wire::TopicRecord, wire::RemoveTopicRecord, wire::PartitionRecord,
                       wire::PartitionChangeRecord, wire::ConfigRecord, wire::FeatureLevelRecord,
                       wire::ProducerIdsRecord, wire::RegisterBrokerRecord,
                       wire::UnregisterBrokerRecord, wire::BrokerRegistrationChangeRecord,
                       wire::RegisterControllerRecord, wire::ClientQuotaRecord,
                       wire::BeginTransactionRecord, wire::AbortTransactionRecord,
                       wire::EndTransactionRecord, wire::NoOpRecord>(text, header.type,
                                                                     header.version, reader.rest()))
        text = "record type " + std::to_string(header.type) + " version " +
               std::to_string(header.version) + ", " + std::to_string(reader.rest().size()) +
               " bytes";
    return text;
}

StoredRecordText group_record_text(const wire::Record& record) {
    StoredRecordText text;
    if (!record.key) return text;
    wire::Reader key(*record.key);
    const std::int16_t type = key.int16();
    const bool position = type == wire::OffsetCommitKey::kRecordType ||
                          type == wire::LegacyOffsetCommitKey::kRecordType;
    if (record.value) text.value = std::to_string(record.value->size()) + " bytes";
    if (position) {
        wire::OffsetCommitKey decoded;
        decoded.decode(key, wire::OffsetCommitKey::kMaxVersion);
        text.key = with_fields(
            "position",
            {{"group", decoded.group}, {"topic", decoded.topic}, {"partition", decoded.partition}});
        if (record.value) {
            wire::Reader reader(*record.value);
            const auto value = wire::read_versioned<wire::OffsetCommitValue>(reader);
            if (reader.ok())
                text.value = with_fields("", {{"offset", value.offset},
                                              {"leader_epoch", value.leader_epoch},
                                              {"metadata", value.metadata},
                                              {"commit_timestamp", value.commit_timestamp}})
                                 .substr(1);
        }
    } else if (type == wire::GroupMetadataKey::kRecordType) {
        wire::GroupMetadataKey decoded;
        decoded.decode(key, wire::GroupMetadataKey::kMaxVersion);
        text.key = with_fields("group", {{"group", decoded.group}});
        if (record.value) {
            wire::Reader reader(*record.value);
            const auto value = wire::read_versioned<wire::GroupMetadataValue>(reader);
            std::vector<std::string> members;
            for (const auto& member : value.members)
                members.emplace_back(member.member_id);
            if (reader.ok())
                text.value = with_fields("", {{"protocol_type", value.protocol_type},
                                              {"generation", value.generation},
                                              {"protocol", nullable(value.protocol)},
                                              {"leader", nullable(value.leader)},
                                              {"members", Value::list_of(members)}})
                                 .substr(1);
        }
    } else {
        // All keys of all protocols begin with the group's id.
        const std::string_view group = key.string(false, "group_id");
        text.key = with_fields("record type " + std::to_string(type), {{"group", group}});
    }
    if (!key.ok()) text.key = "damaged: " + key.error();
    return text;
}

std::optional<std::string> plain(const std::optional<wire::Bytes>& bytes) {
    if (!bytes) return std::nullopt;
    return std::string(as_text(BytesView(*bytes)));
}

}  // namespace

StoredRecordKind stored_record_kind(std::string_view folder) {
    const std::string_view name = folder.substr(folder.rfind('/') + 1);
    if (name.starts_with("__cluster_metadata-")) return StoredRecordKind::metadata;
    if (name.starts_with("__consumer_offsets-")) return StoredRecordKind::groups;
    return StoredRecordKind::data;
}

StoredRecordText stored_record_text(StoredRecordKind kind, const wire::Record& record) {
    if (kind == StoredRecordKind::groups) return group_record_text(record);
    if (kind == StoredRecordKind::metadata && record.value)
        return {plain(record.key), metadata_record_text(BytesView(*record.value))};
    return {plain(record.key), plain(record.value)};
}

StoredRecordText control_record_text(const wire::Record& record) {
    const auto type = wire::control_type(record);
    if (!type) return {"control record", std::nullopt};
    switch (*type) {
        case wire::ControlType::abort:
            return {"abort", std::nullopt};
        case wire::ControlType::commit:
            return {"commit", std::nullopt};
        case wire::ControlType::leader_change:
            return {"LeaderChange", std::nullopt};
        case wire::ControlType::snapshot_header:
            return {"SnapshotHeader", std::nullopt};
        case wire::ControlType::snapshot_footer:
            return {"SnapshotFooter", std::nullopt};
        case wire::ControlType::kraft_version:
            return {"KRaftVersion", std::nullopt};
        case wire::ControlType::kraft_voters:
            return {"KRaftVoters", std::nullopt};
    }
    return {"control record of type " + std::to_string(static_cast<int>(*type)), std::nullopt};
}

}  // namespace cauce::cli
