# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""What a run does to a stage, settled before the first write: reads from AWS, writes nothing."""

from __future__ import annotations

import typing as t

from .._aws import InvalidInput
from .._compare import plan_tags
from . import accounts, deployments, rest_apis, stage_settings, stages
from .api_state import fingerprint

Resource = dict[str, t.Any]

_NEW: Resource = {
    "description": "",
    "deployment_id": "",
    "access_log": {},
    "method_settings": [],
    "variables": {},
    "web_acl_arn": "",
}


class Plan(t.NamedTuple):
    """What a run does, settled before the first write."""

    after: Resource
    fingerprint: str
    reason: str
    prune: list[str]
    # What a run would need first, and this account does not have yet.
    lacking: str


def describe(client: t.Any, api_id: str, name: str) -> Resource | None:
    answer = stages.get_stage(client, api_id, name)
    return as_resource(client, api_id, answer) if answer else None


def as_resource(client: t.Any, api_id: str, answer: t.Mapping[str, t.Any]) -> Resource:
    """AWS's answer in the shape that the modules return."""
    url = stages.invoke_url(client, api_id, answer["stageName"])
    return {"rest_api_id": api_id, "invoke_url": url, **stage_settings.read_stage(answer)}


YET_TO_BE_MADE = "the API is yet to be made"


def _plan_deployment(client: t.Any, api_id: str, before: Resource | None, options: Resource) -> tuple[str, str]:
    """The digest of the API as it is, and why it must be deployed (empty when not)."""
    if options["deployment"] == "unmanaged":
        if before is None:
            raise InvalidInput(f"There is no stage {options['name']} yet, and a stage cannot be without a deployment.")
        return "", ""
    if not api_id:
        return "", YET_TO_BE_MADE
    api = rest_apis.get_api(client, api_id)
    if api is None:
        raise InvalidInput(f"There is no REST API with the id {api_id} in this account and region.")
    state = rest_apis.read_state(client, api)
    if not state["resources"]:
        raise InvalidInput(
            f"The REST API {api_id} has no method, and AWS does not deploy such an API. Define it first."
        )
    deployment = stages.get_deployment(client, api_id, before["deployment_id"]) if before else None
    now = fingerprint(state)
    return now, deployments.reason_to_deploy(now, deployment)


def _plan_pruning(client: t.Any, api_id: str, options: Resource, *, deploys: bool) -> list[str]:
    if options["keep_deployments"] is None or not api_id:
        return []
    others = [one for one in stages.list_stages(client, api_id) if not deploys or one["stageName"] != options["name"]]
    used = deployments.used_by(others)
    there = stages.list_deployments(client, api_id)
    return [one["id"] for one in deployments.to_prune(there, used, options["keep_deployments"])]


def plan(client: t.Any, before: Resource | None, options: Resource) -> Plan:
    api_id, name = options["rest_api_id"], options["name"]
    now, reason = _plan_deployment(client, api_id, before, options)
    there = before or {**_NEW, "rest_api_id": api_id, "name": name, "tags": {}}
    access_log = stage_settings.desired_access_log(options["access_log"])
    after = {
        **there,
        "invoke_url": stages.invoke_url(client, api_id, name),
        "description": there["description"] if options["description"] is None else options["description"],
        "access_log": there["access_log"] if access_log is None else access_log,
        "method_settings": stage_settings.desired_method_settings(
            options["method_settings"], there["method_settings"], purge=options["purge_method_settings"]
        ),
        "variables": stage_settings.desired_variables(
            options["variables"], there["variables"], purge=options["purge_variables"]
        ),
        "tags": plan_tags(there["tags"], options["tags"], purge=options["purge_tags"]).after,
    }
    touches_logs = any(after[key] != there[key] for key in ("access_log", "method_settings"))
    lacking = ""
    if (
        touches_logs
        and stage_settings.needs_log_role(after)
        and not accounts.get_account(client).get("cloudwatchRoleArn")
    ):
        lacking = (
            f"The stage {name} shall log to CloudWatch Logs, but the account has no CloudWatch role for API Gateway in "
            "this region. Set one with the module central.llm.api_gateway_account first."
        )
    return Plan(after, now, reason, _plan_pruning(client, api_id, options, deploys=bool(reason)), lacking)


__all__ = ("Plan", "as_resource", "describe", "plan")
