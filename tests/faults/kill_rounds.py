"""Kills a broker with SIGKILL again and again while producers and committers load it, and checks after every restart:
what was acknowledged is there, at the offset that was answered; what an idempotent producer sent is there once and in
order; a committed offset is not forgotten; what a consumer saw does not change; the broker always starts.

Prints one TAP line a round. Ends with 0 when all held.
"""

import argparse
import glob
import os
import shutil
import struct
import sys
import tempfile
import time

from broker import Broker, Failure
from kafka_wire import RequestFailed
from rig import Rig

TOPIC = "kills"


def cut_a_tail(data, topic, partition, last):
    """Cuts the partition's log within the batch that the offset `last` is in."""
    segments = glob.glob(os.path.join(data, f"{topic}-{partition}", "*.log"))
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


def lose_a_tail(rig, data):
    """What a broker would do that answers before it has written: a log ends within the last batch that it acknowledged."""
    producer = max(rig.producers, key=lambda each: len(each.acknowledged))
    cut_a_tail(data, TOPIC, producer.partition, max(offset for offset in list(producer.acknowledged.values()) if offset is not None))


def kill_round(rig, everything, sabotaged_data):
    """Kills under load, perhaps again during the start, starts and checks; a line for the report."""
    if sabotaged_data:
        rig.wait_for_progress()  # else there may be nothing to lose
    load_seconds = rig.rng.uniform(0.02, 0.8)
    rig.load_for(load_seconds)
    rig.broker.kill()
    if sabotaged_data:
        lose_a_tail(rig, sabotaged_data)
    known = rig.known()
    starts = 1
    rig.broker.start()
    while rig.rng.random() < 0.25:
        time.sleep(rig.rng.uniform(0, 0.1))
        rig.broker.kill()
        rig.broker.start()
        starts += 1
    seconds = rig.ready()
    rig.verify(known, everything)
    rig.wait_for_progress()
    return (f"killed after {load_seconds * 1000:.0f} ms of load, {starts} start(s), serves in {seconds * 1000:.0f} ms, "
            f"{known.count()} records acknowledged so far")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--port", type=int, default=21600)
    parser.add_argument("--dir", help="where to put the data (a temporary folder)")
    parser.add_argument("--sabotage", action="store_true",
                        help="cut what was acknowledged out of a log after each kill: the run has to fail")
    parser.add_argument("command", nargs="+", help="starts the broker in the foreground; {port} and {data} are filled in")
    options = parser.parse_args()

    folder = tempfile.mkdtemp(prefix="cauce-faults-", dir=options.dir)
    data = os.path.join(folder, "data")
    broker = Broker([word.format(port=options.port, data=data) for word in options.command], options.port, folder)
    print(f"1..{options.rounds + 1}", flush=True)
    number = 1
    try:
        broker.start()
        broker.wait_until_ready()
        # acks=1 too: a broker that is killed leaves what it has written in the page cache.
        rig = Rig(broker, TOPIC, options.seed, leader_only=1)
        rig.begin()
        for number in range(1, options.rounds + 1):
            line = kill_round(rig, number % 25 == 0, data if options.sabotage else None)
            print(f"ok {number} - kill -9: {line}", flush=True)
        number = options.rounds + 1
        print(f"ok {number} - clean stop and start: all {rig.end()} acknowledged records are there", flush=True)
    except (Failure, RequestFailed) as failure:
        print(f"not ok {number} - {failure}", flush=True)
        print(f"# seed {options.seed}; data and log are kept in {folder}; the log ends:", flush=True)
        for line in broker.said().splitlines()[-25:]:
            print(f"#   {line}")
        broker.kill(may_have_ended=True)
        return 1
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
