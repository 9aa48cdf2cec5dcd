#!/usr/bin/env python3
"""Records what real clients (confluent-kafka, history_client.py) do and are told while their broker is killed with SIGKILL,
under load and during its start, stands still (SIGSTOP), is killed while it does, and is stopped (SIGTERM) and started again.
Then everything is read once more, and check_history judges it by the rules of the simulator's checkers
(docs/formats/history.md).

  history.py --program CAUCE [--seconds N] [--seed S]       CAUCE's folder has check_history too
  history.py --broker kafka --check PROGRAM ...             the same, with Apache Kafka

Prints "ok NAME", "not ok NAME: reason" or "skip NAME: reason".
"""

import argparse
import collections
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from broker import Failure, Skip
from kafka_wire import RequestFailed
from kill_rounds import cut_a_tail
from node import Node
from reference import Reference
from rig import TOPIC_CONFIG

HERE = pathlib.Path(__file__).resolve().parent
INSTALL = HERE.parent / "compat" / "clients" / "confluent-kafka" / "install"
TOPIC = "history"
PARTITIONS = 4
# Values of different producers must not meet.
VALUES = 1_000_000_000
PROGRESS_SECONDS = 60
END_SECONDS = 120

SENDERS = (
    {"idempotent": True, "acks": "all", "hasty": False},
    {"idempotent": True, "acks": "all", "hasty": False},
    {"idempotent": False, "acks": "all", "hasty": False},
    {"idempotent": False, "acks": "1", "hasty": False},
    {"idempotent": False, "acks": "all", "hasty": True},
)
READERS = ({"wanders": False}, {"wanders": True})
GROUPS = {"eager": "range", "cooperative": "cooperative-sticky"}


class Clients:
    """Processes of history_client.py, whose notes are files in `folder`."""

    def __init__(self, folder, package, port, seed):
        self.folder = pathlib.Path(folder)
        self.env = dict(os.environ, PYTHONPATH=package, PYTHONDONTWRITEBYTECODE="1")
        self.port = port
        self.seed = seed
        self.started = 0
        self.notes = []
        self.running = []

    def start(self, role, **settings):
        number = self.started
        self.started += 1
        out = self.folder / f"{number:03}-{role}"
        settings = {"bootstrap": f"127.0.0.1:{self.port}", "topic": TOPIC, "partitions": PARTITIONS, "process": number,
                    "seed": self.seed * 1000 + number, "first_value": number * VALUES, "out": str(out), **settings}
        with open(self.folder / "clients.err", "ab") as errors, open(out.with_suffix(".said"), "wb") as said:
            process = subprocess.Popen([sys.executable, HERE / "history_client.py", role], stdin=subprocess.PIPE, stdout=said,
                                       stderr=errors, env=self.env, start_new_session=True)
        process.stdin.write(json.dumps(settings).encode())
        process.stdin.close()
        self.notes.append(out)
        self.running.append(process)
        process.role, process.out = role, out
        return process

    def of(self, role):
        return [process for process in self.running if process.role == role]

    def end(self, processes):
        """In order, all at the same time."""
        for process in processes:
            while not process.out.exists() and process.poll() is None:
                time.sleep(0.01)
            process.send_signal(signal.SIGTERM)
        for process in processes:
            self.wait(process)

    def wait(self, process):
        try:
            status = process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            raise Failure(f"the {process.role} in {process.out.name} does not end within {END_SECONDS} s") from None
        self.running.remove(process)
        if status != 0:
            raise Failure(f"the {process.role} in {process.out.name} ended with {status}; clients.err says why")

    def kill(self, process):
        process.kill()
        process.wait()
        self.running.remove(process)

    def close(self):
        for process in list(self.running):
            self.kill(process)

    def must_run(self):
        for process in self.running:
            if process.poll() is not None:
                raise Failure(f"the {process.role} in {process.out.name} ended by itself; clients.err says why")

    def problems(self):
        said = [path.with_suffix(".said").read_text() for path in self.notes]
        return [line.removeprefix("problem: ") for text in said for line in text.splitlines() if line.startswith("problem: ")]

    def lines(self):
        """All notes. Who was killed may have left half a line."""
        for path in self.notes:
            if path.exists():
                with open(path, "rb") as notes:
                    yield from (line for line in notes if line.endswith(b"\n"))

    def last_acknowledged(self):
        """Of the partition with the most: its number and the highest offset that a producer was told."""
        last = collections.Counter()
        for line in self.lines():
            if b'"send"' in line and b'"ok"' in line:
                event = json.loads(line)
                last[event["key"]] = max(last[event["key"]], event.get("offset", -1))
        key, offset = max(last.items(), key=lambda each: each[1])
        return int(key.removeprefix(f"{TOPIC}-")), offset


class Run:
    def __init__(self, options, folder, package):
        self.options = options
        self.folder = pathlib.Path(folder)
        self.rng = random.Random(options.seed)
        # Kafka's controller is in the same process: what the test is about is the same.
        if options.broker == "kafka":
            self.broker = Reference(folder, self.folder / "data", {})
        else:
            self.broker = Node(options.program, folder)
        self.data = self.folder / "data" if options.broker == "kafka" else self.broker.directories[0]
        self.clients = Clients(folder, package, self.broker.port, options.seed)
        self.faults = collections.Counter()

    # Faults. Each leaves a broker that runs, or starts.

    def killed(self):
        self.broker.kill()
        time.sleep(self.rng.choice((0, 0, 0.3)))
        self.broker.start()
        while self.rng.random() < 0.3:
            time.sleep(self.rng.uniform(0, 0.1))
            self.broker.kill()
            self.broker.start()

    def paused(self):
        self.broker.signal(signal.SIGSTOP)
        # The longest is longer than a member's session.
        time.sleep(self.rng.choice((0.3, 1.5, 4, 8)))
        self.broker.signal(signal.SIGCONT)

    def killed_in_a_pause(self):
        self.broker.signal(signal.SIGSTOP)
        time.sleep(self.rng.uniform(0, 0.5))
        self.killed()

    def stopped(self):
        self.broker.stop()
        time.sleep(self.rng.choice((0, 0.5)))
        self.broker.start()

    def member_killed(self):
        self.replace_member(self.clients.kill)

    def member_left(self):
        self.replace_member(lambda process: self.clients.end([process]))

    def replace_member(self, end):
        process = self.rng.choice(self.clients.of("member"))
        end(process)
        self.start_member(process.group)

    FAULTS = (killed, killed, paused, killed_in_a_pause, stopped, member_killed, member_left)

    def start_member(self, group):
        self.clients.start("member", group=group, strategy=GROUPS[group]).group = group

    def ready(self):
        self.broker.wait_until_ready(TOPIC, PARTITIONS)

    def wait_for_progress(self):
        """Readers that read by themselves have something new."""
        sizes = {process.out: process.out.stat().st_size for process in self.clients.of("reader") if process.out.exists()}
        deadline = time.monotonic() + PROGRESS_SECONDS
        for process in self.clients.of("reader"):
            while not process.out.exists() or process.out.stat().st_size <= sizes.get(process.out, 0):
                self.clients.must_run()
                if time.monotonic() > deadline:
                    raise Failure(f"readers have got nothing for {PROGRESS_SECONDS} s: {self.broker.last_words()}")
                time.sleep(0.05)

    def lose_a_tail(self):
        """What a broker would do that answers before it has written."""
        time.sleep(1)
        self.broker.kill()
        partition, last = self.clients.last_acknowledged()
        cut_a_tail(self.data, TOPIC, partition, last)
        self.broker.start()

    def load(self):
        self.broker.start()
        self.broker.wait_until_ready()
        self.broker.make_topic(TOPIC, PARTITIONS, TOPIC_CONFIG).close()
        for settings in SENDERS:
            self.clients.start("sender", **settings)
        for settings in READERS:
            self.clients.start("reader", **settings)
        for group in GROUPS:
            for _ in range(2):
                self.start_member(group)
        self.wait_for_progress()
        if self.options.sabotage:
            self.lose_a_tail()
            self.ready()
        end = time.monotonic() + self.options.seconds
        faults = []
        while time.monotonic() < end:
            time.sleep(self.rng.uniform(0.2, 2))
            if not faults:
                faults = self.rng.sample(self.FAULTS, len(self.FAULTS))
            fault = faults.pop()
            fault(self)
            self.faults[fault.__name__] += 1
            self.ready()
            self.wait_for_progress()
        self.clients.end(self.clients.of("sender"))
        self.clients.end(self.clients.running.copy())
        self.broker.stop()
        self.broker.start()
        self.ready()
        self.clients.wait(self.clients.start("last", groups=list(GROUPS)))
        self.broker.stop()

    def history(self):
        """Where all of it is, in lines."""
        path = self.folder / "history"
        with open(path, "wb") as history:
            history.writelines(self.clients.lines())
        return path

    def judge(self):
        """In words."""
        counts = collections.Counter()
        with open(self.history(), "rb") as history:
            for line in history:
                event = json.loads(line)
                if event["type"] == "ok":
                    counts[event["event"]] += len(event.get("records", (0,)))
            history.seek(0)
            done = subprocess.run([self.options.check], stdin=history, capture_output=True, text=True, check=False)
        # What the clients complain of besides comes second: it may be what the history explains.
        findings = done.stdout.splitlines()
        if done.returncode != 0:
            raise Failure(f"{findings[0] if findings else done.stderr.strip()} ({len(findings) - 1} findings)")
        if problems := self.clients.problems():
            raise Failure(f"{problems[0]} ({len(problems)} problems)")
        faults = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in sorted(self.faults.items()))
        return (f"{counts['send']} records acknowledged, {counts['poll']} read, {counts['commit']} commits; {faults}; "
                f"{findings[-1].removeprefix('history: ')}")

    def close(self):
        self.clients.close()
        if self.broker.running:
            # Should it stand still, it cannot be asked.
            self.broker.kill()


def installed():
    done = subprocess.run([INSTALL], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise Skip(f"confluent-kafka could not be installed: {' '.join(done.stderr.split()[-40:])}")
    return done.stdout.strip()


def run(options):
    name = "history: real clients of " + ("Apache Kafka" if options.broker == "kafka" else "a broker that is killed, paused and stopped")
    if options.list:
        print(f"will {name}")
        return 0
    folder = os.path.realpath(tempfile.mkdtemp(prefix="cauce-history-", dir=options.dir))
    reason = None
    try:
        if not os.access(options.check, os.X_OK):
            raise Skip(f"{options.check} is not there (ninja -C out/release check_history)")
        package = installed()
        rig = Run(options, folder, package)
        try:
            try:
                rig.load()
            finally:
                rig.close()
        except (Failure, RequestFailed, OSError) as failure:
            # What was noted until then may say why.
            reason = f"{failure}"
            rig.judge()
            raise
        print(f"ok {name}\n# {rig.judge()}", flush=True)
    except Skip as skipped:
        print(f"skip {name}: {skipped}", flush=True)
    except (Failure, RequestFailed, OSError) as failure:
        said = " | ".join(dict.fromkeys(filter(None, (str(failure), reason)))).replace("\n", " | ")
        print(f"not ok {name}: {said}; seed {options.seed}, the history and the logs are in {folder}", flush=True)
        return 1
    shutil.rmtree(folder, ignore_errors=True)
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", help="Cauce; not needed for Kafka")
    parser.add_argument("--broker", choices=("cauce", "kafka"), default="cauce")
    parser.add_argument("--check", help="the program check_history")
    parser.add_argument("--seconds", type=float, default=45, help="with faults; some more at both ends")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--dir", help="where to put the data (a temporary folder)")
    parser.add_argument("--sabotage", action="store_true", help="a log loses what was acknowledged: the run has to fail")
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    if options.broker == "cauce" and not (options.program or options.list):
        parser.error("--program is needed")
    if options.program:
        options.program = os.path.realpath(options.program)
        options.check = options.check or os.path.join(os.path.dirname(options.program), "check_history")
    if not (options.check or options.list):
        parser.error("--check is needed")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    return run(options)


if __name__ == "__main__":
    sys.exit(main())
