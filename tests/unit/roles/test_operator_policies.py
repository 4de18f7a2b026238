"""The operators' policies against what the code can call: nothing is missing, nothing is left over."""

from __future__ import annotations

import fnmatch
import functools
import re
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
TABLE = ROOT / "roles/llm_identity/vars/operator.yml"
# No permission is needed to ask who one is.
FREE = {"sts:GetCallerIdentity"}
# What only takes something away; a playbook that never asks its modules for that need not be allowed to.
REMOVES = ("Delete", "Deregister", "Remove", "Untag", "Disassociate", "Terminate", "Detach", "Unsubscribe")


def flat(rows: list[t.Any]) -> set[str]:
    return {action for row in rows for action in (flat(row) if isinstance(row, list) else {row})}


TABLES = yaml.safe_load(TABLE.read_text())
PLAYBOOKS: dict[str, set[str]] = {name: flat(rows) for name, rows in TABLES["_llm_identity_operator_playbooks"].items()}
OWN_VPC: dict[str, set[str]] = {name: flat(rows) for name, rows in TABLES["_llm_identity_operator_own_vpc"].items()}
WAF: dict[str, set[str]] = {name: flat(rows) for name, rows in TABLES["_llm_identity_operator_waf"].items()}
RAW: dict[str, set[str]] = {name: flat(rows) for name, rows in TABLES["_llm_identity_operator_raw"].items()}
WHOLE = {
    name: rows | OWN_VPC.get(name, set()) | WAF.get(name, set()) | RAW.get(name, set())
    for name, rows in PLAYBOOKS.items()
}
SCOPES = TABLES["_llm_identity_operator_scopes"]


def rendered(variables: dict[str, t.Any]) -> dict[str, t.Any]:
    """The role's variables as a run has them."""
    loader = DataLoader()
    loader.set_basedir(str(ROOT / "roles/llm_identity"))
    known: dict[str, t.Any] = {}
    for path in ("defaults/main.yml", "vars/main.yml", "vars/operator.yml"):
        known |= loader.load_from_file(str(ROOT / "roles/llm_identity" / path), trusted_as_template=True)
    templar = Templar(loader=loader, variables=known | variables)
    names = ["_llm_identity_operator_actions", "_llm_identity_operator_scopes", "_llm_identity_operator_gateway"]
    return {name: templar.template(known[name]) for name in names}


INVENTORY = {"llm_region": "eu-central-1", "llm_account_id": "123456789012", "llm_stack": "central-llm", "llm_tags": {}}


DEFAULTS = rendered(INVENTORY)
WITH_A_VPC = rendered(INVENTORY | {"llm_network_create_vpc": True})
WITH_WAF = rendered(INVENTORY | {"llm_gateway_waf": True})
WITH_RAW = rendered(INVENTORY | {"llm_audit_raw": True})


def documents_of(playbook: str, values: dict[str, t.Any]) -> list[dict[str, t.Any]]:
    found = operator.statements(
        values["_llm_identity_operator_actions"][playbook],
        values["_llm_identity_operator_scopes"],
        values["_llm_identity_operator_gateway"],
    )
    return operator.documents(found)


def statements_of_all() -> t.Iterator[dict[str, t.Any]]:
    for playbook in PLAYBOOKS:
        for values in (DEFAULTS, WITH_A_VPC, WITH_WAF, WITH_RAW):
            for document in documents_of(playbook, values):
                yield from document["Statement"]


@functools.cache
def reachable_actions(playbook: str) -> set[str]:
    """The actions of all operations that the playbook's modules can call, whatever they are asked for."""
    operations = reachable.operations_of_playbook(reachable.PLAYBOOKS / f"{playbook}.yml")
    return {action_of_operation(operation) for operation in operations}


def action_of_operation(operation: str) -> str:
    service, _colon, name = operation.partition(":")
    model = reachable.model_of(service)
    return action_of(model.signing_name, name, model.operation_model(name).http)


def covered(action: str, by: t.Iterable[str]) -> bool:
    return any(fnmatch.fnmatchcase(action, pattern) for pattern in by)


def lacking(playbook: str) -> set[str]:
    allowed = with_implied(WHOLE[playbook])
    return {action for action in reachable_actions(playbook) - FREE if not covered(action, allowed)}


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_a_playbook_lists_only_what_its_modules_can_call(playbook: str) -> None:
    actions = reachable_actions(playbook)
    # A listed path may be wider than those called.
    assert {row for row in WHOLE[playbook] if not any(covered(action, [row]) for action in actions)} == set()


def test_up_is_allowed_all_that_its_modules_can_call_but_removals() -> None:
    assert {action for action in lacking("up") if not is_removal(action)} == set()


# Its rooms converge in check mode, in which modules only read.
def test_status_is_allowed_all_reads_that_its_modules_can_call_and_nothing_else() -> None:
    assert {action for action in PLAYBOOKS["status"] if not is_read(action)} == set()
    assert {action for action in lacking("status") if is_read(action)} == NEVER_READ_BY_STATUS
    assert with_implied(PLAYBOOKS["status"]) == PLAYBOOKS["status"]


def test_teardown_is_allowed_all_reads_and_removals_that_its_modules_can_call() -> None:
    assert {action for action in lacking("teardown") if is_read(action) or is_removal(action)} == NEVER_BY_TEARDOWN


# Beside the functions that a playbook's modules call stand those that only other playbooks come to.
NEVER_READ_BY_STATUS = {
    # The lock and the history of the stack.
    "dynamodb:GetItem",
    # Launching.
    "ec2:DescribeFleets",
    "ec2:DescribeInstanceTypeOfferings",
    # Asked by a playbook that says which one it is.
    "iam:SimulatePrincipalPolicy",
    # Asked before a repository is deleted, and for what is built and pushed.
    "ecr:DescribeImages",
    "ecr:GetAuthorizationToken",
    "ecr:ListImages",
}
NEVER_BY_TEARDOWN = {
    # Launching, building, and what only makes or changes something.
    "ecr:DescribeImages",
    "ecr:GetAuthorizationToken",
    "ec2:DescribeSnapshots",
    "ec2:DeleteLaunchTemplateVersions",
    "ec2:DeleteRoute",
    "ec2:DescribeInstanceTypeOfferings",
    "elasticloadbalancing:DeregisterTargets",
    "iam:DeleteRolePermissionsBoundary",
    "logs:DeleteRetentionPolicy",
    "logs:DisassociateKmsKey",
    "lambda:GetPolicy",
    "lambda:RemovePermission",
    "ssm:GetParameter",
    # Tags go with what has them.
    "apigateway:DELETE /tags/*",
    "cloudwatch:UntagResource",
    "dynamodb:UntagResource",
    "ecr:DeleteLifecyclePolicy",
    "ec2:DeleteTags",
    "ecr:UntagResource",
    "ecs:UntagResource",
    "elasticloadbalancing:RemoveTags",
    "events:UntagResource",
    "firehose:UntagDeliveryStream",
    "lambda:UntagResource",
    "sns:UntagResource",
    "sqs:UntagQueue",
    # A topic takes its subscriptions with it.
    "sns:Unsubscribe",
    "iam:UntagInstanceProfile",
    "iam:UntagRole",
    "logs:UntagResource",
    "secretsmanager:UntagResource",
    "wafv2:UntagResource",
}


def is_read(action: str) -> bool:
    """By AWS's names: of API Gateway by the verb, else by how actions are called. Nothing that is called here and
    writes begins so: https://docs.aws.amazon.com/service-authorization/latest/reference/, "Access level"."""
    return action.partition(":")[2].startswith(("Describe", "Get", "List", "Scan", "Simulate", "GET "))


def is_removal(action: str) -> bool:
    name = action.partition(":")[2]
    return name.startswith(REMOVES) or name.startswith("DELETE ")


@pytest.mark.parametrize("playbook", PLAYBOOKS)
@pytest.mark.parametrize("create_vpc", [False, True], ids=["found-vpc", "own-vpc"])
@pytest.mark.parametrize("stack", ["central-llm", "a-stack-with-a-name-as-long-as-they"])
def test_each_policy_is_within_the_limit(playbook: str, stack: str, create_vpc: bool) -> None:
    values = rendered(
        {
            **INVENTORY,
            "llm_stack": stack,
            "llm_network_create_vpc": create_vpc,
            "llm_gateway_waf": create_vpc,
            "llm_identity_permissions_boundary": "arn:aws:iam::123456789012:policy/boundary",
            "llm_identity_operator_adopted_arns": ["arn:aws:ec2:eu-central-1:123456789012:security-group/sg-1"],
        }
    )
    found = documents_of(playbook, values)
    assert found and all(size(document) <= operator.MANAGED_POLICY_LIMIT for document in found)
    # AWS attaches ten managed policies to a user or role.
    assert len(found) <= 4


def test_every_action_of_a_scope_is_some_playbooks() -> None:
    wanted = set().union(*(with_implied(actions) for actions in WHOLE.values()))
    assert {action for scope in SCOPES for action in scope["actions"]} - wanted == set()


def test_every_implied_action_is_by_a_call_and_cited() -> None:
    wanted = set().union(*(with_implied(actions) for actions in WHOLE.values()))
    assert {action for action in IMPLIED if action not in wanted} - {"iam:CreatePolicy"} == set()
    for rows in IMPLIED.values():
        assert all(row.source.startswith("https://docs.aws.amazon.com/") and row.why for row in rows)


def test_only_a_vpc_of_ones_own_needs_rights_to_a_network() -> None:
    for playbook in PLAYBOOKS:
        assert set(DEFAULTS["_llm_identity_operator_actions"][playbook]) == PLAYBOOKS[playbook]
        own_vpc = PLAYBOOKS[playbook] | OWN_VPC.get(playbook, set())
        assert set(WITH_A_VPC["_llm_identity_operator_actions"][playbook]) == own_vpc
    everyday = {
        action
        for playbook in PLAYBOOKS
        for document in documents_of(playbook, DEFAULTS)
        for statement in document["Statement"]
        for action in statement["Action"]
    }
    network = {action for rows in OWN_VPC.values() for action in rows if not is_read(action)}
    assert network and everyday & network == set()


def test_only_a_stack_with_waf_needs_rights_to_it() -> None:
    for playbook in PLAYBOOKS:
        wanted = PLAYBOOKS[playbook] | WAF.get(playbook, set())
        assert set(WITH_WAF["_llm_identity_operator_actions"][playbook]) == wanted
    assert {action for name in ("status", "up") for action in PLAYBOOKS[name] if action.startswith("wafv2:")} == set()


def test_a_vpc_is_made_with_the_stacks_tag_and_changed_by_it() -> None:
    tags = {"aws:RequestTag/central-llm:stack": "central-llm"}, {"aws:ResourceTag/central-llm:stack": "central-llm"}
    network = {action for rows in OWN_VPC.values() for action in rows if not is_read(action)}
    found = [statement for statement in statements_of_all() if network & set(statement["Action"])]
    assert {action for statement in found for action in statement["Action"]} >= network
    assert all(statement["Condition"]["StringEquals"] in tags for statement in found)


def test_every_resource_is_an_arn() -> None:
    resources = {resource for statement in statements_of_all() for resource in statement["Resource"]} - {"*"}
    arn = re.compile(r"arn:aws:[a-z0-9-]+:(eu-central-1)?:(123456789012|aws)?:[A-Za-z0-9/*:._-]+")
    assert {resource for resource in resources if not arn.fullmatch(resource)} == set()


def test_only_reads_have_no_resource() -> None:
    # https://docs.aws.amazon.com/service-authorization/: these take no resource.
    unscoped = {
        action for statement in statements_of_all() if statement["Resource"] == ["*"] for action in statement["Action"]
    }
    assert {action for action in unscoped if not is_read(action)} == {
        "ecs:CreateCluster",
        "ecs:DeregisterTaskDefinition",
        "ecs:RegisterTaskDefinition",
    }


def test_roles_are_passed_only_to_their_service() -> None:
    passed = [statement for statement in statements_of_all() if "iam:PassRole" in statement["Action"]]
    assert passed
    for statement in passed:
        assert statement["Condition"]["StringEquals"]["iam:PassedToService"]
        assert all(":role/central-llm-" in resource for resource in statement["Resource"])


def test_an_action_without_a_scope_is_an_error() -> None:
    with pytest.raises(operator.NoScope, match="sns:Publish"):
        operator.statements(["sns:Publish"], SCOPES, "arn:")


# What a listed action implies needs its scope too, and all of the scopes are here.
actions = st.sets(st.sampled_from(sorted({action for scope in SCOPES for action in scope["actions"]})), min_size=1)


@settings(max_examples=50, deadline=None)
@given(actions, st.integers(min_value=700, max_value=6144))
def test_splitting_keeps_every_action(chosen: set[str], limit: int) -> None:
    statements = operator.statements(chosen, WITH_A_VPC["_llm_identity_operator_scopes"], "arn:aws:apigateway:r::")
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
