#include "sim/crash_run.h"

#include "sim/broker.h"
#include "sim/checkers/image_checker.h"
#include "sim/checkers/kafka_checker.h"
#include "sim/clients.h"
#include "sim/damaged_file.h"
#include "sim/disk_failure.h"
#include "sim/read_failure.h"
#include "sim/weather.h"

#include <algorithm>
#include <cstdio>
#include <functional>
#include <map>

namespace cauce::sim {

using runtime::Random;

namespace {

// Simulated time in which a start, progress, a drain, a stop has to come about, on the slowest
// disk.
constexpr Duration kStartsWithin = seconds(120);
// Who waits for a machine without power gives up after half a minute (BrokerClient::kPatience).
constexpr Duration kProgressWithin = seconds(120);
constexpr Duration kDrainsWithin = seconds(300);
constexpr Duration kStopsWithin = seconds(120);
// From the failure of a log directory that the broker needs to its end.
constexpr Duration kGivesUpWithin = seconds(120);
// A call to the disk that is waited for may not come.
constexpr Duration kDiskCallWithin = seconds(10);

constexpr double kCountedSeconds = 60;
constexpr std::uint64_t kCountedRecords = 200;
constexpr std::size_t kCountedKinds = 2;

class Run {
public:
    explicit Run(const CrashRunOptions& options)
        : options_(options),
          plan_(draw_plan(options.seed, options.deaths, options.reductions)),
          world_(world_options()) {
        load_.broker = {"broker", kPort};
        load_.one_ack_is_a_promise = !plan_.flush;
        machine_ = &world_.add_node("broker", plan_.shards);
        machine_->syncs_do_nothing = options.syncs_do_nothing;
        machine_->folder_syncs_do_nothing = options.folder_syncs_do_nothing;
        broker_.emplace(world_, *machine_, plan_.properties);
        clients_.emplace(world_, load_, plan_);
        weather_.emplace(world_, *machine_, clients_->machine());
    }

    CrashRunReport run() {
        broker_->start();
        if (serves()) {
            clients_->start();
            const bool loaded = wait(kDrainsWithin, "the topics are not there",
                                     [this] { return !still_runs() || clients_->loaded(); });
            if (loaded && safety() && healing() && liveness()) final_check();
        }
        return report();
    }

private:
    WorldOptions world_options() const {
        WorldOptions options;
        options.seed = options_.seed;
        options.disk_sync = plan_.disk_sync;
        options.net_hop = plan_.net_hop;
        options.log_level = options_.echo_log.value_or(LogLevel::info);
        options.echo_log = options_.echo_log.has_value();
        options.makes_choices = true;
        return options;
    }

    void note(const std::string& what) {
        char stamp[32];
        std::snprintf(stamp, sizeof stamp, "%14.6f",
                      std::chrono::duration<double>(world_.now().since_start).count());
        world_.add_log_line(std::string(stamp) + " ---- " + what);
    }

    void count(Fault fault, const std::string& what) {
        report_.faults.add(fault);
        note(std::string(name_of(fault)) + ": " + what);
    }

    bool found_something() const { return !load_.findings.empty(); }

    // A finding when it does not come about in time.
    bool wait(Duration within, const char* otherwise, const std::function<bool()>& done) {
        const auto ends = [&] { return found_something() || done(); };
        rest(world_.now() + within);
        const bool came = world_.run_until(ends, world_.now() + within);
        load_.quiet_until = world_.now();
        if (found_something()) return false;
        if (!came) load_.findings.add(otherwise);
        return came;
    }

    // A broker that ends by itself while it should serve is a finding.
    bool still_runs() {
        if (broker_->running() || !broker_->outcome()) return true;
        const Result<void>& outcome = *broker_->outcome();
        load_.findings.add("the broker ended by itself: " +
                           (outcome ? std::string("in order") : outcome.error().message));
        return false;
    }

    bool serves() {
        return wait(kStartsWithin, "the broker does not start",
                    [this] { return !still_runs() || broker_->serving(); }) &&
               broker_->serving();
    }

    // ---- safety ----

    // False when something was found.
    bool safety() {
        Random& random = world_.random();
        const bool short_run = options_.deaths > 0;
        const MonoTime end = world_.now() + plan_.safety;
        const std::int64_t gap = plan_.safety.count() / static_cast<std::int64_t>(plan_.faults + 1);
        for (std::size_t i = 0; i < plan_.faults; ++i) {
            // From the very beginning of a start to well into serving; half of them close together.
            const std::int64_t longest = short_run || random.one_in(2)
                                             ? std::int64_t{1} << random.between(16, 31)
                                             : gap * 3 / 2;
            if (!pass_time(Duration(random.between(0, longest)))) return false;
            happen(choose(i == 0));
            if (found_something()) return false;
        }
        return short_run || pass_time(end - world_.now());
    }

    // One of the plan's kinds; where a crash is wanted, so that the seed counts, one if there is
    // any.
    Fault choose(bool crash) {
        const auto wanted = [crash](Fault fault) { return !crash || is_crash(fault); };
        const bool any = std::ranges::any_of(plan_.kinds, wanted);
        while (true) {
            const Fault fault = plan_.kinds[world_.random().below(plan_.kinds.size())];
            if (!any || wanted(fault)) return fault;
        }
    }

    bool pass(MonoTime until) {
        world_.run_until([this] { return found_something() || !still_runs(); }, until);
        return !found_something();
    }

    // Nothing happens before that: the workloads rest but for the beginning, in which the last
    // fault shows, and the end, so that the next one meets them at work.
    void rest(MonoTime until) {
        if (!plan_.rests) return;
        Random& random = world_.random();
        load_.quiet_from = world_.now() + Duration(std::int64_t{1} << random.between(26, 30));
        load_.quiet_until = until - Duration(std::int64_t{1} << random.between(25, 31));
    }

    bool pass_time(Duration time) {
        const MonoTime until = world_.now() + time;
        rest(until);
        return pass(until);
    }

    void happen(Fault fault) {
        if (is_weather(fault)) {
            const std::string what = weather_->begin(fault);
            return count(fault, what);
        }
        switch (fault) {
            case Fault::failed_write:
            case Fault::failed_sync:
                return fail_directory(fault);
            case Fault::full_disk:
                return fill_disk();
            case Fault::full_start:
                return start_full();
            case Fault::failed_read:
                return world_.random().one_in(3) ? fail_reads_of_a_start() : fail_reads();
            case Fault::bit_rot:
            case Fault::missing_end:
                return damage(fault);
            default:
                die(fault);
                if (!found_something()) start_again();
                return;
        }
    }

    void start_again() {
        broker_->start();
        // One in four meets its next fault before it serves.
        if (!world_.random().one_in(4)) (void)serves();
    }

    // The broker dies in one of the ways there are.
    void die(Fault fault) {
        Random& random = world_.random();
        const bool power = fault == Fault::power_loss;
        const std::string manner(name_of(fault));
        if (random.one_in(2)) {
            note(manner + " in a disk call to come");
            // Names change seldom, and what goes wrong there is hard to meet.
            auto calls = random.one_in(3) ? DiskCalls::names : DiskCalls::all;
            if (plan_.compacts && random.one_in(3)) calls = DiskCalls::exchanges;
            world_.kill_in_disk_call(*machine_, 1 + random.below(20), power, calls);
            const auto dead = [this] { return found_something() || !broker_->running(); };
            world_.run_until(dead, world_.now() + kDiskCallWithin);
            if (!still_runs()) return;
        }
        // Also where nothing was written in all that time.
        if (broker_->running()) {
            if (power) {
                world_.power_loss(*machine_);
            } else {
                world_.kill(*machine_);
            }
        }
        count(fault, "the broker is dead");
    }

    bool stops_in_order() {
        note("stop in order");
        broker_->stop();
        if (!wait(kStopsWithin, "the broker does not stop", [this] { return !broker_->running(); }))
            return false;
        const auto& outcome = broker_->outcome();
        if (outcome && *outcome) return true;
        load_.findings.add("the broker did not stop in order: " +
                           (outcome ? outcome->error().message : std::string("it vanished")));
        return false;
    }

    // While nobody runs, the disk forgets.
    void damage(Fault fault) {
        if (broker_->serving() && world_.random().one_in(2)) {
            if (!stops_in_order()) return;
        } else {
            die(Fault::kill);
            if (found_something()) return;
        }
        const auto done = damage_a_file(machine_->disk, plan_.directories, fault, world_.random());
        if (done) count(fault, *done);
        start_again();
    }

    std::string one_of_the_directories() {
        std::vector<std::string> candidates = plan_.directories;
        if (plan_.metadata_directory != candidates.front())
            candidates.push_back(plan_.metadata_directory);
        return candidates[world_.random().below(candidates.size())];
    }
    bool is_needed(const std::string& directory) const {
        return plan_.directories.size() == 1 || directory == plan_.metadata_directory;
    }

    // A log directory's disk gives up (D20). The broker leaves it at once; where it cannot do
    // without it, it ends and says why.
    void fail_directory(Fault fault) {
        Random& random = world_.random();
        const std::string directory = one_of_the_directories();
        const bool needed = is_needed(directory);
        const std::uint64_t calls = 1 + random.below(20);
        const bool for_good = random.one_in(2);
        {
            DiskFailure failure(*machine_, directory, fault, calls, for_good);
            load_.disk_trouble = true;
            const auto met = [&] {
                return found_something() || failure.met() || !broker_->running();
            };
            world_.run_until(met, world_.now() + kDiskCallWithin);
            if (found_something()) return;
            if (!failure.met()) {
                (void)still_runs();
                return;  // nothing was written there
            }
            count(fault, directory + " fails" +
                             (needed ? ", and the broker needs it" : ", the other one goes on"));
            if (needed) {
                gives_up(directory);
            } else {
                (void)pass_time(milliseconds(random.between(0, 5000)));
            }
            if (found_something()) return;
        }
        // Of what a failed flush had to write nothing is known, but to the page cache, which would
        // tell the next process that all is well: such a machine is started anew.
        if (fault == Fault::failed_sync || random.one_in(2)) {
            world_.power_loss(*machine_);
            count(Fault::power_loss, "to mend the disk");
        } else {
            world_.kill(*machine_);
        }
        start_again();
    }

    // What cannot be read now is answered with an error; the broker goes on, and so does everything
    // as soon as it can be read again.
    void fail_reads() {
        if (!serves()) return;
        Random& random = world_.random();
        const std::string directory = one_of_the_directories();
        const std::uint64_t one_in = std::uint64_t{1} << random.below(6);
        const milliseconds lasts(std::int64_t{1} << random.between(8, 14));
        load_.disk_trouble = true;
        const ReadFailure failure(*machine_, directory, one_in, random.next());
        (void)pass_time(lasts);
        if (failure.count() > 0)
            count(Fault::failed_read, std::to_string(failure.count()) + " reads in " + directory +
                                          " failed in " + std::to_string(lasts.count()) + " ms");
    }

    // The broker starts without what it cannot read, or ends and names the directory. What is left
    // on the disk is the same as before: once all can be read everything is there.
    void fail_reads_of_a_start() {
        die(Fault::kill);
        if (found_something()) return;
        Random& random = world_.random();
        const std::string directory = one_of_the_directories();
        const std::uint64_t one_in = std::uint64_t{1} << random.below(8);
        load_.disk_trouble = true;
        {
            const ReadFailure failure(*machine_, directory, one_in, random.next());
            broker_->start();
            const auto settled = [this] { return !broker_->running() || broker_->serving(); };
            if (!wait(kStartsWithin, "the broker neither starts nor ends where reads fail",
                      settled))
                return;
            if (failure.count() == 0) return (void)serves();
            count(Fault::failed_read, std::to_string(failure.count()) + " reads in " + directory +
                                          " failed in a start");
            if (!broker_->running()) {
                says_why(directory);
            } else {
                (void)pass_time(milliseconds(random.between(0, 5000)));
            }
            if (found_something()) return;
        }
        world_.kill(*machine_);
        start_again();
    }

    // Takes all but `left` bytes; returns how much there was.
    std::uint64_t take_room(std::uint64_t left) {
        DiskImage& disk = machine_->disk;
        const std::uint64_t whole = disk.capacity_bytes();
        disk.set_capacity(whole - disk.free_bytes() + left);
        load_.disk_trouble = true;
        return whole;
    }

    // There is room for a few pages more, until somebody makes some.
    void fill_disk() {
        if (!serves()) return;
        Random& random = world_.random();
        const std::uint64_t left = random.below(32) * kPageSize;
        const std::uint64_t whole = take_room(left);
        const milliseconds lasts(std::int64_t{1} << random.between(8, 14));
        count(Fault::full_disk, std::to_string(left) + " bytes are left, for " +
                                    std::to_string(lasts.count()) + " ms");
        (void)pass_time(lasts);
        machine_->disk.set_capacity(whole);
    }

    // Others take the last byte while the broker is down, or while it dies. What it holds back for
    // that (docs/full-disk.md) has to be there.
    void start_full() {
        if (!serves()) return;
        Random& random = world_.random();
        const auto holds_back = [this] {
            return found_something() ||
                   std::ranges::all_of(plan_.directories, [this](const std::string& directory) {
                       return machine_->disk.exists(directory + "/cauce.reserve");
                   });
        };
        if (!wait(kStartsWithin, "the broker makes no reserve", holds_back)) return;
        if (random.one_in(2)) {
            if (!stops_in_order()) return;
        } else {
            die(Fault::kill);
            if (found_something()) return;
        }
        const std::uint64_t left = random.one_in(2) ? 0 : random.below(32) * kPageSize;
        const std::uint64_t whole = take_room(left);
        const milliseconds lasts(std::int64_t{1} << random.between(8, 14));
        count(Fault::full_start, std::to_string(left) + " bytes are left, for " +
                                     std::to_string(lasts.count()) + " ms");
        broker_->start();
        if (serves()) (void)pass_time(lasts);
        machine_->disk.set_capacity(whole);
    }

    void gives_up(const std::string& directory) {
        const auto ended = [this] { return !broker_->running(); };
        if (wait(kGivesUpWithin, "the broker goes on without a log directory that it needs", ended))
            says_why(directory);
    }

    // It has ended because of this directory.
    void says_why(const std::string& directory) {
        const auto& outcome = broker_->outcome();
        std::string said = "nothing";
        if (outcome) said = *outcome ? "that all was well" : outcome->error().message;
        if (said.contains(directory)) return;
        load_.findings.add("the broker ended when " + directory + " failed, and said " + said);
    }

    // ---- healing, liveness, final check ----

    bool healing() {
        note("healing");
        weather_->clear();
        return serves();
    }

    bool liveness() {
        note("liveness");
        const std::map<std::string, std::uint64_t> before = load_.progress;
        const auto all_get_on = [&] {
            return std::ranges::all_of(load_.progress, [&](const auto& entry) {
                const auto known = before.find(entry.first);
                return known == before.end() || entry.second > known->second;
            });
        };
        if (!wait(kProgressWithin, "not every workload gets on",
                  [&] { return !still_runs() || all_get_on(); })) {
            name_who_waits(before);
            return false;
        }
        load_.draining = true;
        return wait(kDrainsWithin, "the workloads do not come to their end",
                    [this] { return !still_runs() || clients_->ended(); });
    }

    void name_who_waits(const std::map<std::string, std::uint64_t>& before) {
        for (const auto& [name, count] : load_.progress) {
            const auto known = before.find(name);
            if (known != before.end() && known->second == count) note(name + " does not get on");
        }
    }

    void final_check() {
        if (!audit()) return;
        // Nobody changes the cluster any more.
        const MetadataFacts before = cluster_facts();
        if (!stops_in_order()) return;
        broker_->start();
        if (!serves()) return;
        compare_facts(before, cluster_facts(), load_.findings);
        if (!audit()) return;
        load_.history.add(HistoryEvent());  // complete
        check_history(load_.history, load_.findings);
    }

    MetadataFacts cluster_facts() {
        const metadata::ImagePointer image = broker_->facts(node::Detail::totals).image;
        CHECK(image != nullptr);
        return lasting_facts(*image);
    }

    bool audit() {
        note("audit");
        clients_->start_audit();
        if (!wait(kDrainsWithin, "the audit does not come to its end",
                  [this] { return !still_runs() || clients_->audited(); })) {
            // What is missing says more than that something is.
            load_.records.finish();
            return false;
        }
        load_.records.finish();
        return !found_something();
    }

    CrashRunReport report() {
        report_.drawn = plan_.describe();
        report_.findings = load_.findings.texts();
        report_.log = world_.log();
        report_.acknowledged = load_.records.acknowledged_count();
        report_.read = clients_->records_read();
        report_.commits = load_.groups.committed_count();
        report_.generations = load_.groups.assigned_count();
        report_.simulated_seconds = std::chrono::duration<double>(world_.now().since_start).count();
        report_.turns = world_.turns();
        report_.sites = world_.sites();
        report_.trace_hash = world_.trace_hash();
        return std::move(report_);
    }

    const CrashRunOptions options_;
    const Plan plan_;
    Load load_;
    // Before the world, whose end destroys processes and events that refer to them.
    std::optional<Broker> broker_;
    std::optional<Clients> clients_;
    std::optional<Weather> weather_;
    World world_;
    SimNode* machine_ = nullptr;
    CrashRunReport report_;
};

}  // namespace

bool CrashRunReport::counts() const {
    return simulated_seconds >= kCountedSeconds && acknowledged >= kCountedRecords &&
           faults.crashes() >= 1 && faults.kinds() >= kCountedKinds;
}

CrashRunReport crash_run(const CrashRunOptions& options) {
    Run run(options);
    return run.run();
}

}  // namespace cauce::sim
