"""Writes a message as C++: a header with its struct, and the text of its decoder and encoder."""

from names import member, snake
from types_cpp import (condition, cpp_type, differs_from_default, element_min_size, initializer,
                       is_optional)

_NAMESPACE = "namespace cauce::wire {"


def header_name(message):
    return f"wire/messages/{snake(message.name)}.h"


def header(message):
    includes = ["<cstdint>", "<limits>", "<optional>", "<string_view>", "<vector>"]
    lines = [f"// Generated from schema/{message.table}.", "#pragma once", ""]
    lines += [f"#include {i}" for i in includes]
    lines += ["", '#include "wire/field_types.h"', "", _NAMESPACE, "",
              "class Reader;", "class Writer;", ""]
    if message.structs:
        # Not inside the message: default member initializers of a nested struct cannot be used
        # before the end of the outer one, which std::optional of it needs.
        lines += [f"namespace {_parts(message)} {{", ""]
        for struct in message.structs:
            lines += [f"struct {struct.name} {{"] + _indent(_members(struct)) + ["};", ""]
        lines += [f"}}  // namespace {_parts(message)}", ""]
    lines += [f"struct {message.name} {{"] + _indent(_constants(message))
    if message.structs:
        lines += [""] + [f"    using {s.name} = {_parts(message)}::{s.name};" for s in message.structs]
    lines += [""] + _indent(_members(message)) + ["};", "", "}  // namespace cauce::wire"]
    return "\n".join(lines) + "\n"


def _constants(message):
    lines = [f'static constexpr std::string_view kName = "{message.name}";']
    if message.kind in ("request", "response"):
        lines.append(f"static constexpr std::int16_t kApiKey = {message.key};")
    elif message.key is not None:
        lines.append(f"static constexpr std::int16_t kRecordType = {message.key};")
    lines.append(f"static constexpr std::int16_t kMinVersion = {message.versions.first};")
    lines.append(f"static constexpr std::int16_t kMaxVersion = {message.last_stable};")
    if message.unstable is not None:
        lines.append("// Spoken by the codec, offered by nobody.")
        lines.append(f"static constexpr std::int16_t kUnstableVersion = {message.unstable};")
    flexible = ("std::numeric_limits<std::int16_t>::max()" if message.first_flexible is None
                else message.first_flexible)
    lines.append(f"static constexpr std::int16_t kFirstFlexibleVersion = {flexible};")
    return lines


def _members(struct):
    lines = []
    for field in struct.fields:
        note = _note(field, struct)
        lines.append(f"{cpp_type(field)} {member(field.name)}{initializer(field)};{note}")
    if lines:
        lines.append("")
    lines += ["void decode(Reader& r, std::int16_t v);",
              "void encode(Writer& w, std::int16_t v) const;",
              f"bool operator==(const {struct.name}&) const = default;"]
    return lines


def _note(field, struct):
    notes = []
    if field.versions != struct.versions:
        first, last = field.versions.first, field.versions.last
        notes.append(f"{first}+" if last == struct.versions.last else
                     f"{first}" if first == last else f"{first}-{last}")
    if field.tag is not None:
        notes.append(f"tag {field.tag}")
    return f"  // {', '.join(notes)}" if notes else ""


def source(messages):
    """One .cc for several messages."""
    tables = sorted({m.table for m in messages})
    lines = ["// Generated from these tables of schema/:"] + [f"//   {t}" for t in tables]
    lines += [f'#include "{h}"' for h in sorted(header_name(m) for m in messages)]
    lines += ["", '#include "wire/codec.h"', '#include "wire/reader.h"', '#include "wire/writer.h"',
              "", _NAMESPACE, ""]
    for message in messages:
        for struct in message.structs:
            lines += _decode(message, struct) + [""] + _encode(message, struct) + [""]
        lines += _decode(message, message) + [""] + _encode(message, message) + [""]
    lines += ["}  // namespace cauce::wire"]
    return "\n".join(lines) + "\n"


def _parts(message):
    return snake(message.name) + "_parts"


def _qualified(message, struct):
    return message.name if struct is message else f"{_parts(message)}::{struct.name}"


class _Context:
    """What the writer of a function's body has to know: in which versions it runs, what is flexible."""

    def __init__(self, message, struct):
        self.message = message
        self.struct = struct
        self.outer = struct.versions
        first = message.first_flexible
        if first is None or first > self.outer.last:
            self.flexible = "false"
        elif first <= self.outer.first:
            self.flexible = "true"
        else:
            self.flexible = "flexible"

    def preamble(self):
        if self.flexible != "flexible":
            return []
        return [f"const bool flexible = v >= {self.message.first_flexible};"]

    def compact(self, field):
        if field.tag is not None:
            return "true"
        if not field.compact:
            return "false"
        # A field of flexible versions only does not ask.
        first = self.message.first_flexible
        if first is not None and field.versions.first >= first:
            return "true"
        if first is None or field.versions.last < first:
            return "false"
        return self.flexible

    def where(self, field):
        owner = "" if self.struct is self.message else f".{self.struct.name}"
        return f'"{self.message.name}{owner}.{field.name}"'


def _version_check(message, what):
    first, last = message.versions.first, message.versions.last
    test = f"v > {last}" if first == 0 else f"v < {first} || v > {last}"
    if first == 0:
        test = f"v < 0 || {test}"
    return [f"if ({test}) {{", f"    {what}.bad_version(kName, v);", "    return;", "}"]


def _guard(test, lines):
    if not test:
        return lines
    if len(lines) == 1 and not lines[0].startswith(("if", "for")):
        return [f"if ({test}) {lines[0]}"]
    return [f"if ({test}) {{"] + _indent(lines) + ["}"]


def _decode(message, struct):
    context = _Context(message, struct)
    lines = [f"void {_qualified(message, struct)}::decode(Reader& r, "
             "[[maybe_unused]] std::int16_t v) {"]
    body = []
    if struct is message:
        body += _version_check(message, "r") + ["*this = {};"]
    body += context.preamble()
    for field in struct.fields:
        if field.tag is None:
            body += _guard(condition(field.versions, context.outer), _read(context, field))
    tags = [f for f in struct.fields if f.tag is not None]
    if context.flexible != "false":
        body += _guard("flexible" if context.flexible == "flexible" else "",
                       _read_tags(context, tags))
    return lines + _indent(body) + ["}"]


def _read(context, field):
    name, compact, where = member(field.name), context.compact(field), context.where(field)
    optional = is_optional(field)
    if field.is_array and field.is_struct:
        size = element_min_size(context.message, field)
        lines = [f"decode_array<{size}>(r, {name}, v, {compact}, {where});"]
    elif field.is_array:
        lines = [f"r.array({name}, {compact}, {where});"]
    elif field.is_struct:
        if not optional:
            return [f"{name}.decode(r, v);"]
        presence = "r.tagged_presence()" if field.tag is not None else "r.presence()"
        lines = [f"decode_optional(r, {name}, v, {presence});"]
        if field.nullable != field.versions:
            lines = [f"decode_optional(r, {name}, v, "
                     f"!({condition(field.nullable, field.versions)}) || {presence});"]
            return lines
    elif field.base in ("string", "bytes", "records"):
        prefix = "nullable_" if optional else ""
        where_argument = "" if optional else f", {where}"
        lines = [f"{name} = r.{prefix}{field.base}({compact}{where_argument});"]
    elif field.base == "bool":
        lines = [f"{name} = r.boolean();"]
    else:
        lines = [f"{name} = r.{field.base}();"]
    if optional and field.nullable != field.versions:
        test = condition(field.nullable, field.versions)
        lines.append(f"if (!{name} && !({test})) r.null_field({where});")
    return lines


def _read_tags(context, tags):
    if not tags:
        return ["r.skip_tags();"]
    body = ["const Reader::Tag tag = r.tag();", "switch (tag.number) {"]
    for field in tags:
        test = condition(field.versions, context.outer)
        if test in (f"v >= {context.message.first_flexible}",):
            test = ""  # Known already: only flexible versions have tags.
        body.append(f"    case {field.tag}:")
        if test:
            body.append(f"        if (!({test})) break;")
        body += ["        " + line for line in _read(context, field)]
        body += ["        r.end_tag(tag);", "        continue;"]
    body += ["    default:", "        break;", "}", "r.skip_tag(tag);"]
    return ["for (std::uint32_t left = r.tag_count(); left != 0 && r.ok(); --left) {"] + _indent(
        body) + ["}"]


def _encode(message, struct):
    context = _Context(message, struct)
    lines = [f"void {_qualified(message, struct)}::encode(Writer& w, "
             "[[maybe_unused]] std::int16_t v) const {"]
    body = []
    if struct is message:
        body += _version_check(message, "w")
    body += context.preamble()
    for field in struct.fields:
        test = condition(field.versions, context.outer)
        write = [] if field.tag is not None else _write(context, field)
        lost = []
        if test and not field.ignorable:
            lost = [f"if ({differs_from_default(field)}) w.missing_field({context.where(field)}, "
                    "v);"]
        if not test:
            body += write
        elif write and lost:
            body += [f"if ({test}) {{"] + _indent(write) + ["} else {"] + _indent(lost) + ["}"]
        elif write:
            body += _guard(test, write)
        elif lost:
            body += [f"if (!({test})) {{"] + _indent(lost) + ["}"]
    tags = sorted((f for f in struct.fields if f.tag is not None), key=lambda f: f.tag)
    if context.flexible != "false":
        body += _guard("flexible" if context.flexible == "flexible" else "",
                       _write_tags(context, tags))
    return lines + _indent(body) + ["}"]


def _write(context, field):
    name, compact, where = member(field.name), context.compact(field), context.where(field)
    optional = is_optional(field)
    lines = []
    if optional and field.nullable != field.versions:
        test = condition(field.nullable, field.versions)
        lines.append(f"if (!{name} && !({test})) w.null_field({where}, v);")
    if field.is_array and field.is_struct:
        lines.append(f"encode_array(w, {name}, v, {compact});")
    elif field.is_array:
        lines.append(f"w.array({name}, {compact});")
    elif field.is_struct:
        if not optional:
            lines.append(f"{name}.encode(w, v);")
        elif field.nullable != field.versions:
            lines.append(f"if ({condition(field.nullable, field.versions)}) w.presence({name}.has_value());")
            lines.append(f"if ({name}) {name}->encode(w, v);")
        else:
            lines.append(f"w.presence({name}.has_value());")
            lines.append(f"if ({name}) {name}->encode(w, v);")
    elif field.base in ("string", "bytes", "records"):
        lines.append(f"w.{'nullable_' if optional else ''}{field.base}({name}, {compact});")
    elif field.base == "bool":
        lines.append(f"w.boolean({name});")
    else:
        lines.append(f"w.{field.base}({name});")
    return lines


def _write_tags(context, tags):
    if not tags:
        return ["w.no_tags();"]
    lines = []
    tests = {}
    for field in tags:
        test = condition(field.versions, context.outer)
        if test == f"v >= {context.message.first_flexible}":
            test = ""
        differs = differs_from_default(field)
        if test:
            differs = f"{test} && ({differs})" if "||" in differs else f"{test} && {differs}"
        tests[field.name] = f"has_{field.name}"
        lines.append(f"const bool has_{field.name} = {differs};")
    count = " + ".join(f"unsigned{{has_{f.name}}}" for f in tags)
    lines.append(f"w.uvarint({count});")
    for field in tags:
        body = [f"const std::size_t start = w.begin_tag({field.tag});"]
        if field.is_struct and not field.is_array and is_optional(field):
            name = member(field.name)
            body += [f"w.tagged_presence({name}.has_value());",
                     f"if ({name}) {name}->encode(w, v);"]
        else:
            body += _write(context, field)
        body.append("w.end_tag(start);")
        lines += [f"if ({tests[field.name]}) {{"] + _indent(body) + ["}"]
    return lines


def _indent(lines):
    return ["    " + line if line else line for line in lines]
