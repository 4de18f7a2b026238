"""ARNs and limits of tags."""

from __future__ import annotations

import types
import typing as t

import pytest
from ansible_collections.central.llm.plugins.module_utils._apigateway import tags
from ansible_collections.central.llm.plugins.module_utils._aws import InvalidInput


@pytest.mark.parametrize(
    ("partition", "region", "arn"),
    [
        ("aws", "eu-central-1", "arn:aws:apigateway:eu-central-1::/apikeys/abc"),
        ("aws-cn", "cn-north-1", "arn:aws-cn:apigateway:cn-north-1::/apikeys/abc"),
    ],
)
def test_an_arn_is_of_the_clients_partition_and_region(partition: str, region: str, arn: str) -> None:
    client = types.SimpleNamespace(meta=types.SimpleNamespace(partition=partition, region_name=region))
    assert tags.arn_of(client, "apikeys", "abc") == arn


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"AWS:mine": "1"}, "AWS's own"),
        ({"k" * 129: "1"}, "1 to 128"),
        ({"": "1"}, "1 to 128"),
        ({"k": "v" * 257}, "longer than 256"),
    ],
)
def test_tags_that_aws_refuses_are_refused(given: dict[str, t.Any], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        tags.validate_tags(given)


def test_other_tags_pass() -> None:
    tags.validate_tags(None)
    tags.validate_tags({"k" * 128: "v" * 256, "empty": "", "number": 1})
