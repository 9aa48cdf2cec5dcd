#include "sim/workloads/broker_client.h"

#include "sim/close_at.h"
#include "wire/messages/api_versions_request.h"
#include "wire/messages/api_versions_response.h"

#include <algorithm>

namespace cauce::sim {

using runtime::Task;

Task<std::unique_ptr<BrokerClient>> BrokerClient::connect(NodeSeams& seams, runtime::Address broker,
                                                          Findings& findings) {
    const MonoTime deadline = seams.shards.clock().now() + kPatience;
    auto stream = co_await seams.net.connect(std::move(broker), deadline);
    if (!stream) co_return nullptr;
    std::unique_ptr<BrokerClient> client(new BrokerClient(seams, std::move(*stream), findings));
    const bool usable = co_await client->negotiate();
    if (!usable) client.reset();
    co_return client;
}

Task<bool> BrokerClient::negotiate() {
    wire::ApiVersionsRequest request;
    request.client_software_name = "sim";
    request.client_software_version = "1";
    const auto version = static_cast<std::int16_t>(
        seams_.shards.random().between(request.kMinVersion, request.kMaxVersion));
    const auto answer = co_await ask<wire::ApiVersionsResponse>(request, version);
    if (!answer) co_return false;
    if (answer->body.error_code != 0) {
        findings_.add("ApiVersions " + std::to_string(version) + " was answered with error " +
                      std::to_string(answer->body.error_code));
        co_return false;
    }
    for (const auto& api : answer->body.api_keys)
        offered_[static_cast<wire::ApiKey>(api.api_key)] = {api.min_version, api.max_version};
    co_return true;
}

std::int16_t BrokerClient::draw_version(wire::ApiKey key, std::int16_t min, std::int16_t max) {
    const auto [chosen, fresh] = chosen_.emplace(key, std::int16_t{0});
    if (!fresh) return chosen->second;
    const auto offered = offered_.find(key);
    if (offered == offered_.end()) {
        findings_.add("ApiVersions does not offer " + std::string(wire::find_api(key).name));
        return min;
    }
    min = std::max(min, offered->second.first);
    max = std::min(max, offered->second.second);
    chosen->second = static_cast<std::int16_t>(seams_.shards.random().between(min, max));
    return chosen->second;
}

Task<bool> BrokerClient::write(BytesView bytes) {
    const MonoTime deadline = seams_.shards.clock().now() + kPatience;
    const CloseAt patience(*stream_, seams_.shards.timers(), deadline);
    const runtime::WritePart part = bytes;
    co_return (co_await stream_->write(std::span(&part, 1))).has_value();
}

Task<bool> BrokerClient::read(MutableBytes into) {
    while (!into.empty()) {
        const auto got = co_await stream_->read_some(into);
        if (!got || *got == 0) co_return false;
        into = into.subspan(*got);
    }
    co_return true;
}

Task<std::optional<Buffer>> BrokerClient::read_frame() {
    const MonoTime deadline = seams_.shards.clock().now() + kPatience;
    const CloseAt patience(*stream_, seams_.shards.timers(), deadline);
    std::uint8_t prefix[wire::kFrameSizeBytes];
    bool complete = co_await read(prefix);
    if (!complete) co_return std::nullopt;
    const auto size = wire::parse_frame_size(prefix, 100 << 20);
    if (!size) {
        findings_.add("an answer's size: " + size.error().message);
        co_return std::nullopt;
    }
    Buffer frame(*size);
    complete = co_await read(frame);
    if (!complete) co_return std::nullopt;
    co_return frame;
}

void BrokerClient::bad_answer(const Sent& sent, const std::string& what) {
    findings_.add("the answer to " + std::string(wire::find_api(sent.key).name) + " " +
                  std::to_string(sent.version) + ": " + what);
}

}  // namespace cauce::sim
