"""AWS requests and answers as they go over the wire, in each protocol's form."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any
from urllib.parse import parse_qsl, unquote
from xml.sax.saxutils import escape

import botocore.session
from botocore.model import (
    ListShape,
    MapShape,
    OperationModel,
    ServiceModel,
    Shape,
    StructureShape,
)
from moto.core.serialize import get_serializer_class
from moto.core.utils import get_service_model

ACCOUNT = "123456789012"
REGION = "eu-west-1"
CALLER = f"arn:aws:sts::{ACCOUNT}:assumed-role/Auditor/me"

# Every service that ecs-diag may ask, as botocore names them.
SERVICES = (
    "autoscaling",
    "cloudtrail",
    "ec2",
    "ecr",
    "ecs",
    "efs",
    "elbv2",
    "fsx",
    "guardduty",
    "iam",
    "kms",
    "logs",
    "organizations",
    "route53",
    "route53resolver",
    "s3",
    "secretsmanager",
    "service-quotas",
    "servicediscovery",
    "ssm",
    "sts",
)

# Operations whose IAM action has another name.
ACTIONS = {
    ("s3", "GetBucketEncryption"): "s3:GetEncryptionConfiguration",
    ("s3", "HeadObject"): "s3:GetObject",
}


@cache
def model(service: str) -> ServiceModel:
    """The API model of a service."""
    return botocore.session.get_session().get_service_model(service)


@cache
def regions() -> frozenset[str]:
    """The regions that there are."""
    return frozenset(botocore.session.get_session().get_available_regions("ec2"))


@cache
def _by_signing_name() -> dict[str, list[str]]:
    services: dict[str, list[str]] = {}
    for service in SERVICES:
        services.setdefault(model(service).signing_name, []).append(service)
    return services


def action(service: str, operation: str) -> str:
    """The IAM action that a call needs."""
    return ACTIONS.get((service, operation), f"{model(service).signing_name}:{operation}")


@dataclass(frozen=True)
class Request:
    """A signed request, as far as its protocol says what it asks."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes

    @cached_property
    def _scope(self) -> list[str]:
        found = re.search(r"Credential=([^,\s]+)", self.headers.get("authorization", ""))
        # KEY/DATE/REGION/SERVICE/aws4_request
        return found[1].split("/") if found else ["", "", "", "", ""]

    @property
    def access_key(self) -> str:
        """Who asks; empty for an unsigned request."""
        return self._scope[0]

    @property
    def region(self) -> str:
        """The region that the request was signed for."""
        return self._scope[2]

    @cached_property
    def service(self) -> str:
        """The service in botocore's name; the signing name if it is none of ours."""
        name = self._scope[3]
        return next(iter(_by_signing_name().get(name, [name])))

    @cached_property
    def protocol(self) -> str:
        """The protocol that this very request speaks."""
        if self.path.startswith("/service/") and "/operation/" in self.path:
            return "smithy-rpc-v2-cbor"
        if "x-amz-target" in self.headers:
            return "json"
        if self.service not in SERVICES:
            return "query"
        return model(self.service).metadata["protocol"]

    @cached_property
    def operation(self) -> str:
        """The operation in the API's name; empty if there is no telling."""
        if self.protocol == "smithy-rpc-v2-cbor":
            return self.path.rsplit("/", 1)[-1]
        if self.protocol == "json":
            return self.headers["x-amz-target"].rsplit(".", 1)[-1]
        if self.protocol in ("query", "ec2"):
            return self.parameters.get("Action", "")
        return _rest_operation(self.service, self.method, self.path, self.query)

    @cached_property
    def parameters(self) -> dict[str, Any]:
        """What was asked: members of a JSON body, or form parameters."""
        text = self.body.decode("utf-8", "replace")
        if text.startswith("{"):
            return json.loads(text)
        return dict(parse_qsl(f"{self.query}&{text}", keep_blank_values=True))

    @property
    def digest(self) -> str:
        """The same for requests that ask the same."""
        whole = f"{self.region} {self.method} {self.path}?{self.query} {self.operation} "
        return hashlib.sha256(whole.encode() + self.body).hexdigest()[:16]

    def mentions(self, text: str) -> bool:
        """Whether the text stands anywhere in what was asked."""
        whole = f"{self.path}?{self.query}\n{self.body.decode('utf-8', 'replace')}"
        return text in unquote(whole.replace("+", " "))


@cache
def _rest_routes(service: str) -> list[tuple[int, str, re.Pattern[str], set[str], str]]:
    routes = []
    for name in model(service).operation_names:
        http = model(service).operation_model(name).http
        path, _, query = http["requestUri"].partition("?")
        pattern = re.sub(r"\\\{\w+\\\+\\\}", ".+", re.escape(path))
        pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", pattern)
        keys = set(query.split("&")) - {""}
        literals = sum(not part.startswith("{") for part in path.split("/"))
        weight = 100 * len(keys) + literals
        routes.append((weight, http["method"], re.compile(pattern + "/?"), keys, name))
    return sorted(routes, key=lambda route: -route[0])


def _rest_operation(service: str, method: str, path: str, query: str) -> str:
    # `?policy` names the operation GetBucketPolicy, `?list-type=2` the operation ListObjectsV2.
    given = set(query.split("&")) | {part.partition("=")[0] for part in query.split("&")}
    for _, verb, pattern, keys, name in _rest_routes(service):
        if verb == method and keys <= given and pattern.fullmatch(path):
            return name
    return ""


@dataclass(frozen=True)
class Answer:
    """An HTTP answer."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()


def output(request: Request, value: dict[str, Any]) -> Answer:
    """An answer with these members, which are written as the CLI prints them."""
    if request.protocol == "smithy-rpc-v2-cbor":
        operation = model(request.service).operation_model(request.operation)
        return _cbor(operation, value)
    # moto's serializers want moto's models, whose names are botocore's.
    operation = get_service_model(request.service).operation_model(request.operation)
    serializer = get_serializer_class(request.service, request.protocol)
    answer = serializer(operation_model=operation).serialize(value)
    body = answer["body"]
    headers = tuple((name, str(value)) for name, value in answer["headers"].items())
    return Answer(
        int(answer["status_code"]), body if isinstance(body, bytes) else body.encode(), headers
    )


def as_modelled(request: Request, body: bytes) -> bytes:
    """A JSON body without what AWS does not send: nulls, and members that its API does not have."""

    def of(shape: Shape | None, value: Any) -> Any:
        match value:
            case dict() if isinstance(shape, StructureShape):
                known = {name: value[name] for name in shape.members if name in value}
                return {
                    name: of(shape.members[name], member)
                    for name, member in known.items()
                    if member is not None
                }
            case dict() if isinstance(shape, MapShape):
                return {name: of(shape.value, member) for name, member in value.items()}
            case list() if isinstance(shape, ListShape):
                return [of(shape.member, item) for item in value]
        return value

    operation = model(request.service).operation_model(request.operation)
    return json.dumps(of(operation.output_shape, json.loads(body))).encode()


def _cbor(operation: OperationModel, value: dict[str, Any]) -> Answer:
    from botocore.serialize import CBORSerializer

    body = bytearray()
    CBORSerializer()._serialize_data_item(body, value, operation.output_shape)
    headers = (("Content-Type", "application/cbor"), ("smithy-protocol", "rpc-v2-cbor"))
    return Answer(200, bytes(body), headers)


def error(request: Request, status: int, code: str, message: str, who: str = "Sender") -> Answer:
    """An error in the form of the request's protocol."""
    request_id = "00000000-0000-4000-8000-000000000000"
    text, name = escape(message), escape(code)
    if request.protocol == "smithy-rpc-v2-cbor":
        from botocore.serialize import CBORSerializer

        body = bytearray()
        shape = model(request.service).shape_for("InvalidInput")
        CBORSerializer()._serialize_data_item(body, {"Message": message}, shape)
        headers = (
            ("Content-Type", "application/cbor"),
            ("smithy-protocol", "rpc-v2-cbor"),
            ("x-amzn-query-error", f"{code};{who}"),
        )
        return Answer(400 if status < 500 else status, bytes(body), headers)
    if request.protocol == "json":
        # What is wrong with the request is always 400 there.
        body = json.dumps({"__type": code, "message": message})
        kind = f"application/x-amz-json-{model(request.service).metadata['jsonVersion']}"
        return Answer(400 if status < 500 else status, body.encode(), (("Content-Type", kind),))
    if request.protocol == "rest-json":
        headers = (("Content-Type", "application/json"), ("x-amzn-ErrorType", code))
        return Answer(status, json.dumps({"Message": message}).encode(), headers)
    if request.protocol == "ec2":
        body = (
            f"<Response><Errors><Error><Code>{name}</Code><Message>{text}</Message></Error>"
            f"</Errors><RequestID>{request_id}</RequestID></Response>"
        )
    elif request.service == "s3":
        body = (
            f"<Error><Code>{name}</Code><Message>{text}</Message>"
            f"<RequestId>{request_id}</RequestId></Error>"
        )
    else:
        body = (
            f"<ErrorResponse><Error><Type>{who}</Type><Code>{name}</Code>"
            f"<Message>{text}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>"
        )
    content = "" if request.method == "HEAD" else '<?xml version="1.0" encoding="UTF-8"?>' + body
    return Answer(status, content.encode(), (("Content-Type", "text/xml"),))


def denied(request: Request) -> Answer:
    """What AWS answers to a caller whose policies do not allow the call."""
    allowed = action(request.service, request.operation)
    why = (
        f"User: {CALLER} is not authorized to perform: {allowed} on resource: "
        f"{_resource(request)} because no identity-based policy allows the {allowed} action"
    )
    if request.protocol == "ec2":
        # EC2's reads have no resources.
        why = re.sub(r" on resource: \S+", "", why)
        return error(
            request,
            403,
            "UnauthorizedOperation",
            f"You are not authorized to perform this operation. {why}",
        )
    code = "AccessDeniedException" if "json" in request.protocol else "AccessDenied"
    if request.protocol == "smithy-rpc-v2-cbor":
        code = "AccessDeniedException"
    return error(request, 403, code, why)


def _resource(request: Request) -> str:
    asked = request.parameters if request.protocol != "smithy-rpc-v2-cbor" else {}
    at = f"{request.region}:{ACCOUNT}"
    cluster = str(asked.get("cluster", "default")).rsplit("/", 1)[-1]
    match request.service, request.operation:
        case "ecs", "DescribeTasks":
            task = str(next(iter(asked.get("tasks", [])), "")).rsplit("/", 1)[-1]
            return f"arn:aws:ecs:{at}:task/{cluster}/{task}"
        case "ecs", "DescribeServices":
            service = str(next(iter(asked.get("services", [])), "")).rsplit("/", 1)[-1]
            return f"arn:aws:ecs:{at}:service/{cluster}/{service}"
        case "ecr", _ if "repositoryName" in asked:
            return f"arn:aws:ecr:{at}:repository/{asked['repositoryName']}"
        case "secretsmanager", _ if "SecretId" in asked:
            return asked["SecretId"]
        case "iam", _ if "RoleName" in asked:
            return f"role {asked['RoleName']}"
        case "logs", _:
            return f"arn:aws:logs:{at}:log-group::log-stream:"
        case "ssm", _:
            return f"arn:aws:ssm:{at}:*"
        case _:
            return "*"


def throttled(request: Request) -> Answer:
    """What AWS answers to a caller who asks too fast."""
    if request.protocol == "ec2":
        return error(request, 503, "RequestLimitExceeded", "Request limit exceeded.", "Receiver")
    if request.service == "s3":
        return error(request, 503, "SlowDown", "Please reduce your request rate.", "Receiver")
    if request.service == "guardduty":
        return error(request, 429, "TooManyRequestsException", "Too many requests.")
    if request.protocol in ("query", "rest-xml"):
        return error(request, 400, "Throttling", "Rate exceeded")
    return error(request, 429, "ThrottlingException", "Rate exceeded")


def failed(request: Request) -> Answer:
    """What AWS answers when something of its own broke."""
    code = {"ec2": "InternalError", "rest-xml": "InternalError", "query": "InternalFailure"}
    return error(
        request,
        500,
        code.get(request.protocol, "InternalServerException"),
        "An internal error has occurred. Retry your request.",
        "Receiver",
    )


def expired(request: Request) -> Answer:
    """What AWS answers to a session token that is not valid any more."""
    message = "The security token included in the request is expired"
    if request.protocol == "ec2":
        return error(request, 400, "RequestExpired", "Request has expired.")
    if request.service == "s3":
        return error(request, 400, "ExpiredToken", "The provided token has expired.")
    if request.protocol in ("query", "rest-xml"):
        return error(request, 403, "ExpiredToken", message)
    return error(request, 403, "ExpiredTokenException", message)


def captive_portal() -> Answer:
    """What a network that wants a login answers to everything."""
    page = b"<!DOCTYPE html><html><body><h1>Welcome to the guest network</h1></body></html>"
    return Answer(200, page, (("Content-Type", "text/html; charset=utf-8"),))
