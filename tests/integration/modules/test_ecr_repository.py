from __future__ import annotations

import json
import typing as t

import pytest

NAME = "team/engine"
POLICY = {
    "rules": [
        {
            "rulePriority": 1,
            "description": "Keep the last ten",
            "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 10},
            "action": {"type": "expire"},
        }
    ]
}
OPTIONS: dict[str, t.Any] = {
    "name": NAME,
    "image_tag_mutability": "IMMUTABLE",
    "scan_on_push": True,
    "encryption": {"type": "AES256"},
    "lifecycle_policy": POLICY,
    "tags": {"owner": "us"},
}


@pytest.fixture
def repository(run_module: t.Any) -> t.Any:
    return run_module("ecr_repository")


@pytest.fixture
def ecr(lab: t.Any) -> t.Any:
    return lab.client("ecr")


def there(ecr: t.Any) -> dict[str, t.Any]:
    return dict(ecr.describe_repositories(repositoryNames=[NAME])["repositories"][0])


def policy(ecr: t.Any) -> dict[str, t.Any] | None:
    try:
        return dict(json.loads(ecr.get_lifecycle_policy(repositoryName=NAME)["lifecyclePolicyText"]))
    except ecr.exceptions.LifecyclePolicyNotFoundException:
        return None


def tags(ecr: t.Any) -> dict[str, str]:
    found = ecr.list_tags_for_resource(resourceArn=there(ecr)["repositoryArn"])["tags"]
    return {tag["Key"]: tag["Value"] for tag in found}


def put_image(ecr: t.Any, tag: str = "one") -> str:
    manifest = json.dumps({"schemaVersion": 2, "mediaType": "x", "layers": []})
    return str(
        ecr.put_image(repositoryName=NAME, imageManifest=manifest, imageTag=tag)["image"]["imageId"]["imageDigest"]
    )


def test_create_and_create_again(repository: t.Any, ecr: t.Any) -> None:
    made = repository.predicted(**OPTIONS)
    found = there(ecr)
    assert made.changed
    assert made["repository"]["arn"] == found["repositoryArn"] and made["repository"]["uri"] == found["repositoryUri"]
    assert (found["imageTagMutability"], found["imageScanningConfiguration"]) == ("IMMUTABLE", {"scanOnPush": True})
    assert policy(ecr) == POLICY and tags(ecr) == {"owner": "us"}
    repository.settled(**OPTIONS)


def test_what_is_not_given_is_as_aws_makes_it(repository: t.Any, ecr: t.Any) -> None:
    made = repository.predicted(name=NAME)["repository"]
    assert (made["image_tag_mutability"], made["scan_on_push"], made["lifecycle_policy"]) == ("MUTABLE", False, {})
    assert made["encryption"] == {"type": "AES256", "kms_key": ""}


def test_check_mode_creates_nothing(repository: t.Any, ecr: t.Any) -> None:
    assert repository.ok(check=True, **OPTIONS).changed
    assert ecr.describe_repositories()["repositories"] == []


@pytest.mark.parametrize(
    ("option", "value"),
    [("image_tag_mutability", "MUTABLE"), ("scan_on_push", False), ("lifecycle_policy", {})],
)
def test_one_option_changes_and_the_others_stay(repository: t.Any, ecr: t.Any, option: str, value: t.Any) -> None:
    before = repository.ok(**OPTIONS)["repository"]
    changed = repository.predicted(name=NAME, **{option: value})
    assert changed.changed and changed["repository"] == {**before, option: value}
    assert repository.settled(name=NAME)["repository"] == changed["repository"]
    assert (there(ecr)["imageTagMutability"] == "MUTABLE") is (option == "image_tag_mutability")
    assert (policy(ecr) is None) is (option == "lifecycle_policy")


def test_a_policy_in_other_words_is_the_same(repository: t.Any) -> None:
    repository.ok(**OPTIONS)
    repository.settled(name=NAME, lifecycle_policy=json.dumps(POLICY, indent=4))


def test_the_rules_of_a_policy_are_given_in_any_order(repository: t.Any, ecr: t.Any) -> None:
    tagged = {"tagStatus": "tagged", "tagPatternList": ["b*", "a*"], "countType": "imageCountMoreThan"}
    first = {"rulePriority": 1, "selection": {**tagged, "countNumber": 3}, "action": {"type": "expire"}}
    last = {**POLICY["rules"][0], "rulePriority": 10}
    assert repository.predicted(name=NAME, lifecycle_policy={"rules": [last, first]}).changed
    # ECR answers in the order in which it applies them.
    assert [rule["rulePriority"] for rule in (policy(ecr) or {})["rules"]] == [1, 10]
    repository.settled(name=NAME, lifecycle_policy={"rules": [last, first]})
    other = {**first, "selection": {**first["selection"], "tagPatternList": ["a*", "b*"]}}
    repository.settled(name=NAME, lifecycle_policy={"rules": [other, last]})
    assert repository.predicted(name=NAME, lifecycle_policy={"rules": [last, {**first, "rulePriority": 2}]}).changed


def test_the_encryption_cannot_be_changed(repository: t.Any, ecr: t.Any) -> None:
    ecr.create_repository(
        repositoryName=NAME,
        encryptionConfiguration={"encryptionType": "KMS", "kmsKey": "arn:aws:kms:eu-central-1:123456789012:key/one"},
    )
    assert "AWS cannot change that" in repository.refused(**OPTIONS)
    assert "AWS cannot change that" in repository.refused(name=NAME, encryption={"type": "KMS", "kms_key": "two"})
    repository.settled(name=NAME, encryption={"type": "KMS", "kms_key": "one"})
    repository.settled(name=NAME, encryption={"type": "KMS"})
    assert there(ecr)["imageTagMutability"] == "MUTABLE"


def test_tags_of_others_stay_unless_purged(repository: t.Any, ecr: t.Any) -> None:
    repository.ok(**OPTIONS)
    assert repository.predicted(name=NAME, tags={"ours": "1"})["repository"]["tags"] == {"owner": "us", "ours": "1"}
    repository.predicted(name=NAME, tags={"ours": "1"}, purge_tags=True)
    assert tags(ecr) == {"ours": "1"}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"name": "Team/Engine"}, "lower-case"),
        ({"name": "team//engine"}, "lower-case"),
        ({"name": "a"}, "lower-case"),
        ({"encryption": {"type": "AES256", "kms_key": "one"}}, "takes no kms_key"),
        ({"lifecycle_policy": "{"}, "not JSON"),
        ({"lifecycle_policy": {"rules": []}}, "list of rules"),
        ({"lifecycle_policy": {"rules": [{"rulePriority": 1}]}}, "ECR takes 100"),
        ({"lifecycle_policy": {"rules": [{**POLICY["rules"][0], "rulePriority": "first"}]}}, "a whole number"),
        ({"image_tag_mutability": "FIXED"}, "FIXED"),
    ],
)
def test_bad_input_stops_before_any_call(
    repository: t.Any, faults: t.Any, options: dict[str, t.Any], words: str
) -> None:
    faults.forget_calls()
    assert words in repository.refused(**{**OPTIONS, **options})
    assert faults.calls() == []


def test_a_denial_names_the_missing_action(repository: t.Any, faults: t.Any) -> None:
    faults.add("ecr", "CreateRepository", "AccessDeniedException", status=400, message="not today")
    assert "ecr:CreateRepository" in repository.refused(**OPTIONS)


def test_throttling_is_ridden_out(repository: t.Any, faults: t.Any) -> None:
    faults.add("ecr", "CreateRepository", "ThrottlingException", times=2)
    assert repository.ok(**OPTIONS).changed


def test_an_interrupted_run_is_finished_by_the_next(repository: t.Any, ecr: t.Any, faults: t.Any) -> None:
    faults.add("ecr", "PutLifecyclePolicy", "AccessDeniedException", status=400, message="not today")
    assert "ecr:PutLifecyclePolicy" in repository.refused(**OPTIONS)
    assert repository.predicted(**OPTIONS).changed
    assert policy(ecr) == POLICY


def test_delete_only_ones_own_and_delete_again(repository: t.Any, ecr: t.Any) -> None:
    repository.ok(**OPTIONS)
    repository.settled(name=NAME, state="absent", tags={"owner": "them"})
    assert repository.predicted(name=NAME, state="absent", tags={"owner": "us"}).changed
    assert ecr.describe_repositories()["repositories"] == []
    repository.settled(name=NAME, state="absent")


def test_images_are_deleted_only_when_asked(repository: t.Any, ecr: t.Any) -> None:
    repository.ok(**OPTIONS)
    put_image(ecr)
    for check in (True, False):
        assert "delete_images" in repository.refused(check=check, name=NAME, state="absent")
    assert there(ecr)
    assert repository.predicted(name=NAME, state="absent", delete_images=True).changed
    repository.settled(name=NAME, state="absent")
