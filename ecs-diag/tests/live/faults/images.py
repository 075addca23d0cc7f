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


@planted("img-platform-match")
def image_platform_missing(shop: Shop) -> Stop:
    """The image was built on a machine with an ARM processor."""
    shop.push("v43", platforms=["linux/arm64"])
    shop.app["image"] = shop.image("v43")
    return Stop(
        "CannotPullContainerError: pull image manifest has been retried 7 time(s): image Manifest "
        "does not contain descriptor matching platform 'linux/amd64'"
    )


@planted("img-pinned-digest-gone")
def image_pushed_anew(shop: Shop) -> Stop:
    """The tag was pushed again, and the image that the service is pinned to deleted."""
    image = shop.image("v42")
    pinned = f"{image}@{shop.pinned[image]}"
    shop.push("v42", platforms=["linux/amd64"])
    return Stop(
        "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to "
        f"resolve ref {pinned}: {pinned}: not found"
    )


@planted("img-ptc-rule")
def image_library_forgotten(shop: Shop) -> Stop:
    """Docker Hub's official image is named without its `library/`."""
    extras.add_pull_through_cache(shop, "docker-hub", upstream="registry-1.docker.io")
    return _image_not_found(shop, f"{shop.registry}/docker-hub/nginx:1.27")


@planted("img-ptc-credentials")
def image_cache_without_login(shop: Shop) -> Stop:
    """The secret with which the registry logs in to another one was deleted."""
    extras.add_pull_through_cache(shop, "github", upstream="ghcr.io", secret="github-AbCdEf")
    return _image_not_found(shop, f"{shop.registry}/github/example/checkout:v42")


@planted("img-private-creds-missing")
def image_without_login(shop: Shop) -> Stop:
    """The registry wants a login, and the container has none."""
    shop.app["image"] = "registry.example.com/shop/checkout:v42"
    return Stop(
        "CannotPullContainerError: Error response from daemon: Head "
        '"https://registry.example.com/v2/shop/checkout/manifests/v42": no basic auth credentials'
    )


@planted("img-rate-limit")
def image_pulled_too_often(shop: Shop) -> Stop:
    """Docker Hub counts the pulls of everybody behind the NAT gateway."""
    shop.app["image"] = "nginx:1.27"
    return Stop(
        "CannotPullContainerError: inspect image has been retried 5 time(s): httpReaderSeeker: "
        "failed open: unexpected status code https://registry-1.docker.io/v2/library/nginx/"
        f"manifests/sha256:{'0f' * 32}: 429 Too Many Requests - Server message: toomanyrequests: "
        "You have reached your pull rate limit. You may increase the limit by authenticating and "
        "upgrading: https://www.docker.com/increase-rate-limit"
    )


@planted(None)
def image_of_another_account(shop: Shop) -> Stop:
    """The repository is another account's, which lets nobody else in: nor may the caller look."""
    host = f"444455556666.dkr.ecr.{REGION}.amazonaws.com"
    shop.app["image"] = f"{host}/shared/web:v7"
    return Stop(
        "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to "
        f"resolve ref {host}/shared/web:v7: unexpected status from HEAD request to "
        f"https://{host}/v2/shared/web/manifests/v7: 403 Forbidden"
    )
