"""Images."""

from __future__ import annotations

import extras
from account import ACCOUNT, REGION, Shop, Stop
from planting import planted


@planted("img-ecr-tag-exists")
def everything(shop: Shop) -> Stop:
    """A task with files, a file system, a load balancer and a name of its own, and no image."""
    extras.add_environment_file(shop)
    extras.add_file_system(shop)
    extras.add_load_balancer(shop)
    extras.add_registry(shop)
    return _image_not_found(shop, shop.image("v43"))


@planted("img-ecr-tag-exists")
def image_tag_missing(shop: Shop) -> Stop:
    """The tag was never pushed."""
    return _image_not_found(shop, shop.image("v43"))


@planted("img-ecr-tag-exists")
def image_digest_gone(shop: Shop) -> Stop:
    """The digest was deleted; the tag names another image now."""
    return _image_not_found(shop, f"{shop.image('v42')}@sha256:{'0f' * 32}")


@planted("img-ecr-repo-exists")
def repository_missing(shop: Shop) -> Stop:
    """The repository's name is misspelt."""
    return _image_not_found(shop, f"{shop.registry}/{shop.name}/chekout:v42")


@planted("img-host-misspelled")
def image_host_misspelt(shop: Shop) -> Stop:
    """The registry's host has a letter too many."""
    host = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonawss.com"
    image = f"{host}/{shop.repository}:v42"
    shop.app["image"] = image
    return Stop(
        "CannotPullContainerError: The task can’t pull the image. Check your network "  # noqa: RUF001
        f"configuration. Error response from daemon: Get https://{host}/v2/: net/http: request "
        "canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)"
    )


@planted("img-typo-dockerhub")
def image_host_forgotten(shop: Shop) -> Stop:
    """The image names no host, which means Docker Hub."""
    shop.app["image"] = f"{shop.repository}:v42"
    return Stop(
        "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to "
        f"resolve ref docker.io/{shop.repository}:v42: pull access denied, repository does not "
        "exist or may require authorization: server message: insufficient_scope: authorization "
        "failed"
    )


def _image_not_found(shop: Shop, image: str) -> Stop:
    shop.app["image"] = image
    return Stop(
        "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to "
        f"resolve ref {image}: {image}: not found"
    )
