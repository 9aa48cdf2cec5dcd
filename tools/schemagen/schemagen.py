#!/usr/bin/env python3
"""Message tables to C++. Run by CMake (schema/CMakeLists.txt); needs nothing but Python 3.11.

schemagen.py SCHEMA_DIR OUTPUT_DIR          writes what has changed
schemagen.py --list SCHEMA_DIR OUTPUT_DIR   prints the files it would write, one a line
"""

import pathlib
import sys

import api_cpp
import cpp
import tables
import testing_cpp

SOURCES = 12  # Generated .cc files: enough to keep the cores busy, few enough to parse <vector> seldom.


def outputs(messages):
    """{path below the output folder: content}"""
    files = {cpp.header_name(m): cpp.header(m) for m in messages}
    files["wire/messages/api_key.h"] = api_cpp.api_key_header(messages)
    files["wire/api_table_rows.cc"] = api_cpp.api_table_source(messages)
    for number, part in enumerate(spread(messages, SOURCES)):
        files[f"wire/messages_{number:02}.cc"] = cpp.source(part)
    for number, part in enumerate(spread(messages, SOURCES // 2)):
        files[f"testing/fill_{number:02}.cc"] = testing_cpp.filler_source(part)
    files["testing/registry.cc"] = testing_cpp.registry_source(messages)
    return files


def spread(messages, parts):
    """Cuts the list into parts of about equal numbers of fields; the order stays."""
    weights = [3 + sum(len(s.fields) for s in [m, *m.structs]) for m in messages]
    per_part = sum(weights) / parts
    result, done = [[] for _ in range(parts)], 0
    for message, weight in zip(messages, weights):
        result[min(parts - 1, int(done / per_part))].append(message)
        done += weight
    return result


def write_changed(path, content):
    if path.exists() and path.read_text(encoding="utf-8") == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")


def main(arguments):
    listing = arguments[:1] == ["--list"]
    if len(arguments) != 2 + listing:
        sys.exit(__doc__)
    schema_dir, output_dir = arguments[listing:]
    try:
        files = outputs(tables.read_tables(schema_dir))
    except tables.TableError as error:
        sys.exit(f"error: {error}")
    for name, content in files.items():
        path = pathlib.Path(output_dir) / name
        if listing:
            print(path)
        else:
            write_changed(path, content)


if __name__ == "__main__":
    main(sys.argv[1:])
