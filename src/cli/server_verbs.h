// What the commands that run a server were asked to do. They are carried out by the program
// (cli/main.h), which owns nodes and threads; cli/ only knows how they are called.
#pragma once

#include "base/ids.h"
#include "base/log.h"
#include "runtime/net.h"

#include <cstdint>
#include <map>
#include <optional>
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
    // As a container starts (node/container.h): what is not given has a value that works, and an
    // empty data directory is formatted.
    bool container = false;
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

// What a configuration comes to, for commands that look at a server without being one.
struct ServerSetup {
    // What is wrong with it, each with its place: "server.properties:13: there is no key ...".
    // Beyond `keys` nothing else is known then.
    std::vector<std::string> faults;
    // What has no effect.
    std::vector<std::string> notes;

    // What counts for each key, and where it was written: "server.properties:12", "KAFKA_NODE_ID".
    struct Key {
        std::string value;
        std::string place;
    };
    std::map<std::string, Key> keys;
    // Where a key that nobody gave would be written.
    std::string source;

    struct Listener {
        std::string name;
        runtime::Address bind;
        runtime::Address advertised;
    };
    NodeId node;
    std::vector<Listener> listeners;           // for clients
    std::vector<std::string> log_directories;  // and the metadata log's, where it stands apart
    std::string metadata_directory;            // one of them
    std::string cluster_id;                    // the one it formats for; empty: any
    bool formats_itself = false;               // an empty data directory is no fault
};

// What a server would find on this machine.
struct HostFacts {
    std::uint64_t open_files = 0;            // descriptors a process may have
    std::optional<bool> clock_synchronised;  // by a time service; nothing: the kernel does not say
};

}  // namespace cauce::cli
