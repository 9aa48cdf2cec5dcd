// Shell: what a running tool of Kafka's has: the flags it was given, what it prints, and its client
// of the cluster. One shard; close() before destruction.
#pragma once

#include "base/result.h"
#include "cli/client_settings.h"
#include "cli/environment.h"
#include "cli/kafka/tool.h"
#include "client/cluster.h"
#include "runtime/task.h"

#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace cauce::cli::kafka {

class Shell {
public:
    // Both must outlive it.
    Shell(Environment& environment, const Given& given);
    ~Shell();

    // Reads the flags that every tool understands: where the cluster is, and the client's settings
    // (files of properties, single properties). Before everything below.
    runtime::Task<Attempt<void>> configure(const Tool& tool);
    runtime::Task<void> close();
    // Ends waiting for input; breaks off every call to the cluster too, unless finish_on_stop() was
    // called: then the tool sees to its end itself.
    void interrupt();
    void finish_on_stop() { finishes_ = true; }

    Environment& environment() const { return environment_; }
    const Given& given() const { return given_; }
    runtime::Stop& stop() const { return environment_.stop; }
    MonoTime now() const { return environment_.shards.clock().now(); }

    // --- output

    runtime::Task<void> out(std::string text);
    // A line, without its end.
    runtime::Task<void> err(std::string line);
    // Standard output is closed: what is still written goes nowhere.
    bool nobody_reads() const { return nobody_reads_; }

    int exit_code() const { return exit_code_; }
    void set_exit_code(int code) { exit_code_ = code; }

    // --- the cluster

    ClientSettings& settings() { return settings_; }
    // A setting as it was written, also one that the client does not know.
    std::optional<std::string> setting(const std::string& name) const;
    // Made at the first call.
    client::Cluster& cluster();
    // By default.api.timeout.ms, from now.
    MonoTime deadline() const;
    // So many milliseconds from now; more than a century is never.
    MonoTime after_ms(std::int64_t ms) const;

    // The broker's words, or those of Kafka's clients. `call` is what they call the request that
    // nobody answered: "listTopics".
    Failure failure(const Error& error, std::string_view call) const;

    // A file as a whole.
    runtime::Task<Attempt<std::string>> read_file(std::string path);
    // The properties of a file, then single ones ("key=value"), which win.
    runtime::Task<Attempt<Properties>> read_properties(std::optional<std::string> path,
                                                       const std::vector<std::string>& single);

private:
    // Constant after construction.
    Environment& environment_;
    const Given& given_;

    std::vector<runtime::Address> bootstrap_;
    Properties properties_;
    ClientSettings settings_;
    std::unique_ptr<client::Cluster> cluster_;
    bool nobody_reads_ = false;
    bool finishes_ = false;
    int exit_code_ = 0;
};

// "host1:9092,host2:9092", each with its port; the error is that of Kafka's tools.
Attempt<void> check_bootstrap(const std::string& text);

}  // namespace cauce::cli::kafka
