// A node's configuration: server.properties with Kafka's key names, KAFKA_* variables and --set
// above it (D18). Reading it either gives a Config everything else can rely on, or says which line
// to change.
#pragma once

#include "base/ids.h"
#include "base/result.h"
#include "coordinator/group/config.h"
#include "metadata/broker.h"
#include "metadata/effective_config.h"
#include "server/settings.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cauce::node {

// What was given, from weak to strong.
struct ConfigInput {
    std::string file_name;  // for messages
    std::string file_text;
    std::map<std::string, std::string> variables;  // the environment; only KAFKA_* matters
    std::vector<std::pair<std::string, std::string>> overrides;  // --set
    // For keys that nothing above gives a value; weaker than the file.
    std::vector<std::pair<std::string, std::string>> defaults;
    bool strict = false;           // an unknown key is an error even when it resembles nothing
    bool ignore_security = false;  // open a data directory that holds ACL, SCRAM or token records
};

struct HttpListener {
    runtime::Address address;
    bool chosen = false;  // by somebody, who then wants it or nothing
};

struct Config {
    server::Settings settings;  // without cluster id, which stands in the log directory
    coordinator::group::GroupConfig groups;
    std::vector<std::string> log_directories;   // log.dirs, each once
    std::string metadata_directory;             // of the metadata log; may stand outside log.dirs
    unsigned shards = 0;                        // cauce.shards; 0 = one a processor
    std::size_t open_files = 10'000;            // of logs, that are kept open; by all shards
    std::vector<metadata::Endpoint> endpoints;  // what this broker registers
    std::vector<metadata::Endpoint> controller_endpoints;  // for formatting
    std::optional<HttpListener> http;                      // cauce.http.listener
    std::optional<std::string> rack;
    milliseconds broker_session_timeout{9000};
    milliseconds heartbeat_interval{2000};
    milliseconds retention_check_interval{300'000};
    // After the start; log.initial.task.delay.ms, if that is less than the interval.
    milliseconds first_retention_check{30'000};
    bool log_cleaner = true;  // log.cleaner.enable
    milliseconds flush_check_interval{
        INT64_MAX};  // log.flush.scheduler.interval.ms; never by default
    milliseconds high_watermark_checkpoint_interval{5'000};
    milliseconds recovery_checkpoint_interval{60'000};
    milliseconds producer_expiration_check_interval{600'000};
    bool ignore_security = false;
    // Format an empty directory at start (`cauce dev`, images) instead of asking for `storage
    // format`.
    bool auto_format = false;
    // The cluster it is formatted for; empty: a new one.
    std::string format_cluster_id;
    // Said once at start: keys without effect and the like.
    std::vector<std::string> notes;

    // Those of log.dirs, in their order, and behind them the metadata log's when it stands apart.
    std::vector<std::string> all_directories() const;
};

// One thing to say about what was given.
struct ConfigFinding {
    std::string place;  // "server.properties:12", "KAFKA_NODE_ID", "--set node.id"
    std::string text;
    bool refuses = true;  // no broker starts with it

    std::string to_string() const { return place + ": " + text; }
};

struct ConfigReport {
    struct Given {
        std::string key;
        std::string value;
        std::string place;
    };
    std::vector<Given> given;  // by key; what is in force of each
    std::vector<ConfigFinding> findings;
};

// Everything there is to say about a configuration, without using it.
ConfigReport examine_config(const ConfigInput& input);

// The error's text has a line for each thing that is wrong.
Result<Config> read_config(const ConfigInput& input);

// "KAFKA_LOG_DIRS" -> "log.dirs": '_' is '.', '__' is '_', '___' is '-'; longer runs are read three
// at a time from the left, as Kafka's images do. Nothing for variables that only steer Kafka's own
// scripts (heap, JMX, logging), and for those that Kubernetes and Docker set because a service is
// called kafka.
std::optional<std::string> key_of_variable(std::string_view variable);

}  // namespace cauce::node
