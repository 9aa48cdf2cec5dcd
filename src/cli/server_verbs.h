// What the commands that run a server were asked to do. They are carried out by the program
// (cli/main.h), which owns nodes and threads; cli/ only knows how they are called.
#pragma once

#include "base/ids.h"
#include "base/log.h"
#include "runtime/net.h"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace cauce::cli {

// Why a server did not start, or ended without being asked to.
struct ServerFailure {
    enum class Step : std::uint8_t {
        file,           // its configuration file cannot be read
        configuration,  // no server starts with what it says: a line for each thing
        start,          // what it needs was not to be had
        service,        // it served, and could not go on
        cleanup,        // it ended, and what was to be temporary is still there
    };
    Step step = Step::start;
    std::string why;  // for people, with the way out where there is one
};

// What `cauce dev` started, once clients can come.
struct DevReady {
    runtime::Address address;
    std::optional<runtime::Address> http;  // metrics and health
    std::string data_folder;
    bool ephemeral = false;
};
// What it says then, on standard output and on standard error.
struct DevGreeting {
    std::string out;
    std::string err;
};

// `cauce dev`: a cluster with nothing to configure, on loopback.
struct DevOptions {
    std::uint16_t port = 9092;
    std::string data_folder;  // absolute, may not exist yet; unused when ephemeral
    bool ephemeral = false;   // data goes to a temporary folder that is removed at the end
    LogLevel log_level = LogLevel::info;
    std::function<DevGreeting(const DevReady&)> greet;
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
    // Why its file cannot be read. Nothing else is known then, and `faults` say it too.
    std::optional<std::string> unreadable;
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
    // Where a controller is reached, for the list of voters.
    struct Controller {
        std::string listener;
        runtime::Address address;
    };
    NodeId node;
    std::vector<Listener> listeners;  // for clients
    std::vector<Controller> controllers;
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
