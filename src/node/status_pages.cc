#include "node/status_pages.h"

#include "http/exposition.h"
#include "node/shard.h"
#include "node/space_watch.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

namespace cauce::node {

namespace {

// "1.2 s".
std::string seconds_text(Duration span) {
    const auto tenths = std::chrono::duration_cast<milliseconds>(span).count() / 100;
    return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " s";
}

std::string text_of(const std::vector<Health::Silence>& silent) {
    std::string text;
    for (const Health::Silence& each : silent) {
        text += text.empty() ? "" : ", ";
        text += "shard " + std::to_string(each.shard) + " has not answered for " +
                seconds_text(each.since);
    }
    return text;
}

// How many replicas this node shall hold.
std::int64_t hosted(const metadata::Image& image, NodeId node) {
    std::int64_t count = 0;
    for (const auto& topic : image.topics()) {
        for (std::int32_t i = 0; i < topic->partition_count(); ++i) {
            const metadata::Partition* partition = topic->find(i);
            if (partition != nullptr && partition->replicas.contains(node)) ++count;
        }
    }
    return count;
}

struct CountPartitions {
    Shard* there;
    Task<std::size_t> operator()() { return run(*there); }
    static Task<std::size_t> run(Shard& shard) { co_return shard.partitions().size(); }
};

Task<bool> send(http::Exchange& exchange, std::string piece) {
    co_return co_await exchange.write(piece);
}

}  // namespace

void StatusPages::serve_on(http::Server& server) {
    const http::Handler live = [this](http::Exchange& exchange) { return livez(exchange); };
    const http::Handler ready = [this](http::Exchange& exchange) { return readyz(exchange); };
    server.route("/livez", live);
    server.route("/readyz", ready);
    // Under the names that other brokers have them.
    server.route("/health/live", live);
    server.route("/health/ready", ready);
    server.route("/metrics", [this](http::Exchange& exchange) { return metrics(exchange); });
}

Task<void> StatusPages::livez(http::Exchange& exchange) {
    const Check shards = co_await check_shards();
    http::Response response;
    response.status = shards.passed ? http::Status::ok : http::Status::service_unavailable;
    response.body = (shards.passed ? "alive: " : "not alive: ") + shards.text + "\n";
    co_await exchange.reply(std::move(response));
}

Task<void> StatusPages::readyz(http::Exchange& exchange) {
    const Check shards = co_await check_shards();
    const Check start = co_await check_start();
    const bool ready = shards.passed && start.passed;
    http::Response response;
    response.status = ready ? http::Status::ok : http::Status::service_unavailable;
    response.body = ready           ? "ready\n"
                    : !start.passed ? "not ready: " + start.text + "\n"
                                    : "not ready: " + shards.text + "\n";
    // Said and no reason to take the node out of service: records can be read and deleted here.
    const std::string room = room_text();
    const bool verbose = exchange.request().query == "verbose";
    if (!verbose) response.body += room;
    if (verbose) {
        for (const Check* check : {&shards, &start})
            response.body += (check->passed ? "[+] " : "[-] ") + check->text + "\n";
        response.body += room.empty() ? "[+] there is room on the disks\n" : "[!] " + room;
    }
    co_await exchange.reply(std::move(response));
}

Task<StatusPages::Check> StatusPages::check_shards() {
    const std::vector<Health::Silence> silent = co_await health_.silent_shards();
    Check check;
    check.passed = std::ranges::none_of(silent, &Health::Silence::is_death);
    check.text = silent.empty() ? "all " + std::to_string(here_.count()) + " shards answer"
                                : text_of(silent);
    co_return check;
}

Task<StatusPages::Check> StatusPages::check_start() {
    const Phase phase = health_.phase();
    Check check;
    check.passed = phase == Phase::serving;
    check.text = name_of(phase);
    if (check.passed) co_return check;
    if (phase == Phase::recovering) check.text += co_await recovery_progress();
    check.text += ", for " + seconds_text(health_.phase_age()) + " now";
    co_return check;
}

// A line for each disk that runs full.
std::string StatusPages::room_text() const {
    std::string text;
    for (const DirectoryFacts& directory : source_.node_facts().directories) {
        const std::string line = space_text(directory.path, directory.space);
        if (!line.empty()) text += line + "\n";
    }
    return text;
}

// ": 3 of 10 are open, about 2.0 s to go"; what is not known is left out.
Task<std::string> StatusPages::recovery_progress() {
    const NodeFacts facts = source_.node_facts();
    const std::vector<Shard*> shards = source_.shards();
    if (!facts.image || shards.empty()) co_return "";
    std::int64_t open = 0;
    for (unsigned i = 0; i < shards.size(); ++i) {
        CountPartitions count{shards[i]};
        open += static_cast<std::int64_t>(co_await here_.on(i, count));
    }
    const std::int64_t all = hosted(*facts.image, facts.node);
    std::string text = ": " + std::to_string(open) + " of " + std::to_string(all) + " are open";
    if (open > 0 && open < all)
        text += ", about " + seconds_text(health_.phase_age() * (all - open) / open) + " to go";
    co_return text;
}

Task<void> StatusPages::metrics(http::Exchange& exchange) {
    while (scrapes_.size() >= kScrapesMax)
        co_await scrape_ended_.wait_until(here_.timers(), cut_off_a_scrape());
    const auto place = scrapes_.insert(scrapes_.end(), Scrape(&exchange, here_.clock().now()));
    co_await scrape(exchange);
    scrapes_.erase(place);
    scrape_ended_.notify_all();
}

MonoTime StatusPages::cut_off_a_scrape() {
    const MonoTime now = here_.clock().now();
    for (Scrape& each : scrapes_) {
        if (each.cut_off) continue;
        if (now - each.since < kScrapeTime) return each.since + kScrapeTime;
        each.cut_off = true;
        each.exchange->abandon();
        break;
    }
    // What was cut off ends at once, or this asks again.
    return now + kScrapeTime;
}

Task<void> StatusPages::scrape(http::Exchange& exchange) {
    // A shard that hangs must not hang its observers too.
    const std::vector<Health::Silence> silent = co_await health_.silent_shards();
    if (!silent.empty()) {
        http::Response response{http::Status::service_unavailable,
                                "No metrics now: " + text_of(silent) + ".\n"};
        co_await exchange.reply(std::move(response));
        co_return;
    }
    const NodeFacts facts =
        co_await with_shards(here_, source_.node_facts(), source_.shards(), Detail::totals);
    const live::RequestTimes late = recent_.recent(request_times(facts), here_.clock().now());
    co_await exchange.begin(http::Status::ok, http::kExpositionType);
    const Deliver deliver = [&exchange](std::string piece) {
        return send(exchange, std::move(piece));
    };
    co_await write_metrics(facts, late, deliver);
    co_await exchange.end();
}

}  // namespace cauce::node
