"""Secrets and parameters."""

from __future__ import annotations

import extras
from account import REGION, Shop, Stop
from planting import planted

RETRIEVAL = (
    "ResourceInitializationError: unable to pull secrets or registry auth: execution resource "
    "retrieval failed: unable to retrieve secret"
)
ASM = f"{RETRIEVAL} from asm: service call has been retried 1 time(s): "
SSM = f"{RETRIEVAL}s from ssm: service call has been retried 1 time(s): invalid ssm parameters: "


@planted("sec-asm-exists")
def secret_missing(shop: Shop) -> Stop:
    """The secret was deleted for good."""
    shop.delete_secret("db")
    return Stop(secret_not_found(shop.secrets["db"]))


@planted("sec-asm-recreated-suffix")
def secret_recreated(shop: Shop) -> Stop:
    """The secret was deleted and created again, so that its ARN has another suffix."""
    former = shop.secrets["db"]
    shop.delete_secret("db")
    shop.create_secret("db")
    return Stop(secret_not_found(former))


@planted("sec-asm-scheduled-deletion")
def secret_marked_for_deletion(shop: Shop) -> Stop:
    """The secret is in its recovery window."""
    shop.delete_secret("db", days=7)
    return Stop(
        f"{ASM}failed to fetch secret {shop.secrets['db']} from secrets manager: "
        "InvalidRequestException: You can't perform this operation on the secret because it was "
        "marked for deletion."
    )


@planted("sec-asm-version-exists")
def secret_version_missing(shop: Shop) -> Stop:
    """The task wants a version that the secret, never rotated, does not have."""
    shop.app["secrets"][0]["valueFrom"] = f"{shop.secrets['db']}:password:AWSPREVIOUS:"
    return Stop(
        f"{ASM}failed to fetch secret {shop.secrets['db']} from secrets manager: "
        "ResourceNotFoundException: Secrets Manager can't find the specified secret value for "
        "staging label: AWSPREVIOUS"
    )


@planted("sec-asm-arn-shape")
def secret_colons_missing(shop: Shop) -> Stop:
    """The two colons behind the JSON key are missing."""
    text = f"{shop.secrets['db']}:password"
    shop.app["secrets"][0]["valueFrom"] = text
    return Stop(
        f"{ASM}trying to retrieve secret with value {text} resulted in error: an invalid ARN "
        "format for the AWS Secrets Manager secret was specified. Specify a valid ARN and try "
        "again."
    )


@planted("sec-ref-kind")
def secret_name_used_as_parameter(shop: Shop) -> Stop:
    """A secret is referred to by its name, which ECS takes for a parameter's."""
    name = f"{shop.name}/db"
    shop.app["secrets"][0]["valueFrom"] = name
    return Stop(SSM + name)


@planted("sec-ssm-exists")
def parameter_missing(shop: Shop) -> Stop:
    """A parameter was deleted."""
    shop.clients("ssm").delete_parameter(Name=shop.parameter("flags"))
    return Stop(SSM + shop.parameter("flags"))


@planted("kms-key-state")
def key_marked_for_deletion(shop: Shop) -> Stop:
    """The key that encrypts a secret awaits its deletion."""
    kms, secret = shop.clients("kms"), shop.secrets["db"]
    key = kms.create_key(Description=f"secrets of {shop.name}")["KeyMetadata"]["Arn"]
    shop.clients("secretsmanager").update_secret(SecretId=secret, KmsKeyId=key)
    kms.schedule_key_deletion(KeyId=key.rsplit("/", 1)[-1], PendingWindowInDays=7)
    return Stop(
        f"{ASM}failed to fetch secret {secret} from secrets manager: DecryptionFailure: {key} "
        "is pending deletion. (Service: AWSKMS; Status Code: 400; Error Code: "
        "KMSInvalidStateException)"
    )


@planted("env-exists")
def environment_file_missing(shop: Shop) -> Stop:
    """The file with the variables was deleted."""
    bucket = extras.add_environment_file(shop)
    shop.clients("s3").delete_object(Bucket=bucket, Key="prod.env")
    return Stop(
        "ResourceInitializationError: failed to download env files: file download command: non "
        "empty error stream: NoSuchKey: The specified key does not exist. status code: 404, "
        "request id: 0123456789ABCDEF, host id: abc"
    )


def secret_not_found(arn: str) -> str:
    return (
        f"ResourceNotFoundException: The task can’t retrieve the secret with ARN '{arn}' from AWS "  # noqa: RUF001
        "Secrets Manager. Check whether the secret exists in the specified Region. "
        f"{ASM}Fetching secret data from AWS Secrets Manager in region {REGION}: secret {arn}: "
        "ResourceNotFoundException: Secrets Manager can’t find the specified secret."  # noqa: RUF001
    )
