"""Kills a broker with SIGKILL again and again while producers and committers load it, and checks after every restart:
what was acknowledged is there, at the offset that was answered; what an idempotent producer sent is there once and in
order; a committed offset is not forgotten; what a consumer saw does not change; the broker always starts.

Prints one TAP line a round. Ends with 0 when all held.
"""

import argparse
import glob
import os
import random
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time

from kafka_wire import Connection, RequestFailed, parse_batches
from load import RETRIABLE, Committer, Producer, number_of

TOPIC = "kills"
IDEMPOTENT_PARTITIONS = 4
PLAIN_PARTITIONS = 2
START_SECONDS_MAX = 30


class Failure(Exception):
    pass


def patiently(ask):
    """A broker that has just started may ask to come again."""
    deadline = time.monotonic() + START_SECONDS_MAX
    while True:
        try:
            return ask()
        except RequestFailed as failure:
            if failure.code not in RETRIABLE or time.monotonic() > deadline:
                raise
        time.sleep(0.01)


class Broker:
    def __init__(self, command, port, folder):
        self.command = [word.format(port=port, data=os.path.join(folder, "data")) for word in command]
        self.port = port
        self.log_path = os.path.join(folder, "broker.log")
        self.process = None

    def start(self):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)

    def wait_until_ready(self, topic, partitions):
        """Returns the seconds it took."""
        start = time.monotonic()
        while True:
            if self.process.poll() is not None:
                raise Failure(f"the broker ended with status {self.process.returncode} while it started")
            if time.monotonic() - start > START_SECONDS_MAX:
                raise Failure(f"the broker did not serve within {START_SECONDS_MAX} s")
            try:
                connection = Connection(self.port, timeout=START_SECONDS_MAX)
                connection.api_versions()
                if topic is None or connection.has_leaders(topic, partitions):
                    return time.monotonic() - start
                connection.close()
            except OSError:
                pass
            time.sleep(0.002)

    def kill(self):
        if self.process.poll() is not None:
            raise Failure(f"the broker ended by itself with status {self.process.returncode}")
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        self.process.terminate()
        status = self.process.wait(timeout=60)
        if status != 0:
            raise Failure(f"the broker ended with status {status} when asked to stop")

    def log_tail(self):
        with open(self.log_path, "rb") as log:
            return b"".join(log.readlines()[-25:]).decode(errors="replace")


class PartitionCheck:
    """What is known to be in one partition, and whether it still is."""

    OVERLAP = 200  # records read again every time

    def __init__(self, producer):
        self.producer = producer
        self.name = f"{producer.topic}-{producer.partition}"
        self.numbers = []  # by offset
        self.places = {}  # number -> offsets

    def read_to(self, connection, end, start):
        """Compares with what was read before, and adds what is new, up to offset `end` at least."""
        offset = start
        while offset < end:
            high_watermark, data = patiently(lambda: connection.fetch(TOPIC, self.producer.partition, offset))
            records = parse_batches(data, offset)
            if not records:
                raise Failure(f"{self.name} ends at {offset} (high watermark {high_watermark}); expected up to {end}")
            for at, value in records:
                if at != offset:
                    raise Failure(f"{self.name} goes from offset {offset} to {at}")
                number = number_of(value)
                if offset == len(self.numbers):
                    self.numbers.append(number)
                    self.places.setdefault(number, []).append(offset)
                elif self.numbers[offset] != number:
                    raise Failure(f"{self.name} at {offset}: was record {self.numbers[offset]}, is {number}")
                offset += 1

    def check(self, connection, acknowledged, everything):
        """`acknowledged` as it was before the kill."""
        placed = [offset for offset in acknowledged.values() if offset is not None]
        end = max(placed, default=-1) + 1
        start = 0 if everything else max(0, len(self.numbers) - self.OVERLAP)
        if everything:
            end = max(end, len(self.numbers))
        self.read_to(connection, end, start)
        for number, offset in acknowledged.items():
            if offset is not None and self.numbers[offset] != number:
                raise Failure(f"{self.name} at {offset}: record {number} was acknowledged, {self.numbers[offset]} is there")
            if offset is None and number not in self.places:
                raise Failure(f"{self.name}: record {number} was acknowledged as a duplicate and is not there")
        if self.producer.idempotent and self.numbers != list(range(len(self.numbers))):
            raise Failure(f"{self.name}: an idempotent producer's records are not there once and in order")


class Rig:
    def __init__(self, options):
        self.rng = random.Random(options.seed)
        self.sabotage = options.sabotage
        self.folder = tempfile.mkdtemp(prefix="cauce-faults-", dir=options.dir)
        self.broker = Broker(options.command, options.port, self.folder)
        partitions = IDEMPOTENT_PARTITIONS + PLAIN_PARTITIONS
        self.partitions = partitions
        self.producers = [
            Producer(options.port, TOPIC, p, p < IDEMPOTENT_PARTITIONS, options.seed * 100 + p) for p in range(partitions)
        ]
        self.committers = [Committer(options.port, TOPIC, p) for p in range(2)]
        self.checks = [PartitionCheck(producer) for producer in self.producers]

    def workers(self):
        return self.producers + self.committers

    def begin(self):
        self.broker.start()
        self.broker.wait_until_ready(None, 0)
        # Small segments and index intervals, so that rolls and recoveries of several segments happen.
        config = {"segment.bytes": "1048576", "index.interval.bytes": "1024"}
        Connection(self.broker.port).create_topic(TOPIC, self.partitions, config)
        self.broker.wait_until_ready(TOPIC, self.partitions)
        for worker in self.workers():
            worker.start()

    def wait_for_progress(self):
        """Every worker gets something acknowledged after a restart, or the broker does not serve."""
        before = [self.progress_of(worker) for worker in self.workers()]
        start = time.monotonic()
        while any(self.progress_of(worker) == was for worker, was in zip(self.workers(), before)):
            self.raise_problems()
            if time.monotonic() - start > START_SECONDS_MAX:
                stuck = [w for w, was in zip(self.workers(), before) if self.progress_of(w) == was]
                raise Failure(f"no progress within {START_SECONDS_MAX} s: {[type(w).__name__ for w in stuck]}")
            time.sleep(0.005)

    @staticmethod
    def progress_of(worker):
        return worker.next_offset if isinstance(worker, Committer) else len(worker.acknowledged)

    def raise_problems(self):
        for worker in self.workers():
            if worker.problem:
                raise Failure(worker.problem)

    def lose_a_tail(self):
        """What a broker would do that answers before it has written: a log ends within the last batch that it acknowledged."""
        producer = max(self.producers, key=lambda each: len(each.acknowledged))
        last = max(offset for offset in list(producer.acknowledged.values()) if offset is not None)
        segments = glob.glob(os.path.join(self.folder, "data", f"{TOPIC}-{producer.partition}", "*.log"))
        segments = sorted(path for path in segments if int(os.path.basename(path).removesuffix(".log")) <= last)
        with open(segments[-1], "r+b") as log:
            place = 0
            while True:
                log.seek(place)
                base, length, delta = struct.unpack(">qi11xi", log.read(27))
                if base + delta >= last:
                    break
                place += 12 + length
            log.truncate(place + 12 + length // 2)

    def round(self, everything):
        """Kills under load, perhaps again during the start, starts and checks; a line for the report."""
        if self.sabotage:
            self.wait_for_progress()  # else there may be nothing to lose
        load_seconds = self.rng.uniform(0.02, 0.8)
        time.sleep(load_seconds)
        self.raise_problems()
        self.broker.kill()
        if self.sabotage:
            self.lose_a_tail()
        # What was acknowledged by now has to be there; a worker may still be reading an answer that came before.
        acknowledged = [dict(producer.acknowledged) for producer in self.producers]
        committed = [committer.acknowledged for committer in self.committers]
        starts = 1
        self.broker.start()
        while self.rng.random() < 0.25:
            time.sleep(self.rng.uniform(0, 0.1))
            self.broker.kill()
            self.broker.start()
            starts += 1
        seconds = self.broker.wait_until_ready(TOPIC, self.partitions)
        connection = Connection(self.broker.port, timeout=START_SECONDS_MAX)
        for check, expected in zip(self.checks, acknowledged):
            check.check(connection, expected, everything)
        for committer, expected in zip(self.committers, committed):
            self.check_commit(connection, committer, expected)
        self.wait_for_progress()
        connection.close()
        count = sum(len(expected) for expected in acknowledged)
        return f"killed after {load_seconds * 1000:.0f} ms of load, {starts} start(s), serves in {seconds * 1000:.0f} ms, {count} records acknowledged so far"

    @staticmethod
    def check_commit(connection, committer, expected):
        for _ in range(1000):
            code, offset = connection.committed_offset(committer.group, TOPIC, committer.partition)
            if code == 0:
                break
            time.sleep(0.01)
        if code != 0 or offset < expected:
            raise Failure(f"{committer.group} committed {expected}; now error {code}, offset {offset}")

    def end(self):
        """A clean stop, and everything once more."""
        for worker in self.workers():
            worker.stop()
        self.raise_problems()
        self.broker.stop()
        self.broker.start()
        self.broker.wait_until_ready(TOPIC, self.partitions)
        connection = Connection(self.broker.port, timeout=START_SECONDS_MAX)
        for check, producer in zip(self.checks, self.producers):
            check.check(connection, producer.acknowledged, everything=True)
        for committer in self.committers:
            self.check_commit(connection, committer, committer.acknowledged)
        self.broker.stop()
        return sum(len(producer.acknowledged) for producer in self.producers)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--port", type=int, default=21600)
    parser.add_argument("--dir", help="where to put the data (a temporary folder)")
    parser.add_argument("--sabotage", action="store_true", help="cut what was acknowledged out of a log after each kill: the run has to fail")
    parser.add_argument("command", nargs="+", help="starts the broker in the foreground; {port} and {data} are filled in")
    options = parser.parse_args()

    rig = Rig(options)
    print(f"1..{options.rounds + 1}", flush=True)
    number = 1
    try:
        rig.begin()
        for number in range(1, options.rounds + 1):
            line = rig.round(everything=number % 25 == 0)
            print(f"ok {number} - kill -9: {line}", flush=True)
        number = options.rounds + 1
        print(f"ok {number} - clean stop and start: all {rig.end()} acknowledged records are there", flush=True)
    except (Failure, RequestFailed) as failure:
        print(f"not ok {number} - {failure}", flush=True)
        print(f"# seed {options.seed}; data and log are kept in {rig.folder}; the log ends:", flush=True)
        for line in rig.broker.log_tail().splitlines():
            print(f"#   {line}")
        if rig.broker.process and rig.broker.process.poll() is None:
            rig.broker.kill()
        return 1
    shutil.rmtree(rig.folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
