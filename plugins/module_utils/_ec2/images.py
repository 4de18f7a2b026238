# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""Which image a parameter of Systems Manager names."""

from __future__ import annotations

import json
import re
import typing as t

from .._aws import InvalidInput, aws_call

_IMAGE = re.compile(r"ami-[0-9a-f]{8,17}")


@aws_call("read the parameter {name}", missing=("ParameterNotFound", "ParameterVersionNotFound"))
def find_parameter(client: t.Any, name: str) -> str | None:
    value: str = client.get_parameter(Name=name)["Parameter"]["Value"]
    return value


def read_image_parameter(client: t.Any, name: str) -> str:
    """The id of the image that the parameter holds, as such or within the document of a recommended image."""
    value = find_parameter(client, name)
    if value is None:
        raise InvalidInput(f"image_parameter: there is no parameter {name} in this Region.")
    image_id = image_in(value)
    if image_id is None:
        raise InvalidInput(f"image_parameter: {name} does not hold the id of an image.")
    return image_id


def image_in(value: str) -> str | None:
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/retrieve-ecs-optimized_AMI.html"""
    try:
        document = json.loads(value)
    except ValueError:
        document = value
    found = str(document.get("image_id", "") if isinstance(document, dict) else document).strip()
    return found if _IMAGE.fullmatch(found) else None


__all__ = ("image_in", "read_image_parameter")
