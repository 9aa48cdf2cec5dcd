// Histories of a few lines, each with what the checker has to say of it.
#include "sim/checkers/kafka_checker.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace cauce::sim {
namespace {

// The rules that are broken, in the order in which they were found.
std::vector<std::string> broken(const std::vector<std::string>& lines) {
    History history;
    for (const std::string& line : lines) {
        const auto read = history.read_line(line);
        EXPECT_TRUE(read) << line << ": " << read.error().message;
    }
    Findings findings;
    check_history(history, findings);
    std::vector<std::string> rules;
    for (const std::string& finding : findings.texts())
        rules.push_back(finding.substr(0, finding.find(':')));
    return rules;
}

std::string sent(int value, int offset, const std::string& more = "") {
    return R"({"event":"send","type":"ok","process":0,"key":"t-0","value":)" +
           std::to_string(value) + R"(,"offset":)" + std::to_string(offset) + more + "}";
}

std::string polled(const std::string& records, int process = 1, const std::string& more = "") {
    return R"({"event":"poll","type":"ok","process":)" + std::to_string(process) +
           R"(,"records":[)" + records + "]" + more + "}";
}

const std::string kComplete = R"({"event":"complete","type":"ok"})";

using Rules = std::vector<std::string>;

TEST(KafkaChecker, AGoodHistoryIsGood) {
    EXPECT_EQ(broken({sent(1, 0), sent(2, 1), polled(R"(["t-0",0,1],["t-0",1,2])"), sent(3, 2),
                      polled(R"(["t-0",2,3])"), kComplete}),
              Rules());
}

TEST(KafkaChecker, TwoValuesAtOneOffset) {
    EXPECT_EQ(
        broken({sent(1, 0), sent(2, 0), polled(R"(["t-0",0,1])"), polled(R"(["t-0",0,2])", 2)}),
        Rules{"inconsistent-offsets"});
}

TEST(KafkaChecker, AValueThatNobodySent) {
    EXPECT_EQ(broken({sent(1, 0), polled(R"(["t-0",0,1],["t-0",1,9])")}), Rules{"invented"});
}

TEST(KafkaChecker, AValueThatIsKnownToHaveFailed) {
    const std::string failed =
        R"({"event":"send","type":"fail","process":0,"key":"t-0","value":1})";
    EXPECT_EQ(broken({failed, polled(R"(["t-0",0,1])")}), Rules{"aborted-read"});
    // Nobody can know: it may be there.
    const std::string unknown =
        R"({"event":"send","type":"info","process":0,"key":"t-0","value":1})";
    EXPECT_EQ(broken({unknown, polled(R"(["t-0",0,1])")}), Rules());
}

TEST(KafkaChecker, WhatATransactionTookBack) {
    const std::string in_seven = R"(,"transaction":7)";
    const auto ended = [](const char* how) {
        return std::string(R"({"event":"transaction","type":")") + how + R"(","transaction":7})";
    };
    const std::vector<std::string> read{sent(1, 0, in_seven), sent(2, 2),
                                        polled(R"(["t-0",0,1],["t-0",2,2])")};
    const std::vector<std::string> not_read{sent(1, 0, in_seven), sent(2, 2),
                                            polled(R"(["t-0",2,2])"), kComplete};
    const auto with = [](std::vector<std::string> lines, const std::string& line) {
        lines.push_back(line);
        return lines;
    };
    EXPECT_EQ(broken(with(read, ended("ok"))), Rules());
    EXPECT_EQ(broken(with(read, ended("fail"))), Rules{"aborted-read"});
    EXPECT_EQ(broken(with(read, ended("info"))), Rules());
    EXPECT_EQ(broken(with(not_read, ended("ok"))), Rules{"lost-write"});
    EXPECT_EQ(broken(with(not_read, ended("fail"))), Rules());
    EXPECT_EQ(broken(not_read), Rules());
}

TEST(KafkaChecker, TwiceIsWrongForIdempotentProducersOnly) {
    const std::string idempotent = R"(,"idempotent":true)";
    const std::string twice = polled(R"(["t-0",0,1],["t-0",1,1])");
    EXPECT_EQ(broken({sent(1, 0, idempotent), twice}), Rules{"duplicate"});
    EXPECT_EQ(broken({sent(1, 0), twice}), Rules());
}

TEST(KafkaChecker, AcknowledgedAndGone) {
    // In front of what was read.
    EXPECT_EQ(broken({sent(1, 0), sent(2, 1), polled(R"(["t-0",1,2])")}), Rules{"lost-write"});
    // Behind it: as long as there may be more to read, nothing is said.
    const std::vector<std::string> behind{sent(1, 0), sent(2, 1), polled(R"(["t-0",0,1])")};
    EXPECT_EQ(broken(behind), Rules());
    std::vector<std::string> complete = behind;
    complete.push_back(kComplete);
    EXPECT_EQ(broken(complete), Rules{"unseen"});
    // Unless it was removed.
    const std::string removed = R"({"event":"remove","type":"ok","key":"t-0","offset":1})";
    EXPECT_EQ(broken({sent(1, 0), sent(2, 1), removed, polled(R"(["t-0",1,2])"), kComplete}),
              Rules());
    EXPECT_EQ(broken({sent(1, 1), sent(2, 2), removed, polled(R"(["t-0",2,2])"), kComplete}),
              Rules{"lost-write"});
}

TEST(KafkaChecker, ReadersGoForwardAndPassOverNothing) {
    const std::vector<std::string> log{sent(1, 0), sent(2, 1), sent(3, 2),
                                       polled(R"(["t-0",0,1],["t-0",1,2],["t-0",2,3])", 9)};
    const auto with = [&log](const std::vector<std::string>& more) {
        std::vector<std::string> lines = log;
        lines.insert(lines.end(), more.begin(), more.end());
        return broken(lines);
    };
    const std::string first = polled(R"(["t-0",0,1])");
    const std::string second = polled(R"(["t-0",1,2])");
    const std::string third = polled(R"(["t-0",2,3])");
    EXPECT_EQ(with({first, second, third}), Rules());
    EXPECT_EQ(with({first, third}), Rules{"poll-skip"});
    EXPECT_EQ(with({second, first}), Rules{"nonmonotonic-poll"});
    EXPECT_EQ(with({second, second}), Rules{"nonmonotonic-poll"});
    EXPECT_EQ(with({polled(R"(["t-0",0,1],["t-0",2,3])")}), Rules{"int-poll-skip"});
    EXPECT_EQ(with({polled(R"(["t-0",1,2],["t-0",0,1])")}), Rules{"int-nonmonotonic-poll"});
    // Whoever is set somewhere else begins there.
    const std::string assigned = R"({"event":"assign","type":"ok","process":1,"keys":["t-0"]})";
    EXPECT_EQ(with({second, assigned, first, assigned, third}), Rules());
    // A group moves its members about, but not within a poll, unless it says so.
    const std::string subscribed =
        R"({"event":"subscribe","type":"ok","process":1,"keys":["t-0"]})";
    EXPECT_EQ(with({subscribed, first, third, second}), Rules());
    EXPECT_EQ(with({subscribed, polled(R"(["t-0",0,1],["t-0",2,3])")}), Rules{"int-poll-skip"});
    EXPECT_EQ(with({subscribed, polled(R"(["t-0",0,1],["t-0",2,3])", 1, R"(,"keys":["t-0"])")}),
              Rules());
}

TEST(KafkaChecker, GapsThatNobodyFilledArePassedOver) {
    EXPECT_EQ(broken({sent(1, 0), sent(2, 5), polled(R"(["t-0",0,1],["t-0",5,2])"), kComplete}),
              Rules());
}

TEST(KafkaChecker, AnIdempotentProducerGoesForward) {
    const std::string idempotent = R"(,"idempotent":true)";
    const std::string all = polled(R"(["t-0",0,2],["t-0",1,1])");
    EXPECT_EQ(broken({sent(1, 1, idempotent), sent(2, 0, idempotent), all}),
              Rules{"nonmonotonic-send"});
    EXPECT_EQ(broken({sent(1, 1), sent(2, 0), all}), Rules());
}

std::string committing(const char* type, int offset) {
    return std::string(R"({"event":"commit","type":")") + type +
           R"(","process":1,"group":"g","offsets":[["t-0",)" + std::to_string(offset) + "]]}";
}

std::string stands_at(int offset) {
    return R"({"event":"committed","type":"ok","group":"g","offsets":[["t-0",)" +
           std::to_string(offset) + "]]}";
}

TEST(KafkaChecker, WhereAGroupStands) {
    const std::string subscribed =
        R"({"event":"subscribe","type":"ok","process":1,"group":"g","keys":["t-0"]})";
    const auto with = [&](const std::string& commit, int at) {
        return broken({sent(1, 0), sent(2, 1), sent(3, 2), subscribed,
                       polled(R"(["t-0",0,1],["t-0",1,2],["t-0",2,3])"), commit, stands_at(at)});
    };
    EXPECT_EQ(with(committing("ok", 2), 2), Rules());
    EXPECT_EQ(with(committing("ok", 2), 1), Rules{"lost-commit"});
    EXPECT_EQ(with(committing("ok", 2), -1), Rules{"lost-commit"});
    EXPECT_EQ(with(committing("ok", 2), 3), Rules{"invented-commit"});
    // It may have happened, or not.
    for (const char* type : {"invoke", "info"}) {
        EXPECT_EQ(with(committing(type, 2), 2), Rules());
        EXPECT_EQ(with(committing(type, 2), -1), Rules());
        EXPECT_EQ(with(committing(type, 2), 3), Rules{"invented-commit"});
    }
}

TEST(KafkaChecker, AGroupPassesOverNothing) {
    const std::string subscribed =
        R"({"event":"subscribe","type":"ok","process":1,"group":"g","keys":["t-0"]})";
    const std::string another =
        R"({"event":"subscribe","type":"ok","process":2,"group":"g","keys":["t-0"]})";
    const std::string everything = polled(R"(["t-0",0,1],["t-0",1,2],["t-0",2,3])", 9);
    const std::vector<std::string> log{sent(1, 0), sent(2, 1), sent(3, 2), everything};
    const auto with = [&log](const std::vector<std::string>& more) {
        std::vector<std::string> lines = log;
        lines.insert(lines.end(), more.begin(), more.end());
        return broken(lines);
    };
    const std::string first = polled(R"(["t-0",0,1])");
    const std::string last = polled(R"(["t-0",2,3])");
    const std::string commit = committing("ok", 3);
    EXPECT_EQ(with({subscribed, first, polled(R"(["t-0",1,2])"), last, commit, stands_at(3)}),
              Rules());
    // By whichever member, but not by somebody else.
    EXPECT_EQ(
        with({subscribed, another, first, polled(R"(["t-0",1,2])", 2), last, commit, stands_at(3)}),
        Rules());
    EXPECT_EQ(with({subscribed, first, last, commit, stands_at(3)}), Rules{"group-skip"});
    // What it has not passed yet is still to come, and what was removed is not.
    EXPECT_EQ(with({subscribed, first, committing("ok", 1), stands_at(1)}), Rules());
    const std::string removed = R"({"event":"remove","type":"ok","key":"t-0","offset":2})";
    EXPECT_EQ(with({subscribed, first, last, commit, removed, stands_at(3)}), Rules());
}

TEST(History, SendsThatBeginAndEndAreOne) {
    History history;
    for (const char* line :
         {R"({"event":"send","type":"invoke","process":3,"key":"a-1","value":5})",
          R"({"event":"send","type":"invoke","process":3,"key":"a-1","value":6})",
          R"({"event":"poll","type":"invoke","process":4})",
          R"({"event":"send","type":"ok","process":3,"key":"a-1","value":6,"offset":1})"})
        ASSERT_TRUE(history.read_line(line)) << line;
    ASSERT_EQ(history.events().size(), 2u);
    EXPECT_EQ(history.events()[0].outcome, HistoryEvent::Outcome::info);
    EXPECT_EQ(history.events()[1].outcome, HistoryEvent::Outcome::ok);
    EXPECT_EQ(history.events()[1].offset, 1);
    EXPECT_EQ(history.key_name(history.events()[1].key), "a-1");
    EXPECT_EQ(history.add_process(), 5);
}

TEST(History, WhatIsNoEventIsRefused) {
    for (const char* line :
         {"", "[]", "{}", R"({"event":"send"})", R"({"event":"walk","type":"ok"})",
          R"({"event":"send","type":"ok","value":1})",
          R"({"event":"send","type":"ok","key":"t-0"})",
          R"({"event":"poll","type":"ok","records":[1]})",
          R"({"event":"poll","type":"ok","records":[["t-0",1]]})",
          R"({"event":"assign","type":"ok","keys":[1]})", R"({"event":"remove","type":"ok"})",
          R"({"event":"commit","type":"ok","offsets":[["t-0",1]]})",
          R"({"event":"committed","type":"ok","group":"g","offsets":[["t-0"]]})"}) {
        History history;
        EXPECT_FALSE(history.read_line(line)) << line;
    }
    History history;
    const char* begins = R"({"event":"send","type":"invoke","key":"t-0","value":1})";
    EXPECT_TRUE(history.read_line(begins));
    EXPECT_FALSE(history.read_line(begins));
}

TEST(History, ATextSaysWhichLineIsWrong) {
    History history;
    EXPECT_TRUE(history.read_text(""));
    EXPECT_TRUE(history.read_text("\n" + kComplete + "\n\n" + kComplete));
    EXPECT_EQ(history.events().size(), 2u);
    const auto read = history.read_text(kComplete + "\n\n{}\n");
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().message.substr(0, 7), "line 3:");
}

TEST(History, IsReadAsItWasWritten) {
    History history;
    const std::int32_t producer = history.add_process();
    const std::int32_t reader = history.add_process();
    const HistoryKey key = history.key("say \"hi\"-0");
    const std::size_t first = history.begin_send(producer, key, 1, true);
    history.begin_send(producer, key, 2, true);
    history.at(first).outcome = HistoryEvent::Outcome::ok;
    history.at(first).offset = 0;
    HistoryEvent poll;
    poll.kind = HistoryEvent::Kind::poll;
    poll.process = reader;
    poll.records = {{key, 0, 1}};
    history.add(poll);
    HistoryEvent assign;
    assign.kind = HistoryEvent::Kind::assign;
    assign.process = reader;
    assign.keys = {key};
    history.add(assign);
    HistoryEvent removed;
    removed.kind = HistoryEvent::Kind::remove;
    removed.key = key;
    removed.offset = 1;
    history.add(removed);
    HistoryEvent commit;
    commit.kind = HistoryEvent::Kind::commit;
    commit.process = reader;
    commit.group = "readers";
    commit.offsets = {{key, 1}};
    history.add(commit);
    history.add(HistoryEvent());  // complete
    const std::string text = history.to_text();
    History again;
    ASSERT_TRUE(again.read_text(text));
    EXPECT_EQ(again.events().size(), 7u);
    EXPECT_EQ(again.to_text(), text);
}

}  // namespace
}  // namespace cauce::sim
