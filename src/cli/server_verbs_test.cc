// `dev`, `broker start` and `storage format`: what they print in which format, and how they fail.
// The servers themselves are pretended; directories are formatted in memory.
#include "cli/testing/fake_program.h"
#include "storage/log_directory.h"
#include "storage/test_disk.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace cauce::cli {
namespace {

constexpr const char* kCluster = "MkU3OEVBNTcwNTJENDM2Qg";

class ServerVerbs : public ::testing::Test {
protected:
    using Words = std::vector<std::string>;
    using Step = ServerFailure::Step;

    ServerVerbs() {
        program.disk = &disk;
        program.setup.node = NodeId{1};
        program.setup.log_directories = {"/d/a", "/d/b"};
        program.setup.metadata_directory = "/d/b";
        program.setup.controllers = {{"CONTROLLER", {"localhost", 9093}}};
    }

    std::string out(Words words) {
        EXPECT_EQ(program.call(std::move(words)), exit_ok) << program.err.text;
        return program.out.text;
    }
    std::string failure(int code, Words words) {
        EXPECT_EQ(program.call(std::move(words)), code) << program.err.text;
        EXPECT_EQ(program.out.text, "");
        return program.err.text;
    }
    void fail_with(Step step, std::string why) {
        program.served = std::unexpected(ServerFailure{step, std::move(why)});
    }
    static Words format(Words more = {}) {
        Words words = {"storage", "format", "-t", kCluster, "-c", "s.properties"};
        words.insert(words.end(), more.begin(), more.end());
        return words;
    }

    client::testing::Loop loop;
    client::testing::MemoryNet net{loop};
    testing::FakeProgram program{loop, net};
    storage::testing::MemoryDisk disk{"/d"};
};

// --- dev

TEST_F(ServerVerbs, DevGreetsPeopleOnStandardOutput) {
    EXPECT_EQ(out({"dev", "--data", "/here", "--port", "19092"}),
              "cauce 0.1.0 is ready: one broker on 127.0.0.1:19092\n"
              "data    /here\n"
              "\n"
              "  echo hello | cauce produce greetings -b 127.0.0.1:19092\n"
              "  cauce consume greetings --from start -b 127.0.0.1:19092\n"
              "  cauce topic list -b 127.0.0.1:19092\n"
              "\n"
              "Any Kafka client works too: bootstrap.servers=127.0.0.1:19092. Ctrl-C stops it.\n");
    EXPECT_EQ(program.err.text, "");
    EXPECT_TRUE(out({"dev", "--data", "/here", "-q"}).contains("  cauce topic list\n"));
    EXPECT_TRUE(out({"dev", "--ephemeral"}).contains(" (removed at the end)\n"));
}

TEST_F(ServerVerbs, DevTellsProgramsWhereItIs) {
    program.http = runtime::Address{"127.0.0.1", 8080};
    EXPECT_EQ(out({"dev", "--data", "/here", "-o", "json"}),
              "{\n"
              "  \"bootstrap_servers\": \"127.0.0.1:9092\",\n"
              "  \"data_directory\": \"/here\",\n"
              "  \"is_ephemeral\": false,\n"
              "  \"http\": \"http://127.0.0.1:8080\",\n"
              "  \"version\": \"0.1.0\"\n"
              "}\n");
    EXPECT_TRUE(program.err.text.starts_with("cauce 0.1.0 is ready")) << program.err.text;
    program.http.reset();
    EXPECT_TRUE(out({"dev", "--data", "/here", "-o", "json", "-q"}).contains("\"http\": null"));
    EXPECT_EQ(program.err.text, "");
    EXPECT_TRUE(out({"dev", "--data", "/here", "-o", "yaml"})
                    .starts_with("bootstrap_servers: \"127.0.0.1:9092\"\n"))
        << program.out.text;
    EXPECT_EQ(out({"dev", "--port", "1", "-o", "name"}), "127.0.0.1:1\n");
}

TEST_F(ServerVerbs, DevSaysWhyItFailed) {
    fail_with(Step::start, "the port is taken");
    EXPECT_EQ(failure(exit_error, {"dev", "-o", "json"}),
              "error: the broker did not start\n"
              "  why: the port is taken\n"
              " next: another port with  --port PORT , other data with  --data DIR  or  "
              "--ephemeral\n");
    fail_with(Step::service, "pwrite /d: Input/output error");
    EXPECT_TRUE(failure(exit_error, {"dev"}).starts_with("error: the broker had to stop\n"));
    fail_with(Step::cleanup, "remove /tmp/x: Device or resource busy");
    EXPECT_TRUE(failure(exit_error, {"dev"}).contains(" next: remove it by hand\n"));
}

// --- broker start

TEST_F(ServerVerbs, BrokerStartSaysWhyItFailed) {
    fail_with(Step::file, "open /work folder/none: No such file or directory");
    EXPECT_EQ(failure(exit_not_found, {"broker", "start", "-c", "none"}),
              "error: the configuration was not read\n"
              "  why: open /work folder/none: No such file or directory\n"
              " next: name a server.properties with  -c FILE\n");
    fail_with(Step::configuration, "s:1: wrong\ns:2: worse");
    EXPECT_EQ(failure(exit_error, {"broker", "start", "-c", "s"}),
              "error: no broker starts with `/work folder/s`\n"
              "  why: s:1: wrong\n"
              "        s:2: worse\n"
              " next: cauce config validate '/work folder/s'  checks a change; cauce config "
              "explain KEY  says what a key takes\n");
    EXPECT_EQ(failure(exit_error, {"broker", "start", "--container"}),
              "error: no broker starts with this configuration\n"
              "  why: s:1: wrong\n"
              "        s:2: worse\n"
              " next: cauce config explain KEY  says what a key takes\n");
    fail_with(Step::start, "it is not formatted");
    EXPECT_EQ(failure(exit_error, {"broker", "start", "-c", "/s", "--set", "a=b c", "--container"}),
              "error: the broker did not start\n"
              "  why: it is not formatted\n"
              " next: cauce doctor --container -c /s --set 'a=b c'  looks at what it needs\n");
    program.invocation.variables["KAFKA_NODE_ID"] = "1";
    EXPECT_EQ(failure(exit_error, {"broker", "start"}),
              "error: the broker did not start\n"
              "  why: it is not formatted\n");
    fail_with(Step::service, "the disk is gone");
    EXPECT_TRUE(failure(exit_error, {"broker", "start", "-c", "/s"})
                    .starts_with("error: the broker had to stop\n  why: the disk is gone\n"));
}

TEST_F(ServerVerbs, FailuresAreColouredOnlyOnATerminal) {
    fail_with(Step::start, "x");
    program.invocation.out_is_terminal = true;
    program.invocation.err_is_terminal = true;
    EXPECT_TRUE(failure(exit_error, {"dev"}).starts_with("\x1b[1;31merror:\x1b[0m"));
    EXPECT_TRUE(failure(exit_error, {"dev", "--no-color"}).starts_with("error:"));
    program.invocation.err_is_terminal = false;
    EXPECT_TRUE(failure(exit_error, {"broker", "start", "-c", "s"}).starts_with("error:"));
}

// --- storage format

TEST_F(ServerVerbs, FormattingSpeaksKafkasWordsToPeople) {
    EXPECT_EQ(out(format({"-s", "--dry-run"})),
              "Would format /d/a with metadata.version 4.4-IV2.\n"
              "Would format /d/b with metadata.version 4.4-IV2.\n");
    EXPECT_FALSE(disk.exists("/d/a"));
    EXPECT_EQ(program.setup_options->config_file, "/work folder/s.properties");
    const std::string done =
        "Formatting data directory /d/a with metadata.version 4.4-IV2.\n"
        "Formatting dynamic metadata voter directory /d/b with metadata.version 4.4-IV2.\n";
    EXPECT_EQ(out(format({"-s"})), done);
    EXPECT_EQ(program.err.text, "");
    EXPECT_TRUE(disk.exists("/d/b/__cluster_metadata-0"));
    EXPECT_EQ(out(format({"-s", "-g", "-o", "wide"})),
              "All of the log directories are already formatted.\n");
}

TEST_F(ServerVerbs, FormattingTellsProgramsOfEachDirectory) {
    EXPECT_EQ(out(format({"-s", "--dry-run", "-o", "name"})), "/d/a\n/d/b\n");
    program.setup.log_directories = {"/d/b"};
    EXPECT_EQ(out(format({"-s", "-o", "json"})),
              "[\n"
              "  {\n"
              "    \"directory\": \"/d/b\",\n"
              "    \"metadata_version\": \"4.4-IV2\",\n"
              "    \"cluster_id\": \"MkU3OEVBNTcwNTJENDM2Qg\",\n"
              "    \"status\": \"formatted\"\n"
              "  }\n"
              "]\n");
    EXPECT_EQ(program.err.text, "");
    program.setup.log_directories = {"/d/a", "/d/b"};
    EXPECT_EQ(out(format({"-s", "-g", "--dry-run", "-o", "tsv"})),
              "directory\tmetadata_version\tcluster_id\tstatus\n"
              "/d/a\t4.4-IV2\tMkU3OEVBNTcwNTJENDM2Qg\twould be formatted\n"
              "/d/b\t\tMkU3OEVBNTcwNTJENDM2Qg\talready formatted\n");
    EXPECT_TRUE(out(format({"-s", "-g", "-o", "yaml"})).contains("status: already formatted\n"))
        << program.out.text;
}

TEST_F(ServerVerbs, FormattingNeedsToKnowWhoVotes) {
    EXPECT_TRUE(failure(exit_usage, {"storage", "format", "-t", kCluster})
                    .starts_with("error: no configuration was named\n"));
    EXPECT_TRUE(failure(exit_usage, {"storage", "format", "-c", "s.properties"})
                    .starts_with("error: no cluster id was given\n"));
    EXPECT_TRUE(failure(exit_usage, format()).starts_with("error: nothing says who votes first\n"));
    EXPECT_TRUE(failure(exit_usage, format({"-s", "-N"})).contains("exclude each other"));
    const std::string bad = failure(exit_usage, format({"-I", "1@localhost"}));
    EXPECT_TRUE(
        bad.starts_with("error: --initial-controllers was not understood\n"
                        "  why: \"1@localhost\" is no controller"))
        << bad;
    EXPECT_FALSE(program.setup_options) << "nothing was looked at";

    const std::string id = Uuid{7, 7}.to_string();
    EXPECT_TRUE(out(format({"-I", "1@localhost:9093:" + id})).contains(" voter directory /d/b"));
    const auto meta =
        storage::MetaProperties::parse(as_text(disk.contents("/d/b/meta.properties")), "/d/b");
    ASSERT_TRUE(meta);
    EXPECT_EQ(meta->directory_id, (Uuid{7, 7}));
    program.setup.log_directories = {"/d/c"};
    program.setup.metadata_directory = "/d/c";
    EXPECT_TRUE(out(format({"-N"})).starts_with("Formatting metadata directory /d/c "));
}

TEST_F(ServerVerbs, FormattingSaysWhyItFailed) {
    out(format({"-s"}));
    EXPECT_EQ(failure(exit_error, format({"-s"})),
              "error: the directories were not formatted\n"
              "  why: Log directory /d/a is already formatted. Use --ignore-formatted to ignore "
              "this directory and format the others.\n"
              " next: add  --ignore-formatted , or name another directory in log.dirs\n");
    EXPECT_EQ(
        failure(exit_error, {"storage", "format", "-gs", "-t", "other", "-c", "s", "-o", "json"}),
        "error: the directories were not formatted\n"
        "  why: Log directory /d/a belongs to cluster MkU3OEVBNTcwNTJENDM2Qg, not to other\n"
        " next: give the id that it belongs to with  -t , or name another directory in "
        "log.dirs\n");
    program.disk = &program.no_disk;
    EXPECT_EQ(failure(exit_error, format({"-s"})),
              "error: not all directories were formatted\n"
              "  why: mkdir /d: Read-only file system\n"
              " next: may this user write there, and is there room?  Then the same command with  "
              "--ignore-formatted  does the rest\n");
    program.setup.faults = {"s:1: wrong", "s:2: worse"};
    EXPECT_EQ(failure(exit_error, format({"-s"})),
              "error: no broker starts with `/work folder/s.properties`\n"
              "  why: s:1: wrong\n"
              "        s:2: worse\n"
              " next: cauce config validate '/work folder/s.properties'  checks a change\n");
    program.setup.unreadable = "open s: No such file or directory";
    EXPECT_EQ(failure(exit_not_found, format({"-s", "-o", "json"})),
              "error: `/work folder/s.properties` was not read\n"
              "  why: open s: No such file or directory\n"
              " next: name the server.properties to format for with  -c FILE\n");
}

TEST_F(ServerVerbs, ABrokenProfileKeepsNobodyFromFormatting) {
    program.invocation.variables["CAUCE_PROFILE"] = "none";
    EXPECT_EQ(program.call({"topic", "list"}), exit_not_found) << program.err.text;
    EXPECT_TRUE(out(format({"-s"})).starts_with("Formatting data directory /d/a "));
}

}  // namespace
}  // namespace cauce::cli
