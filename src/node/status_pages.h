// The pages that say how the node is: /metrics, /livez, /readyz. On shard 0; the other shards are
// asked when somebody asks us, and never otherwise.
#pragma once

#include "http/server.h"
#include "node/facts.h"
#include "node/health.h"
#include "node/metrics_text.h"
#include "runtime/shards.h"

#include <list>
#include <string>
#include <vector>

namespace cauce::node {

class StatusPages {
public:
    // What only the node itself knows. Asked on shard 0.
    class Source {
    public:
        // All but `shards`.
        virtual NodeFacts node_facts() const = 0;
        // One a shard, to be used there; none before they are made.
        virtual std::vector<Shard*> shards() const = 0;

    protected:
        ~Source() = default;
    };

    StatusPages(runtime::Shards& here, Health& health, const Source& source)
        : here_(here), health_(health), source_(source) {}
    StatusPages(const StatusPages&) = delete;
    StatusPages& operator=(const StatusPages&) = delete;

    // `server` is closed before this object goes.
    void serve_on(http::Server& server);

private:
    // A scrape of many partitions takes megabytes until it is read, so that no more go on at a
    // time. Who reads for longer than that makes room when another one waits.
    static constexpr std::size_t kScrapesMax = 4;
    static constexpr Duration kScrapeTime = seconds(2);

    struct Scrape {
        http::Exchange* exchange;
        MonoTime since;
        bool cut_off = false;
    };

    struct Check {
        bool passed = false;
        std::string text;
    };

    Task<void> livez(http::Exchange& exchange);
    Task<void> readyz(http::Exchange& exchange);
    Task<void> metrics(http::Exchange& exchange);
    Task<void> scrape(http::Exchange& exchange);
    // Lets go of one that takes long; the time when there may be one.
    MonoTime cut_off_a_scrape();

    Task<Check> check_shards();
    Task<Check> check_start();
    Task<std::string> recovery_progress();
    std::string room_text() const;

    runtime::Shards& here_;
    Health& health_;
    const Source& source_;
    RecentTimes recent_;
    std::list<Scrape> scrapes_;  // under way, oldest first
    runtime::WaitList scrape_ended_;
};

}  // namespace cauce::node
