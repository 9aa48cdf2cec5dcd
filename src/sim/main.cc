// sim: runs seeds of the simulator. See --help.
#include "sim/checkers/kafka_checker.h"
#include "sim/crash_run.h"
#include "sim/mutants.h"
#include "sim/shrink.h"

#include <array>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <string>
#include <string_view>

namespace {

using cauce::sim::CrashRunOptions;
using cauce::sim::CrashRunReport;
using cauce::sim::Reductions;

constexpr const char* kHelp =
    "sim: one broker under load in a simulated world full of faults.\n"
    "\n"
    "  --seed N           the first seed (1)\n"
    "  --seeds K          how many seeds, one after another (1)\n"
    "  --until-counted N  more seeds, until N of them count\n"
    "  --minutes M        more seeds, until M minutes are over\n"
    "  --forever          more seeds, until one fails\n"
    "\n"
    "  --deaths M         in each seed M deaths and no other fault: short, and not counted\n"
    "  --twice            each seed twice: the trace has to be the same\n"
    "  --sites            at the end, how often each sim_maybe was asked and said yes\n"
    "  --log              the broker's log to standard error\n"
    "  --shrink           a seed that fails is run again with less, as long as it fails\n"
    "  --mutant NAME      with that planted bug, which is to be found; --mutants names them all\n"
    "  --commit TEXT      what this was built from, said with a failure\n"
    "\n"
    "  --check            no seed: judges a history (docs/formats/history.md) on standard input\n"
    "\n"
    "Less than what a seed draws:\n"
    "  --faults M, --producers M, --readers M, --members M, --without KIND, --no-churn\n"
    "\n"
    "A seed counts when it simulates a minute or more, acknowledges 200 records or more, and\n"
    "meets a crash and two kinds of fault. Prints a line a seed. Ends with 0 when all held, else\n"
    "with 1 and the command that runs the failed seed again.\n";

struct Arguments {
    CrashRunOptions options;
    std::uint64_t seeds = 1;
    std::uint64_t until_counted = 0;
    std::uint64_t minutes = 0;
    bool forever = false;
    bool twice = false;
    bool shrink = false;
    bool check = false;
    bool list_mutants = false;
    bool list_sites = false;
    std::string mutant;
    std::string commit;
};

bool parse_flag(std::string_view name, Arguments& arguments) {
    if (name == "--log") {
        arguments.options.echo_log = cauce::LogLevel::debug;
    } else if (name == "--twice") {
        arguments.twice = true;
    } else if (name == "--forever") {
        arguments.forever = true;
    } else if (name == "--shrink") {
        arguments.shrink = true;
    } else if (name == "--sites") {
        arguments.list_sites = true;
    } else if (name == "--check") {
        arguments.check = true;
    } else if (name == "--mutants") {
        arguments.list_mutants = true;
    } else if (name == "--no-churn") {
        arguments.options.reductions.churn = false;
    } else {
        return false;
    }
    return true;
}

template <typename Number>
bool parse_number(const char* text, Number& into) {
    const char* end = text + std::strlen(text);
    const auto [at, error] = std::from_chars(text, end, into);
    return error == std::errc() && at == end;
}

bool parse_value(std::string_view name, const char* text, Arguments& arguments) {
    Reductions& less = arguments.options.reductions;
    if (name == "--without") {
        const auto fault = cauce::sim::parse_fault(text);
        if (fault) less.without.insert(*fault);
        return fault.has_value();
    }
    if (name == "--mutant") {
        arguments.mutant = text;
        return cauce::sim::bring_to_life(text);
    }
    if (name == "--commit") {
        arguments.commit = text;
        return true;
    }
    if (name == "--seed") return parse_number(text, arguments.options.seed);
    if (name == "--seeds") return parse_number(text, arguments.seeds);
    if (name == "--until-counted") return parse_number(text, arguments.until_counted);
    if (name == "--minutes") return parse_number(text, arguments.minutes);
    if (name == "--deaths") return parse_number(text, arguments.options.deaths);
    if (name == "--faults") return parse_number(text, less.faults_max);
    if (name == "--producers") return parse_number(text, less.producers_max);
    if (name == "--readers") return parse_number(text, less.readers_max);
    if (name == "--members") return parse_number(text, less.members_max);
    return false;
}

bool parse(int argc, char** argv, Arguments& arguments) {
    for (int i = 1; i < argc; ++i) {
        if (parse_flag(argv[i], arguments)) continue;
        if (i + 1 == argc || !parse_value(argv[i], argv[i + 1], arguments)) return false;
        ++i;
    }
    return true;
}

double cpu_seconds() {
    return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

struct Totals {
    std::uint64_t seeds = 0;
    std::uint64_t counted = 0;
    cauce::sim::FaultCounts faults;
    std::uint64_t acknowledged = 0;
    std::uint64_t commits = 0;
    double simulated_seconds = 0;
    double cpu_seconds = 0;
    cauce::sim::Sites sites;
};

std::string command_of(const Arguments& arguments, const CrashRunOptions& options) {
    std::string command = "sim --seed " + std::to_string(options.seed);
    if (!arguments.mutant.empty()) command += " --mutant " + arguments.mutant;
    if (options.deaths > 0) command += " --deaths " + std::to_string(options.deaths);
    return command + options.reductions.to_arguments() + " --log";
}

void print_findings(const CrashRunReport& report) {
    for (const std::string& finding : report.findings)
        std::printf("    %s\n", finding.c_str());
    constexpr std::size_t kTail = 40;
    const std::size_t from = report.log.size() > kTail ? report.log.size() - kTail : 0;
    for (std::size_t i = from; i < report.log.size(); ++i)
        std::printf("    | %s\n", report.log[i].c_str());
}

bool still_fails(const CrashRunOptions& options) {
    // A CHECK that fails ends the process: say before what was running.
    std::printf("    with less:%s: ", options.reductions.to_arguments().c_str());
    std::fflush(stdout);
    const bool fails = !cauce::sim::crash_run(options).findings.empty();
    std::printf("%s\n", fails ? "fails" : "holds");
    return fails;
}

void print_failure(const Arguments& arguments, const CrashRunOptions& options,
                   const CrashRunReport& report) {
    print_findings(report);
    CrashRunOptions least = options;
    if (arguments.shrink) {
        least.echo_log.reset();
        least = cauce::sim::shrink(least, report.faults, still_fails);
        print_findings(cauce::sim::crash_run(least));
    }
    if (!arguments.commit.empty()) std::printf("of commit %s\n", arguments.commit.c_str());
    std::printf("run it again: %s\n", command_of(arguments, least).c_str());
}

CrashRunReport run_seed(const Arguments& arguments, const CrashRunOptions& options) {
    CrashRunReport report = cauce::sim::crash_run(options);
    if (arguments.twice) {
        const CrashRunReport again = cauce::sim::crash_run(options);
        if (again.trace_hash != report.trace_hash)
            report.findings.push_back("the same seed ran differently the second time");
    }
    return report;
}

// True when all held.
bool take_seed(const Arguments& arguments, std::uint64_t seed, Totals& totals) {
    CrashRunOptions options = arguments.options;
    options.seed = seed;
    std::printf("seed %llu: ", static_cast<unsigned long long>(seed));
    std::fflush(stdout);
    const double before = cpu_seconds();
    const CrashRunReport report = run_seed(arguments, options);
    const double took = cpu_seconds() - before;
    const bool held = report.findings.empty();
    std::printf(
        "%s, %s; faults: %s; %llu records, %llu commits, %llu assignments, %.0f s simulated in "
        "%.2f CPU seconds, trace %016llx; %s\n",
        held ? "ok" : "FAILED", report.counts() ? "counts" : "does not count",
        report.faults.to_string().c_str(), static_cast<unsigned long long>(report.acknowledged),
        static_cast<unsigned long long>(report.commits),
        static_cast<unsigned long long>(report.generations), report.simulated_seconds, took,
        static_cast<unsigned long long>(report.trace_hash), report.drawn.c_str());
    if (!held) print_failure(arguments, options, report);
    std::fflush(stdout);
    ++totals.seeds;
    totals.counted += held && report.counts() ? 1 : 0;
    totals.faults.add(report.faults);
    totals.acknowledged += report.acknowledged;
    totals.commits += report.commits;
    totals.simulated_seconds += report.simulated_seconds;
    totals.cpu_seconds += took;
    for (const auto& [site, counts] : report.sites) {
        cauce::sim::SiteCounts& sum = totals.sites[site];
        sum.asked += counts.asked;
        sum.yes += counts.yes;
    }
    return held;
}

void print_sites(const Totals& totals) {
    for (const auto& [site, counts] : totals.sites)
        std::printf("site %s: asked %llu times, yes %llu\n", site.c_str(),
                    static_cast<unsigned long long>(counts.asked),
                    static_cast<unsigned long long>(counts.yes));
}

void print_totals(const Totals& totals, bool held) {
    constexpr double kSecondsPerHour = 3600;
    const double seeds = static_cast<double>(totals.seeds > 0 ? totals.seeds : 1);
    std::printf(
        "sim: %s: %llu seeds, %llu of them count, %.2f CPU seconds a seed; %.1f simulated hours, "
        "%llu records acknowledged, %llu offset commits; faults: %s\n",
        held ? "all held" : "FAILED", static_cast<unsigned long long>(totals.seeds),
        static_cast<unsigned long long>(totals.counted), totals.cpu_seconds / seeds,
        totals.simulated_seconds / kSecondsPerHour,
        static_cast<unsigned long long>(totals.acknowledged),
        static_cast<unsigned long long>(totals.commits), totals.faults.to_string().c_str());
}

std::string standard_input() {
    std::string text;
    std::array<char, 65536> piece;
    while (const std::size_t size = std::fread(piece.data(), 1, piece.size(), stdin))
        text.append(piece.data(), size);
    return text;
}

int check_standard_input() {
    cauce::sim::History history;
    if (const auto read = history.read_text(standard_input()); !read) {
        std::fprintf(stderr, "%s\n", read.error().message.c_str());
        return 2;
    }
    cauce::sim::Findings findings;
    cauce::sim::check_history(history, findings);
    for (const std::string& finding : findings.texts())
        std::printf("%s\n", finding.c_str());
    std::printf("sim: %zu events of %zu keys, %zu findings\n", history.events().size(),
                history.keys(), findings.texts().size());
    return findings.empty() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    Arguments arguments;
    if (!parse(argc, argv, arguments)) {
        std::fputs(kHelp, stderr);
        return 2;
    }
    if (arguments.check) return check_standard_input();
    if (arguments.list_mutants) {
        for (const cauce::sim::Mutant& mutant : cauce::sim::mutants())
            std::printf("%-28s %s\n", mutant.name.data(), mutant.what.data());
        return 0;
    }
    constexpr std::time_t kSecondsPerMinute = 60;
    const std::time_t end =
        std::time(nullptr) + static_cast<std::time_t>(arguments.minutes) * kSecondsPerMinute;
    Totals totals;
    bool held = true;
    for (std::uint64_t i = 0; held; ++i) {
        const bool enough = i >= arguments.seeds && totals.counted >= arguments.until_counted &&
                            std::time(nullptr) >= end && !arguments.forever;
        if (enough) break;
        held = take_seed(arguments, arguments.options.seed + i, totals);
    }
    if (arguments.list_sites) print_sites(totals);
    print_totals(totals, held);
    return held ? 0 : 1;
}
