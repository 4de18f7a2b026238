"""The operators' policies against what the code can call: nothing is missing, nothing is left over."""

from __future__ import annotations

import fnmatch
import functools
import sys
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible_collections.central.llm.plugins.module_utils._iam import operator
from ansible_collections.central.llm.plugins.module_utils._iam.actions import IMPLIED, action_of, with_implied
from ansible_collections.central.llm.plugins.module_utils._iam.documents import size
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))

import reachable

ROOT = reachable.ROOT
ROOMS = ["state", "network", "identity", "host", "balancer", "service", "gateway", "session"]
TABLE = ROOT / "roles/llm_identity/vars/operator.yml"
# No permission is needed to ask who one is.
FREE = {"sts:GetCallerIdentity"}
# What only takes something away; a playbook that never asks its modules for that need not be allowed to.
REMOVES = ("Delete", "Deregister", "Remove", "Untag", "Disassociate", "Terminate", "Detach")


def flat(rows: list[t.Any]) -> set[str]:
    return {action for row in rows for action in (flat(row) if isinstance(row, list) else {row})}


PLAYBOOKS: dict[str, set[str]] = {
    name: flat(rows) for name, rows in yaml.safe_load(TABLE.read_text())["_llm_identity_operator_playbooks"].items()
}
SCOPES = yaml.safe_load(TABLE.read_text())["_llm_identity_operator_scopes"]


def rendered(variables: dict[str, t.Any]) -> dict[str, t.Any]:
    """The role's variables as a run has them."""
    loader = DataLoader()
    loader.set_basedir(str(ROOT / "roles/llm_identity"))
    known: dict[str, t.Any] = {}
    for path in ("defaults/main.yml", "vars/main.yml", "vars/operator.yml"):
        known |= loader.load_from_file(str(ROOT / "roles/llm_identity" / path), trusted_as_template=True)
    templar = Templar(loader=loader, variables=known | variables)
    names = ["_llm_identity_operator_scopes", "_llm_identity_operator_gateway"]
    return {name: templar.template(known[name]) for name in names}


INVENTORY = {"llm_region": "eu-central-1", "llm_account_id": "123456789012", "llm_stack": "central-llm", "llm_tags": {}}


DEFAULTS = rendered(INVENTORY)


def documents_of(playbook: str, **variables: t.Any) -> list[dict[str, t.Any]]:
    values = rendered(INVENTORY | variables) if variables else DEFAULTS
    found = operator.statements(
        PLAYBOOKS[playbook], values["_llm_identity_operator_scopes"], values["_llm_identity_operator_gateway"]
    )
    return operator.documents(found)


@functools.cache
def reachable_actions(playbook: str) -> set[str]:
    """The actions of all operations that the playbook's modules can call, whatever they are asked for."""
    path = ROOT / f"playbooks/{playbook}.yml"
    points = {("llm_session", "where")}
    if playbook in {"status", "teardown"}:
        # Teardown may say first what there is.
        points |= {(f"llm_{room}", "status") for room in ROOMS}
    if playbook == "teardown":
        points |= {(f"llm_{room}", "absent") for room in ROOMS}
    operations = reachable.operations_of_entry_points(points)
    if path.exists():
        operations |= reachable.operations_of_playbook(path)
    return {action_of_operation(operation) for operation in operations}


def action_of_operation(operation: str) -> str:
    service, _colon, name = operation.partition(":")
    model = reachable.model_of(service)
    return action_of(model.signing_name, name, model.operation_model(name).http)


def covered(action: str, by: t.Iterable[str]) -> bool:
    return any(fnmatch.fnmatchcase(action, pattern) for pattern in by)


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_a_playbook_lists_only_what_its_modules_can_call(playbook: str) -> None:
    actions = reachable_actions(playbook)
    # A listed path may be wider than those called.
    assert {row for row in PLAYBOOKS[playbook] if not any(covered(action, [row]) for action in actions)} == set()


def test_up_is_allowed_all_that_its_modules_can_call_but_removals() -> None:
    allowed = with_implied(PLAYBOOKS["up"])
    lacking = {action for action in reachable_actions("up") - FREE if not covered(action, allowed)}
    assert {action for action in lacking if not is_removal(action)} == NEVER_BY_UP


# What modules could be asked for, but the roles never ask.
NEVER_BY_UP = {
    "ec2:DescribeFleets",
    "ec2:DescribeSecurityGroupRules",
    "logs:AssociateKmsKey",
}


def is_removal(action: str) -> bool:
    name = action.partition(":")[2]
    return name.startswith(REMOVES) or name.startswith("DELETE ")


@pytest.mark.parametrize("playbook", PLAYBOOKS)
@pytest.mark.parametrize("stack", ["central-llm", "a-stack-with-a-name-as-long-as-they"])
def test_each_policy_is_within_the_limit(playbook: str, stack: str) -> None:
    found = documents_of(
        playbook,
        llm_stack=stack,
        llm_identity_permissions_boundary="arn:aws:iam::123456789012:policy/boundary",
        llm_identity_operator_adopted_arns=["arn:aws:ec2:eu-central-1:123456789012:security-group/sg-1"],
    )
    assert found and all(size(document) <= operator.MANAGED_POLICY_LIMIT for document in found)
    # AWS attaches ten managed policies to a user or role.
    assert len(found) <= 4


def test_every_action_of_a_scope_is_some_playbooks() -> None:
    wanted = set().union(*(with_implied(actions) for actions in PLAYBOOKS.values()))
    assert {action for scope in SCOPES for action in scope["actions"]} - wanted == set()


def test_every_implied_action_is_by_a_call_and_cited() -> None:
    wanted = set().union(*(with_implied(actions) for actions in PLAYBOOKS.values()))
    assert {action for action in IMPLIED if action not in wanted} - {"iam:CreatePolicy"} == set()
    for rows in IMPLIED.values():
        assert all(row.source.startswith("https://docs.aws.amazon.com/") and row.why for row in rows)


def test_only_reads_have_no_resource() -> None:
    # https://docs.aws.amazon.com/service-authorization/: these take no resource.
    unscoped = {
        action
        for playbook in PLAYBOOKS
        for document in documents_of(playbook)
        for statement in document["Statement"]
        if statement["Resource"] == ["*"]
        for action in statement["Action"]
    }
    writes = {action for action in unscoped if not action.partition(":")[2].startswith(("Describe", "List", "Get"))}
    assert writes == {
        "ecs:CreateCluster",
        "ecs:DeregisterTaskDefinition",
        "ecs:RegisterTaskDefinition",
        "iam:SimulatePrincipalPolicy",
    }


def test_roles_are_passed_only_to_their_service() -> None:
    passed = [
        statement
        for playbook in PLAYBOOKS
        for document in documents_of(playbook)
        for statement in document["Statement"]
        if "iam:PassRole" in statement["Action"]
    ]
    assert passed
    for statement in passed:
        assert statement["Condition"]["StringEquals"]["iam:PassedToService"]
        assert all(":role/central-llm-" in resource for resource in statement["Resource"])


def test_an_action_without_a_scope_is_an_error() -> None:
    with pytest.raises(operator.NoScope, match="sqs:SendMessage"):
        operator.statements(["sqs:SendMessage"], SCOPES, "arn:")


# What a listed action implies needs its scope too, and all of the scopes are here.
actions = st.sets(st.sampled_from(sorted({action for scope in SCOPES for action in scope["actions"]})), min_size=1)


@settings(max_examples=50, deadline=None)
@given(actions, st.integers(min_value=700, max_value=6144))
def test_splitting_keeps_every_action(chosen: set[str], limit: int) -> None:
    statements = operator.statements(chosen, DEFAULTS["_llm_identity_operator_scopes"], "arn:aws:apigateway:r::")
    documents = operator.documents(statements, limit)

    def granted(found: t.Iterable[dict[str, t.Any]]) -> set[tuple[str, str]]:
        return {(action, str(s["Resource"])) for s in found for action in s["Action"]}

    assert granted(s for document in documents for s in document["Statement"]) == granted(statements)
    for document in documents:
        assert size(document) <= limit or len(document["Statement"]) == 1


def test_a_wide_path_covers_narrow_ones() -> None:
    paths = ["apigateway:GET /restapis", "apigateway:GET /restapis/*", "apigateway:GET /restapis/*/stages/*"]
    assert operator.by_verb([*paths, "apigateway:POST /restapis"]) == {
        "apigateway:GET": ["/restapis", "/restapis/*"],
        "apigateway:POST": ["/restapis"],
    }


def test_the_simulator_is_asked_for_examples_and_the_conditions_values() -> None:
    statement = {
        "Effect": "Allow",
        "Action": ["iam:PassRole"],
        "Resource": ["arn:aws:iam::1:role/x/*"],
        "Condition": {"StringEquals": {"iam:PassedToService": ["ec2.amazonaws.com", "y"]}},
    }
    assert operator.checks([statement, {"Effect": "Allow", "Action": ["a:b"], "Resource": ["*"]}]) == [
        {
            "actions": ["iam:PassRole"],
            "resources": ["arn:aws:iam::1:role/x/example"],
            "context": {"iam:PassedToService": "ec2.amazonaws.com"},
        },
        {"actions": ["a:b"], "resources": ["*"], "context": {}},
    ]


def test_the_documentation_has_every_implied_action_with_its_source() -> None:
    rows = [line.split(" | ") for line in (ROOT / "docs/permissions.md").read_text().splitlines() if "[AWS](" in line]
    documented = {
        (call.strip("|` "), implied.strip("`"), why, source.removeprefix("[AWS](").removesuffix(") |"))
        for calls, implied, why, source in rows
        for call in calls.split(", ")
    }
    assert documented == {(call, *implied) for call, found in IMPLIED.items() for implied in found}
