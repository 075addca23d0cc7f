"""Logs."""

from __future__ import annotations

import extras
from account import Shop, Stop
from planting import planted

ELSEWHERE = "eu-central-1"


NO_GROUP = (
    "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 "
    "times: failed to create Cloudwatch log stream: ResourceNotFoundException: The specified log "
    "group does not exist. : exit status 1"
)


@planted("log-group-exists")
def run_by_hand(shop: Shop) -> Stop:
    """A task without a service; CloudTrail knows where it was to go."""
    shop.clients("logs").delete_log_group(logGroupName=shop.log_group)
    extras.note_run_task(shop, shop.task_arn())
    return Stop(NO_GROUP, task={"group": f"family:{shop.name}", "startedBy": "me"})


@planted("log-group-exists")
def log_group_missing(shop: Shop) -> Stop:
    """The log group was deleted."""
    shop.clients("logs").delete_log_group(logGroupName=shop.log_group)
    return Stop(NO_GROUP)


@planted("log-group-exists")
def log_group_in_another_region(shop: Shop) -> Stop:
    """The log group is in the task's region, but the driver is sent to another."""
    shop.log_options["awslogs-region"] = ELSEWHERE
    return Stop(NO_GROUP)


@planted("log-awslogs-options")
def log_region_misspelt(shop: Shop) -> Stop:
    """The log driver is sent to a region that does not exist."""
    shop.log_options["awslogs-region"] = "eu-wets-1"
    return Stop(
        "ResourceInitializationError: failed to validate logger args: create stream has been "
        "retried 1 times: failed to create Cloudwatch log stream: RequestError: send request "
        'failed caused by: Post "https://logs.eu-wets-1.amazonaws.com/": dial tcp: lookup '
        "logs.eu-wets-1.amazonaws.com: no such host : exit status 1"
    )


@planted("log-splunk")
def log_token_missing(shop: Shop) -> Stop:
    """The driver for Splunk has no token."""
    shop.app["logConfiguration"] = {
        "logDriver": "splunk",
        "options": {"splunk-url": "https://splunk.example.com:8088"},
    }
    return Stop(
        "ResourceInitializationError: failed to validate logger args: splunk: splunk-token is "
        "expected : exit status 1"
    )


@planted("log-firelens-config")
def log_router_configured_in_s3(shop: Shop) -> Stop:
    """The router's configuration is in S3, from where Fargate does not fetch it."""
    bucket = extras.add_environment_file(shop)
    shop.app["logConfiguration"] = {"logDriver": "awsfirelens", "options": {"Name": "stdout"}}
    shop.definition["containerDefinitions"].append(
        {
            "name": "router",
            "image": shop.image("v42"),
            "essential": True,
            "memory": 64,
            "firelensConfiguration": {
                "type": "fluentbit",
                "options": {
                    "config-file-type": "s3",
                    "config-file-value": f"arn:aws:s3:::{bucket}/prod.env",
                },
            },
        }
    )
    return Stop(
        "ResourceInitializationError: unable to create firelens resource: unsupported config file "
        "type s3"
    )
