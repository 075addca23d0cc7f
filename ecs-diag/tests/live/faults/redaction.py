"""An account full of things that look like secrets."""

from __future__ import annotations

import base64
import hashlib
import json

from account import Shop, Stop, trust
from faults.secrets import secret_not_found
from planting import planted


def _letters(name: str, count: int) -> str:
    """Letters and digits that look random and are always the same."""
    text = ""
    while len(text) < count:
        digest = hashlib.sha512(f"{name}{len(text)}".encode()).digest()
        text += base64.b64encode(digest).decode().translate({43: None, 47: None, 61: None})
    return text[:count]


class Secrets:
    """The planted values by name, put together here so that none of them stands in a file."""

    def __init__(self) -> None:
        self.all: dict[str, str] = {}

    def __call__(self, name: str, prefix: str = "", count: int = 24) -> str:
        """A value that appears nowhere else."""
        return self._keep(name, prefix + _letters(name, count))

    def _keep(self, name: str, value: str) -> str:
        assert name not in self.all, f"`{name}` is planted twice"
        self.all[name] = value
        return value

    def access_key(self, name: str) -> str:
        """An access key id of AWS."""
        return self._keep(name, "AK" + "IA" + _letters(name, 40).upper()[:16])

    def signature(self, name: str) -> str:
        """What makes a presigned URL valid."""
        return self._keep(name, hashlib.sha256(name.encode()).hexdigest())

    def jwt(self, name: str) -> str:
        """A JSON Web Token."""

        def part(value: object) -> str:
            return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

        head, body = part({"alg": "HS256", "typ": "JWT"}), part({"sub": _letters(name, 12)})
        # What makes it a secret is the signature.
        return f"{head}.{body}.{self(name, count=43)}"

    def private_key(self, name: str) -> str:
        """A private key in PEM."""
        dashes = "-" * 5
        lines = [self(f"{name} {line}", count=64) for line in range(3)]
        kind = "RSA PRIVATE" + " KEY"
        return "\n".join([f"{dashes}BEGIN {kind}{dashes}", *lines, f"{dashes}END {kind}{dashes}"])


def planted_secrets() -> dict[str, str]:
    """Everything that the scenario `secrets` plants and nobody may ever see."""
    return dict(_SECRETS.all)


_SECRETS = Secrets()


@planted("sec-asm-exists")
def secrets(shop: Shop) -> Stop:
    """A secret is missing, and every text of the account holds others."""
    secret = _SECRETS
    app = shop.app
    app["environment"] += [
        {"name": "DB_PASSWORD_FILE", "value": secret("environment")},
        {"name": "HTTP_PROXY", "value": f"http://me:{secret('proxy')}@proxy.example.com:3128"},
        {"name": "AWS_ACCESS_KEY_ID", "value": secret.access_key("access key id")},
        {"name": "AWS_SECRET_ACCESS_KEY", "value": secret("secret access key", count=40)},
        {"name": "TLS_KEY", "value": secret.private_key("private key in the environment")},
        {"name": "SESSION", "value": secret.jwt("jwt in the environment")},
    ]
    app["command"] = [
        "serve",
        f"--password={secret('argument')}",
        "--token",
        secret("argument behind a flag"),
        f"mysql://shop:{secret('database URL')}@db.example.com:3306/shop",
        f"PGPASSWORD={secret('variable in a command')} psql",
        f"Authorization: Bearer {secret.jwt('jwt in a command')}",
    ]
    app["entryPoint"] = ["/bin/sh", "-c", f'exec run --api-key {secret("entry point")} -- "$@"']
    app["healthCheck"] = {
        "command": [
            "CMD-SHELL",
            f"curl -u admin:{secret('health check')} http://localhost:8080/health || exit 1",
        ]
    }
    app["dockerLabels"] = {
        "com.example.api-key": secret("label with a telling name"),
        "com.example.note": f"use {secret('GitHub token', 'gh' + 'p_', 36)} to clone",
    }
    app["extraHosts"] = [{"hostname": "db", "ipAddress": "10.20.10.9"}]
    shop.definition["containerDefinitions"] += [
        {
            "name": "splunk",
            "image": app["image"],
            "essential": False,
            "memory": 128,
            "logConfiguration": {
                "logDriver": "splunk",
                "options": {
                    "splunk-url": f"https://me:{secret('log URL')}@splunk.example.com:8088",
                    "splunk-token": secret("splunk-token"),
                },
            },
        },
        {
            "name": "router",
            "image": app["image"],
            "essential": False,
            "memory": 128,
            "firelensConfiguration": {
                "type": "fluentbit",
                "options": {"enable-ecs-log-metadata": "true", "passwd": secret("FireLens")},
            },
        },
        {
            "name": "worker",
            "image": app["image"],
            "essential": False,
            "memory": 128,
            "logConfiguration": {
                "logDriver": "awsfirelens",
                "options": {
                    "Name": "http",
                    "HTTP_Passwd": secret("log password"),
                    "Header": f"X-Api-Key {secret('Stripe key', 'sk' + '_live_', 24)}",
                },
            },
        },
    ]
    shop.definition["volumes"] = [
        {
            "name": "share",
            "dockerVolumeConfiguration": {
                "driver": "local",
                "driverOpts": {"o": f"username=me,password={secret('volume option')}"},
            },
        }
    ]
    shop.definition["tags"] = [
        {"key": "deploy-token", "value": secret("tag of the task definition")}
    ]

    tokens = {
        "role": f"password: {secret('description of a role')}",
        "secret": f"was {secret('GitLab token', 'glp' + 'at-', 20)}",
        "parameter": f"see https://me:{secret('description of a parameter')}@wiki.example.com/",
        "group": f"token={secret('description of a group')}",
    }
    iam, ec2 = shop.clients("iam"), shop.clients("ec2")
    iam.update_role(RoleName=f"{shop.name}-execution", Description=tokens["role"])
    document = trust()
    document["Statement"].append(
        {
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"sts:ExternalId": secret("external id")}},
        }
    )
    shop.set_trust("execution", document)
    iam.tag_role(
        RoleName=f"{shop.name}-execution",
        Tags=[{"Key": "owner", "Value": f"me:{secret('Slack token', 'xo' + 'xb-', 40)}"}],
    )
    secretsmanager = shop.clients("secretsmanager")
    secretsmanager.update_secret(SecretId=shop.secrets["api-key"], Description=tokens["secret"])
    secretsmanager.tag_resource(
        SecretId=shop.secrets["api-key"],
        Tags=[{"Key": "password", "Value": secret("tag of a secret")}],
    )
    shop.clients("ssm").put_parameter(
        Name=shop.parameter("flags"),
        Value=secret("parameter value"),
        Type="String",
        Description=tokens["parameter"],
        Overwrite=True,
    )
    group = ec2.create_security_group(
        VpcId=shop.account.network.vpc, GroupName=shop.name, Description=tokens["group"]
    )["GroupId"]
    ec2.create_tags(
        Resources=[group], Tags=[{"Key": "api_token", "Value": secret("tag of a group")}]
    )
    shop.network["securityGroups"].append(group)

    shop.delete_secret("db")
    shop.events = [
        "(service checkout) was unable to reach "
        f"https://me:{secret('URL in an event')}@hooks.example.com/deploy.",
    ]
    reason = (
        f"{secret_not_found(shop.secrets['db'])} "
        f"See https://admin:{secret('URL in the reason')}@support.example.com/case?"
        f"X-Amz-Signature={secret.signature('signature of a URL')}"
    )
    return Stop(
        reason,
        container={
            "reason": f"env AWS_SECRET_ACCESS_KEY={secret('reason of a container', count=40)}"
        },
        task={
            "tags": [
                {"key": "session-token", "value": secret("tag of the task")},
                {"key": "note", "value": f"key {secret.access_key('access key id in a tag')}"},
            ],
            "overrides": {
                "containerOverrides": [
                    {
                        "name": "app",
                        "command": ["serve", f"--secret={secret('overridden command')}"],
                        "environment": [
                            {"name": "ONCE", "value": secret("overridden environment")}
                        ],
                    }
                ]
            },
        },
    )
