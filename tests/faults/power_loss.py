#!/usr/bin/env python3
"""Cuts the power of a real file system under a broker that is under load, again and again: ext4 on a loop device, and the
kernel's own call for it. What had not been flushed is gone then. The broker is killed, the file system mounted again, the
broker started.

Cauce in `flush` mode must have everything that was acknowledged with acks=all, at its offset; idempotent producers go on
with their sequences; committed offsets stay, and so does every record that a reader saw, acks=1 or not. The first thing that does
not hold ends the run. In other settings, and of Apache Kafka, it is counted what is lost, and every round has a new topic.

Prints a TAP line a round and at the end a row for the table of docs/testing.md. Root on Linux; else a line that says why not.
"""

import argparse
import contextlib
import pathlib
import random
import shutil
import signal
import sys
import tempfile
import time

from broker import Failure, Skip
from image import LOGFLUSH, NOLOGFLUSH, Image, private_mounts
from kafka_wire import RequestFailed
from node import Node
from reference import Reference
from rig import Lost, Rig

COLUMNS = ("broker", "rounds", "acknowledged, acks=all", "lost", "in rounds", "acknowledged, acks=1", "lost", "read and lost",
           "commits lost", "starts refused")


class PowerLoss:
    def __init__(self, options, folder):
        self.options = options
        self.folder = folder
        self.rng = random.Random(options.seed)
        self.image = Image(folder)
        self.strict = options.broker == "cauce" and options.durability == "flush"
        self.broker = None
        self.rig = None
        self.topics = 0
        self.rounds = self.rounds_with_loss = self.refused = 0
        self.acknowledged = self.leader_only = 0
        self.lost = Lost()

    @property
    def name(self):
        named = "Apache Kafka 4.4.0" if self.options.broker == "kafka" else f"Cauce, `{self.options.durability}`"
        every = self.options.flush_messages
        return named + (f", `flush.messages={every}`" if every else "")

    def set_up(self):
        """An empty file system and a broker on it."""
        self.image.make()
        settings = {}
        if self.options.flush_messages:
            settings["log.flush.interval.messages"] = self.options.flush_messages
        home = pathlib.Path(tempfile.mkdtemp(dir=self.folder))
        if self.options.broker == "kafka":
            self.broker = Reference(home, self.image.place / "data", settings)
        else:
            settings["cauce.durability"] = self.options.durability
            self.broker = Node(self.options.program, home, settings=settings, place=self.image.place)
        self.broker.start()
        self.broker.wait_until_ready()
        self.begin_topic()

    def begin_topic(self):
        self.topics += 1
        seed = self.options.seed * 1000 + self.topics
        self.rig = Rig(self.broker, f"power-{self.topics}", seed, idempotent=2, plain=1, leader_only=1)
        self.rig.begin()
        self.rig.wait_for_progress()

    def end_topic(self):
        self.rig.stop_workers()
        connection = self.broker.connect()
        connection.delete_topic(self.rig.topic)
        connection.close()

    def cut(self):
        """How it was, in words, and what was known by then."""
        load_seconds = self.rng.uniform(0.05, 1.0)
        flag = LOGFLUSH if self.rng.random() < 0.25 else NOLOGFLUSH
        lives_on = self.rng.choice((0, 0, 0.05))
        self.rig.load_for(load_seconds)
        for worker in self.rig.workers():
            worker.power_cut()
        self.image.cut_power(flag)
        time.sleep(lives_on)
        self.broker.kill(may_have_ended=True)
        for worker in self.rig.workers():
            worker.power_back()
        known = self.rig.known()
        self.image.power_on()
        words = f"cut after {load_seconds * 1000:.0f} ms of load"
        if flag == LOGFLUSH:
            words += ", the journal got through"
        if lives_on:
            words += f", the process lived on for {lives_on * 1000:.0f} ms"
        return words, known

    def round(self):
        words, known = self.cut()
        self.rounds += 1
        self.broker.start()
        if self.strict:
            self.count(known, anew=False)
            seconds = self.rig.ready()
            self.rig.verify(known, everything=self.rounds % 25 == 0, power_was_lost=True)
            self.rig.wait_for_progress()
            self.lost.leader_only = self.rig.void
            return f"{words}, serves in {seconds * 1000:.0f} ms, {self.acknowledged} acknowledged so far, all there"
        self.count(known, anew=True)
        try:
            seconds = self.rig.ready()
            lost = self.rig.lost(known)
        except Failure as failure:
            self.refused += 1
            self.rounds_with_loss += 1
            self.broker.kill(may_have_ended=True)
            self.rig.stop_workers()
            self.set_up()
            return f"{words}: {failure}"
        self.lost += lost
        self.rounds_with_loss += lost.acknowledged > 0
        self.end_topic()
        self.begin_topic()
        return (f"{words}, serves in {seconds * 1000:.0f} ms; of {known.count()} acknowledged records {lost.acknowledged} with "
                f"acks=all and {lost.leader_only} with acks=1 are lost")

    def count(self, known, anew):
        counts = {-1: 0, 1: 0}
        for producer, acknowledged in zip(self.rig.producers, known.acknowledged):
            counts[producer.acks] += len(acknowledged)
        # The rig forgets the answers that earlier losses made void.
        counts[1] += 0 if anew else self.rig.void
        self.acknowledged = counts[-1] + (self.acknowledged if anew else 0)
        self.leader_only = counts[1] + (self.leader_only if anew else 0)

    def row(self):
        lost = self.lost
        cells = (self.name, self.rounds, self.acknowledged, lost.acknowledged, self.rounds_with_loss, self.leader_only,
                 lost.leader_only, lost.read, lost.commits, self.refused)
        return "| " + " | ".join(str(cell) for cell in cells) + " |"

    def end(self):
        if self.strict:
            return f"clean stop and start: all {self.rig.end()} acknowledged records are there"
        self.end_topic()
        self.broker.stop()
        return "clean stop"

    def close(self):
        if self.broker is not None and self.broker.running:
            self.broker.kill()
        self.image.unmount()


def run(rig, options):
    print(f"1..{options.rounds + 1}", flush=True)
    number = 1
    try:
        rig.set_up()
        for number in range(1, options.rounds + 1):
            print(f"ok {number} - power loss, {rig.name}: {rig.round()}", flush=True)
        number = options.rounds + 1
        if options.must_lose and rig.lost.acknowledged == 0:
            raise Failure(f"nothing was lost by {rig.name}: this run would see no loss")
        print(f"ok {number} - power loss, {rig.name}: {rig.end()}", flush=True)
    except (Failure, RequestFailed) as failure:
        print(f"not ok {number} - power loss, {rig.name}: {failure}", flush=True)
        print(f"# seed {options.seed}; the file system (disk.ext4) and the log are kept in {rig.folder}; the log ends:", flush=True)
        for line in rig.broker.said().splitlines()[-25:] if rig.broker else ():
            print(f"#   {line}")
        return 1
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", help="Cauce; not needed for Kafka")
    parser.add_argument("--broker", choices=("cauce", "kafka"), default="cauce")
    parser.add_argument("--durability", choices=("flush", "page-cache"), default="flush", help="of Cauce")
    parser.add_argument("--flush-messages", type=int, help="log.flush.interval.messages; not set by default")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--dir", help="where to put the file system, 2 GiB at most (a temporary folder)")
    parser.add_argument("--must-lose", action="store_true", help="a run that finds no acknowledged record missing has failed")
    options = parser.parse_args()
    if options.broker == "cauce" and not options.program:
        parser.error("--program is needed")

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    folder = tempfile.mkdtemp(prefix="cauce-power-", dir=options.dir)
    code = 0
    try:
        private_mounts()
        rig = PowerLoss(options, folder)
        with contextlib.closing(rig):
            code = run(rig, options)
            print("# | " + " | ".join(COLUMNS) + " |")
            print("# " + rig.row(), flush=True)
    except Skip as reason:
        print(f"skip power loss: {reason}", flush=True)
    finally:
        if code == 0:
            shutil.rmtree(folder, ignore_errors=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
