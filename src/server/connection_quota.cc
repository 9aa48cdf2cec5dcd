#include "server/connection_quota.h"

#include "base/check.h"

#include <utility>

namespace cauce::server {

std::int32_t ConnectionQuota::most_from(const std::string& host) const {
    const auto special = limits_.per_address_overrides.find(host);
    return special == limits_.per_address_overrides.end() ? limits_.per_address : special->second;
}

void ConnectionQuota::set_limits(ConnectionLimits limits) {
    limits_ = std::move(limits);
    freed_.notify_all();
}

bool ConnectionQuota::enter(const std::string& host) {
    std::int32_t& count = by_host_[host];
    if (count >= most_from(host)) {
        if (count == 0) by_host_.erase(host);
        return false;
    }
    ++count;
    ++total_;
    return true;
}

void ConnectionQuota::leave(const std::string& host) {
    const auto found = by_host_.find(host);
    CHECK(found != by_host_.end());
    if (--found->second == 0) by_host_.erase(found);
    --total_;
    freed_.notify_all();
}

runtime::Task<void> ConnectionQuota::leave_on(runtime::Shards& here, std::string host) {
    struct Leave {
        ConnectionQuota* quota;
        std::string host;
        runtime::Task<void> operator()() { return run(*quota, std::move(host)); }
        static runtime::Task<void> run(ConnectionQuota& where, std::string whose) {
            where.leave(whose);
            co_return;
        }
    };
    Leave leave{this, std::move(host)};
    co_await here.on(home_, std::move(leave));
}

}  // namespace cauce::server
