# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""ECR, one function per API call.

https://docs.aws.amazon.com/AmazonECR/latest/APIReference/Welcome.html
"""

from __future__ import annotations

import typing as t

from .._aws import aws_call

Repository = dict[str, t.Any]

_MISSING = ("RepositoryNotFoundException",)


@aws_call("look up the repository {name}", missing=_MISSING)
def find_repository(client: t.Any, name: str) -> Repository | None:
    return client.describe_repositories(repositoryNames=[name])["repositories"][0]


@aws_call("read the lifecycle policy of the repository {name}", missing=("LifecyclePolicyNotFoundException", *_MISSING))
def read_lifecycle_policy(client: t.Any, name: str) -> str | None:
    return client.get_lifecycle_policy(repositoryName=name)["lifecyclePolicyText"]


@aws_call("read the tags of the repository {arn}", missing=_MISSING, default={})
def list_tags(client: t.Any, arn: str) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in client.list_tags_for_resource(resourceArn=arn).get("tags", [])}


@aws_call("look for images in the repository {name}", missing=_MISSING, default=False)
def has_images(client: t.Any, name: str) -> bool:
    """One is enough to know; a page may be empty and not be the last."""
    pages = client.get_paginator("list_images").paginate(repositoryName=name, PaginationConfig={"PageSize": 1})
    return any(page["imageIds"] for page in pages)


@aws_call("create the repository {repositoryName}")
def create_repository(client: t.Any, request: dict[str, t.Any]) -> Repository:
    return client.create_repository(**request)["repository"]


@aws_call("set the tag mutability of the repository {name}")
def put_image_tag_mutability(client: t.Any, name: str, mutability: str) -> None:
    client.put_image_tag_mutability(repositoryName=name, imageTagMutability=mutability)


@aws_call("set the scan of new images of the repository {name}")
def put_image_scanning_configuration(client: t.Any, name: str, *, scan_on_push: bool) -> None:
    client.put_image_scanning_configuration(
        repositoryName=name, imageScanningConfiguration={"scanOnPush": scan_on_push}
    )


@aws_call("set the lifecycle policy of the repository {name}")
def put_lifecycle_policy(client: t.Any, name: str, text: str) -> None:
    client.put_lifecycle_policy(repositoryName=name, lifecyclePolicyText=text)


@aws_call("remove the lifecycle policy of the repository {name}", missing=("LifecyclePolicyNotFoundException",))
def delete_lifecycle_policy(client: t.Any, name: str) -> None:
    client.delete_lifecycle_policy(repositoryName=name)


@aws_call("tag the repository {arn}")
def tag(client: t.Any, arn: str, tags: dict[str, str]) -> None:
    client.tag_resource(resourceArn=arn, tags=[{"Key": key, "Value": value} for key, value in tags.items()])


@aws_call("untag the repository {arn}")
def untag(client: t.Any, arn: str, keys: list[str]) -> None:
    client.untag_resource(resourceArn=arn, tagKeys=keys)


@aws_call("delete the repository {name}", missing=_MISSING)
def delete_repository(client: t.Any, name: str, *, with_images: bool) -> None:
    client.delete_repository(repositoryName=name, force=with_images)


@aws_call("look up the image {identity} in the repository {name}", missing=("ImageNotFoundException", *_MISSING))
def find_image(client: t.Any, name: str, identity: dict[str, str]) -> dict[str, t.Any] | None:
    """`identity` is `{"imageTag": …}` or `{"imageDigest": …}`."""
    found = client.describe_images(repositoryName=name, imageIds=[identity])["imageDetails"]
    return found[0] if found else None


@aws_call("be let into the registry")
def authorize(client: t.Any) -> dict[str, t.Any]:
    """The token for one's own registry, good for twelve hours."""
    return client.get_authorization_token()["authorizationData"][0]


__all__ = (
    "authorize",
    "create_repository",
    "delete_lifecycle_policy",
    "delete_repository",
    "find_image",
    "find_repository",
    "has_images",
    "list_tags",
    "put_image_scanning_configuration",
    "put_image_tag_mutability",
    "put_lifecycle_policy",
    "read_lifecycle_policy",
    "tag",
    "untag",
)
