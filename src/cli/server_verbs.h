// What the commands that run a server were asked to do. They are carried out by the program
// (cli/main.h), which owns nodes and threads; cli/ only knows how they are called.
#pragma once

#include "base/log.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace cauce::cli {

// `cauce dev`: a cluster with nothing to configure, on loopback.
struct DevOptions {
    std::uint16_t port = 9092;
    std::string data_folder;   // absolute, may not exist yet; unused when ephemeral
    bool ephemeral = false;    // data goes to a temporary folder that is removed at the end
    bool open_console = true;  // false by --no-open, and when standard output is no terminal
    LogLevel log_level = LogLevel::info;
};

// `cauce broker start`: a server from a configuration file.
struct BrokerStartOptions {
    std::string config_file;  // absolute; empty when only KAFKA_* variables and --set configure it
    std::vector<std::pair<std::string, std::string>> overrides;  // --set k=v, in order
    bool strict = false;           // an unknown key refuses the start even if it resembles nothing
    bool ignore_security = false;  // open a data directory that holds ACL, SCRAM or token records
    LogLevel log_level = LogLevel::info;
};

// `cauce storage format`: makes the log directory of a configuration ready for its first start.
struct StorageFormatOptions {
    std::string config_file;  // absolute
    std::string cluster_id;
    bool standalone = false;          // a quorum of this node alone
    std::string initial_controllers;  // "1@host:9093:directory-id,..."
    bool no_initial_controllers = false;
    bool ignore_formatted = false;
    bool dry_run = false;  // only check, and say what would be written
};

// `cauce config`: what a configuration file says, with KAFKA_* variables and --set above it, as
// `broker start` reads it.
struct ConfigFileOptions {
    std::string config_file;  // absolute
    std::vector<std::pair<std::string, std::string>> overrides;
    bool strict = false;
};
struct ConfigFile {
    struct Given {
        std::string key;
        std::string value;
        std::string place;  // "server.properties:12", "KAFKA_NODE_ID", "--set node.id"
    };
    struct Finding {
        std::string place;
        std::string text;
        bool refuses = true;  // no broker starts with it
    };
    std::vector<Given> given;  // by key; what is in force of each
    std::vector<Finding> findings;
};

}  // namespace cauce::cli
