from __future__ import annotations

from ansible_collections.central.llm.plugins.module_utils._scheduler.targets import retargeted

QUEUE = "arn:aws:sqs:eu-central-1:123456789012:one"
FUNCTION = "arn:aws:lambda:eu-central-1:123456789012:function:one"
ANY = {"Id": "one", "RoleArn": "arn:aws:iam::123456789012:role/one", "Input": "{}", "RetryPolicy": {}}


def test_another_of_the_same_kind_has_all_that_the_former_had() -> None:
    target = {**ANY, "Arn": QUEUE, "SqsParameters": {"MessageGroupId": "one"}}
    assert retargeted(target, f"{QUEUE}-too") == {**target, "Arn": f"{QUEUE}-too"}
    assert target["Arn"] == QUEUE


def test_parameters_of_one_kind_go_with_it() -> None:
    target = {**ANY, "Arn": QUEUE, "SqsParameters": {"MessageGroupId": "one"}}
    assert retargeted(target, FUNCTION) == {**ANY, "Arn": FUNCTION}


def test_a_new_one_has_what_it_is_given() -> None:
    assert retargeted({"Id": "one"}, FUNCTION) == {"Id": "one", "Arn": FUNCTION}
    assert retargeted({}, "no ARN") == {"Arn": "no ARN"}
