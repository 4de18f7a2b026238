# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""Images of the account's own, one function per API call.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/AMIs.html
"""

from __future__ import annotations

import typing as t

from .._aws import AwsCallError, aws_call
from .._waiter import on_error, on_path, wait_for, waiter_model
from .api import Item, tag_list

LISTED_SECONDS = 60
# States of an image that is there and can be used, or will be.
USABLE = ("pending", "available")


@aws_call("look for the image {name}")
def find_image(client: t.Any, name: str) -> Item | None:
    """By its name, which an account has once in a region."""
    filters = [{"Name": "name", "Values": [name]}]
    pages = client.get_paginator("describe_images").paginate(
        Owners=["self"], Filters=filters, IncludeDeprecated=True, IncludeDisabled=True
    )
    # '*' and '?' are wildcards to the filter, hence the second look.
    return next((image for page in pages for image in page["Images"] if image["Name"] == name), None)


# A call that is repeated because its answer was lost finds the name taken by what it made itself.
_MADE = ("InvalidAMIName.Duplicate",)


@aws_call("create the image {Name}", missing=_MADE)
def create_image(client: t.Any, request: Item) -> None:
    client.create_image(**request)


@aws_call("register the image {Name}", missing=_MADE)
def register_image(client: t.Any, request: Item) -> None:
    client.register_image(**request)


@aws_call("read the snapshot {snapshot_id}", missing=("InvalidSnapshot.NotFound",))
def find_snapshot(client: t.Any, snapshot_id: str) -> Item | None:
    found: list[Item] = client.describe_snapshots(SnapshotIds=[snapshot_id])["Snapshots"]
    return found[0] if found else None


@aws_call("deregister the image {image_id}", missing=("InvalidAMIID.NotFound", "InvalidAMIID.Unavailable"))
def deregister_image(client: t.Any, image_id: str, *, with_snapshots: bool) -> None:
    """AWS answers with HTTP 200 where a snapshot stays; `skipped` is one that another image needs."""
    answer = client.deregister_image(ImageId=image_id, DeleteAssociatedSnapshots=with_snapshots)
    stay = [
        f"{each['SnapshotId']} ({each['ReturnCode']})"
        for each in answer.get("DeleteSnapshotResults") or []
        if each["ReturnCode"] not in ("success", "skipped")
    ]
    if stay:
        lacking = " The caller may lack the IAM action ec2:DeleteSnapshot."
        raise AwsCallError(
            message=f"The image {image_id} is deregistered, and snapshots of it are left: {', '.join(stay)}.{lacking}"
        )


def wait_listed(client: t.Any, name: str) -> Item:
    """DescribeImages lags behind what was made."""
    listed = on_path("length(Images) == `1`", True, "success")
    wait_for(
        client,
        waiter_model("DescribeImages", [listed]),
        description=f"the new image {name} to be listed",
        timeout=LISTED_SECONDS,
        Owners=["self"],
        Filters=[{"Name": "name", "Values": [name]}],
    )
    found = find_image(client, name)
    if found is None:
        raise AwsCallError(message=f"The new image {name} was listed, and is gone. Run again.")
    return found


def tag_specifications(tags: t.Mapping[str, str], *kinds: str) -> list[Item]:
    return [{"ResourceType": kind, "Tags": tag_list(tags)} for kind in kinds] if tags else []


def wait_available(client: t.Any, image_id: str, *, timeout: int) -> None:
    states = "Images[].State"
    model = waiter_model(
        "DescribeImages",
        [
            on_path(states, "available", "success", "pathAll"),
            *(on_path(states, state, "failure", "pathAny") for state in ("failed", "error", "invalid", "deregistered")),
            on_error("InvalidAMIID.NotFound", "retry"),
        ],
        delay=10,
    )
    wait_for(
        client,
        model,
        description=f"the image {image_id} to be available",
        timeout=timeout,
        reason="Images[].[ImageId, State, StateReason.Message][]",
        ImageIds=[image_id],
    )


__all__ = (
    "LISTED_SECONDS",
    "USABLE",
    "create_image",
    "deregister_image",
    "find_image",
    "find_snapshot",
    "register_image",
    "tag_specifications",
    "wait_available",
    "wait_listed",
)
