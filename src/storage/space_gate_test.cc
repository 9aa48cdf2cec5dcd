#include "storage/space_gate.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace cauce::storage {
namespace {

constexpr std::uint64_t kMiB = 1ull << 20;
constexpr std::uint64_t kGiB = 1ull << 30;

TEST(SpaceMark, TheSmallerOfBytesAndShareCounts) {
    const SpaceMark mark{kGiB, 5};
    EXPECT_EQ(mark.of(1000 * kGiB), kGiB);
    EXPECT_EQ(mark.of(100 * kMiB), 5 * kMiB);
    EXPECT_EQ(mark.of(1), 0u);
    EXPECT_EQ(mark.of(UINT64_MAX), kGiB);
    EXPECT_EQ((SpaceMark{0, 5}).of(kGiB), 0u);
    EXPECT_EQ((SpaceMark{kGiB, 0}).of(kGiB), 0u);
    EXPECT_EQ((SpaceMark{kGiB, 100}).of(200), 200u);
}

TEST(SpaceLimits, HoldTogetherOnDisksOfEverySize) {
    const SpaceLimits limits;
    for (std::uint64_t total = 1; total < (1ull << 60); total = total * 3 + 1) {
        EXPECT_LE(limits.reserved(total), limits.refuse_below(total)) << total;
        EXPECT_LE(limits.refuse_below(total), limits.throttle_below(total)) << total;
        EXPECT_LT(limits.throttle_below(total), total) << total;
    }
    // What is refused is never let through because throttling was set lower, or turned off.
    SpaceLimits odd;
    odd.throttle = {};
    EXPECT_EQ(odd.throttle_below(kGiB), odd.refuse_below(kGiB));
    // Nothing is set aside for a broker that keeps nothing to itself.
    odd.refuse = {};
    EXPECT_EQ(odd.reserved(kGiB), 0u);
}

TEST(SpaceStage, ComesOnAtItsMarkAndGoesAnEighthAboveIt) {
    SpaceLimits limits;
    limits.throttle = {800, 100};
    limits.refuse = {400, 100};
    struct Case {
        std::uint64_t free;
        SpaceStage before, after;
    };
    using enum SpaceStage;
    constexpr Case kCases[] = {
        {800, ample, ample},   {799, ample, scarce}, {899, scarce, scarce}, {900, scarce, ample},
        {400, scarce, scarce}, {399, scarce, full},  {449, full, full},     {450, full, scarce},
        {899, full, scarce},   {900, full, ample},   {0, ample, full},      {399, full, full},
    };
    for (const Case& each : kCases)
        EXPECT_EQ(judge_space({10'000, each.free}, limits, each.before), each.after)
            << each.free << " after " << name_of(each.before);
}

TEST(SpaceStage, LimitsOfZeroTurnItOff) {
    SpaceLimits off;
    off.throttle = off.refuse = {};
    EXPECT_EQ(judge_space({1000, 0}, off, SpaceStage::full), SpaceStage::ample);
    EXPECT_EQ(judge_space({1000, 0}, off, SpaceStage::ample), SpaceStage::ample);
}

TEST(SizeText, IsForPeople) {
    EXPECT_EQ(size_text(0), "0 bytes");
    EXPECT_EQ(size_text(1023), "1023 bytes");
    EXPECT_EQ(size_text(1536), "1.5 KiB");
    EXPECT_EQ(size_text(256 * kMiB), "256 MiB");
    EXPECT_EQ(size_text(kGiB), "1 GiB");
    EXPECT_EQ(size_text(5000 * 1024 * kGiB), "5000 TiB");
}

// ---- the gate

// Without a mark of its own for throttling that begins where refusing does.
SpaceFound found(SpaceStage stage, std::uint64_t free, std::uint64_t refuse_below,
                 std::uint64_t throttle_below = 0) {
    return {stage, {100 * kGiB, free}, refuse_below, std::max(throttle_below, refuse_below)};
}

MonoTime at(milliseconds time) {
    return MonoTime{time};
}

TEST(SpaceGate, LetsEverybodyThroughUntilItIsTold) {
    SpaceGate gate(2);
    EXPECT_EQ(gate.stage(), SpaceStage::ample);
    for (int i = 0; i < 100; ++i)
        EXPECT_FALSE(gate.took(kGiB));
    EXPECT_EQ(gate.charge(kGiB, at(milliseconds(1))), Duration::zero());
}

TEST(SpaceGate, LooksAgainBeforeAllShardsTogetherCouldTakeWhatIsLeft) {
    constexpr unsigned kShards = 4;
    SpaceGate gate(kShards);
    gate.told(found(SpaceStage::ample, 1000 * kMiB, 200 * kMiB));
    std::uint64_t taken = 0;
    do {
        taken += kMiB;
    } while (!gate.took(kMiB));
    EXPECT_EQ(taken, 100 * kMiB);  // an eighth of 800: half, among four
    // The others have taken as much: what is left is more than is kept.
    EXPECT_FALSE(gate.looked({100 * kGiB, 600 * kMiB}));
    EXPECT_EQ(gate.stage(), SpaceStage::ample);
    EXPECT_FALSE(gate.took(49 * kMiB));
    EXPECT_TRUE(gate.took(kMiB));
    // Now it is not.
    EXPECT_TRUE(gate.looked({100 * kGiB, 200 * kMiB}));
    EXPECT_EQ(gate.stage(), SpaceStage::full);
    // Said once; the answer comes by told().
    EXPECT_FALSE(gate.looked({100 * kGiB, 100 * kMiB}));
    gate.told(found(SpaceStage::ample, 1000 * kMiB, 200 * kMiB));
    EXPECT_EQ(gate.stage(), SpaceStage::ample);
}

TEST(SpaceGate, AsksForAJudgementAsSoonAsRoomIsScarce) {
    SpaceGate gate(2);
    gate.told(found(SpaceStage::ample, 900 * kMiB, 100 * kMiB, 500 * kMiB));
    std::uint64_t taken = 0;
    do {
        taken += kMiB;
    } while (!gate.took(kMiB));
    EXPECT_EQ(taken, 100 * kMiB);  // a quarter of what is above the next mark
    EXPECT_FALSE(gate.looked({100 * kGiB, 501 * kMiB}));
    EXPECT_TRUE(gate.looked({100 * kGiB, 499 * kMiB}));
    // It is others who judge; nothing is refused meanwhile.
    EXPECT_EQ(gate.stage(), SpaceStage::ample);
    gate.told(found(SpaceStage::scarce, 499 * kMiB, 100 * kMiB, 500 * kMiB));
    EXPECT_FALSE(gate.looked({100 * kGiB, 499 * kMiB}));
    EXPECT_TRUE(gate.looked({100 * kGiB, 99 * kMiB}));
    EXPECT_EQ(gate.stage(), SpaceStage::full);
}

TEST(SpaceGate, DoesNotLookForEveryBatchWhenLittleIsLeft) {
    SpaceGate gate(1);
    gate.told(found(SpaceStage::scarce, 1001, 1000));
    int looks = 0;
    for (int i = 0; i < 1024; ++i) {
        if (!gate.took(1024)) continue;
        ++looks;
        gate.looked({100 * kGiB, 1001});
    }
    EXPECT_EQ(looks, 16);
}

TEST(SpaceGate, ScarceRoomLastsForAMinute) {
    // One connection that obeys, as fast as it may, in batches of any size: it gets what was said.
    for (const std::uint64_t batch : {1000ull, 100'000ull, 5'000'000ull}) {
        SpaceGate gate(2);
        gate.told(found(SpaceStage::scarce, 1440 * kMiB, 240 * kMiB));  // 10 MiB a second
        MonoTime now = at(milliseconds(5));
        std::uint64_t sent = 0;
        while (now < at(seconds(20))) {
            sent += batch;
            now = now + gate.charge(batch, now) + std::chrono::microseconds(100);
        }
        EXPECT_NEAR(static_cast<double>(sent), 20.0 * 10 * kMiB, 20.0 * kMiB) << batch;
    }
}

TEST(SpaceGate, NobodyIsQuietForLongerThanASecond) {
    SpaceGate gate(1);
    gate.told(found(SpaceStage::scarce, 160, 100));  // a byte a second
    EXPECT_EQ(gate.charge(kMiB, at(milliseconds(0))), seconds(1));
    EXPECT_EQ(gate.charge(kMiB, at(milliseconds(1))), seconds(1));
    EXPECT_EQ(gate.throttled_batches(), 2u);
    EXPECT_EQ(gate.refuse(), seconds(1));
    EXPECT_EQ(gate.refused_batches(), 1u);
    // Room again: nothing is owed.
    gate.told(found(SpaceStage::ample, 90 * kGiB, 100));
    EXPECT_EQ(gate.charge(kMiB, at(milliseconds(2))), Duration::zero());
    gate.told(found(SpaceStage::scarce, 60 * kGiB + 100, 100));
    EXPECT_EQ(gate.charge(kMiB, at(milliseconds(3))), Duration::zero());
    EXPECT_EQ(gate.throttled_batches(), 2u);
}

}  // namespace
}  // namespace cauce::storage
