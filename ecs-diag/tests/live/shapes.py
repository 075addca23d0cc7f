"""Writes `src/sources/live/shapes.json`: how the services' answers become the AWS CLI's JSON.

The table says, for each operation that a source may be asked (`src/aws/operations.rs`), what
botocore's models say of its answer:

    protocol    json: the body is the answer; rest-json, rest-xml, query, ec2: the shapes tell
    wrapper     element around the answer (query)
    shape       shape of the answer
    payload     the member that is the whole body, and its shape
    headers     members that are headers: name (or prefix of names) and shape
    page        members of a paginated operation: `input` and `output` tokens, `more`,
                `lists` that the pages share out, `keep` from the first page

A shape is `{"structure": {member: [name on the wire, shape]}}`, `{"list": shape}`,
`{"flat": shape}` (a list whose elements stand in the parent), `{"map": shape}`, or a name: of
another shape, or of a scalar: `string`, `integer`, `float`, `boolean`, `policy` (a URL-encoded
JSON document).

    python shapes.py [--check]
"""

import argparse
import json
import re
import sys
from pathlib import Path
from typing import Any

import botocore.session
from botocore.model import OperationModel, Shape

CRATE = Path(__file__).resolve().parents[2]
TABLE = CRATE / "src/sources/live/shapes.json"
SCALARS = {
    "string": "string",
    "timestamp": "string",
    "blob": "string",
    "character": "string",
    "integer": "integer",
    "long": "integer",
    "float": "float",
    "double": "float",
    "boolean": "boolean",
}
SESSION = botocore.session.get_session()


def operations() -> list[tuple[str, str]]:
    """The closed list, as service and operation."""
    source = (CRATE / "src/aws/operations.rs").read_text()
    return re.findall(r'Operation::new\("([\w-]+)", "(\w+)"', source)


class Shapes:
    """The shapes of one service that its operations need."""

    def __init__(self) -> None:
        self.table: dict[str, Any] = {}

    def name(self, shape: Shape) -> str:
        """What the table calls the shape; notes it and what it consists of."""
        if shape.name == "policyDocumentType":
            return "policy"
        if scalar := SCALARS.get(shape.type_name):
            return scalar
        assert shape.name not in set(SCALARS.values()) | {"policy"}, shape.name
        if shape.name not in self.table:
            self.table[shape.name] = None  # shapes may contain themselves
            self.table[shape.name] = self.describe(shape)
        return shape.name

    def describe(self, shape: Shape) -> dict[str, Any]:
        if shape.type_name == "list":
            flat = shape.serialization.get("flattened")
            return {"flat" if flat else "list": self.name(shape.member)}
        if shape.type_name == "map":
            # Entries in XML are taken to be called `key` and `value`.
            assert not shape.key.serialization, shape.name
            assert not shape.value.serialization, shape.name
            return {"map": self.name(shape.value)}
        members = {}
        for name, member in shape.members.items():
            assert "xmlAttribute" not in member.serialization, f"{shape.name}.{name}"
            if "location" not in member.serialization:
                members[name] = [self.wire_name(name, member), self.name(member)]
        return {"structure": members}

    @staticmethod
    def wire_name(name: str, member: Shape) -> str:
        if member.serialization.get("flattened"):
            name = member.member.serialization.get("name", name)
        return member.serialization.get("name", name)

    def headers(self, output: Shape) -> dict[str, list[str]]:
        """Members that stand in headers: name (or prefix) and shape."""
        found = {}
        for name, member in output.members.items():
            location = member.serialization.get("location")
            assert location in (None, "header", "headers"), f"{output.name}.{name}"
            if location:
                shape = "prefix" if location == "headers" else self.name(member)
                found[name] = [member.serialization["name"].lower(), shape]
                if name == "Expires":
                    # botocore adds the text, since it may be no date.
                    found["ExpiresString"] = [found[name][0], "string"]
        return found


def pages(service: str, model: OperationModel) -> dict[str, Any] | None:
    """How the operation is paginated, as the CLI does it; also where the CLI does not."""
    output = model.output_shape
    if not output:
        return None
    if known := paginator(service, model.name):
        return {
            "input": listed(known["input_token"]),
            "output": listed(known["output_token"]),
            **({"more": known["more_results"]} if "more_results" in known else {}),
            "lists": listed(known["result_key"]),
            "keep": listed(known.get("non_aggregate_keys", [])),
        }
    token = next((name for name in output.members if name.lower() == "nexttoken"), None)
    if not token:
        return None
    assert token in model.input_shape.members
    members = {name: member.type_name for name, member in output.members.items() if name != token}
    return {
        "input": [token],
        "output": [token],
        "lists": [name for name, kind in members.items() if kind == "list"],
        "keep": [name for name, kind in members.items() if kind != "list"],
    }


def paginator(service: str, operation: str) -> dict[str, Any] | None:
    loader = SESSION.get_component("data_loader")
    try:
        model = loader.load_service_model(service, "paginators-1")
    except botocore.exceptions.UnknownServiceError:
        return None
    return model["pagination"].get(operation)


def listed(value: str | list[str]) -> list[str]:
    names = [value] if isinstance(value, str) else value
    assert all(name.isalnum() for name in names), f"not plain members: {names}"
    return names


def describe(service: str, names: list[str]) -> dict[str, Any]:
    """The table's part on one service."""
    model = SESSION.get_service_model(service)
    protocol = model.metadata["protocol"]
    shapes = Shapes()
    found: dict[str, Any] = {}
    for name in names:
        operation = model.operation_model(name)
        output = operation.output_shape
        entry: dict[str, Any] = {}
        if protocol != "json" and output:
            if wrapper := output.serialization.get("resultWrapper"):
                entry["wrapper"] = wrapper
            if headers := shapes.headers(output):
                entry["headers"] = headers
            if payload := output.serialization.get("payload"):
                member = output.members[payload]
                entry["payload"] = [payload, shapes.name(member)]
            else:
                entry["shape"] = shapes.name(output)
        if page := pages(service, operation):
            entry["page"] = page
        found[name] = entry
    return {"protocol": protocol, "operations": found, "shapes": dict(sorted(shapes.table.items()))}


def table() -> str:
    """The table's text: a line an operation, a line a shape."""
    by_service: dict[str, list[str]] = {}
    for service, name in operations():
        by_service.setdefault(service, []).append(name)
    parts = []
    for service, names in by_service.items():
        part = describe(service, names)
        lines = [f'"protocol": {json.dumps(part["protocol"])}']
        for key in ("operations", "shapes"):
            rows = [f"   {json.dumps(k)}: {compact(v)}" for k, v in part[key].items()]
            lines.append(f'"{key}": {{' + ("\n" + ",\n".join(rows) if rows else "") + "}")
        parts.append(f"{json.dumps(service)}: {{\n  " + ",\n  ".join(lines) + "}")
    return "{" + ",\n".join(parts) + "}\n"


def compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def main() -> int:
    parser = argparse.ArgumentParser(description="Writes the table of answer shapes.")
    parser.add_argument("--check", action="store_true", help="only compare; exit 1 if it differs")
    options = parser.parse_args()
    text = table()
    if not options.check:
        TABLE.write_text(text)
    elif TABLE.read_text() != text:
        print(f"{TABLE} is not what {Path(__file__).name} writes", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
