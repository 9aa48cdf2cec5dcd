// Session: one running command's view of the world: what it prints, what it says, and its client of
// the cluster. One shard; close() before destruction.
#pragma once

#include "base/result.h"
#include "cli/client_settings.h"
#include "cli/environment.h"
#include "cli/globals.h"
#include "cli/problem.h"
#include "cli/report.h"
#include "client/cluster.h"
#include "runtime/task.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace cauce::cli {

class Session {
public:
    // `environment` must outlive it.
    Session(Environment& environment, Globals globals, ClientSettings settings);
    ~Session();
    runtime::Task<void> close();
    // Breaks off every call to the cluster, and waiting for input.
    void interrupt();

    Environment& environment() const { return environment_; }
    const Globals& globals() const { return globals_; }
    const ClientSettings& settings() const { return settings_; }
    runtime::Stop& stop() const { return environment_.stop; }
    MonoTime now() const { return environment_.shards.clock().now(); }
    // By --timeout, from now.
    MonoTime deadline() const;

    // --- standard output: data

    runtime::Task<Outcome> print(const Report& report);
    // As it is. The problem is Problem::silence() when nobody reads any more.
    runtime::Task<Outcome> write(BytesView bytes);

    // --- standard error: talk

    // One line. Not with -q.
    runtime::Task<void> talk(std::string text);
    // Only with -v.
    runtime::Task<void> whisper(std::string text);

    // Asks for a yes. Without a terminal nobody can answer: the problem says to add -y.
    runtime::Task<Outcome> confirm(std::string question);

    // --- the cluster

    // Made at the first call.
    client::Cluster& cluster();
    // Before that: whether asking about a topic may make it.
    void allow_topic_creation(bool allow) { settings_.cluster.allow_auto_create_topics = allow; }
    // For trying again by the user: "127.0.0.1:9092".
    std::string bootstrap_text() const;

    // The problem behind an error of the client: exit code, and what to do next. `what` is what did
    // not happen: "topic `blog` was not created".
    Problem explain(const Error& error, std::string what) const;
    // The topic does not exist: with "did you mean".
    runtime::Task<Problem> unknown_topic(std::string name);

private:
    Environment& environment_;
    Globals globals_;
    ClientSettings settings_;
    std::unique_ptr<client::Cluster> cluster_;
};

}  // namespace cauce::cli
