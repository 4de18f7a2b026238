"""The parts of GetResources that need no server: which resources are asked for, and where a page ends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.control.errors import AwsError
from lab.moto_gaps import tagging_resources as resources

WORDS = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1)


@pytest.mark.parametrize(
    ("arn", "kind", "expected"),
    [
        ("arn:aws:ec2:r:1:instance/i-1", "ec2", True),
        ("arn:aws:ec2:r:1:instance/i-1", "ec2:instance", True),
        ("arn:aws:ec2:r:1:instance/i-1", "ec2:inst", False),
        ("arn:aws:ec2:r:1:instance/i-1", "ecs:instance", False),
        ("arn:aws:logs:r:1:log-group:/x:y", "logs:log-group", True),
        ("arn:aws:apigateway:r::/restapis/a/stages/b", "apigateway:restapis", True),
        ("arn:aws:s3:::bucket", "s3:bucket", True),
        ("arn:aws:sqs:r:1:bucket", "sqs:bucket", False),
    ],
)
def test_a_type_is_worded_as_in_the_arn(arn: str, kind: str, expected: bool) -> None:
    assert resources.is_a(arn, kind) is expected


@given(st.dictionaries(WORDS, st.dictionaries(WORDS, WORDS, min_size=1), max_size=30), st.integers(1, 100))
def test_pages_hold_everything_once_and_in_order(found: dict[str, dict[str, str]], most: int) -> None:
    every = dict(sorted(found.items()))
    left, seen, more = every, list[str](), True
    while more:
        page, more = resources.cut(left, {"ResourcesPerPage": most})
        assert len(page) <= most and (page or not left)
        seen += page
        left = (
            {arn: tags for arn, tags in every.items() if arn > resources.begun(resources.token(page[-1]))}
            if more
            else {}
        )
    assert seen == list(every)


def test_a_resource_is_on_one_page_with_all_its_tags() -> None:
    # The reference's own example: 22 resources with 10 tags each, 100 tags a page.
    found = {f"{number:02}": {str(key): "" for key in range(10)} for number in range(22)}
    assert resources.cut(found, {"TagsPerPage": 100}) == ([f"{number:02}" for number in range(10)], True)
    assert resources.cut(found, {"ResourcesPerPage": 100}) == (list(found), False)


@pytest.mark.parametrize("token", ["nonsense", "W10=", "MQ==", "e30="])
def test_a_token_that_nobody_gave_is_refused(token: str) -> None:
    with pytest.raises(AwsError, match="InvalidParameterException"):
        resources.begun(token)
