# SPDX-License-Identifier: GPL-2.0-only
"""schema.py SCHEMA: are the JSON values of standard input, one after the other, what
the schema says? Prints what is not and how many there were. Knows what the schema of
unhole-path uses, and nothing else of JSON Schema.
schema.py --words SCHEMA: the schema's words: the keys, and the strings that a value
may be.
The guest's Python is the smallest one, and has no module json.
"""
import re
import sys

KNOWN = {"$schema", "$comment", "$defs", "$ref", "title", "description", "type", "enum",
         "oneOf", "properties", "required", "additionalProperties", "items"}
TYPES = {"object": dict, "array": list, "string": str, "integer": int}


def judge(value, schema, root, at):
    """What is wrong, as texts."""
    for key in schema:
        if key not in KNOWN:
            sys.exit(f"schema.py does not know {key}")
    if "$ref" in schema:
        return judge(value, root["$defs"][schema["$ref"].rsplit("/", 1)[1]], root, at)
    if "oneOf" in schema:
        said = [judge(value, s, root, at) for s in schema["oneOf"]]
        if sum(not s for s in said) == 1:
            return []
        return min(said, key=len) or [f"{at}: more than one of them"]
    wrong = []
    if "type" in schema and (not isinstance(value, TYPES[schema["type"]]) or isinstance(value, bool)):
        return [f"{at}: {value!r} is no {schema['type']}"]
    # 1 == True, and is not the same
    if "enum" in schema and not any(type(e) is type(value) and e == value for e in schema["enum"]):
        wrong.append(f"{at}: {value!r} is not known")
    if isinstance(value, dict):
        known = schema.get("properties", {})
        wrong += [f"{at}: lacks {k}" for k in schema.get("required", []) if k not in value]
        for key in value:
            if key in known:
                wrong += judge(value[key], known[key], root, f"{at}.{key}")
            elif schema.get("additionalProperties") is False:
                wrong.append(f"{at}: the key {key} is not known")
    if isinstance(value, list) and "items" in schema:
        for i, item in enumerate(value):
            wrong += judge(item, schema["items"], root, f"{at}[{i}]")
    return wrong


TOKEN = re.compile(r'''[ \t\r\n]*(?:
    (?P<mark>[][{},:]) | (?P<word>true|false|null) | (?P<number>-?(?:0|[1-9][0-9]*)(?![0-9.eE])) |
    "(?P<string>(?:[^"\\\x00-\x1f]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*)")''', re.VERBOSE)
ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


def unescape(match):
    """What stands behind a backslash."""
    c = match[1]
    return chr(int(c[1:], 16)) if c[0] == "u" else ESCAPES.get(c, c)


def token(text, at):
    """The next one, as its kind and text, and where it ends."""
    match = TOKEN.match(text, at)
    if not match:
        raise ValueError(f"at {at}: {text[at:at + 40]!r}")
    return match.lastgroup, match[match.lastgroup], match.end()


def parse(text, at):
    """A value, without fractions, and where it ends. Each key of an object is there once."""
    kind, what, at = token(text, at)
    if kind == "word":
        return {"true": True, "false": False, "null": None}[what], at
    if kind == "number":
        return int(what), at
    if kind == "string":
        return re.sub(r"\\(u....|.)", unescape, what), at
    if what not in "{[":
        raise ValueError(f"at {at}: {what}")
    close = "}" if what == "{" else "]"
    value = {} if what == "{" else []
    if token(text, at)[1] == close and token(text, at)[0] == "mark":
        return value, token(text, at)[2]
    while True:
        if close == "}":
            key, at = parse(text, at)
            kind, colon, at = token(text, at)
            if not isinstance(key, str) or key in value or (kind, colon) != ("mark", ":"):
                raise ValueError(f"at {at}: the key {key!r}")
            value[key], at = parse(text, at)
        else:
            item, at = parse(text, at)
            value.append(item)
        kind, what, at = token(text, at)
        if kind != "mark" or what not in ("," + close):
            raise ValueError(f"at {at}: {what!r}")
        if what == close:
            return value, at


def words(schema):
    """The words of a schema."""
    for key, value in schema.items():
        if key == "properties":
            yield from value
        if key == "enum":
            yield from (v for v in value if isinstance(v, str))
        if key in ("properties", "$defs"):
            for s in value.values():
                yield from words(s)
        elif isinstance(value, dict):
            yield from words(value)


def main():
    """As the first lines say."""
    with open(sys.argv[-1], encoding="ascii") as file:
        schema = parse(file.read(), 0)[0]
    if sys.argv[1] == "--words":
        print("\n".join(sorted(set(words(schema)))))
        return
    text = sys.stdin.read().rstrip()
    n = bad = at = 0
    while at < len(text):
        n += 1
        try:
            value, at = parse(text, at)
        except ValueError as error:
            sys.exit(f"value {n} is no JSON, {error}")
        for what in judge(value, schema, schema, "$")[:5]:
            print(f"value {n}{what[1:]}")
            bad = 1
    print(n, "values")
    sys.exit(bad)


main()
