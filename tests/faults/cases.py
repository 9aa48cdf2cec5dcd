"""How the programs of this folder run their tests: each is a function of the program under test and of a folder of its own,
called as what has to hold.

  FILE.py --program CAUCE [NAME...]    prints "ok NAME", "not ok NAME: reason" or "skip NAME: reason"
  FILE.py --list                       prints "will NAME" for each
"""

import argparse
import os
import pathlib
import signal
import sys
import tempfile
import time

from broker import Failure, Skip
from kafka_wire import RequestFailed

TESTS = []


def test(function):
    TESTS.append(function)
    return function


def name_of(function):
    subject = pathlib.Path(function.__code__.co_filename).stem.replace("_", " ")
    return f"{subject}: {function.__name__.replace('_', ' ')}"


def run(function, program):
    begin = time.monotonic()
    try:
        with tempfile.TemporaryDirectory(prefix="cauce-faults-") as folder:
            function(program, os.path.realpath(folder))
    except Skip as reason:
        print(f"skip {name_of(function)}: {reason}", flush=True)
        return True
    except (Failure, RequestFailed) as failure:
        print(f"not ok {name_of(function)}: {failure}".replace("\n", " | "), flush=True)
        return False
    except Exception as problem:  # whatever it is, the other tests are to run
        print(f"not ok {name_of(function)}: {problem!r}".replace("\n", " | "), flush=True)
        return False
    print(f"ok {name_of(function)}", flush=True)
    print(f"    {time.monotonic() - begin:.1f} s", file=sys.stderr)
    return True


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("names", nargs="*", help="of functions")
    options = parser.parse_args()
    if options.list:
        for function in TESTS:
            print(f"will {name_of(function)}")
        return 0
    if not options.program:
        parser.error("--program is needed")
    unknown = set(options.names) - {function.__name__ for function in TESTS}
    if unknown:
        parser.error(f"no such test: {', '.join(sorted(unknown))}")
    # Brokers that were started end with us, in order.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    chosen = [function for function in TESTS if not options.names or function.__name__ in options.names]
    good = [run(function, os.path.abspath(options.program)) for function in chosen]
    return 0 if all(good) else 1
