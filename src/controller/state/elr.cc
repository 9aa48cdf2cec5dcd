#include "controller/state/elr.h"

#include "wire/messages/config_record.h"

#include <string>

namespace cauce::controller::state {

void add_elr_safety_records(const Context& context, metadata::RecordList& records) {
    using metadata::ResourceType;
    const metadata::ConfigResource* cluster = context.image.config(ResourceType::broker, "");
    if (cluster == nullptr || !cluster->entries.contains(kMinInsyncReplicas)) {
        // As this controller's file has it, whatever was set for single brokers.
        const metadata::Image nothing_set;
        const metadata::EffectiveConfig file(nothing_set, context.file, context.node);
        const std::string value = *file.broker_value(kMinInsyncReplicas);
        wire::ConfigRecord record;
        record.resource_type = static_cast<std::int8_t>(ResourceType::broker);
        record.name = kMinInsyncReplicas;
        record.value = value;
        records.add(record);
    }
    for (const auto& resource : context.image.configs()) {
        if (resource->type != ResourceType::broker || resource->name.empty() ||
            !resource->entries.contains(kMinInsyncReplicas))
            continue;
        wire::ConfigRecord record;
        record.resource_type = static_cast<std::int8_t>(ResourceType::broker);
        record.resource_name = resource->name;
        record.name = kMinInsyncReplicas;
        record.value.reset();
        records.add(record);
    }
}

}  // namespace cauce::controller::state
