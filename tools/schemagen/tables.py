"""Reads the message tables under schema/ (docs/formats/schema.md describes them) into plain objects."""

import dataclasses
import pathlib
import re

NO_END = 32767  # "3+" reaches as far as the message does.

SCALARS = ("bool", "int8", "int16", "int32", "int64", "uint16", "uint32", "float64", "uuid",
           "string", "bytes", "records")
KINDS = ("request", "response", "header", "data", "record", "key", "value")
# Tags from here on are our own (docs/formats/schema.md).
OWN_TAGS = 10_000
INDENT = 4


class TableError(Exception):
    """A table that cannot be understood; the text names file and line."""


@dataclasses.dataclass(frozen=True)
class Versions:
    first: int
    last: int

    def __contains__(self, version):
        return self.first <= version <= self.last

    def __iter__(self):
        return iter(range(self.first, self.last + 1))

    def within(self, outer):
        return outer.first <= self.first and self.last <= outer.last


@dataclasses.dataclass
class Field:
    name: str
    base: str  # A scalar of SCALARS or the name of a struct.
    is_array: bool
    versions: Versions
    nullable: Versions | None = None
    default: str | None = None  # Text as in the table, "null" included; None = the type's own.
    tag: int | None = None
    ignorable: bool = False
    compact: bool = True

    @property
    def is_struct(self):
        return self.base not in SCALARS

    @property
    def is_own(self):
        """Not of the published definitions: a tagged field that others skip."""
        return self.tag is not None and self.tag >= OWN_TAGS


@dataclasses.dataclass
class Struct:
    name: str
    versions: Versions
    fields: list[Field] = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Message:
    kind: str
    name: str
    table: str  # Path of its table, below schema/.
    versions: Versions  # Everything the codec speaks.
    key: int | None = None  # API key of requests and responses, type of records, keys and values.
    unstable: int | None = None  # The version no node offers yet.
    first_flexible: int | None = None
    listeners: tuple[str, ...] = ()
    fields: list[Field] = dataclasses.field(default_factory=list)
    structs: list[Struct] = dataclasses.field(default_factory=list)  # Each before its users.

    @property
    def last_stable(self):
        return self.versions.last if self.unstable is None else self.unstable - 1

    def published(self):
        """(struct, fields) of what the published definitions know; of the message itself last."""
        own = {f.base for s in [self, *self.structs] for f in s.fields if f.is_own}
        return [(s, [f for f in s.fields if not f.is_own]) for s in [*self.structs, self] if s.name not in own]

    def is_flexible(self, version):
        return self.first_flexible is not None and version >= self.first_flexible

    def struct(self, name):
        return next(s for s in self.structs if s.name == name)


def read_tables(schema_dir):
    """All messages of all tables: in the order of API key for requests, of files for the rest."""
    messages = []
    for folder in ("wire", "records"):
        for path in sorted((pathlib.Path(schema_dir) / folder).glob("*.table")):
            messages += read_table(path, f"{folder}/{path.name}")
    names = [m.name for m in messages]
    for name in names:
        if names.count(name) > 1:
            raise TableError(f"message {name} is defined twice")
    return messages


def read_table(path, table):
    reader = _TableReader(table)
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        reader.line(number, line)
    return reader.end()


class _TableReader:
    """One table, line by line. `open_structs` holds what the next deeper line belongs to."""

    def __init__(self, table):
        self.table = table
        self.number = 0
        self.messages = []
        self.message = None
        self.open_structs = []  # [(depth of its fields, Struct or Message)]
        self.last_field = None

    def line(self, number, text):
        self.number = number
        content = text.split("#")[0].rstrip()
        if not content:
            return
        indent = len(content) - len(content.lstrip(" "))
        if indent % INDENT:
            self.fail(f"indented by {indent}, not a multiple of {INDENT}")
        depth = indent // INDENT
        words = content.split()
        if depth == 0:
            self.begin_message(words)
        elif depth == 1 and words[0] == "struct":
            self.begin_shared_struct(words)
        else:
            self.add_field(depth, words)

    def end(self):
        self.finish_message()
        return self.messages

    def fail(self, text):
        raise TableError(f"schema/{self.table}:{self.number}: {text}")

    def begin_message(self, words):
        self.finish_message()
        if len(words) < 3 or words[0] not in KINDS:
            self.fail(f"a message starts with one of {', '.join(KINDS)}, its name and its versions")
        attributes = dict(w.split("=", 1) if "=" in w else self.fail(f"'{w}' has no value")
                          for w in words[2:])
        versions = self.versions(attributes.pop("versions", ""), None)
        message = Message(words[0], words[1], self.table, versions)
        for key, value in attributes.items():
            if key in ("key", "type"):
                message.key = int(value)
            elif key == "unstable":
                message.unstable = int(value)
            elif key == "flexible":
                message.first_flexible = self.versions(value, versions).first
            elif key == "listeners":
                message.listeners = tuple(value.split(","))
            else:
                self.fail(f"'{key}' means nothing on a message")
        self.message = message
        self.open_structs = [(1, message)]
        self.last_field = None

    def finish_message(self):
        if self.message is None:
            return
        message, self.message = self.message, None
        known = {s.name for s in message.structs}
        for owner in [message, *message.structs]:
            for field in owner.fields:
                if field.is_struct and field.base not in known:
                    self.fail(f"{owner.name}.{field.name}: there is no type '{field.base}'")
        message.structs = _users_last(message)
        self.messages.append(message)

    def begin_shared_struct(self, words):
        attributes = dict(w.split("=", 1) for w in words[2:])
        versions = self.message.versions
        if "versions" in attributes:
            versions = self.versions(attributes["versions"], versions)
        struct = self.new_struct(words[1], versions)
        self.open_structs = [(1, self.message), (2, struct)]
        self.last_field = None

    def new_struct(self, name, versions):
        if any(s.name == name for s in self.message.structs):
            self.fail(f"struct {name} is defined twice")
        struct = Struct(name, versions)
        self.message.structs.append(struct)
        return struct

    def add_field(self, depth, words):
        if self.message is None:
            self.fail("a field before any message")
        if depth > self.open_structs[-1][0]:
            field = self.last_field
            if field is None or not field.is_struct or depth != self.open_structs[-1][0] + 1:
                self.fail("indented deeper than anything it could belong to")
            self.open_structs.append((depth, self.new_struct(field.base, field.versions)))
        while self.open_structs[-1][0] > depth:
            self.open_structs.pop()
        owner = self.open_structs[-1][1]
        if len(words) < 2:
            self.fail("a field has a name and a type")
        name, typ, *rest = words
        versions = owner.versions
        if rest and re.fullmatch(r"\d+(\+|-\d+)?", rest[0]):
            versions = self.versions(rest.pop(0), owner.versions)
        is_array = typ.startswith("[]")
        field = Field(name, typ.removeprefix("[]"), is_array, versions)
        if not field.is_struct and typ != field.base and field.base in ("bytes", "records"):
            self.fail(f"arrays of {field.base} do not exist")
        if field.is_struct and not field.base[0].isupper():
            self.fail(f"there is no type '{field.base}'")
        for attribute in rest:
            self.add_attribute(field, attribute)
        if any(f.name == name for f in owner.fields):
            self.fail(f"field {name} is there twice")
        owner.fields.append(field)
        self.last_field = field

    def add_attribute(self, field, attribute):
        key, _, value = attribute.partition("=")
        if key == "nullable":
            field.nullable = self.versions(value, field.versions) if value else field.versions
        elif key == "default":
            field.default = value
        elif key == "tag":
            field.tag = int(value)
            first_flexible = self.message.first_flexible
            if first_flexible is None or field.versions.first < first_flexible:
                self.fail(f"{field.name}: tagged in versions that are not flexible")
        elif attribute == "ignorable":
            field.ignorable = True
        elif attribute == "not-compact":
            field.compact = False
        else:
            self.fail(f"'{attribute}' means nothing on a field")

    def versions(self, text, outer):
        match = re.fullmatch(r"(\d+)(\+|-(\d+))?", text)
        if not match:
            self.fail(f"'{text}' is not a range of versions (3, 3-7 or 3+)")
        first = int(match[1])
        last = int(match[3]) if match[3] else first
        if match[2] == "+":
            last = outer.last if outer else NO_END
        result = Versions(first, last)
        if first > last or (outer and not result.within(outer)):
            self.fail(f"versions {text} are outside those of what it belongs to")
        return result


def _users_last(message):
    """The message's structs, each after those it holds."""
    ordered, state = [], {}

    def visit(struct):
        if state.get(struct.name) == "open":
            raise TableError(f"{message.name}: {struct.name} holds itself")
        if struct.name in state:
            return
        state[struct.name] = "open"
        for field in struct.fields:
            if field.is_struct:
                visit(message.struct(field.base))
        state[struct.name] = "done"
        ordered.append(struct)

    for struct in message.structs:
        visit(struct)
    return ordered
