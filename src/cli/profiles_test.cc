#include "cli/profiles.h"

#include "cli/globals.h"
#include "cli/testing/fake_program.h"

#include <gtest/gtest.h>

namespace cauce::cli {
namespace {

TEST(Profiles, AreReadAndWritten) {
    const auto read = parse_profiles(
        "# mine\n"
        "current: shop\n"
        "profiles:\n"
        "  shop:\n"
        "    bootstrap: broker-1:9092,broker-2:9092   # two\n"
        "    output: json\n"
        "    settings:\n"
        "      client.id: 'it''s ana'\n"
        "      request.timeout.ms: 5000\n"
        "\n"
        "  \"other one\":\n"
        "    bootstrap: \"[::1]:9092\"\r\n",
        "p.yaml");
    ASSERT_TRUE(read) << read.error().what << read.error().why;
    EXPECT_EQ(read->current, "shop");
    ASSERT_EQ(read->profiles.size(), 2u);
    EXPECT_EQ(read->profiles.at("shop"),
              (Profile{"broker-1:9092,broker-2:9092",
                       "json",
                       {{"client.id", "it's ana"}, {"request.timeout.ms", "5000"}}}));
    EXPECT_EQ(read->profiles.at("other one").bootstrap, "[::1]:9092");
    const auto again = parse_profiles(profiles_text(*read), "p.yaml");
    ASSERT_TRUE(again) << profiles_text(*read);
    EXPECT_EQ(again->current, read->current);
    EXPECT_EQ(again->profiles, read->profiles);
    EXPECT_TRUE(parse_profiles("", "p.yaml"));
}

TEST(Profiles, WhatIsWrongIsNamedByItsLine) {
    struct Case {
        const char* text;
        const char* place;
    };
    for (const Case& c : {Case{"nonsense\n", "p.yaml:1"},
                          {"a: b\n", "p.yaml:1"},
                          {"profiles:\n  x:\n    bootstap: y\n", "p.yaml:3"},
                          {"profiles:\n  x:\n    output: xml\n", "p.yaml:3"},
                          {"current: \"x\n", "p.yaml:1"},
                          {"current: x\n  y: z\n", "p.yaml:2"},
                          {"current: x\ncurrent: y\n", "p.yaml:2"},
                          {"profiles:\n  - x: y\n", "p.yaml:2"}}) {
        const auto read = parse_profiles(c.text, "p.yaml");
        ASSERT_FALSE(read) << c.text;
        EXPECT_TRUE(read.error().what.starts_with(c.place)) << c.text << read.error().what;
        EXPECT_EQ(read.error().code, exit_usage);
    }
    EXPECT_FALSE(parse_project("current: x\n", "cauce.yaml"));
}

class ProfileVerbs : public ::testing::Test {
protected:
    ProfileVerbs() {
        program.invocation.working_folder = "/home/ana/shop/src";
        program.invocation.variables["HOME"] = "/home/ana";
        program.files["/home/ana/.config/cauce/profiles.yaml"] =
            "current: one\nprofiles:\n  one:\n    bootstrap: one:1\n    output: name\n"
            "  two:\n    bootstrap: two:2\n    settings:\n      client.id: ana\n";
    }
    // What `profile show` says of the bootstrap.
    std::string bootstrap(std::vector<std::string> words = {}) {
        words.insert(words.begin(), {"profile", "show", "-o", "tsv"});
        EXPECT_EQ(program.call(std::move(words)), exit_ok) << program.err.text;
        const std::string& text = program.out.text;
        const std::size_t at = text.find("bootstrap\t");
        return at == std::string::npos ? text : text.substr(at + 10, text.find('\n', at) - at - 10);
    }

    client::testing::Loop loop;
    client::testing::MemoryNet net{loop};
    testing::FakeProgram program{loop, net};
};

TEST_F(ProfileVerbs, FromWeakToStrong) {
    EXPECT_EQ(bootstrap(), "one:1\tprofile one");
    EXPECT_EQ(bootstrap({"two"}), "two:2\tprofile two");
    program.files["/home/ana/cauce.yaml"] = "profile: two\n";
    EXPECT_EQ(bootstrap(), "two:2\tprofile two");
    // Not above the folder that holds .git.
    program.files["/home/ana/shop/.git"] = "";
    EXPECT_EQ(bootstrap(), "one:1\tprofile one");
    program.files["/home/ana/shop/cauce.yaml"] = "profile: two\nbootstrap: project:3\n";
    EXPECT_EQ(bootstrap(), "project:3\t/home/ana/shop/cauce.yaml");
    EXPECT_EQ(program.call({"profile", "current"}), exit_ok);
    EXPECT_EQ(program.out.text, "two\n");
    program.invocation.variables["CAUCE_PROFILE"] = "one";
    EXPECT_EQ(program.call({"profile", "current"}), exit_ok);
    EXPECT_EQ(program.out.text, "one\n");
    program.invocation.variables["CAUCE_BOOTSTRAP"] = "variable:4";
    EXPECT_EQ(bootstrap(), "variable:4\tCAUCE_BOOTSTRAP");
    EXPECT_EQ(bootstrap({"-b", "flag:5"}), "flag:5\t--bootstrap");
}

TEST_F(ProfileVerbs, CommandsFollowThem) {
    // The profile's output, and its address in the complaint.
    EXPECT_EQ(program.call({"version"}), exit_ok);
    EXPECT_EQ(program.out.text, "0.1.0\n");
    EXPECT_EQ(program.call({"topic", "list"}), exit_unreachable);
    EXPECT_TRUE(program.err.text.contains("one:1")) << program.err.text;
    EXPECT_EQ(program.call({"topic", "list", "--profile", "two"}), exit_unreachable);
    EXPECT_TRUE(program.err.text.contains("two:2"));
    EXPECT_EQ(program.call({"--profile", "tow", "topic", "list"}), exit_not_found);
    EXPECT_TRUE(program.err.text.contains("did you mean `two`?")) << program.err.text;
    program.files["/home/ana/.config/cauce/profiles.yaml"] = "nonsense";
    EXPECT_EQ(program.call({"topic", "list"}), exit_usage);
    EXPECT_TRUE(program.err.text.contains("profiles.yaml:1 cannot be understood"));
    // Servers do without.
    EXPECT_EQ(program.call({"dev", "--ephemeral", "--no-open"}), exit_ok);
}

TEST_F(ProfileVerbs, ListsAndFailures) {
    EXPECT_EQ(program.call({"profile", "list"}), exit_ok);
    EXPECT_EQ(program.out.text,
              "PROFILE  BOOTSTRAP  OUTPUT  CURRENT\n"
              "one      one:1      name    yes\n"
              "two      two:2      -       no\n");
    EXPECT_EQ(program.call({"profile", "use", "three"}), exit_not_found);
    EXPECT_EQ(program.call({"profile", "delete", "three"}), exit_not_found);
    EXPECT_EQ(program.call({"profile", "create", "one", "-b", "x:1"}), exit_error);
    EXPECT_EQ(program.call({"profile", "create", "three"}), exit_usage);
    // No disk to write to.
    EXPECT_EQ(program.call({"profile", "use", "two"}), exit_error);
    EXPECT_TRUE(program.err.text.starts_with("error: the profiles were not written\n"));
    program.files.clear();
    EXPECT_EQ(program.call({"profile", "current"}), exit_not_found);
    EXPECT_EQ(bootstrap(), "127.0.0.1:9092\tthe default");
}

}  // namespace
}  // namespace cauce::cli
