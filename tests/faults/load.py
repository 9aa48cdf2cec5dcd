"""Producers and committers that run beside the kills, and note what the broker acknowledged."""

import collections
import random
import struct
import threading
import time

import kafka_wire
from kafka_wire import Connection, RequestFailed, parse_batches

# A client may send again after these, and expects it to work in the end.
RETRIABLE = {
    3,  # UNKNOWN_TOPIC_OR_PARTITION: metadata may not be there yet after a start
    5,  # LEADER_NOT_AVAILABLE
    6,  # NOT_LEADER_OR_FOLLOWER
    7,  # REQUEST_TIMED_OUT
    14,  # COORDINATOR_LOAD_IN_PROGRESS
    15,  # COORDINATOR_NOT_AVAILABLE
    16,  # NOT_COORDINATOR
    56,  # KAFKA_STORAGE_ERROR: the disk is full, or the log directory has just failed
}


def value_of(number, rng):
    """Unique by its number; of any size, so that segments roll at odd places."""
    return struct.pack(">q", number) + bytes(rng.choice((0, 0, 10, 10, 20, 50, 100, 1500)))


def number_of(value):
    return struct.unpack_from(">q", value)[0]


class Worker(threading.Thread):
    """Runs step() on a connection until stopped; a lost connection is made again."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.port = port
        self.stopping = threading.Event()
        self.going = threading.Event()
        self.going.set()
        self.problem = None
        self.powered = True
        self.cuts = 0

    def run(self):
        while not self.stopping.is_set():
            cuts = self.cuts
            try:
                connection = Connection(self.port)
            except OSError:
                time.sleep(0.005)
                continue
            connection.cuts = cuts
            try:
                self.connected(connection)
                while not self.stopping.is_set() and self.problem is None:
                    self.going.wait()
                    self.step(connection)
            except OSError:
                pass
            except RequestFailed as failure:
                if failure.code in RETRIABLE:
                    time.sleep(0.01)
                else:
                    self.problem = str(failure)
            except Exception as problem:  # ends this worker, and with it the run
                self.problem = repr(problem)
            finally:
                connection.close()
            if self.problem:
                return

    def connected(self, connection):
        """Before the first step on a new connection."""

    def power_cut(self):
        """Before the power goes. What is answered from here on comes from a machine that does not exist any more: between the
        cut and its end the kernel says of flushes that they went well and has not written the file's size
        (tests/faults/image.py)."""
        self.cuts += 1
        self.powered = False

    def power_back(self):
        """When nothing of that machine runs any more."""
        self.powered = True

    def heard(self, connection):
        """Behind every answer, before it counts."""
        if not self.powered or connection.cuts != self.cuts:
            raise ConnectionAbortedError("the power was cut before this answer came")

    def hold(self):
        """No further step until go()."""
        self.going.clear()

    def go(self):
        self.going.set()

    def stop(self):
        self.stopping.set()
        self.go()
        self.join()


class Producer(Worker):
    """Owns one partition: sends numbered records, several batches in flight when idempotent, and the unanswered ones again,
    in order, after a lost connection."""

    def __init__(self, port, topic, partition, idempotent, seed, acks=-1):
        super().__init__(port)
        self.topic = topic
        self.partition = partition
        self.idempotent = idempotent
        self.acks = acks
        self.rng = random.Random(seed)
        self.window = self.rng.choice((1, 2, 5)) if idempotent else 1
        self.producer = None  # id and epoch
        self.next_number = 0
        self.next_sequence = 0
        self.unanswered = collections.deque()  # (numbers, batch) in the order of sending
        self.in_flight = collections.deque()
        self.acknowledged = {}  # number -> offset, or None when the broker knew it as a duplicate

    def connected(self, connection):
        if self.idempotent and self.producer is None:
            producer = connection.init_producer_id()
            self.heard(connection)
            self.producer = producer
        self.in_flight.clear()
        for numbers, batch in self.unanswered:
            self.in_flight.append(connection.send_produce(self.topic, self.partition, batch, self.acks))

    def step(self, connection):
        # Until the broker knows this producer it takes any sequence: were the first batch refused and the second not, the
        # first could never follow.
        window = self.window if self.acknowledged else 1
        while len(self.unanswered) < window:
            numbers, batch = self.new_batch()
            self.unanswered.append((numbers, batch))
            self.in_flight.append(connection.send_produce(self.topic, self.partition, batch, self.acks))
        code, base_offset = connection.receive_produce(self.in_flight.popleft())
        self.heard(connection)
        numbers, _ = self.unanswered[0]
        if code in RETRIABLE:
            time.sleep(0.01)
            raise ConnectionAbortedError("starts over in order")
        if code not in (0, kafka_wire.DUPLICATE_SEQUENCE_NUMBER):
            self.problem = f"Produce to {self.topic}-{self.partition} answered with error {code}"
            return
        for place, number in enumerate(numbers):
            self.acknowledged[number] = base_offset + place if code == 0 else None
        self.unanswered.popleft()
        # The checks read everything again, in Python: a load that the broker hardly feels is enough for them.
        time.sleep(self.rng.choice((0, 0, 0.001, 0.004)))

    def new_batch(self):
        count = self.rng.choice((1, 1, 2, 5, 20))
        numbers = range(self.next_number, self.next_number + count)
        values = [value_of(number, self.rng) for number in numbers]
        self.next_number += count
        now = int(time.time() * 1000)
        if not self.idempotent:
            return numbers, kafka_wire.record_batch(values, timestamp=now)
        batch = kafka_wire.record_batch(values, *self.producer, self.next_sequence, now)
        self.next_sequence += count
        return numbers, batch


class Committer(Worker):
    """Commits ever higher offsets for one partition in a group of its own."""

    def __init__(self, port, topic, partition):
        super().__init__(port)
        self.topic = topic
        self.partition = partition
        self.group = f"committer-{partition}"
        self.next_offset = 1
        self.acknowledged = -1

    def connected(self, connection):
        while not self.stopping.is_set() and connection.find_coordinator(self.group) != 0:
            time.sleep(0.01)

    def step(self, connection):
        code = connection.commit_offset(self.group, self.topic, self.partition, self.next_offset)
        self.heard(connection)
        if code in RETRIABLE:
            time.sleep(0.01)
        elif code != 0:
            self.problem = f"OffsetCommit answered with error {code}"
        else:
            self.acknowledged = self.next_offset
            self.next_offset += 1


class Reader(Worker):
    """Reads one partition as its records come, and notes what it saw: that must never change."""

    def __init__(self, port, topic, partition):
        super().__init__(port)
        self.topic = topic
        self.partition = partition
        self.seen = []  # numbers by offset

    def step(self, connection):
        _, data = connection.fetch(self.topic, self.partition, len(self.seen))
        self.heard(connection)
        for offset, value in parse_batches(data, len(self.seen)):
            if offset != len(self.seen):
                self.problem = f"{self.topic}-{self.partition}: offset {offset} was read after {len(self.seen) - 1}"
                return
            self.seen.append(number_of(value))
