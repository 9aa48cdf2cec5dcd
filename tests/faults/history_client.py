#!/usr/bin/env python3
"""One client of history.py, by confluent-kafka, which notes in a file what it does and is told (docs/formats/history.md).

  history_client.py ROLE     its settings, a JSON object, are on standard input; until SIGTERM, when it ends in order

Prints "problem: ..." for each thing that no fault of a broker explains.
"""

import json
import os
import random
import signal
import sys
import time

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Producer, TopicPartition

# A record that cannot be delivered has that long, far more than any fault lasts.
PATIENT_MS = 600_000
SECONDS = 60
# Whoever produces does not run away from a broker that stands still.
UNANSWERED_MAX = 1000


def problem(text):
    print(f"problem: {text}", flush=True)


class Notes:
    """Lines of a history. Each is with the system when the call returns: a client that is killed has noted what it did."""

    def __init__(self, path):
        self.file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    def add(self, event, outcome, **fields):
        self.add_all([{"event": event, "type": outcome, **fields}])

    def add_all(self, events):
        text = "".join(json.dumps(event, separators=(",", ":")) + "\n" for event in events).encode()
        while text:
            text = text[os.write(self.file, text):]


class Client:
    def __init__(self, settings):
        self.__dict__.update(settings)
        self.rng = random.Random(self.seed)
        self.stopping = False
        signal.signal(signal.SIGTERM, self._stop)
        # Once this file is there, it can be told to stop.
        self.notes = Notes(self.out)

    def _stop(self, *_):
        self.stopping = True

    def key(self, partition):
        return f"{self.topic}-{partition}"

    def common(self):
        return {
            "bootstrap.servers": self.bootstrap,
            "broker.address.family": "v4",
            "socket.timeout.ms": 10_000,
            "reconnect.backoff.ms": 20,
            "reconnect.backoff.max.ms": 300,
            # What fails and is tried again is what this is about: nothing to say of it.
            "error_cb": lambda _: None,
        }


class Sender(Client):
    """Sends to all partitions, in bursts. `idempotent`, `acks`, and `hasty`: its records are given up after three seconds."""

    def run(self):
        self.unanswered = 0
        producer = Producer({
            **self.common(),
            "enable.idempotence": self.idempotent,
            "acks": self.acks,
            "linger.ms": self.rng.choice((0, 1, 5, 50)),
            "batch.num.messages": self.rng.choice((10, 100, 1000)),
            "compression.type": self.rng.choice(("none", "gzip", "snappy", "lz4", "zstd")),
            "max.in.flight": self.rng.choice((1, 2, 5)),
            "message.timeout.ms": 3000 if self.hasty else PATIENT_MS,
            "retry.backoff.ms": 50,
        })
        try:
            self.send_all(producer)
        except (KafkaException, KafkaError) as failure:
            # It will never send again. The others go on: the history is to tell what has happened.
            problem(f"producer {self.process}: {failure}")
            while not self.stopping:
                time.sleep(0.05)

    def send_all(self, producer):
        number = 0
        while not self.stopping:
            while self.unanswered > UNANSWERED_MAX and not self.stopping:
                producer.poll(0.05)
            for _ in range(self.rng.choice((1, 1, 2, 5, 20, 60))):
                self.send(producer, self.rng.randrange(self.partitions), self.first_value + number)
                number += 1
            producer.poll(0)
            time.sleep(self.rng.choice((0, 0.005, 0.02, 0.1)))
        left = producer.flush(SECONDS)
        if left:
            problem(f"producer {self.process}: {left} records are on their way still, {SECONDS} s after the last fault")

    def send(self, producer, partition, value):
        noted = {"process": self.process, "key": self.key(partition), "value": value, "idempotent": self.idempotent}
        self.notes.add("send", "invoke", **noted)

        def ended(error, message):
            self.unanswered -= 1
            if error is None:
                # A duplicate is acknowledged without its place.
                place = {"offset": message.offset()} if message.offset() is not None and message.offset() >= 0 else {}
                self.notes.add("send", "ok", **noted, **place)
                return
            # Nobody knows what came of it, whatever the error says.
            self.notes.add("send", "info", **noted, error=error.name())
            if not (self.hasty and error.code() == KafkaError._MSG_TIMED_OUT):
                problem(f"producer {self.process}: value {value} of {self.key(partition)}: {error}")

        padding = b" " + b"x" * self.rng.choice((0, 0, 10, 50, 100, 1500))
        self.unanswered += 1
        try:
            producer.produce(self.topic, str(value).encode() + padding, partition=partition, on_delivery=ended)
        except BufferError:
            # It never left the client.
            self.unanswered -= 1
            self.notes.add("send", "fail", **noted)
            producer.poll(0.05)


class Polling(Client):
    """What readers have in common."""

    def consumer(self, **more):
        return Consumer({
            **self.common(),
            "enable.auto.commit": False,
            # Should records vanish under a reader, it would start over, and be seen to.
            "auto.offset.reset": "earliest",
            "check.crcs": True,
            "fetch.wait.max.ms": self.rng.choice((5, 50, 500)),
            "fetch.error.backoff.ms": 50,
            "fetch.message.max.bytes": self.rng.choice((10_000, 100_000, 1_000_000)),
            **more,
        })

    def poll(self, consumer, moved=()):
        """[partition, offset, value] of what has come; `moved`: partitions that change hands meanwhile."""
        records = []
        for message in consumer.consume(self.rng.choice((1, 50, 500)), timeout=0.1):
            error = message.error()
            if error is None:
                records.append([message.partition(), message.offset(), int(message.value().split(b" ", 1)[0])])
            elif error.code() not in (KafkaError._ALL_BROKERS_DOWN, KafkaError._TRANSPORT, KafkaError._PARTITION_EOF):
                self.said(error)
        if records:
            keys = {"keys": [self.key(partition) for partition in moved]} if moved else {}
            self.notes.add("poll", "ok", process=self.process, records=[[self.key(p), *rest] for p, *rest in records], **keys)
        return records

    def said(self, error):
        print(f"reader {self.process}: {error}", file=sys.stderr, flush=True)
        if error.fatal():
            problem(f"reader {self.process}: {error}")


class Reader(Polling):
    """Sets its positions itself. `wanders`: sometimes anew, where it has been already."""

    def run(self):
        consumer = self.consumer(**{"group.id": "unused"})
        positions = {partition: 0 for partition in range(self.partitions)}
        self.assign(consumer, {partition: OFFSET_BEGINNING for partition in positions})
        while not self.stopping:
            for partition, offset, _ in self.poll(consumer):
                positions[partition] = offset + 1
            if self.wanders and self.rng.random() < 0.02:
                self.assign(consumer, {p: self.rng.randint(max(0, at - 3000), at) for p, at in positions.items()})
        consumer.close()

    def assign(self, consumer, starts):
        consumer.assign([TopicPartition(self.topic, partition, start) for partition, start in starts.items()])
        self.notes.add("assign", "ok", process=self.process, keys=[self.key(partition) for partition in starts])


class Member(Polling):
    """One of a group: reads, notes, commits. `strategy`: how the group divides partitions."""

    def run(self):
        self.mine, self.moved = set(), set()
        consumer = self.consumer(**{
            "group.id": self.group,
            "session.timeout.ms": 6000,
            "heartbeat.interval.ms": 500,
            "partition.assignment.strategy": self.strategy,
        })
        self.notes.add("subscribe", "ok", process=self.process, group=self.group,
                       keys=[self.key(partition) for partition in range(self.partitions)])
        consumer.subscribe([self.topic], on_assign=self.given, on_revoke=self.taken, on_lost=self.taken)
        while not self.stopping:
            self.moved.clear()
            reached = {}
            for partition, offset, _ in self.poll(consumer, self.moved):
                reached[partition] = offset + 1
            # What was taken meanwhile is the next one's to commit.
            self.commit(consumer, {partition: offset for partition, offset in reached.items() if partition in self.mine})
        consumer.close()

    def given(self, _, partitions):
        self.mine.update(each.partition for each in partitions)
        self.moved.update(each.partition for each in partitions)

    def taken(self, _, partitions):
        self.mine.difference_update(each.partition for each in partitions)
        self.moved.update(each.partition for each in partitions)

    def commit(self, consumer, offsets):
        if not offsets:
            return
        noted = {"process": self.process, "group": self.group, "offsets": [[self.key(p), at] for p, at in offsets.items()]}
        self.notes.add("commit", "invoke", **noted)
        outcome = "ok"
        try:
            answers = consumer.commit(offsets=[TopicPartition(self.topic, p, at) for p, at in offsets.items()], asynchronous=False)
            if any(each.error for each in answers):
                outcome = "info"
        except KafkaException as failure:
            outcome = "info"
            self.said(failure.args[0])
        self.notes.add("commit", outcome, **noted)


class Last(Polling):
    """Reads everything there is, once, and asks where groups stand."""

    def run(self):
        consumer = self.consumer(**{"group.id": "unused"})
        ends = {}
        for partition in range(self.partitions):
            ends[partition] = consumer.get_watermark_offsets(TopicPartition(self.topic, partition), timeout=SECONDS)[1]
        consumer.assign([TopicPartition(self.topic, partition, OFFSET_BEGINNING) for partition in ends])
        self.notes.add("assign", "ok", process=self.process, keys=[self.key(partition) for partition in ends])
        deadline = time.monotonic() + SECONDS
        missing = {partition for partition, end in ends.items() if end > 0}
        while missing and not self.stopping:
            for partition, offset, _ in self.poll(consumer):
                if offset + 1 >= ends[partition]:
                    missing.discard(partition)
            if time.monotonic() > deadline:
                return problem(f"partitions {sorted(missing)} cannot be read to their ends {ends} within {SECONDS} s")
        consumer.close()
        for group in self.groups:
            self.ask(group, list(ends))
        self.notes.add("complete", "ok")

    def ask(self, group, partitions):
        consumer = self.consumer(**{"group.id": group})
        told = consumer.committed([TopicPartition(self.topic, partition) for partition in partitions], timeout=SECONDS)
        errors = [each.error for each in told if each.error]
        if errors:
            problem(f"group {group} is not told where it stands: {errors[0]}")
        self.notes.add("committed", "ok", group=group,
                       offsets=[[self.key(each.partition), max(each.offset, -1)] for each in told if not each.error])
        consumer.close()


ROLES = {"sender": Sender, "reader": Reader, "member": Member, "last": Last}

if __name__ == "__main__":
    ROLES[sys.argv[1]](json.load(sys.stdin)).run()
