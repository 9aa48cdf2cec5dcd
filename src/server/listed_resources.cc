#include "server/listed_resources.h"

#include <algorithm>
#include <array>

namespace cauce::server {

using metadata::ResourceType;

Result<std::vector<ListedResource>> listed_resources(const metadata::Image& image,
                                                     std::string_view listener,
                                                     std::span<const std::int8_t> types) {
    // In the order in which Kafka lists them.
    constexpr std::array kListed = {ResourceType::group, ResourceType::client_metrics,
                                    ResourceType::broker_logger, ResourceType::broker,
                                    ResourceType::topic};
    for (std::int8_t type : types) {
        if (std::ranges::find(kListed, static_cast<ResourceType>(type)) == kListed.end())
            return fail(ErrorCode::unsupported_version,
                        "Unexpected resource type " + std::to_string(type) + ".");
    }
    std::vector<ListedResource> out;
    for (ResourceType type : kListed) {
        const auto number = static_cast<std::int8_t>(type);
        if (!types.empty() && std::ranges::find(types, number) == types.end()) continue;
        switch (type) {
            case ResourceType::topic:
                for (const auto& topic : image.topics())
                    out.push_back({type, topic->name()});
                break;
            case ResourceType::broker:
            case ResourceType::broker_logger:
                for (const auto& broker : image.brokers()) {
                    if (!broker->fenced && broker->endpoint(listener) != nullptr)
                        out.push_back({type, std::to_string(broker->id.value)});
                }
                break;
            default:
                for (const auto& resource : image.configs()) {
                    if (resource->type == type) out.push_back({type, resource->name});
                }
        }
    }
    return out;
}

}  // namespace cauce::server
