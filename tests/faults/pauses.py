"""A broker that stands still for a while (SIGSTOP), under load, and goes on as if nothing had happened."""

import os
import signal
import sys
import time

import cases
from broker import Failure
from node import Node
from rig import Rig

# FAULT_PAUSE: seconds of a third, longer one.
LONGER = float(os.environ.get("FAULT_PAUSE", "0"))


def pause(rig, seconds):
    rig.broker.signal(signal.SIGSTOP)
    try:
        before = rig.known()
        time.sleep(seconds)
        standing = rig.known()
    finally:
        rig.broker.signal(signal.SIGCONT)
    # Answers that were on their way are read in the first moments.
    if standing.count() > before.count() + 500:
        raise Failure(f"{standing.count() - before.count()} records were acknowledged by a process that stands still")


@cases.test
def clients_go_on_after_a_pause_and_miss_nothing(program, folder):
    # The second is longer than a broker may be silent towards its controller (broker.session.timeout.ms, 9 s).
    with Node(program, folder) as node:
        node.launch()
        rig = Rig(node, "paused", seed=1, idempotent=2, plain=2, leader_only=1)
        rig.begin()
        rig.wait_for_progress()
        for seconds in (5, 11, LONGER):
            if seconds == 0:
                continue
            known = rig.known()
            pause(rig, seconds)
            rig.wait_for_progress()
            rig.verify(known)
            rig.load_for(0.5)
        rig.end()


@cases.test
def a_broker_that_is_killed_while_it_stands_still_has_everything(program, folder):
    with Node(program, folder) as node:
        node.launch()
        rig = Rig(node, "paused", seed=2, idempotent=2, plain=1, leader_only=1)
        rig.begin()
        rig.wait_for_progress()
        for _ in range(5):
            rig.load_for(rig.rng.uniform(0.05, 0.3))
            node.signal(signal.SIGSTOP)
            time.sleep(rig.rng.uniform(0, 0.2))
            node.kill()
            known = rig.known()
            node.start()
            rig.ready()
            rig.verify(known)
            rig.wait_for_progress()
        rig.end()


if __name__ == "__main__":
    sys.exit(cases.main())
