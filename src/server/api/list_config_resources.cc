#include "server/api/list_config_resources.h"

#include "metadata/image.h"
#include "server/listed_resources.h"
#include "wire/messages/list_config_resources_request.h"
#include "wire/messages/list_config_resources_response.h"

namespace cauce::server::api {

Task<Outcome> list_config_resources(RequestContext& context) {
    wire::ListConfigResourcesRequest request;
    if (!context.decode(request)) co_return Outcome::close;
    using metadata::ResourceType;
    std::vector<std::int8_t> types{static_cast<std::int8_t>(ResourceType::client_metrics)};
    if (context.version() >= 1) types = request.resource_types;
    const auto image = context.shard.image;
    wire::ListConfigResourcesResponse response;
    const auto listed = listed_resources(*image, context.listener.name, types);
    if (!listed) {
        response.error_code = to_wire(listed.error().code);
        co_return context.reply(response);
    }
    for (const ListedResource& resource : *listed)
        response.config_resources.push_back(
            {resource.name, static_cast<std::int8_t>(resource.type)});
    co_return context.reply(response);
}

}  // namespace cauce::server::api
