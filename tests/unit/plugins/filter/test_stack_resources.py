"""The filters for what `stack_info` returns; what they go by is tested with `_tagging/lasting.py`."""

from __future__ import annotations

import typing as t

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.central.llm.plugins.filter.lasting_resources import lasting_resources
from ansible_collections.central.llm.plugins.filter.unasked_resources import unasked_resources

GROUP = {"arn": "arn:aws:ec2:x:1:security-group/sg-1", "service": "ec2", "type": "security-group", "id": "sg-1"}
HOST = {"arn": "arn:aws:ec2:x:1:instance/i-1", "service": "ec2", "type": "instance", "id": "i-1"}


def test_what_stays_and_what_of_that_nobody_asks_for() -> None:
    assert lasting_resources([HOST, GROUP]) == [GROUP]
    assert unasked_resources([HOST, GROUP], []) == [GROUP]
    assert unasked_resources([HOST, GROUP], [{"name": "a-group", "id": "sg-1"}]) == []


@pytest.mark.parametrize("wrong", [None, ["sg-1"], [{"arn": "arn:aws:s3:::x"}]])
def test_what_is_no_list_of_resources_is_refused(wrong: t.Any) -> None:
    with pytest.raises(AnsibleFilterError, match="lasting_resources takes"):
        lasting_resources(wrong)
    with pytest.raises(AnsibleFilterError, match="unasked_resources takes"):
        unasked_resources(wrong, [])


def test_what_is_no_list_of_known_ones_is_refused() -> None:
    with pytest.raises(AnsibleFilterError, match="unasked_resources takes"):
        unasked_resources([GROUP], [{"kind": "group"}])
