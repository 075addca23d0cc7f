"""Answers in which every member of an operation's output has a value."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import botocore.session
from botocore.exceptions import UnknownServiceError
from botocore.model import OperationModel, Shape, StructureShape

import wire

# How often a shape stands within itself.
DEPTH = 2
POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*"}]}
MOMENT = 1795291235


def output(service: str, operation: str, *, next_page: bool = False) -> dict[str, Any]:
    """An answer, the last of its pages if it has pages at all."""
    tokens, more = _paging(service, operation)
    value = _value(wire.model(service).operation_model(operation).output_shape, "", [])
    # Some operations have pages and no paginator.
    for name in (tokens | {"NextToken", "nextToken"}) & value.keys():
        if next_page:
            value[name] = "next"
        else:
            del value[name]
    if more in value:
        value[more] = next_page
    return value


def has_pages(service: str, operation: str) -> bool:
    """Whether the AWS CLI asks for page after page."""
    return bool(_paging(service, operation)[0])


def _paging(service: str, operation: str) -> tuple[set[str], str]:
    """What names the next page, and what says that there is one."""
    try:
        paginators = botocore.session.get_session().get_paginator_model(service)
        config = paginators.get_paginator(operation)
    except (UnknownServiceError, ValueError):
        return set(), ""
    named = config["output_token"]
    return {named} if isinstance(named, str) else set(named), config.get("more_results", "")


def required(model: OperationModel) -> dict[str, Any]:
    """The least that can be asked."""

    def of(shape: Shape, name: str) -> Any:
        if isinstance(shape, StructureShape):
            return {member: of(shape.members[member], member) for member in shape.required_members}
        match shape.type_name:
            case "list":
                return [of(shape.member, name)]
            case "integer" | "long":
                return int(shape.metadata.get("min", 1))
            case "string" if shape.metadata.get("enum"):
                return shape.metadata["enum"][0]
            case "string":
                # Long enough, and right as the name of a bucket.
                return name.lower().ljust(int(shape.metadata.get("min", 3)), "x")
        raise NotImplementedError(shape.type_name)

    return of(model.input_shape, "") if model.input_shape else {}


def _plain(shape: Shape, name: str) -> Any:
    """What a header takes: plain texts, with names that are words."""
    location = shape.serialization.get("location")
    if location == "header" and shape.type_name == "string" and not shape.metadata.get("enum"):
        return f"{name} and more"
    return {f"key-of-{name.lower()}": "plain"} if location == "headers" else None


def _value(shape: Shape, name: str, within: list[str]) -> Any:
    within = [*within, shape.name]
    match shape.type_name:
        case "structure":
            return {
                member: _plain(of, member) or _value(of, member, within)
                for member, of in shape.members.items()
                if within.count(of.name) < DEPTH
            }
        case "list":
            if within.count(shape.member.name) >= DEPTH:
                return []
            return [_value(shape.member, f"{name}{place}", within) for place in range(2)]
        case "map":
            key = shape.key.metadata.get("enum", [f"key-of-{name}"])[0]
            return {key: _value(shape.value, name, within)}
        case "string" if shape.name == "policyDocumentType":
            return quote(json.dumps(POLICY))
        case "string" if "Policy" in (shape.name, name):
            return json.dumps(POLICY)
        case "string" if name == "MaxItems":
            # Numbers that Route 53 calls texts.
            return "100"
        case "string" if shape.metadata.get("enum"):
            return shape.metadata["enum"][-1]
        case "string":
            return f"{name} <é> & more"
        case "integer" | "long":
            return len(name) + 1
        case "float" | "double":
            return len(name) + 0.5
        case "boolean":
            return len(name) % 2 == 0
        case "timestamp":
            return MOMENT + len(name)
        case "blob":
            return f"blob of {name}".encode()
    raise NotImplementedError(shape.type_name)
