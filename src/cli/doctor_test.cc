// What `cauce doctor` finds, each check by itself. The whole of it, on real files and ports, is
// tried by tests/cli.
#include "cli/doctor/directory.h"
#include "cli/doctor/finding.h"
#include "cli/testing/fake_cluster.h"
#include "cli/testing/fake_program.h"
#include "storage/test_disk.h"

#include <gtest/gtest.h>

namespace cauce::cli {
namespace {

ServerSetup setup() {
    ServerSetup setup;
    setup.source = "/etc/s.properties";
    setup.node = NodeId{1};
    setup.log_directories = {"/data"};
    setup.metadata_directory = "/data";
    setup.listeners = {{"PLAINTEXT", {"", 9092}, {"kafka.example.com", 9092}}};
    setup.keys = {{"node.id", {"1", "/etc/s.properties:2"}},
                  {"listeners", {"PLAINTEXT://:9092", "/etc/s.properties:3"}},
                  {"advertised.listeners",
                   {"PLAINTEXT://kafka.example.com:9092", "KAFKA_ADVERTISED_LISTENERS"}}};
    return setup;
}

// "error configuration /etc/s.properties:3"; ok and notes left out.
std::vector<std::string> complaints(const Findings& findings) {
    std::vector<std::string> out;
    for (const Finding& f : findings) {
        if (f.severity >= Severity::warning)
            out.push_back(std::string(severity_name(f.severity)) + " " + f.check + " " + f.place);
    }
    return out;
}

using Complaints = std::vector<std::string>;

TEST(Doctor, WhatIsRightIsRight) {
    EXPECT_EQ(complaints(examine_configuration(setup())), Complaints());
    EXPECT_EQ(examine_configuration(setup()).size(), 1u);
}

TEST(Doctor, FaultsKeepTheirPlace) {
    ServerSetup wrong = setup();
    wrong.faults = {"/etc/s.properties:13: there is no key a.b; did you mean a.c?",
                    "KAFKA_X: wrong: very"};
    wrong.notes = {"/etc/s.properties:4: zookeeper.connect has no meaning here"};
    const Findings findings = examine_configuration(wrong);
    EXPECT_EQ(complaints(findings), (Complaints{"error configuration /etc/s.properties:13",
                                                "error configuration KAFKA_X"}));
    EXPECT_EQ(findings[0].says, "there is no key a.b; did you mean a.c?");
    EXPECT_EQ(findings[1].says, "wrong: very");
    EXPECT_EQ(findings.back().severity, Severity::note);
    EXPECT_EQ(findings.back().place, "/etc/s.properties:4");
}

TEST(Doctor, AdvertisedToNobody) {
    struct Case {
        const char* bind;
        const char* advertised;
        Complaints complaints;
    };
    const std::string advertised = "advertised-address KAFKA_ADVERTISED_LISTENERS";
    for (const Case& c :
         {Case{"", "localhost", {"warning " + advertised}},
          Case{"0.0.0.0", "127.0.0.1", {"warning " + advertised}},
          Case{"192.0.2.1", "localhost", {"warning " + advertised}},
          Case{"127.0.0.1", "localhost", {}},
          Case{"127.0.0.1", "kafka", {"error advertised-address /etc/s.properties:3"}},
          Case{"", "kafka", {}}}) {
        ServerSetup each = setup();
        each.listeners = {{"PLAINTEXT", {c.bind, 9092}, {c.advertised, 9092}}};
        EXPECT_EQ(complaints(examine_configuration(each)), c.complaints)
            << c.bind << " " << c.advertised;
    }
    ServerSetup unsaid = setup();
    unsaid.keys.clear();
    unsaid.listeners = {{"PLAINTEXT", {"", 9092}, {"localhost", 9092}}};
    EXPECT_EQ(complaints(examine_configuration(unsaid)),
              Complaints{"warning advertised-address /etc/s.properties (no advertised.listeners "
                         "yet)"});
}

TEST(Doctor, TwoListenersOnOnePort) {
    ServerSetup both = setup();
    both.keys["listeners"].value = "A://:9092, B://127.0.0.1:9092,C://:0,D://:0";
    EXPECT_EQ(complaints(examine_configuration(both)),
              Complaints{"error listener-port /etc/s.properties:3"});
}

TEST(Doctor, TwoNodesOfOneId) {
    ServerSetup other = setup();
    other.source = "/etc/t.properties";
    other.keys["node.id"].place = "/etc/t.properties:9";
    EXPECT_EQ(complaints(examine_together({setup(), other})),
              Complaints{"error node-id /etc/t.properties:9"});
    other.node = NodeId{2};
    EXPECT_EQ(complaints(examine_together({setup(), other})), Complaints());
}

TEST(Doctor, TheMachine) {
    const WallTime now{1'800'000'000'000};
    EXPECT_EQ(complaints(examine_host({100'000, true}, now)), Complaints());
    EXPECT_EQ(complaints(examine_host({100'000, false}, now)), Complaints());  // a note
    EXPECT_EQ(
        complaints(examine_host({1024, std::nullopt}, WallTime{0})),
        (Complaints{"warning open-files ulimit -n", "error clock the clock of this machine"}));
}

TEST(Doctor, RoomOnTheDiskIsJudgedAsTheBrokerDoes) {
    storage::testing::MemoryDisk disk("/data");
    storage::testing::OneShard shard;
    ServerSetup here = setup();
    here.formats_itself = true;
    const auto said = [&](std::uint64_t free) {
        disk.capacity_bytes = 1'000'000;
        disk.put("/data/others", std::string(1'000'000 - free, 'x'));
        const DirectoryFindings found = shard.await(examine_directories(disk, here));
        for (const Finding& f : found.findings)
            if (f.check == "disk-space")
                return std::string(severity_name(f.severity)) + ": " + f.says;
        return std::string("nothing");
    };
    // A small disk: 5 and 2 percent.
    EXPECT_EQ(said(60'000), "ok: /data has 58 KiB free");
    EXPECT_EQ(said(40'000),
              "warning: /data has 39 KiB free, and producers are slowed down below 48 KiB "
              "(cauce.disk.free.throttle.bytes)");
    EXPECT_EQ(said(10'240),
              "error: /data has 10 KiB free, and records are refused below 19 KiB "
              "(cauce.disk.free.refuse.bytes)");
    here.keys["cauce.disk.free.refuse.bytes"] = {"0", "/etc/s.properties:9"};
    here.keys["cauce.disk.free.throttle.percent"] = {"0", "/etc/s.properties:10"};
    EXPECT_EQ(said(10'240), "ok: /data has 10 KiB free");
}

// --- the whole verb, on a fake cluster

class DoctorVerb : public ::testing::Test {
protected:
    void TearDown() override { cluster.broker.hang_up(); }

    client::testing::Loop loop;
    client::testing::MemoryNet net{loop};
    testing::FakeCluster cluster{net, loop};
    testing::FakeProgram program{loop, net};
};

TEST_F(DoctorVerb, TheWayOfAClient) {
    EXPECT_EQ(program.call({"doctor"}), exit_ok) << program.err.text;
    EXPECT_TRUE(program.out.text.starts_with("STATUS  CHECK "));
    EXPECT_TRUE(program.out.text.contains("are sent to 127.0.0.1:9092, which answers"))
        << program.out.text;
    EXPECT_EQ(program.call({"doctor", "--problems", "-o", "json"}), exit_ok);
    EXPECT_EQ(program.out.text, "[]\n");

    cluster.metadata.nodes = {{1, {"127.0.0.1", 19092}}};
    EXPECT_EQ(program.call({"doctor", "--problems", "-o", "tsv"}), exit_unhealthy);
    EXPECT_TRUE(program.out.text.contains(
        "error\tadvertised-address\tclients that come to 127.0.0.1:9092 are sent to "
        "127.0.0.1:19092: connect 127.0.0.1:19092: Connection refused\tadvertised.listeners in "
        "the configuration of node 1\t"))
        << program.out.text;
    EXPECT_TRUE(program.err.text.starts_with("error: 1 thing is wrong\n"));

    cluster.broker.stop();
    EXPECT_EQ(program.call({"doctor", "--problems", "-o", "name"}), exit_unhealthy);
    EXPECT_EQ(program.out.text, "error\n");
}

TEST_F(DoctorVerb, ABrokerOfThisMachine) {
    program.setup = setup();
    program.setup.listeners = {{"PLAINTEXT", {"127.0.0.1", 9092}, {"127.0.0.1", 9092}}};
    program.setup.formats_itself = true;
    // No disk: the directory cannot be made, and its line is named.
    EXPECT_EQ(program.call({"doctor", "--container", "--problems", "-o", "tsv"}), exit_unhealthy);
    EXPECT_TRUE(program.out.text.contains("error\tdata-directory\t")) << program.out.text;
    EXPECT_TRUE(program.out.text.contains("/etc/s.properties (no log.dirs yet)"));
    EXPECT_TRUE(program.setup_options->container);
    // The listener is the broker's own.
    EXPECT_EQ(program.call({"doctor", "--container"}), exit_unhealthy);
    EXPECT_TRUE(program.out.text.contains("the broker answers at 127.0.0.1:9092"));
    program.setup.node = NodeId{5};
    EXPECT_EQ(program.call({"doctor", "--container", "-o", "tsv"}), exit_unhealthy);
    EXPECT_TRUE(program.out.text.contains("error\tlistener-port\ta broker of cluster "))
        << program.out.text;
}

TEST_F(DoctorVerb, SeveralConfigurations) {
    ServerSetup broken = setup();
    broken.faults = {"b:1: nothing holds"};
    program.setups = {{"/work folder/a", setup()}, {"/work folder/b", broken}};
    EXPECT_EQ(program.call({"doctor", "-c", "a", "-c", "b", "-o", "tsv"}), exit_unhealthy);
    EXPECT_TRUE(program.out.text.contains("error\tconfiguration\tnothing holds\tb:1\t"))
        << program.out.text;
    EXPECT_EQ(program.call({"doctor", "-c", "a", "--set", "x"}), exit_usage);
}

}  // namespace
}  // namespace cauce::cli
