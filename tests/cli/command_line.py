"""Tries the command line on a real broker; tests/cli/run says how it is called."""

import os
import pathlib
import sys
import tempfile

# Each adds its tests, which run in this order.
import topics  # noqa: F401
import records  # noqa: F401
import groups  # noqa: F401
import program  # noqa: F401
import servers  # noqa: F401
import configuration  # noqa: F401
from calling import SERVER_TESTS, TESTS, Cauce, Failure, Server, free_port


def run(name, function, *arguments):
    try:
        function(*arguments)
        print(f"ok {name}", flush=True)
        return True
    except Exception as failure:  # whatever it is, the other tests are to run
        text = str(failure).replace("\n", " | ")
        print(f"not ok {name}: {text if isinstance(failure, Failure) else repr(failure)}", flush=True)
        return False


def main():
    binary = os.path.abspath(sys.argv[1])
    name_of = lambda function: function.__name__.replace("_", " ")
    server_tests = SERVER_TESTS if len(sys.argv) == 2 else []
    for function in TESTS + server_tests:
        print(f"will {name_of(function)}", flush=True)
    good = True
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        if len(sys.argv) > 2:
            for function in TESTS:
                good &= run(name_of(function), function, Cauce(binary, sys.argv[2]))
        else:
            port = free_port()
            with Server(binary, ["dev", "--ephemeral", "--no-open", "--port", str(port)], port, folder) as server:
                for function in TESTS:
                    good &= run(name_of(function), function, server.cauce)
                server.stop()
            for function in server_tests:
                own = folder / function.__name__
                own.mkdir()
                good &= run(name_of(function), function, binary, own)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
