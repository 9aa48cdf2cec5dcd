"""A log directory whose contents are known, made once by a broker: of it tests take copies, and damage them."""

import os
import pathlib
import shutil
import struct
import time

from broker import START_SECONDS_MAX, Failure
from kafka_wire import DUPLICATE_SEQUENCE_NUMBER, parse_batches, record_batch
from load import RETRIABLE
from node import Node

TOPIC = "kept"
BATCHES = 40
RECORDS = 10  # of a batch
GROUP, COMMITTED = "keeper", 77
# A few segments of some batches each, and an entry of the index for each batch.
CONFIG = {"internal.segment.bytes": "40000", "index.interval.bytes": "1000"}
# So that there are checkpoints after a kill too.
SETTINGS = {"log.flush.offset.checkpoint.interval.ms": 100}


def value_of(number):
    return struct.pack(">q", number) + bytes(300)


def commit(connection):
    """The offsets topic is made when somebody asks for a coordinator, so that has to be asked again until there is one."""
    deadline = time.monotonic() + START_SECONDS_MAX
    while True:
        code = connection.find_coordinator(GROUP) or connection.commit_offset(GROUP, TOPIC, 0, COMMITTED)
        if code == 0:
            return
        if code not in RETRIABLE or time.monotonic() > deadline:
            raise Failure(f"a commit was answered with error {code}")
        time.sleep(0.01)


class Stored:
    """Partition 0 of the topic holds value_of(n) at offset n, from one idempotent producer. Stopped in order, or killed."""

    def __init__(self, program, folder, clean):
        self.program = program
        self.folder = pathlib.Path(folder)
        home = self.folder / ("stopped" if clean else "killed")
        home.mkdir()
        self.records = 0  # also the next sequence
        with Node(program, home, settings=SETTINGS) as node:
            node.launch()
            connection = node.make_topic(TOPIC, 1, CONFIG)
            self.producer = connection.init_producer_id()
            for _ in range(BATCHES):
                self._send(connection)
            commit(connection)
            connection.close()
            if clean:
                node.stop()
            else:
                time.sleep(0.4)  # the checkpoints are written
                node.kill()
        self.directory = node.directories[0]
        self.copies = 0

    def following_batch(self):
        """What the producer sends next."""
        values = [value_of(self.records + i) for i in range(RECORDS)]
        return record_batch(values, *self.producer, self.records, int(time.time() * 1000))

    def _send(self, connection):
        batch = self.following_batch()
        code, base = connection.receive_produce(connection.send_produce(TOPIC, 0, batch))
        if (code, base) != (0, self.records):
            raise Failure(f"the batch of record {self.records} was answered with error {code}, offset {base}")
        self.last_batch = batch
        self.records += RECORDS

    def copy(self, settings=None):
        """A broker, not started yet, on a copy."""
        self.copies += 1
        home = self.folder / f"copy-{self.copies}-of-{self.directory.parent.name}"
        home.mkdir()
        shutil.copytree(self.directory, home / "data")
        return Node(self.program, home, [home / "data"], {**SETTINGS, **(settings or {})})

    def check(self, node):
        """Everything is there, is found from every place, and the producer goes on where it was."""
        connection = node.connect()
        numbers = read_numbers(connection, self.records)
        if numbers != list(range(self.records)):
            raise Failure(f"{len(numbers)} of {self.records} records are there, up to {numbers[-1:]}")
        for offset in range(0, self.records, 7):
            records = parse_batches(connection.fetch(TOPIC, 0, offset, 4000)[1], offset)
            if not records or records[0] != (offset, value_of(offset)):
                raise Failure(f"a read at offset {offset} begins with {[at for at, _ in records[:1]]}")
        for _ in range(500):
            committed = connection.committed_offset(GROUP, TOPIC, 0)
            if committed[0] == 0:
                break
            time.sleep(0.01)
        if committed != (0, COMMITTED):
            raise Failure(f"{GROUP} has committed {COMMITTED}; now error {committed[0]}, offset {committed[1]}")
        code, base = connection.receive_produce(connection.send_produce(TOPIC, 0, self.last_batch))
        if code != DUPLICATE_SEQUENCE_NUMBER and (code, base) != (0, self.records - RECORDS):
            raise Failure(f"the last batch, sent again, was answered with error {code}, offset {base}")
        code, base = connection.receive_produce(connection.send_produce(TOPIC, 0, self.following_batch()))
        if (code, base) != (0, self.records):
            raise Failure(f"the producer's next batch was answered with error {code}, offset {base}")
        connection.close()


def read_numbers(connection, end):
    """The numbers of the records from offset 0 on. Every one has to be at its own offset."""
    numbers = []
    deadline = time.monotonic() + 5
    while len(numbers) < end and time.monotonic() < deadline:
        for at, value in parse_batches(connection.fetch(TOPIC, 0, len(numbers))[1], len(numbers)):
            if at != len(numbers):
                raise Failure(f"offset {at} was read after {len(numbers) - 1}")
            numbers.append(struct.unpack_from(">q", value)[0])
    return numbers


def contents(directory):
    """Every file but the lock, to see whether anything was changed."""
    return {path.relative_to(directory): path.read_bytes() for path in pathlib.Path(directory).rglob("*")
            if path.is_file() and path.name != ".lock"}


# ---- Damage ----

def removed(path):
    os.unlink(path)


def emptied(path):
    os.truncate(path, 0)


def halved(path):
    os.truncate(path, os.path.getsize(path) // 2 + 3)


def zeroed(path):
    size = os.path.getsize(path)
    with open(path, "r+b") as file:
        file.write(bytes(size))


def garbled(path):
    size = max(os.path.getsize(path), 100)
    with open(path, "r+b") as file:
        file.write(bytes(b"\x7fGARBLED!"[i % 9] for i in range(size)))


ALL_DAMAGES = (removed, emptied, halved, zeroed, garbled)


def flip(path, position, bits=0x41):
    with open(path, "r+b") as file:
        file.seek(position)
        byte = file.read(1)[0]
        file.seek(position)
        file.write(bytes([byte ^ bits]))


def batches_of(path):
    """(position, base offset, size) of the batches of a segment."""
    found = []
    data = pathlib.Path(path).read_bytes()
    at = 0
    while at + 61 <= len(data):
        base, length = struct.unpack_from(">qi", data, at)
        if length < 49:
            break  # space that was reserved
        found.append((at, base, 12 + length))
        at += 12 + length
    return found
