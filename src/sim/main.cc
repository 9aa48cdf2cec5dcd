// sim: runs seeds of the simulator. See --help.
#include "base/version.h"
#include "sim/crash_run.h"

#include <charconv>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>

namespace {

constexpr const char* kHelp =
    "sim: one broker under load in a simulated world, killed again and again.\n"
    "\n"
    "  --seed N         the first seed (1)\n"
    "  --seeds K        how many seeds, one after another (1)\n"
    "  --kills M        deaths in each seed (20)\n"
    "  --until-kills T  more seeds, until they have seen T kill -9 together\n"
    "  --log            the broker's log to standard error\n"
    "  --twice          each seed twice: the trace has to be the same\n"
    "\n"
    "Prints a line a seed. Ends with 0 when all held, with 1 and the command that runs the\n"
    "failed seed again otherwise.\n";

struct Arguments {
    std::uint64_t seed = 1;
    std::uint64_t seeds = 1;
    std::uint64_t deaths = 20;
    std::uint64_t until_kills = 0;
    bool log = false;
    bool twice = false;
};

bool parse(int argc, char** argv, Arguments& arguments) {
    for (int i = 1; i < argc; ++i) {
        const std::string_view name = argv[i];
        if (name == "--log") {
            arguments.log = true;
            continue;
        }
        if (name == "--twice") {
            arguments.twice = true;
            continue;
        }
        std::uint64_t* target = name == "--seed"          ? &arguments.seed
                                : name == "--seeds"       ? &arguments.seeds
                                : name == "--kills"       ? &arguments.deaths
                                : name == "--until-kills" ? &arguments.until_kills
                                                          : nullptr;
        if (target == nullptr || ++i == argc) return false;
        const char* end = argv[i] + std::strlen(argv[i]);
        const auto [at, error] = std::from_chars(argv[i], end, *target);
        if (error != std::errc() || at != end) return false;
    }
    return true;
}

struct Totals {
    std::uint64_t seeds = 0;
    int kills = 0;
    int power_losses = 0;
    std::uint64_t acknowledged = 0;
    std::uint64_t commits = 0;
    double simulated_seconds = 0;
};

void print_failure(const cauce::sim::CrashRunReport& report, std::uint64_t seed,
                   std::uint64_t deaths) {
    for (const std::string& finding : report.findings)
        std::printf("    %s\n", finding.c_str());
    constexpr std::size_t kTail = 40;
    const std::size_t from = report.log.size() > kTail ? report.log.size() - kTail : 0;
    for (std::size_t i = from; i < report.log.size(); ++i)
        std::printf("    | %s\n", report.log[i].c_str());
    std::printf("run it again: sim --seed %llu --kills %llu --log\n",
                static_cast<unsigned long long>(seed), static_cast<unsigned long long>(deaths));
}

// True when all held.
bool run_seed(const Arguments& arguments, std::uint64_t seed, Totals& totals) {
    cauce::sim::CrashRunOptions options;
    options.seed = seed;
    options.deaths = static_cast<int>(arguments.deaths);
    if (arguments.log) options.echo_log = cauce::LogLevel::debug;
    // A CHECK that fails ends the process: say before what was running.
    std::printf("seed %llu: ", static_cast<unsigned long long>(seed));
    std::fflush(stdout);
    cauce::sim::CrashRunReport report = cauce::sim::crash_run(options);
    if (arguments.twice) {
        const cauce::sim::CrashRunReport again = cauce::sim::crash_run(options);
        if (again.trace_hash != report.trace_hash) {
            report.findings.push_back("the same seed ran differently the second time");
        }
    }
    std::printf(
        "%s; %d kills, %d power losses, %llu records, %llu commits, %llu assignments, "
        "%.0f s simulated, trace %016llx; %s\n",
        report.findings.empty() ? "ok" : "FAILED", report.kills, report.power_losses,
        static_cast<unsigned long long>(report.acknowledged),
        static_cast<unsigned long long>(report.commits),
        static_cast<unsigned long long>(report.generations), report.simulated_seconds,
        static_cast<unsigned long long>(report.trace_hash), report.drawn.c_str());
    if (!report.findings.empty()) print_failure(report, seed, arguments.deaths);
    std::fflush(stdout);
    ++totals.seeds;
    totals.kills += report.kills;
    totals.power_losses += report.power_losses;
    totals.acknowledged += report.acknowledged;
    totals.commits += report.commits;
    totals.simulated_seconds += report.simulated_seconds;
    return report.findings.empty();
}

}  // namespace

int main(int argc, char** argv) {
    Arguments arguments;
    if (!parse(argc, argv, arguments)) {
        std::fputs(kHelp, stderr);
        return 2;
    }
    Totals totals;
    bool ok = true;
    for (std::uint64_t i = 0; ok; ++i) {
        const bool enough_seeds = i >= arguments.seeds;
        const bool enough_kills = static_cast<std::uint64_t>(totals.kills) >= arguments.until_kills;
        if (enough_seeds && enough_kills) break;
        ok = run_seed(arguments, arguments.seed + i, totals);
    }
    std::printf(
        "sim: %s: %llu seeds, %d kill -9, %d power losses, %llu records acknowledged, %llu "
        "offset commits, %.0f s simulated\n",
        ok ? "all held" : "FAILED", static_cast<unsigned long long>(totals.seeds), totals.kills,
        totals.power_losses, static_cast<unsigned long long>(totals.acknowledged),
        static_cast<unsigned long long>(totals.commits), totals.simulated_seconds);
    return ok ? 0 : 1;
}
