#include "server/api/api_versions.h"

#include "metadata/features.h"
#include "metadata/image.h"
#include "server/dispatch.h"
#include "wire/messages/api_versions_request.h"
#include "wire/messages/api_versions_response.h"

#include <algorithm>
#include <cctype>

namespace cauce::server::api {

namespace {

// Letters and digits, with '-' and '.' inside: names end up in metrics and logs (KIP-511).
bool is_software_name(std::string_view text) {
    const auto plain = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; };
    if (text.empty() || !plain(text.front()) || !plain(text.back())) return false;
    return std::ranges::all_of(text, [&](char c) { return plain(c) || c == '-' || c == '.'; });
}

wire::ApiVersionsResponse::ApiVersion range_of(const Api& api) {
    wire::ApiVersionsResponse::ApiVersion range;
    range.api_key = static_cast<std::int16_t>(api.key);
    range.min_version = api.min_version;
    range.max_version = api.max_version;
    return range;
}

// From version 5 a client may say whom it means to talk to; somebody else must not answer for them
// (KIP-1242).
ErrorCode check_addressee(const RequestContext& context, const wire::ApiVersionsRequest& request) {
    const bool named_cluster = request.cluster_id.has_value();
    const bool named_node = request.node_id != -1;
    if (named_cluster != named_node) return ErrorCode::invalid_request;
    const Settings& settings = context.shard.settings;
    if (named_cluster &&
        (*request.cluster_id != settings.cluster_id || request.node_id != settings.node_id.value))
        return ErrorCode::rebootstrap_required;
    return ErrorCode::none;
}

}  // namespace

Task<Outcome> api_versions(RequestContext& context) {
    wire::ApiVersionsRequest request;
    if (!context.decode(request)) co_return Outcome::close;

    wire::ApiVersionsResponse response;
    if (context.version() >= 3) {
        if (!is_software_name(request.client_software_name) ||
            !is_software_name(request.client_software_version)) {
            response.error_code = to_wire(ErrorCode::invalid_request);
            co_return context.reply(response);
        }
        live::Client& client = context.client;
        client.software_name = live::Client::kept(request.client_software_name);
        client.software_version = live::Client::kept(request.client_software_version);
    }
    if (const ErrorCode error = check_addressee(context, request); error != ErrorCode::none) {
        response.error_code = to_wire(error);
        co_return context.reply(response);
    }

    for (const Api& api : served_apis())
        response.api_keys.push_back(range_of(api));
    std::ranges::sort(response.api_keys, {}, &wire::ApiVersionsResponse::ApiVersion::api_key);

    const auto image = context.shard.image;
    for (const metadata::SupportedFeature& feature : metadata::supported_features()) {
        // Clients older than version 4 refuse a range that starts at 0 (KAFKA-17011).
        if (feature.min == 0 && context.version() < 4) continue;
        response.supported_features.push_back({feature.name, feature.min, feature.max});
    }
    for (const auto& [name, level] : image->features()) {
        if (level > 0) response.finalized_features.push_back({name, level, level});
    }
    if (const std::int16_t level = context.shard.settings.kraft_version; level > 0)
        response.finalized_features.push_back({metadata::kKraftVersion, level, level});
    response.finalized_features_epoch = image->position().offset.value;
    co_return context.reply(response);
}

Outcome unsupported_api_versions(RequestContext& context) {
    wire::ApiVersionsResponse response;
    response.error_code = to_wire(ErrorCode::unsupported_version);
    for (const Api& api : served_apis()) {
        if (api.key == wire::ApiKey::api_versions) response.api_keys.push_back(range_of(api));
    }
    return context.reply_at(response, 0);
}

}  // namespace cauce::server::api
