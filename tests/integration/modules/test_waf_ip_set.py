from __future__ import annotations

import typing as t

import pytest

OPTIONS = {"name": "allowed", "addresses": ["203.0.113.0/24", "198.51.100.7"], "tags": {"owner": "us"}}


@pytest.fixture
def ip_set(run_module: t.Any) -> t.Any:
    return run_module("waf_ip_set")


@pytest.fixture
def waf(lab: t.Any) -> t.Any:
    return lab.client("wafv2")


def there(waf: t.Any, name: str = "allowed") -> dict[str, t.Any] | None:
    for each in waf.list_ip_sets(Scope="REGIONAL")["IPSets"]:
        if each["Name"] == name:
            return t.cast("dict[str, t.Any]", waf.get_ip_set(Name=name, Scope="REGIONAL", Id=each["Id"])["IPSet"])
    return None


def test_create_and_create_again(ip_set: t.Any, waf: t.Any) -> None:
    assert ip_set.predicted(**OPTIONS).changed
    found = there(waf)
    assert found and found["Addresses"] == ["198.51.100.7/32", "203.0.113.0/24"]
    tags = waf.list_tags_for_resource(ResourceARN=found["ARN"])["TagInfoForResource"]["TagList"]
    assert tags == [{"Key": "owner", "Value": "us"}]
    ip_set.settled(**OPTIONS)
    ip_set.settled(name="allowed", addresses=["203.0.113.0/24", "198.51.100.7/32", "198.51.100.7"])


def test_check_mode_creates_nothing(ip_set: t.Any, waf: t.Any) -> None:
    assert ip_set.ok(check=True, **OPTIONS).changed
    assert there(waf) is None


def test_one_option_changes_and_the_others_stay(ip_set: t.Any, waf: t.Any) -> None:
    ip_set.ok(**OPTIONS, description="who may call")
    outcome = ip_set.predicted(name="allowed", addresses=["192.0.2.0/24"])
    assert outcome["diff"]["before"]["addresses"] == ["198.51.100.7/32", "203.0.113.0/24"]
    found = there(waf)
    assert found and (found["Addresses"], found["Description"]) == (["192.0.2.0/24"], "who may call")
    assert ip_set.predicted(name="allowed", description="").changed
    ip_set.settled(name="allowed")


def test_addresses_of_both_versions_and_a_version_that_cannot_change(ip_set: t.Any, waf: t.Any) -> None:
    ip_set.ok(name="six", ip_version="IPV6", addresses=["2001:db8::/32"])
    ip_set.settled(name="six", addresses=["2001:0db8:0::/32"])
    assert "AWS cannot change" in ip_set.refused(name="six", ip_version="IPV4", addresses=["192.0.2.0/24"])
    found = there(waf, "six")
    assert found and found["Addresses"] == ["2001:db8::/32"]


def test_tags_of_others_stay_unless_purged(ip_set: t.Any) -> None:
    ip_set.ok(**OPTIONS)
    assert ip_set.predicted(name="allowed", tags={"ours": "1"})["ip_set"]["tags"] == {"owner": "us", "ours": "1"}
    assert ip_set.predicted(name="allowed", tags={"ours": "1"}, purge_tags=True)["ip_set"]["tags"] == {"ours": "1"}


@pytest.mark.parametrize(
    ("addresses", "why"),
    [
        (["0.0.0.0/0"], "everybody"),
        (["2001:db8::/32"], "no IPV4"),
        (["somewhere"], "203.0.113.0/24"),
        (["10.0.0.1/8"], ""),
    ],
)
def test_bad_input_stops_before_any_write(ip_set: t.Any, faults: t.Any, addresses: list[str], why: str) -> None:
    faults.forget_calls()
    assert why in ip_set.refused(name="allowed", addresses=addresses)
    assert set(faults.calls()) <= {"ListIPSets"}


def test_a_denial_names_the_missing_action(ip_set: t.Any, faults: t.Any) -> None:
    faults.add("wafv2", "CreateIPSet", "AccessDeniedException", status=400, message="not today")
    assert "wafv2:CreateIPSet" in ip_set.refused(**OPTIONS)


def test_throttling_is_ridden_out(ip_set: t.Any, faults: t.Any) -> None:
    faults.add("wafv2", "CreateIPSet", "ThrottlingException", times=2)
    assert ip_set.ok(**OPTIONS).changed


def test_a_lost_answer_is_no_failure(ip_set: t.Any, waf: t.Any, faults: t.Any) -> None:
    faults.lose("wafv2", "CreateIPSet")
    assert ip_set.ok(**OPTIONS).changed
    faults.lose("wafv2", "UpdateIPSet")
    assert ip_set.ok(name="allowed", addresses=["192.0.2.0/24"]).changed
    found = there(waf)
    assert found and found["Addresses"] == ["192.0.2.0/24"]


def test_what_somebody_else_changed_meanwhile_is_said(ip_set: t.Any, faults: t.Any) -> None:
    ip_set.ok(**OPTIONS)
    faults.add("wafv2", "UpdateIPSet", "WAFOptimisticLockException", status=400, message="changed", times=1)
    assert "WAFOptimisticLockException" in ip_set.refused(name="allowed", addresses=["192.0.2.0/24"])


def test_delete_only_ones_own_and_delete_again(ip_set: t.Any, waf: t.Any, faults: t.Any) -> None:
    ip_set.ok(**OPTIONS)
    ip_set.settled(name="allowed", state="absent", tags={"owner": "them"})
    # What was let go of a moment ago may still count as in use.
    faults.add("wafv2", "DeleteIPSet", "WAFAssociatedItemException", status=400, message="in use", times=1)
    assert ip_set.predicted(name="allowed", state="absent", tags={"owner": "us"}).changed
    assert there(waf) is None
    ip_set.settled(name="allowed", state="absent")
