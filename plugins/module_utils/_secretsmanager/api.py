# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""Secrets Manager, one function per API call. No description names a value, and AWS's errors hold none.

https://docs.aws.amazon.com/secretsmanager/latest/apireference/Welcome.html
"""

from __future__ import annotations

import typing as t

from .._aws import aws_call

Item = dict[str, t.Any]

_MISSING = ("ResourceNotFoundException",)


@aws_call("look up the secret {name}", missing=_MISSING)
def find_secret(client: t.Any, name: str) -> Item | None:
    """The secret's description; one that is scheduled for deletion is found, too."""
    return client.describe_secret(SecretId=name)


@aws_call("read the current value of the secret {name}", missing=_MISSING)
def read_value(client: t.Any, name: str) -> str | None:
    """The current value; None where there is none, or where it is binary."""
    return client.get_secret_value(SecretId=name, VersionStage="AWSCURRENT").get("SecretString")


@aws_call("create the secret {Name}")
def create_secret(client: t.Any, request: Item) -> Item:
    return client.create_secret(**request)


@aws_call("write a new value of the secret {name}")
def put_value(client: t.Any, name: str, value: str) -> Item:
    return client.put_secret_value(SecretId=name, SecretString=value)


@aws_call("change the secret {SecretId}")
def update_secret(client: t.Any, request: Item) -> None:
    client.update_secret(**request)


@aws_call("restore the secret {name}")
def restore_secret(client: t.Any, name: str) -> None:
    client.restore_secret(SecretId=name)


@aws_call("delete the secret {SecretId}", missing=_MISSING)
def delete_secret(client: t.Any, request: Item) -> None:
    client.delete_secret(**request)


@aws_call("tag the secret {name}")
def tag(client: t.Any, name: str, tags: dict[str, str]) -> None:
    client.tag_resource(SecretId=name, Tags=[{"Key": key, "Value": value} for key, value in sorted(tags.items())])


@aws_call("untag the secret {name}")
def untag(client: t.Any, name: str, keys: list[str]) -> None:
    client.untag_resource(SecretId=name, TagKeys=keys)
