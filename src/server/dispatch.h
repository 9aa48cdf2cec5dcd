// From an API key to the function that serves it. One table: what is in it is served and
// advertised, nothing else.
#pragma once

#include "base/bytes.h"
#include "runtime/task.h"
#include "server/request_context.h"
#include "wire/api_table.h"

#include <cstdint>
#include <span>

namespace cauce::server {

using runtime::Task;

struct Api {
    wire::ApiKey key;
    // As advertised. Produce is advertised from 0 because old librdkafka looks for it, and taken
    // from 3 (KAFKA-18659).
    std::int16_t min_version;
    std::int16_t max_version;
    Task<Outcome> (*serve)(RequestContext&);
};

// All served APIs, by key.
std::span<const Api> served_apis();

// Serves one request: reads its header, finds its API, checks the version. A key or version that is
// not served closes the connection, as in Kafka; ApiVersions answers with the versions there are.
Task<Outcome> dispatch(RequestContext& context);

// True when the request in `frame` may run beside the one before it (Produce).
bool may_overlap(BytesView frame);

}  // namespace cauce::server
