from __future__ import annotations

import json
import typing as t
import urllib.request

import pytest

NAME = "told"
ARN = f"arn:aws:sns:eu-central-1:123456789012:{NAME}"
MAIL = {"protocol": "email", "endpoint": "operators@example.org"}
QUEUE = {"protocol": "sqs", "endpoint": "arn:aws:sqs:eu-central-1:123456789012:told"}
POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "cloudwatch.amazonaws.com"},
            "Action": "sns:Publish",
            "Resource": ARN,
            "Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}},
        }
    ],
}
OPTIONS = {"name": NAME, "display_name": "Alarms", "policy": POLICY, "subscriptions": [MAIL], "tags": {"owner": "us"}}


@pytest.fixture
def topic(run_module: t.Any) -> t.Any:
    return run_module("sns_topic")


@pytest.fixture
def sns(lab: t.Any) -> t.Any:
    return lab.client("sns")


def attributes(sns: t.Any) -> dict[str, str]:
    return dict(sns.get_topic_attributes(TopicArn=ARN)["Attributes"])


def subscriptions(sns: t.Any) -> list[tuple[str, str, str]]:
    found = sns.list_subscriptions_by_topic(TopicArn=ARN)["Subscriptions"]
    return sorted((each["Protocol"], each["Endpoint"], each["SubscriptionArn"][:3]) for each in found)


def confirm(lab: t.Any, endpoint: str) -> None:
    """What somebody does who follows the link in the mail."""
    body = json.dumps({"topic_arn": ARN, "endpoint": endpoint}).encode()
    urllib.request.urlopen(f"{lab.endpoint_url}/_lab/subscriptions", data=body, timeout=10).close()


def test_create_and_create_again(topic: t.Any, sns: t.Any) -> None:
    made = topic.predicted(**OPTIONS)
    assert made.changed and made["topic"]["arn"] == ARN and made["topic"]["pending"] == [MAIL["endpoint"]]
    assert attributes(sns)["DisplayName"] == "Alarms"
    assert json.loads(attributes(sns)["Policy"]) == POLICY
    assert subscriptions(sns) == [("email", "operators@example.org", "Pen")]
    assert sns.list_tags_for_resource(ResourceArn=ARN)["Tags"] == [{"Key": "owner", "Value": "us"}]
    topic.settled(**OPTIONS)


def test_check_mode_creates_nothing(topic: t.Any, sns: t.Any) -> None:
    assert topic.ok(check=True, **OPTIONS).changed
    assert sns.list_topics()["Topics"] == []


def test_what_was_just_made_may_not_be_read_yet(topic: t.Any, faults: t.Any) -> None:
    faults.add("sns", "GetTopicAttributes", "NotFound", status=404)
    assert topic.ok(**OPTIONS)["topic"]["arn"] == ARN
    # The list lags, too.
    assert faults.calls().count("ListTopics") == 1
    topic.settled(**OPTIONS)


def test_it_is_found_among_many(topic: t.Any, sns: t.Any) -> None:
    for number in range(120):
        sns.create_topic(Name=f"of-others-{number}")
    sns.create_topic(Name=f"not-{NAME}")
    topic.ok(**OPTIONS)
    topic.settled(**OPTIONS)


@pytest.mark.parametrize(
    ("option", "value", "attribute"),
    [("display_name", "Others", "DisplayName"), ("kms_key_id", "alias/own", "KmsMasterKeyId")],
)
def test_one_option_changes_and_the_others_stay(
    topic: t.Any, sns: t.Any, option: str, value: str, attribute: str
) -> None:
    topic.ok(**OPTIONS)
    before = attributes(sns)
    changed = topic.predicted(name=NAME, **{option: value})
    assert changed.changed
    assert attributes(sns) == {**before, attribute: value}
    assert topic.predicted(name=NAME, **{option: ""}).changed
    assert attributes(sns).get(attribute, "") == ""
    assert subscriptions(sns) == [("email", "operators@example.org", "Pen")]


def test_a_policy_in_other_words_is_the_same(topic: t.Any, sns: t.Any) -> None:
    topic.ok(**OPTIONS)
    words = json.loads(json.dumps(POLICY))
    words["Statement"][0] |= {"Action": ["SNS:Publish"], "Resource": [ARN]}
    topic.settled(name=NAME, policy=words)
    words["Statement"][0]["Condition"]["StringEquals"]["aws:SourceAccount"] = "210987654321"
    assert topic.predicted(name=NAME, policy=words).changed
    assert json.loads(attributes(sns)["Policy"]) == words


def test_nobody_is_asked_twice_and_a_confirmed_one_stays(topic: t.Any, sns: t.Any, lab: t.Any, faults: t.Any) -> None:
    topic.ok(**OPTIONS)
    faults.forget_calls()
    topic.settled(**OPTIONS)
    assert not [call for call in faults.calls() if call.endswith("Subscribe")]
    confirm(lab, MAIL["endpoint"])
    assert topic.settled(**OPTIONS)["topic"]["pending"] == []
    assert subscriptions(sns) == [("email", "operators@example.org", "arn")]


def test_subscriptions_of_others_stay_unless_purged(topic: t.Any, sns: t.Any, lab: t.Any) -> None:
    topic.ok(**OPTIONS)
    confirm(lab, MAIL["endpoint"])
    both = [("email", "operators@example.org", "arn"), ("sqs", QUEUE["endpoint"], "arn")]
    assert topic.predicted(name=NAME, subscriptions=[QUEUE]).changed
    assert subscriptions(sns) == both
    # Without the option nothing is known of who is wanted.
    topic.settled(name=NAME, purge_subscriptions=True)
    assert subscriptions(sns) == both
    assert topic.predicted(name=NAME, subscriptions=[QUEUE], purge_subscriptions=True).changed
    assert subscriptions(sns) == both[1:]


def test_what_is_not_confirmed_cannot_be_purged(topic: t.Any, sns: t.Any) -> None:
    topic.ok(**OPTIONS)
    topic.settled(name=NAME, subscriptions=[], purge_subscriptions=True)
    assert subscriptions(sns) == [("email", "operators@example.org", "Pen")]


def test_a_message_reaches_who_has_confirmed(topic: t.Any, sns: t.Any, lab: t.Any) -> None:
    sqs = lab.client("sqs")
    url = sqs.create_queue(QueueName="told")["QueueUrl"]
    topic.ok(**{**OPTIONS, "subscriptions": [MAIL, QUEUE]})
    sns.publish(TopicArn=ARN, Message="look at once")
    (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
    assert json.loads(message["Body"])["Message"] == "look at once"


def test_tags_of_others_stay_unless_purged(topic: t.Any) -> None:
    topic.ok(**OPTIONS)
    assert topic.predicted(name=NAME, tags={"ours": "1"})["topic"]["tags"] == {"owner": "us", "ours": "1"}
    assert topic.predicted(name=NAME, tags={"ours": "1"}, purge_tags=True)["topic"]["tags"] == {"ours": "1"}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"name": "a topic"}, "letters, digits"),
        ({"name": "told.fifo"}, "letters, digits"),
        ({"display_name": "x" * 101}, "100 characters"),
        ({"policy": {"Version": "2012-10-17"}}, "no Statement"),
        ({"policy": "{"}, "no JSON"),
        ({"subscriptions": [{"protocol": "email", "endpoint": "nobody"}]}, "no mail address"),
        ({"subscriptions": [{"protocol": "https", "endpoint": "http://a.example"}]}, "https://"),
        ({"subscriptions": [{"protocol": "sqs", "endpoint": "told"}]}, "no ARN"),
        ({"subscriptions": [{"protocol": "pigeon", "endpoint": "told"}]}, "pigeon"),
    ],
)
def test_bad_input_stops_before_any_call(topic: t.Any, faults: t.Any, options: dict[str, t.Any], words: str) -> None:
    faults.forget_calls()
    assert words in topic.refused(**{**OPTIONS, **options})
    assert faults.calls() == []


def test_a_denial_names_the_missing_action(topic: t.Any, faults: t.Any) -> None:
    faults.add("sns", "CreateTopic", "AuthorizationError", status=403, message="not today")
    assert "sns:CreateTopic" in topic.refused(**OPTIONS)


def test_throttling_is_ridden_out(topic: t.Any, faults: t.Any) -> None:
    faults.add("sns", "CreateTopic", "Throttling", times=2)
    assert topic.ok(**OPTIONS).changed


def test_an_interrupted_run_is_finished_by_the_next(topic: t.Any, sns: t.Any, faults: t.Any) -> None:
    faults.add("sns", "Subscribe", "AuthorizationError", status=403, message="not today")
    assert "sns:Subscribe" in topic.refused(**OPTIONS)
    assert topic.predicted(**OPTIONS).changed
    assert subscriptions(sns) == [("email", "operators@example.org", "Pen")]


def test_delete_only_ones_own_and_delete_again(topic: t.Any, sns: t.Any) -> None:
    topic.ok(**OPTIONS)
    topic.settled(name=NAME, state="absent", tags={"owner": "them"})
    assert topic.predicted(name=NAME, state="absent", tags={"owner": "us"}).changed
    assert sns.list_topics()["Topics"] == []
    topic.settled(name=NAME, state="absent")
