from __future__ import annotations

import typing as t

import pytest

OPTIONS = {"name": "dead-letters", "message_retention": 1209600, "tags": {"owner": "us"}}


@pytest.fixture
def queue(run_module: t.Any) -> t.Any:
    return run_module("sqs_queue")


@pytest.fixture
def sqs(lab: t.Any) -> t.Any:
    return lab.client("sqs")


def attributes(sqs: t.Any) -> dict[str, str]:
    url = sqs.get_queue_url(QueueName="dead-letters")["QueueUrl"]
    return t.cast("dict[str, str]", sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"])


def test_create_and_create_again(queue: t.Any, sqs: t.Any) -> None:
    assert queue.predicted(**OPTIONS).changed
    assert attributes(sqs)["MessageRetentionPeriod"] == "1209600"
    url = sqs.get_queue_url(QueueName="dead-letters")["QueueUrl"]
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"owner": "us"}
    queue.settled(**OPTIONS)


def test_check_mode_creates_nothing(queue: t.Any, sqs: t.Any) -> None:
    assert queue.ok(check=True, **OPTIONS).changed
    assert "QueueUrls" not in sqs.list_queues()


def test_one_option_changes_and_the_others_stay(queue: t.Any, sqs: t.Any) -> None:
    queue.ok(**OPTIONS)
    outcome = queue.predicted(name="dead-letters", visibility_timeout=60)
    assert outcome["diff"]["before"]["visibility_timeout"] == 30
    assert (attributes(sqs)["VisibilityTimeout"], attributes(sqs)["MessageRetentionPeriod"]) == ("60", "1209600")
    queue.settled(name="dead-letters")


def test_tags_of_others_stay_unless_purged(queue: t.Any, sqs: t.Any) -> None:
    queue.ok(**OPTIONS)
    assert queue.predicted(name="dead-letters", tags={"ours": "1"})["queue"]["tags"] == {"owner": "us", "ours": "1"}
    assert queue.predicted(name="dead-letters", tags={"ours": "1"}, purge_tags=True)["queue"]["tags"] == {"ours": "1"}


def test_bad_input_stops_before_any_call(queue: t.Any, faults: t.Any) -> None:
    faults.forget_calls()
    assert "between 60 and 1209600" in queue.refused(name="dead-letters", message_retention=59)
    assert "FIFO" in queue.refused(name="dead-letters.fifo")
    assert faults.calls() == []


def test_a_denial_names_the_missing_action(queue: t.Any, faults: t.Any) -> None:
    faults.add("sqs", "CreateQueue", "AccessDeniedException", status=403, message="not today")
    assert "sqs:CreateQueue" in queue.refused(**OPTIONS)


def test_what_was_just_made_may_not_be_read_yet(queue: t.Any, sqs: t.Any, faults: t.Any) -> None:
    # The first one looks whether it is there.
    for operation, times in (("GetQueueUrl", 2), ("GetQueueAttributes", 1)):
        faults.add("sqs", operation, "AWS.SimpleQueueService.NonExistentQueue", times=times)
    made = queue.ok(**OPTIONS)["queue"]
    faults.forget()
    assert {key: made[key] for key in ("arn", "url")}.items() <= queue.settled(**OPTIONS)["queue"].items()
    assert made["arn"] == attributes(sqs)["QueueArn"]


def test_throttling_and_a_name_that_is_not_free_yet_are_ridden_out(
    queue: t.Any, faults: t.Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ansible_collections.central.llm.plugins.module_utils import _patience

    monkeypatch.setattr(_patience, "_DELAY", 0.01)
    faults.add("sqs", "CreateQueue", "ThrottlingException", times=2)
    faults.add("sqs", "CreateQueue", "AWS.SimpleQueueService.QueueDeletedRecently", times=2)
    assert queue.ok(**OPTIONS).changed


def test_what_waits_in_it_is_told_and_is_no_difference(queue: t.Any, sqs: t.Any) -> None:
    queue.ok(**OPTIONS)
    url = sqs.get_queue_url(QueueName="dead-letters")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="x")
    outcome = queue.settled(**OPTIONS)
    assert outcome["queue"]["messages"] == 1 and "messages" not in outcome["diff"]["after"]
    # Whoever reads it has not dealt with it yet.
    assert sqs.receive_message(QueueUrl=url)["Messages"]
    assert queue.settled(**OPTIONS)["queue"]["messages"] == 1


def test_delete_only_ones_own_and_delete_again(queue: t.Any, sqs: t.Any) -> None:
    queue.ok(**OPTIONS)
    queue.settled(name="dead-letters", state="absent", tags={"owner": "them"})
    assert queue.predicted(name="dead-letters", state="absent", tags={"owner": "us"}).changed
    assert "QueueUrls" not in sqs.list_queues()
    queue.settled(name="dead-letters", state="absent")
