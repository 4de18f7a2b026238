from __future__ import annotations

import pytest
from ansible_collections.central.llm.plugins.module_utils._tagging.arns import named
from hypothesis import given
from hypothesis import strategies as st

AT = "eu-central-1:123456789012"
WORDS = st.text("abcXYZ019-_.", min_size=1, max_size=12)
# The name of a log group, a secret or a repository has slashes, that of a task definition a colon.
NAMES = st.text("abcXYZ019-_.:/", min_size=1, max_size=24)
TYPED = ("dynamodb", "ec2", "ecr", "ecs", "events", "firehose", "iam", "lambda", "logs", "secretsmanager")


@pytest.mark.parametrize(
    ("arn", "expected"),
    [
        (f"arn:aws:ec2:{AT}:security-group/sg-1", ("ec2", "security-group", "sg-1")),
        ("arn:aws:ec2:eu-central-1::image/ami-1", ("ec2", "image", "ami-1")),
        (f"arn:aws:logs:{AT}:log-group:/ecs/x", ("logs", "log-group", "/ecs/x")),
        (f"arn:aws:secretsmanager:{AT}:secret:a/b-AbCdEf", ("secretsmanager", "secret", "a/b-AbCdEf")),
        (f"arn:aws:ecs:{AT}:service/c/s", ("ecs", "service", "c/s")),
        (f"arn:aws:ecs:{AT}:task-definition/engine:7", ("ecs", "task-definition", "engine:7")),
        (
            f"arn:aws:elasticloadbalancing:{AT}:loadbalancer/net/n/1",
            ("elasticloadbalancing", "loadbalancer", "net/n/1"),
        ),
        (f"arn:aws:cloudwatch:{AT}:alarm:a", ("cloudwatch", "alarm", "a")),
        ("arn:aws:cloudwatch::123456789012:dashboard/d", ("cloudwatch", "dashboard", "d")),
        (f"arn:aws:events:{AT}:rule/r", ("events", "rule", "r")),
        (f"arn:aws:scheduler:{AT}:schedule/default/s", ("scheduler", "schedule", "default/s")),
        ("arn:aws:iam::123456789012:role/path/r", ("iam", "role", "path/r")),
        (f"arn:aws:sqs:{AT}:q", ("sqs", "queue", "q")),
        (f"arn:aws:sns:{AT}:t", ("sns", "topic", "t")),
        ("arn:aws:s3:::b", ("s3", "bucket", "b")),
        (f"arn:aws:wafv2:{AT}:regional/webacl/w/1", ("wafv2", "webacl", "w/1")),
        ("arn:aws:apigateway:eu-central-1::/restapis/a", ("apigateway", "restapis", "a")),
        ("arn:aws:apigateway:eu-central-1::/restapis/a/stages/live", ("apigateway", "stages", "a/live")),
        ("arn:aws:apigateway:eu-central-1::/vpclinks/l", ("apigateway", "vpclinks", "l")),
        # A service that nobody knows yet.
        (f"arn:aws-cn:new:{AT}:thing", ("new", "", "thing")),
        ("i-1", ("", "", "i-1")),
        ("", ("", "", "")),
    ],
)
def test_what_an_arn_says(arn: str, expected: tuple[str, str, str]) -> None:
    assert named(arn) == expected


@given(st.sampled_from(TYPED), WORDS, st.sampled_from("/:"), NAMES)
def test_a_type_ends_where_the_name_begins(service: str, kind: str, mark: str, name: str) -> None:
    assert named(f"arn:aws:{service}:{AT}:{kind}{mark}{name}") == (service, kind, name)


@given(st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=3))
def test_a_path_is_that_of_its_last_collection(steps: list[tuple[str, str]]) -> None:
    path = "".join(f"/{collection}/{member}" for collection, member in steps)
    expected = ("apigateway", steps[-1][0], "/".join(member for _collection, member in steps))
    assert named(f"arn:aws:apigateway:eu-central-1::{path}") == expected


@given(st.one_of(st.text(), st.lists(st.text("ab:/"), min_size=6).map(":".join).map("arn:".__add__)))
def test_nothing_is_too_odd(text: str) -> None:
    found = named(text)
    assert all(part in text or part in {"bucket", "queue", "topic"} for part in (found.service, found.type))
