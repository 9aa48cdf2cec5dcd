#include "server/api/describe_configs.h"

#include "base/contains.h"
#include "metadata/effective_config.h"
#include "metadata/image.h"
#include "wire/messages/describe_configs_request.h"
#include "wire/messages/describe_configs_response.h"

#include <algorithm>
#include <charconv>
#include <expected>

namespace cauce::server::api {

namespace {

using Request = wire::DescribeConfigsRequest;
using Response = wire::DescribeConfigsResponse;
using Entries = std::vector<metadata::ConfigEntry>;

// `otherwise` is what the resource could be called instead.
Result<void> check_broker_id(const RequestContext& context, std::string_view name,
                             const std::string& otherwise) {
    std::int32_t id = -1;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), id);
    const NodeId self = context.shard.settings.node_id;
    if (error != std::errc() || end != name.data() + name.size())
        return fail(ErrorCode::invalid_request,
                    "Broker id must be an integer, but it is: " + std::string(name));
    if (id != self.value)
        return fail(ErrorCode::invalid_request, "Unexpected broker id, expected " +
                                                    std::to_string(self.value) + otherwise +
                                                    " but received " + std::string(name));
    return {};
}

Result<Entries> describe_broker(const RequestContext& context,
                                const metadata::EffectiveConfig& config, std::string_view name) {
    if (name.empty()) return config.describe_default_broker();
    RETURN_IF_ERROR(check_broker_id(context, name, " or empty string,"));
    return config.describe_broker();
}

Result<Entries> describe(const RequestContext& context, const metadata::Image& image,
                         const Request::DescribeConfigsResource& resource) {
    const metadata::EffectiveConfig config(image, context.shard.settings.file,
                                           context.shard.settings.node_id);
    switch (static_cast<metadata::ResourceType>(resource.resource_type)) {
        case metadata::ResourceType::topic:
            if (image.topic(resource.resource_name) == nullptr)
                return fail(ErrorCode::unknown_topic_or_partition);
            return config.describe_topic(resource.resource_name);
        case metadata::ResourceType::broker:
            return describe_broker(context, config, resource.resource_name);
        case metadata::ResourceType::group:
            if (resource.resource_name.empty())
                return fail(ErrorCode::invalid_request, "Group name must not be empty");
            return config.describe_group(resource.resource_name);
        case metadata::ResourceType::client_metrics:
            if (resource.resource_name.empty())
                return fail(ErrorCode::invalid_request,
                            "Client metrics subscription name must not be empty");
            return config.describe_client_metrics(resource.resource_name);
        case metadata::ResourceType::broker_logger:
            // There are no loggers with levels of their own.
            if (resource.resource_name.empty())
                return fail(ErrorCode::invalid_request, "Broker id must not be empty");
            RETURN_IF_ERROR(check_broker_id(context, resource.resource_name, ""));
            return Entries{};
        default:
            return fail(ErrorCode::invalid_request,
                        "This version of Cauce has no configuration of resource type " +
                            std::to_string(resource.resource_type));
    }
}

bool is_asked(const Request::DescribeConfigsResource& resource, std::string_view key) {
    // Null, and for old clients the empty list, mean all.
    if (!resource.configuration_keys || resource.configuration_keys->empty()) return true;
    return contains(*resource.configuration_keys, key);
}

}  // namespace

Task<Outcome> describe_configs(RequestContext& context) {
    Request request;
    if (!context.decode(request)) co_return Outcome::close;
    const auto image = context.shard.image;
    Response response;
    std::vector<Entries> described;  // what the response shows
    described.reserve(request.resources.size());
    for (const auto& resource : request.resources) {
        Response::DescribeConfigsResult& out = response.results.emplace_back();
        out.resource_type = resource.resource_type;
        out.resource_name = resource.resource_name;
        auto entries = describe(context, *image, resource);
        if (!entries) {
            out.error_code = to_wire(entries.error().code);
            out.error_message = context.keep(std::move(entries).error().message);
            continue;
        }
        for (const metadata::ConfigEntry& entry : described.emplace_back(*std::move(entries))) {
            if (!is_asked(resource, entry.key->name)) continue;
            Response::DescribeConfigsResourceResult& config = out.configs.emplace_back();
            config.name = entry.key->name;
            config.value = entry.value;
            config.read_only = entry.read_only;
            config.config_source = static_cast<std::int8_t>(entry.source);
            config.is_sensitive = entry.key->sensitive();
            config.config_type = static_cast<std::int8_t>(entry.key->type);
            if (request.include_documentation) config.documentation = entry.key->text;
            if (!request.include_synonyms) continue;
            for (const auto& synonym : entry.synonyms)
                config.synonyms.push_back(
                    {synonym.name, synonym.value, static_cast<std::int8_t>(synonym.source)});
        }
    }
    co_return context.reply(response);
}

}  // namespace cauce::server::api
