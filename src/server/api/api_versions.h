// ApiVersions: which APIs, versions and features this node speaks (KIP-35, KIP-511, KIP-584). Needs
// no authentication.
#pragma once

#include "server/request_context.h"

namespace cauce::server::api {

using runtime::Task;

Task<Outcome> api_versions(RequestContext& context);

// The answer to a version of ApiVersions that does not exist here: version 0 with
// UNSUPPORTED_VERSION and the range of ApiVersions itself, so that the client can ask again.
Outcome unsupported_api_versions(RequestContext& context);

}  // namespace cauce::server::api
