"""What a field of a table is in C++, and how many bytes it takes at least."""

from names import member
from tables import NO_END

_SCALAR_TYPES = {
    "bool": "bool",
    "int8": "std::int8_t",
    "int16": "std::int16_t",
    "int32": "std::int32_t",
    "int64": "std::int64_t",
    "uint16": "std::uint16_t",
    "uint32": "std::uint32_t",
    "float64": "double",
    "uuid": "Uuid",
    "string": "std::string_view",
    "bytes": "Bytes",
    "records": "Records",
}
_FIXED_SIZES = {"bool": 1, "int8": 1, "int16": 2, "int32": 4, "int64": 8, "uint16": 2, "uint32": 4,
                "float64": 8, "uuid": 16}


def element_type(field):
    return field.base if field.is_struct else _SCALAR_TYPES[field.base]


def is_optional(field):
    return field.nullable is not None


def cpp_type(field):
    inner = element_type(field)
    if field.is_array:
        inner = f"std::vector<{inner}>"
    return f"std::optional<{inner}>" if is_optional(field) else inner


def default_is_null(field):
    """Whether a fresh field is null. Kafka leaves records null, and nothing else unless it says so."""
    return is_optional(field) and (field.default == "null" or
                                   (field.base == "records" and field.default is None))


def integer_literal(field):
    value = int(field.default or "0", 0)
    bits = int(field.base.lstrip("uint"))
    signed = field.base.startswith("int")
    lowest = -(1 << (bits - 1)) if signed else 0
    highest = (1 << (bits - 1 if signed else bits)) - 1
    if not lowest <= value <= highest:
        raise ValueError(f"{field.name}: {value} does not fit {field.base}")
    if value == highest and value > 0xffff:
        return f"std::numeric_limits<{_SCALAR_TYPES[field.base]}>::max()"
    if signed and value == lowest and bits > 16:
        return f"std::numeric_limits<{_SCALAR_TYPES[field.base]}>::min()"
    return str(value)


def initializer(field):
    """What stands behind the member's name: " = -1", or {}."""
    if default_is_null(field):
        return "{}"
    if field.is_array or field.is_struct or field.base in ("uuid", "bytes", "records"):
        inner = element_type(field)
        if field.is_array:
            inner = f"std::vector<{inner}>"
        return f" = {inner}{{}}" if is_optional(field) else "{}"
    if field.base == "string":
        text = field.default or '""'
        if is_optional(field):
            return f" = std::string_view({text})" if text != '""' else " = std::string_view{}"
        return f" = {text}" if text != '""' else "{}"
    if field.base == "bool":
        return f" = {field.default or 'false'}"
    if field.base == "float64":
        return f" = {field.default or '0.0'}"
    return f" = {integer_literal(field)}"


def differs_from_default(field):
    """A C++ condition: true when the field holds something a version without it would lose."""
    name = member(field.name)
    if default_is_null(field):
        return f"{name}.has_value()"
    if field.is_array or field.base in ("bytes", "records"):
        return f"!{name} || !{name}->empty()" if is_optional(field) else f"!{name}.empty()"
    if field.is_struct:
        fresh = f"{field.base}{{}}"
        return f"!{name} || !(*{name} == {fresh})" if is_optional(field) else f"!({name} == {fresh})"
    if field.base == "string":
        text = field.default or '""'
        if is_optional(field):
            return f"{name} != std::string_view({text})"
        return f"!{name}.empty()" if text == '""' else f"{name} != {text}"
    if field.base == "uuid":
        return f"!{name}.is_zero()"
    if field.base == "bool":
        return f"!{name}" if field.default == "true" else name
    if field.base == "float64":
        return f"{name} != {field.default or '0.0'}"
    return f"{name} != {integer_literal(field)}"


def struct_min_size(message, struct, version):
    """The fewest bytes an encoded struct takes in a version."""
    flexible = message.is_flexible(version)
    size = 1 if flexible else 0  # The count of tagged fields.
    for field in struct.fields:
        if version in field.versions and field.tag is None:
            size += field_min_size(message, field, version)
    return size


def field_min_size(message, field, version):
    compact = message.is_flexible(version) and field.compact
    if field.is_array:
        return 1 if compact else 4
    if field.is_struct:
        if field.nullable is not None and version in field.nullable:
            return 1
        return struct_min_size(message, message.struct(field.base), version)
    if field.base == "string":
        return 1 if compact else 2
    if field.base in ("bytes", "records"):
        return 1 if compact else 4
    return _FIXED_SIZES[field.base]


def element_min_size(message, field):
    """The fewest bytes an element of an array of structs takes in any version; at least 1."""
    struct = message.struct(field.base)
    return max(1, min(struct_min_size(message, struct, v) for v in field.versions))


def condition(versions, outer):
    """The test `v`, the version, has to pass to be in `versions`, given that it is in `outer`; "" = none."""
    tests = []
    if versions.first > outer.first:
        tests.append(f"v >= {versions.first}")
    if versions.last < min(outer.last, NO_END):
        tests.append(f"v <= {versions.last}")
    if len(tests) == 2 and versions.first == versions.last:
        return f"v == {versions.first}"
    return " && ".join(tests)
