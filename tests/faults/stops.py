"""A broker that is asked to stop (SIGTERM) under load: it answers what it has taken, marks the stop as clean, and clients see
nothing that they would not send again after."""

import signal
import sys
import time

import cases
from broker import START_SECONDS_MAX, STOP_SECONDS_MAX, Failure
from node import Node, verify
from rig import Rig

CLEAN = ".kafka_cleanshutdown"


@cases.test
def a_stop_under_load_is_clean_and_clients_go_on(program, folder):
    with Node(program, folder, directories=2) as node:
        node.launch()
        rig = Rig(node, "stopped", seed=1, leader_only=1)
        rig.begin()
        rig.wait_for_progress()
        for _ in range(4):
            rig.load_for(rig.rng.uniform(0.1, 0.5))
            node.stop()
            known = rig.known()
            for directory in node.directories:
                if not (directory / CLEAN).exists():
                    raise Failure(f"no mark of a clean stop in {directory.name}")
                sound, words = verify(program, directory)
                if not sound:
                    raise Failure(f"storage verify after a clean stop: {words}")
            begin = node.log_size()
            node.start()
            rig.ready()
            for directory in node.directories:
                if (directory / CLEAN).exists():
                    raise Failure(f"the mark in {directory.name} stays while the broker runs")
            rig.verify(known)
            # Raises what clients were told, but for errors after which they send again.
            rig.wait_for_progress()
            if "cut at offset" in node.said(begin):
                raise Failure(f"a start after a clean stop had something to cut: {node.last_words()}")
        rig.end()


@cases.test
def a_second_signal_ends_it_at_once_and_nothing_is_lost(program, folder):
    with Node(program, folder) as node:
        node.launch()
        rig = Rig(node, "stopped", seed=2, idempotent=2, plain=1, leader_only=1)
        rig.begin()
        rig.wait_for_progress()
        for _ in range(5):
            rig.load_for(rig.rng.uniform(0.05, 0.3))
            node.signal(signal.SIGTERM)
            time.sleep(rig.rng.uniform(0, 0.01))
            if node.running:
                node.process.send_signal(signal.SIGTERM)
            node.end(START_SECONDS_MAX)
            known = rig.known()
            node.start()
            rig.ready()
            rig.verify(known)
            rig.wait_for_progress()
        rig.end()


@cases.test
def a_stop_does_not_wait_for_clients_that_are_silent(program, folder):
    with Node(program, folder) as node:
        node.launch()
        silent = [node.connect() for _ in range(50)]
        for connection in silent[:25]:
            connection.socket.sendall(b"\0\0\1\0half a request")
        begin = time.monotonic()
        node.stop()
        took = time.monotonic() - begin
        if took > STOP_SECONDS_MAX / 4:
            raise Failure(f"it took {took:.1f} s")
        for connection in silent:
            connection.close()


if __name__ == "__main__":
    sys.exit(cases.main())
