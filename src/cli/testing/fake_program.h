// For tests: the program around the command line, in memory: arguments in, texts and an exit code
// out.
#pragma once

#include "cli/exit_code.h"
#include "cli/main.h"
#include "client/testing/loop.h"
#include "client/testing/memory_net.h"

#include <algorithm>
#include <cerrno>
#include <expected>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace cauce::cli::testing {

class TextSource final : public ByteSource {
public:
    explicit TextSource(std::string text) : text_(std::move(text)) {}

    runtime::Task<IoResult<std::size_t>> read_some(MutableBytes into) override {
        co_await runtime::yield();
        // In odd pieces, so that lines arrive torn.
        while (text_.empty() && endless && !closed_)
            co_await changed_.wait();
        if (closed_) co_return io_fail(ECANCELED, "read");
        const std::size_t count = std::min({into.size(), text_.size(), std::size_t{7}});
        std::copy_n(text_.begin(), count, into.begin());
        text_.erase(0, count);
        co_return count;
    }
    void close() override {
        closed_ = true;
        changed_.notify_all();
    }
    void add(std::string_view text) {
        text_ += text;
        changed_.notify_all();
    }

    bool endless = false;  // waits for more instead of ending

private:
    std::string text_;
    bool closed_ = false;
    runtime::WaitList changed_;
};

class TextSink final : public ByteSink {
public:
    runtime::Task<IoResult<void>> write(BytesView bytes) override {
        co_await runtime::yield();
        if (text.size() >= closes_after) co_return io_fail(EPIPE, "write");
        text += as_text(bytes);
        co_return IoResult<void>();
    }

    std::string text;
    std::size_t closes_after = std::string::npos;
};

// A disk that holds nothing and takes nothing.
class NoDisk final : public runtime::Disk {
public:
    IoResult<std::unique_ptr<runtime::File>> open(std::string_view path,
                                                  runtime::OpenMode) override {
        return io_fail(ENOENT, "open", std::string(path));
    }
    IoResult<std::vector<runtime::DirectoryEntry>> list(std::string_view folder) override {
        return io_fail(ENOENT, "list", std::string(folder));
    }
    bool exists(std::string_view) override { return false; }
    IoResult<void> make_folder(std::string_view folder) override {
        return io_fail(EROFS, "mkdir", std::string(folder));
    }
    IoResult<void> rename(std::string_view from, std::string_view) override {
        return io_fail(ENOENT, "rename", std::string(from));
    }
    IoResult<void> remove(std::string_view path) override {
        return io_fail(ENOENT, "remove", std::string(path));
    }
    runtime::Task<IoResult<void>> sync_folder(std::string folder) override {
        co_return io_fail(ENOENT, "sync", std::move(folder));
    }
    IoResult<runtime::DiskSpace> space(std::string_view folder) override {
        return io_fail(ENOENT, "statfs", std::string(folder));
    }
    IoResult<std::unique_ptr<runtime::File>> lock(std::string_view path) override {
        return io_fail(ENOENT, "lock", std::string(path));
    }
};

class FakeProgram final : public Program {
public:
    FakeProgram(client::testing::Loop& loop, client::testing::MemoryNet& net)
        : loop_(loop), net_(net) {
        invocation.working_folder = "/work folder";
    }

    int run(const std::function<runtime::Task<int>(Environment&)>& command) override {
        ++runs;
        Environment environment{invocation, in, out, err, net_, *disk, loop_, stop};
        int code = -1;
        loop_.run(keep(command(environment), code));
        return code;
    }
    Served dev(const DevOptions& options) override {
        dev_options = options;
        if (!served) return served;
        const DevGreeting greeting = options.greet({.address = {"127.0.0.1", options.port},
                                                    .http = http,
                                                    .data_folder = options.data_folder,
                                                    .ephemeral = options.ephemeral});
        out.text += greeting.out;
        err.text += greeting.err;
        return served;
    }
    Served broker_start(const BrokerStartOptions& options) override {
        start_options = options;
        return served;
    }

    std::expected<ConfigFile, std::string> read_config_file(
        const ConfigFileOptions& options) override {
        file_options = options;
        return config_file;
    }
    std::optional<std::string> read_file(const std::string& path) override {
        const auto found = files.find(path);
        if (found == files.end()) return std::nullopt;
        return found->second;
    }
    bool exists(const std::string& path) override { return files.contains(path); }
    ServerSetup server_setup(const BrokerStartOptions& options) override {
        setup_options = options;
        if (setups.contains(options.config_file)) return setups.at(options.config_file);
        return setup;
    }
    HostFacts host_facts() override { return facts; }
    int ask_to_end(const Chosen& chosen) override {
        return static_cast<int>(std::ranges::count_if(others, chosen));
    }

    // "cauce" and these words.
    int call(std::vector<std::string> words) {
        invocation.arguments = std::move(words);
        invocation.arguments.insert(invocation.arguments.begin(), "cauce");
        out.text.clear();
        err.text.clear();
        return cli::main(invocation, *this);
    }

    Invocation invocation;
    TextSource in{""};
    TextSink out;
    TextSink err;
    NoDisk no_disk;
    runtime::Disk* disk = &no_disk;
    runtime::Stop stop;
    int runs = 0;
    std::vector<std::vector<std::string>> others;  // processes, by their words
    std::optional<DevOptions> dev_options;
    std::optional<BrokerStartOptions> start_options;
    Served served;                         // how a server ends
    std::optional<runtime::Address> http;  // of one that serves
    std::optional<ConfigFileOptions> file_options;
    std::expected<ConfigFile, std::string> config_file;
    std::optional<BrokerStartOptions> setup_options;
    std::map<std::string, std::string> files;
    ServerSetup setup;
    std::map<std::string, ServerSetup> setups;  // by configuration file, where `setup` is not meant
    HostFacts facts{.open_files = 100'000, .clock_synchronised = true};

private:
    static runtime::Task<void> keep(runtime::Task<int> command, int& code) {
        code = co_await command;
    }

    client::testing::Loop& loop_;
    client::testing::MemoryNet& net_;
};

}  // namespace cauce::cli::testing
