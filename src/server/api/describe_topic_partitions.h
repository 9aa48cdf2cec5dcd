// DescribeTopicPartitions: topics and their partitions page by page, with eligible leader replicas
// (KIP-966).
#pragma once

#include "metadata/image.h"
#include "server/request_context.h"
#include "wire/messages/describe_topic_partitions_request.h"
#include "wire/messages/describe_topic_partitions_response.h"

#include <cstdint>
#include <string_view>

namespace cauce::server::api {

using runtime::Task;

Task<Outcome> describe_topic_partitions(RequestContext& context);

// The page that begins at the request's cursor and holds at most `limit` partitions. Topics come in
// the order of their names. Shows texts of the image and of the request.
wire::DescribeTopicPartitionsResponse topic_page(
    const cauce::metadata::Image& image, const wire::DescribeTopicPartitionsRequest& request,
    std::string_view listener, std::int32_t limit);

}  // namespace cauce::server::api
