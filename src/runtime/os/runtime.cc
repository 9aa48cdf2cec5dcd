#include "runtime/os/runtime.h"

#include "runtime/os/entropy.h"
#include "runtime/os/parts.h"

#include <atomic>
#include <csignal>
#include <pthread.h>
#include <string>
#include <sys/resource.h>
#include <vector>

namespace cauce::runtime::os {
namespace {

void raise_file_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);  // a limit that stays low is met where it hurts
}

// Ends the loop of the shard it arrives at.
class EndOfRun final : public ShardMessage {
public:
    explicit EndOfRun(Shard& shard) : shard_(shard) {}
    void arrive(Shards&) override { shard_.end(); }

private:
    Shard& shard_;
};

// One run(): counts the shards whose main has not ended. All loops turn until the last has, because
// a shard whose own main is over may still be called by the others.
class Run {
public:
    Run(const std::vector<std::unique_ptr<Shard>>& shards,
        const std::function<Task<void>(unsigned)>& main)
        : main_(main), shards_(shards), left_(shards.size()) {
        ends_.reserve(shards.size());
        for (const auto& shard : shards)
            ends_.emplace_back(*shard);
    }

    // On the shard's own thread. Returns when the run is over, or was given up.
    void serve(Shard& shard) {
        phase_.wait(Phase::gathering);
        if (phase_ == Phase::given_up) return;
        shard.roots().spawn(root(shard.self()));
        shard.run();
    }

    // All threads are there: go.
    void begin() { enter(Phase::running); }
    // A thread could not be started: those that were go home.
    void give_up() { enter(Phase::given_up); }

private:
    enum class Phase { gathering, running, given_up };

    void enter(Phase phase) {
        phase_ = phase;
        phase_.notify_all();
    }

    Task<void> root(unsigned shard) {
        co_await main_(shard);
        if (left_.fetch_sub(1) != 1) co_return;
        for (std::size_t i = 0; i < shards_.size(); ++i)
            shards_[i]->deliver(ends_[i]);
    }

    const std::function<Task<void>(unsigned)>& main_;
    const std::vector<std::unique_ptr<Shard>>& shards_;
    std::vector<EndOfRun> ends_;
    std::atomic<std::size_t> left_;
    std::atomic<Phase> phase_ = Phase::gathering;
};

// What a new thread is told.
struct ThreadStart {
    Run& run;
    Shard& shard;
};

void* shard_thread(void* argument) {
    const auto* start = static_cast<ThreadStart*>(argument);
    const std::string name = "cauce-shard-" + std::to_string(start->shard.self());
    ::pthread_setname_np(::pthread_self(), name.substr(0, 15).c_str());  // the kernel's limit
    start->run.serve(start->shard);
    return nullptr;
}

}  // namespace

IoResult<std::unique_ptr<Runtime>> Runtime::make(const RuntimeOptions& options) {
    CHECK(options.shards > 0);
    raise_file_limit();
    // sendfile has no flag against it.
    std::signal(SIGPIPE, SIG_IGN);

    auto parts = std::make_unique<Parts>();
    for (unsigned i = 0; i < options.shards; ++i) {
        ASSIGN_OR_RETURN(Reactor reactor, Reactor::make());
        parts->shards.push_back(std::make_unique<Shard>(i, parts->shards, std::move(reactor),
                                                        parts->pool, random_seed()));
        parts->disks.emplace_back(*parts->shards.back());
        parts->nets.emplace_back(*parts->shards.back(), Logger(options.log, "Net"));
    }
    if (options.stop_on_signals) {
        ASSIGN_OR_RETURN(parts->signals, StopSignals::install(*parts->shards[0], parts->stop));
    }
    return std::unique_ptr<Runtime>(new Runtime(std::move(parts)));
}

Runtime::Runtime(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Runtime::~Runtime() = default;

unsigned Runtime::shard_count() const {
    return static_cast<unsigned>(parts_->shards.size());
}
Shards& Runtime::shards(unsigned shard) {
    return *parts_->shards[shard];
}
Disk& Runtime::disk(unsigned shard) {
    return parts_->disks[shard];
}
Net& Runtime::net(unsigned shard) {
    return parts_->nets[shard];
}
Stop& Runtime::stop() {
    return parts_->stop;
}

IoResult<void> Runtime::run(const std::function<Task<void>(unsigned shard)>& main) {
    auto& shards = parts_->shards;
    Run run(shards, main);
    std::vector<ThreadStart> starts;
    for (std::size_t i = 1; i < shards.size(); ++i)
        starts.push_back({run, *shards[i]});
    std::vector<pthread_t> threads;
    int error = 0;
    for (std::size_t i = 0; i < starts.size() && error == 0; ++i) {
        pthread_t thread{};
        error = ::pthread_create(&thread, nullptr, &shard_thread, &starts[i]);
        if (error == 0) threads.push_back(thread);
    }
    if (error == 0) {
        run.begin();
        run.serve(*shards[0]);
    } else {
        run.give_up();
    }
    for (const pthread_t thread : threads)
        ::pthread_join(thread, nullptr);
    if (error != 0) return io_fail(error, "pthread_create");
    return {};
}

}  // namespace cauce::runtime::os
