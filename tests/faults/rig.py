"""A broker under load: workers that produce, commit and read, and what they know to be in it."""

import contextlib
import dataclasses
import random
import time

from broker import START_SECONDS_MAX, Failure
from kafka_wire import RequestFailed
from load import Committer, Producer, Reader
from partition_check import PartitionCheck

# Small segments and index intervals, so that rolls and recoveries of several segments happen.
TOPIC_CONFIG = {"segment.bytes": "1048576", "index.interval.bytes": "1024"}


@dataclasses.dataclass
class Known:
    """What was acknowledged, committed and read by the time it was asked for."""

    acknowledged: list  # by producer: number -> offset
    committed: list  # by committer
    seen: list  # by reader: numbers by offset

    def count(self):
        return sum(len(each) for each in self.acknowledged)


@dataclasses.dataclass
class Lost:
    """How much of that is not there any more."""

    acknowledged: int = 0  # with acks=all
    leader_only: int = 0  # with acks=1
    read: int = 0  # that a reader saw
    commits: int = 0

    def __add__(self, other):
        return Lost(*(mine + theirs for mine, theirs in zip(dataclasses.astuple(self), dataclasses.astuple(other))))

    def anything(self):
        return any(dataclasses.astuple(self))


class Rig:
    """The partitions of `topic` in this order: `idempotent` producers, `plain` ones, and `leader_only` that are plain with
    acks=1 and followed by a reader. The broker runs."""

    COMMITTERS = 2

    def __init__(self, broker, topic, seed, idempotent=4, plain=2, leader_only=0):
        self.broker = broker
        self.topic = topic
        self.rng = random.Random(seed)
        self.partitions = idempotent + plain + leader_only
        self.producers = [
            Producer(broker.port, topic, p, p < idempotent, seed * 100 + p, acks=1 if p >= idempotent + plain else -1)
            for p in range(self.partitions)
        ]
        self.committers = [Committer(broker.port, topic, p) for p in range(self.COMMITTERS)]
        self.readers = [Reader(broker.port, topic, p) for p in range(idempotent + plain, self.partitions)]
        self.checks = [PartitionCheck(producer) for producer in self.producers]
        # Of acks=1: how many answers a loss of power has made void.
        self.void = 0

    def workers(self):
        return self.producers + self.committers + self.readers

    def begin(self, config=None):
        self.broker.make_topic(self.topic, self.partitions, config or TOPIC_CONFIG).close()
        for worker in self.workers():
            worker.start()

    def ready(self):
        """Seconds until all is served again."""
        return self.broker.wait_until_ready(self.topic, self.partitions)

    @staticmethod
    def progress_of(worker):
        if isinstance(worker, Committer):
            return worker.next_offset
        return len(worker.seen if isinstance(worker, Reader) else worker.acknowledged)

    def raise_problems(self):
        for worker in self.workers():
            if worker.problem:
                raise Failure(worker.problem)

    def wait_for_progress(self):
        """Every worker gets something acknowledged after a restart, or the broker does not serve."""
        before = [self.progress_of(worker) for worker in self.workers()]
        start = time.monotonic()
        while stuck := [w for w, was in zip(self.workers(), before) if self.progress_of(w) == was]:
            self.raise_problems()
            if time.monotonic() - start > START_SECONDS_MAX:
                raise Failure(f"no progress within {START_SECONDS_MAX} s: {[type(w).__name__ for w in stuck]}")
            time.sleep(0.005)

    def load_for(self, seconds):
        time.sleep(seconds)
        self.raise_problems()

    def known(self):
        """A worker may still be reading an answer that came before."""
        return Known(acknowledged=[dict(producer.acknowledged) for producer in self.producers],
                     committed=[committer.acknowledged for committer in self.committers],
                     seen=[list(reader.seen) for reader in self.readers])

    @contextlib.contextmanager
    def still(self):
        """Workers wait meanwhile: who reads a partition to its end in Python may never come to the end of one that grows."""
        for worker in self.workers():
            worker.hold()
        try:
            yield self.broker.connect()
        finally:
            for worker in self.workers():
                worker.go()

    def verify(self, known, everything=False, power_was_lost=False):
        """Raises what does not hold. A loss of power is promised nothing with acks=1, but that what a reader saw stays."""
        with self.still() as connection:
            self._verify(connection, known, everything, power_was_lost)
            connection.close()

    def _verify(self, connection, known, everything, power_was_lost):
        first_reader = self.partitions - len(self.readers)
        for p, (check, acknowledged) in enumerate(zip(self.checks, known.acknowledged)):
            if power_was_lost and p >= first_reader:
                self._verify_leader_only(connection, p, acknowledged, known.seen[p - first_reader], everything)
            else:
                check.check(connection, acknowledged, everything)
        for committer, expected in zip(self.committers, known.committed):
            code, offset = self._committed(connection, committer)
            if code != 0 or offset < expected:
                raise Failure(f"{committer.group} committed {expected}; now error {code}, offset {offset}")

    def _verify_leader_only(self, connection, partition, acknowledged, seen, everything):
        there = self.checks[partition].check_what_was_seen(connection, seen, everything)
        gone = [n for n, at in acknowledged.items() if at is not None and (at >= len(there) or there[at] != n)]
        self.void += len(gone)
        for number in gone:
            del self.producers[partition].acknowledged[number]

    def lost(self, known):
        """Counts instead, by reading everything as it is now."""
        with self.still() as connection:
            lost = self._lost(connection, known)
            connection.close()
        return lost

    def _lost(self, connection, known):
        lost = Lost()
        for producer, check, acknowledged in zip(self.producers, self.checks, known.acknowledged):
            there = self._read_as_it_is(connection, check)
            numbers = set(there.values())
            gone = sum(number not in numbers if at is None else there.get(at) != number for number, at in acknowledged.items())
            if producer.acks == 1:
                lost.leader_only += gone
            else:
                lost.acknowledged += gone
            for reader, seen in zip(self.readers, known.seen):
                if reader.partition == producer.partition:
                    lost.read += sum(there.get(at) != number for at, number in enumerate(seen))
        for committer, expected in zip(self.committers, known.committed):
            code, offset = self._committed(connection, committer)
            lost.commits += code != 0 or offset < expected
        return lost

    @staticmethod
    def _read_as_it_is(connection, check):
        try:
            return check.read_as_it_is(connection)
        except RequestFailed:
            return {}

    @staticmethod
    def _committed(connection, committer):
        for _ in range(1000):
            code, offset = connection.committed_offset(committer.group, committer.topic, committer.partition)
            if code == 0:
                break
            time.sleep(0.01)
        return code, offset

    def stop_workers(self):
        for worker in self.workers():
            worker.stop()

    def end(self):
        """A clean stop, and everything once more. Returns how many records were acknowledged."""
        self.stop_workers()
        self.raise_problems()
        known = self.known()
        self.broker.stop()
        self.broker.start()
        self.ready()
        self.verify(known, everything=True)
        self.broker.stop()
        return known.count()
