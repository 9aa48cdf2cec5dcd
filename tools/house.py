"""What the checks of the house share: the files of the repository, and how a check proves that it can fail."""

import os
import pathlib
import re
import subprocess
import sys
import tempfile


class Repository:
    """The files that are, or could be, committed below `root`."""

    def __init__(self, root):
        self.root = pathlib.Path(root)

    def files(self, *suffixes):
        """Paths relative to the root, sorted; all of them when no suffix is given."""
        if (self.root / ".git").exists():
            listed = subprocess.run(
                ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                cwd=self.root, check=True, capture_output=True, text=True).stdout.split("\0")
            names = [name for name in listed if name and (self.root / name).is_file()]
        else:
            names = [str(path.relative_to(self.root)) for path in self.root.rglob("*") if path.is_file()]
        return sorted(set(name for name in names if not suffixes or name.endswith(suffixes)))

    def read(self, name):
        # Byte for byte: carriage returns are somebody's finding.
        return (self.root / name).read_bytes().decode("utf-8", errors="replace")

    def exists(self, name):
        return (self.root / name).exists()


STRING = re.compile(r'R"([^(\s]*)\(.*?\)\1"|"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)+\'', re.DOTALL)
COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
EITHER = re.compile(f"(?P<comment>{COMMENT.pattern})|" + STRING.pattern.replace(r"\1", r"\2"), re.DOTALL)


def code_only(text):
    """The text with comments and string contents blanked out; lines stay where they are."""
    def blank(match):
        kept = re.sub(r"[^\n]", " ", match[0])
        return kept if match["comment"] is not None else '"' + kept[1:-1] + '"'
    # A digit separator is no quote.
    return EITHER.sub(blank, re.sub(r"(?<=\d)'(?=[\dA-Fa-f])", "_", text))


def main(check, good, bad):
    """Runs `check(repository)`, which gives a list of complaints, on this repository; 1 when there are any.

    With --self-test it is run on made-up repositories instead ({path: text}): it must accept `good`, and find in each
    tree of `bad`, a list of (tree, complaint), exactly the complaints that contain the text expected.
    """
    if sys.argv[1:] == ["--self-test"]:
        sys.exit(1 if self_test(check, good, bad) else 0)
    root = pathlib.Path(__file__).resolve().parent.parent
    complaints = check(Repository(root))
    for complaint in complaints:
        print(complaint)
    sys.exit(1 if complaints else 0)


def self_test(check, good, bad):
    failures = []
    for number, (tree, expected) in enumerate([(good, None)] + bad):
        with tempfile.TemporaryDirectory() as folder:
            for name, text in {**good, **tree}.items():
                path = pathlib.Path(folder, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                if isinstance(text, bytes):
                    path.write_bytes(text)
                else:
                    path.write_text(text)
            complaints = check(Repository(folder))
        if expected is None and complaints:
            failures.append(f"complains about a good tree: {complaints}")
        if expected is not None and not any(expected in complaint for complaint in complaints):
            failures.append(f"does not see case {number}, {expected!r}, but: {complaints}")
    for failure in failures:
        print(f"{os.path.basename(sys.argv[0])} --self-test: {failure}")
    return failures
