"""A Kafka client as the scenario drives it: every client library and tool is wrapped into these few verbs."""

import base64
import json
import queue
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field

SKIPPED = 77  # The exit code of a client that could not be tried.
SESSION_MILLIS = 6000  # The least a broker allows by default: how long a killed member is waited for.
STEP_SECONDS = 90  # Longer than any single step takes on a busy machine.
# Most of these programs end before a second compiler or collector pays; log4j2.properties comes with the class path.
JAVA = ("java", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")


class Failure(Exception):
    """The client, or the broker towards the client, did something else than it must."""


@dataclass(frozen=True)
class Record:
    """What a record carries. Headers are pairs of a name and bytes or None."""

    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...] = ()

    def __str__(self):
        def short(data):
            return "null" if data is None else repr(data if len(data) <= 40 else data[:40] + b"...") + f" ({len(data)})"

        return f"key {short(self.key)} value {short(self.value)} headers {list(self.headers)}"


@dataclass(frozen=True)
class Read:
    """A record as it was read."""

    partition: int
    offset: int
    timestamp: int  # Milliseconds since 1970, -1 where the client does not tell.
    record: Record


@dataclass(frozen=True)
class ToWrite:
    """A record to be written. A partition or timestamp of None leaves the choice to the client."""

    record: Record
    partition: int | None
    timestamp: int | None


@dataclass
class Abilities:
    """What a client can express. Whatever it can, the scenario uses."""

    codecs: tuple[str, ...] = ("none", "gzip", "snappy", "lz4", "zstd")
    creates_topics: bool = True  # False: topics come to be by being written to.
    deletes_topics: bool = True
    chooses_partition: bool = True
    sets_timestamp: bool = True
    binary: bool = True  # False: keys, values and headers are printable text without newlines.
    binary_headers: bool = True
    empty_keys: bool = True  # Tells an empty key from none.
    empty_values: bool = True
    tombstones: bool = True
    null_headers: bool = True
    repeated_headers: bool = True
    headers_differ: bool = True  # False: all records of one call have the same headers.
    tells_committed: bool = True
    commit_seconds: float = 0  # Where it does not: how long after reading it has surely committed.
    seeks_by_time: bool = True


class Lines:
    """Takes the lines that a process prints, as they come."""

    def __init__(self, stream, take, end=lambda: None):
        self.thread = threading.Thread(target=self._take, args=(stream, take, end), daemon=True)
        self.thread.start()

    @staticmethod
    def _take(stream, take, end):
        for line in stream:
            take(line.rstrip("\n"))
        end()


class Member:
    """A process that is a member of a consumer group and prints what it is assigned and what it reads."""

    def __init__(self, command, parse_out, parse_err=None, given="", env=None):
        """The parsers take a line and this member, and keep its state up to date."""
        self.assigned = frozenset()
        self.reads = []
        self.committed = {}
        self.failed = None
        self.said = []  # The last lines on standard error.
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            errors="surrogateescape", env=env)

        def err(line):
            self.said = (self.said + [line])[-20:]
            if parse_err:
                parse_err(line, self)

        self.out = Lines(self.process.stdout, lambda line: parse_out(line, self))
        self.err = Lines(self.process.stderr, err)
        self.process.stdin.write(given)
        self.process.stdin.close()

    def must_run(self):
        if self.failed or self.process.poll() is not None:
            said = self.failed or "; ".join(self.said[-4:])
            raise Failure(f"a group member ended by itself ({self.process.returncode}): {said}")

    def kill(self):
        """As a machine that loses power: no goodbye to the group."""
        self.process.kill()
        self.process.wait()
        self.out.thread.join()
        self.assigned = frozenset()

    def stop(self):
        """Cleanly: the member leaves its group. Returns its exit code."""
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise Failure("a group member did not stop within 20 s") from None
        self.out.thread.join()
        if self.failed:
            raise Failure(f"a group member failed: {self.failed}")
        return code


def install(folder):
    """Installs what the client in a folder needs and returns what its `install` prints. Without it the client is skipped."""
    done = subprocess.run([folder / "install"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        said = " ".join(done.stderr.strip().splitlines()[-3:])
        print(f"skip {folder.name}: it could not be installed: {said}", flush=True)
        sys.exit(SKIPPED)
    return done.stdout.strip()


def call(command, given="", env=None, check=True):
    """Runs a command to its end and returns what it printed. Failure, with its last words, when it fails."""
    try:
        done = subprocess.run(command, input=given, capture_output=True, text=True, timeout=STEP_SECONDS, env=env,
                              errors="surrogateescape")
    except subprocess.TimeoutExpired:
        raise Failure(f"no end within {STEP_SECONDS} s: {' '.join(map(str, command[-6:]))}") from None
    if check and done.returncode != 0:
        said = " ".join((done.stderr.strip() or done.stdout.strip()).splitlines()[-4:])
        raise Failure(f"exit code {done.returncode}: {said[:600]}")
    return done.stdout


def record_from_json(line):
    """The JSON of one record read, as the programs in this folder print it."""

    def data(text):
        return None if text is None else base64.b64decode(text)

    headers = tuple((name, data(value)) for name, value in line["headers"])
    record = Record(data(line["key"]), data(line["value"]), headers)
    return Read(line["partition"], line["offset"], line["timestamp"], record)


def record_to_json(write):
    def text(data):
        return None if data is None else base64.b64encode(data).decode()

    return {
        "partition": write.partition,
        "timestamp": write.timestamp,
        "key": text(write.record.key),
        "value": text(write.record.value),
        "headers": [[name, text(value)] for name, value in write.record.headers],
    }


class Program:
    """
    A client library behind a program of our own. It is started with the broker's address and takes commands on standard
    input, one a line: ["VERB", ARGUMENT...]. It answers with lines of JSON, the last being {"done": true} or
    {"failed": REASON}, and ends with its input.

      create TOPIC PARTITIONS       delete [TOPIC...]
      topics                        answers {NAME: number of partitions}
      produce TOPIC CODEC [RECORD]  writes idempotently; answers {"partition": 0, "offset": 7} for each record
      consume TOPIC {P: POSITION}   reads every partition to its end; then, if there are positions, seeks to them and reads to
                                    the end again. POSITION is ["offset", 7], ["time", 1700000000000] or ["end", 0].
                                    Answers {"record": RECORD}, and {"sought": true} in between
      member TOPIC GROUP MILLIS     joins a group with this session timeout, until it is terminated; answers
                                    {"assigned": [0, 1]} at every change, {"record": RECORD}, and {"committed": {"0": 8}}
                                    after each commit
      committed TOPIC GROUP         answers {"0": 8}
    """

    def __init__(self, name, bootstrap, command, abilities=None, env=None):
        self.name = name
        self.can = abilities or Abilities()
        self.command = [*command, bootstrap]
        self.env = env
        self.process = None
        self.answers = queue.Queue()
        self.said = []

    def _call(self, *command):
        if self.process is None:
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=self.env)
            Lines(self.process.stdout, lambda line: self.answers.put(json.loads(line)), lambda: self.answers.put(None))
            Lines(self.process.stderr, self.said.append)
        try:
            self.process.stdin.write(json.dumps(command) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # It has ended, which is noticed below.
        answers = []
        deadline = time.monotonic() + STEP_SECONDS
        while True:
            try:
                answer = self.answers.get(timeout=max(0, deadline - time.monotonic()))
            except queue.Empty:
                self.close()
                raise Failure(f"{command[0]}: no end within {STEP_SECONDS} s: {' '.join(self.said[-4:])}") from None
            if answer is None:
                self.close()
                raise Failure(f"{command[0]}: the client ended: {' '.join(self.said[-4:])}")
            if "failed" in answer:
                raise Failure(answer["failed"])
            if "done" in answer:
                return answers
            answers.append(answer)

    def close(self):
        """Ends the program; the next call starts another one."""
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None
            self.answers = queue.Queue()

    def create(self, topic, partitions):
        self._call("create", topic, partitions)

    def delete(self, topics):
        self._call("delete", topics)

    def topics(self):
        return self._call("topics")[0]

    def produce(self, topic, codec, writes):
        """Writes the records in order; returns (partition, offset) of each."""
        places = self._call("produce", topic, codec, [record_to_json(write) for write in writes])
        return [(place["partition"], place["offset"]) for place in places]

    def consume(self, topic, positions):
        """Returns what was read first, and what was read after seeking to {partition: (kind, value)}."""
        passes = [[], []]
        sought = 0
        for answer in self._call("consume", topic, positions):
            if "sought" in answer:
                sought = 1
            else:
                passes[sought].append(record_from_json(answer["record"]))
        return passes[0], passes[1]

    def member(self, topic, group):
        given = json.dumps(["member", topic, group, SESSION_MILLIS]) + "\n"
        return Member(self.command, self._heard, given=given, env=self.env)

    @staticmethod
    def _heard(line, member):
        said = json.loads(line)
        if "assigned" in said:
            member.assigned = frozenset(said["assigned"])
        elif "record" in said:
            member.reads.append(record_from_json(said["record"]))
        elif "committed" in said:
            member.committed.update({int(partition): offset for partition, offset in said["committed"].items()})
        elif "failed" in said:
            member.failed = said["failed"]

    def committed(self, topic, group):
        return {int(partition): offset for partition, offset in self._call("committed", topic, group)[0].items()}
