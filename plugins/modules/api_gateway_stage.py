#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: api_gateway_stage
version_added: 0.1.0
short_description: Manage a stage of a REST API and what is deployed to it
description:
  - Creates, changes and deletes a stage of a REST API. Only the options that are given are managed.
  - The API is deployed only when it has changed since the deployment that the stage points to. A deployment cannot be
    read back from AWS, so its description carries a digest of what it was made from; one without it, made by somebody
    else, is followed by a new one once.
  - The deployment is made first and the stage is pointed to it then. A run that is cut off in between
    leaves an unused deployment, and the stage as it was.
  - "AWS reference: U(https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-deploy-api.html)."
author:
  - The central.llm maintainers (@central-llm)
options:
  rest_api_id:
    description:
      - The id of the REST API.
      - In check mode an empty one stands for an API that the run is yet to make.
    type: str
    required: true
  name:
    description:
      - The name of the stage, 1 to 128 letters, digits, hyphens and underscores.
    type: str
    required: true
  state:
    description:
      - V(present) creates or changes the stage.
      - V(absent) deletes it, and its deployment where this module made it and no other stage uses it.
    type: str
    choices: [present, absent]
    default: present
  description:
    description:
      - What the stage is for. An empty string removes it.
    type: str
  deployment:
    description:
      - V(present) deploys the API when it has changed since the stage's deployment.
      - V(unmanaged) leaves the deployment of an existing stage as it is.
    type: str
    choices: [present, unmanaged]
    default: present
  keep_deployments:
    description:
      - How many deployments of this module that no stage uses are kept, the newest, to go back to. Others are deleted.
      - Deployments that others made are never deleted. Left out, none is.
    type: int
  access_log:
    description:
      - Where each request is logged to, and how. An empty dictionary (V({})) turns the access log off.
      - Logging to CloudWatch Logs needs the CloudWatch role of the account, see M(central.llm.api_gateway_account).
    type: dict
    suboptions:
      destination_arn:
        description:
          - ARN of a log group, with or without the trailing C(:*),
            or of a Firehose stream whose name starts with C(amazon-apigateway-).
        type: str
      format:
        description:
          - A single line of C($context) variables, 3 KB at most. A dictionary is written as JSON.
          - It must contain C($context.requestId) or C($context.extendedRequestId). Clients can override the first.
          - "C($context.identity.apiKey) is refused: it is the key itself. Use C($context.identity.apiKeyId)."
        type: json
  method_settings:
    description:
      - Settings of methods. Those of other methods are left alone unless O(purge_method_settings).
    type: list
    elements: dict
    suboptions:
      path:
        description:
          - The path of the resource, such as V(/v1/models), or V(/*) for all.
        type: str
        required: true
      method:
        description:
          - The method, or V(*) for all.
        type: str
        default: "*"
      throttling_rate_limit:
        description:
          - Steady requests per second of all callers together.
        type: float
      throttling_burst_limit:
        description:
          - Requests that are let through at once before the rate counts.
        type: int
      logging_level:
        description:
          - What the execution log gets. Anything but V(OFF) needs the CloudWatch role of the account.
        type: str
        choices: ["OFF", ERROR, INFO]
      metrics_enabled:
        description:
          - Whether CloudWatch metrics are kept for each method, which AWS charges for.
        type: bool
      data_trace_enabled:
        description:
          - Whether bodies of requests and responses are logged. With a language model these are prompts and
            completions; AWS advises against it for production, and V(true) gives a warning.
        type: bool
  purge_method_settings:
    description:
      - Whether settings of methods that are not in O(method_settings) are removed.
    type: bool
    default: false
  variables:
    description:
      - Stage variables, as a dictionary of strings.
    type: dict
  purge_variables:
    description:
      - Whether stage variables that are not in O(variables) are removed.
    type: bool
    default: false
extends_documentation_fragment:
  - central.llm.attributes
  - central.llm.tags
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Deploy, with an access log and a cap for all callers together
  central.llm.api_gateway_stage:
    rest_api_id: "{{ api.rest_api.id }}"
    name: prod
    access_log:
      destination_arn: "{{ access_log.log_group.arn }}"
      format:
        requestId: $context.extendedRequestId
        apiKeyId: $context.identity.apiKeyId
        status: $context.status
    method_settings:
      - path: /*
        throttling_rate_limit: 5
        throttling_burst_limit: 10
        logging_level: ERROR
    keep_deployments: 5

- name: Turn the access log off and leave the deployment alone
  central.llm.api_gateway_stage:
    rest_api_id: a1b2c3d4e5
    name: prod
    deployment: unmanaged
    access_log: {}
"""

RETURN = r"""
stage:
  description: The stage as it is after the run; empty when there is none.
  returned: always
  type: dict
  contains:
    rest_api_id:
      description: Id of the REST API.
      type: str
      sample: a1b2c3d4e5
    name:
      description: Name of the stage.
      type: str
      sample: prod
    description:
      description: What the stage is for.
      type: str
      sample: ""
    deployment_id:
      description: The deployment that the stage points to. In check mode missing when there would be a new one.
      type: str
      sample: ab12cd
    invoke_url:
      description: The address of the stage at AWS.
      type: str
      sample: https://a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com/prod
    access_log:
      description: Destination and format of the access log; empty when it is off.
      type: dict
      sample: {"destination_arn": "arn:aws:logs:eu-central-1:123456789012:log-group:a", "format": "$context.requestId"}
    method_settings:
      description: Settings of methods, by path and method.
      type: list
      elements: dict
      sample: [{"path": "/*", "method": "*", "throttling_rate_limit": 5.0, "throttling_burst_limit": 10}]
    variables:
      description: Stage variables.
      type: dict
      sample: {}
    web_acl_arn:
      description: ARN of the web ACL of AWS WAF that protects the stage; empty without one.
      type: str
      sample: ""
    tags:
      description: Tags of the stage.
      type: dict
      sample: {"central-llm:stack": "central-llm"}
deployment_reason:
  description: Why the API is deployed, empty when it is not.
  returned: always
  type: str
  sample: the API has changed since the deployment ab12cd of the stage
pruned_deployments:
  description: Ids of the deployments that are deleted.
  returned: always
  type: list
  elements: str
  sample: []
"""

import typing as t

from ansible_collections.central.llm.plugins.module_utils._apigateway import deployments, stage_settings, stages, tags
from ansible_collections.central.llm.plugins.module_utils._apigateway.stage_plan import Plan, describe, plan
from ansible_collections.central.llm.plugins.module_utils._aws import InvalidInput
from ansible_collections.central.llm.plugins.module_utils._compare import given, plan_tags
from ansible_collections.central.llm.plugins.module_utils._module import CollectionModule, Resource


def write(client: t.Any, before: Resource | None, planned: Plan, options: Resource) -> None:
    api_id, name, after = options["rest_api_id"], options["name"], planned.after
    if planned.reason:
        made = stages.create_deployment(client, api_id, deployments.label(planned.fingerprint))
        after = {**after, "deployment_id": made}
    if before is None:
        request = {
            "restApiId": api_id,
            "stageName": name,
            "deploymentId": after["deployment_id"],
            "description": after["description"] or None,
            "variables": after["variables"] or None,
            "tags": after["tags"] or None,
        }
        stages.create_stage(client, request=given(request))
    there = before or {**after, "access_log": {}, "method_settings": []}
    operations = stage_settings.patch_operations(there, after)
    if operations:
        stages.patch_stage(client, api_id, name, operations)
    if before:
        arn = tags.arn_of(client, "restapis", api_id, "stages", name)
        tags.write_tags(client, arn, plan_tags(before["tags"], options["tags"], purge=options["purge_tags"]))
    for deployment_id in planned.prune:
        stages.delete_deployment(client, api_id, deployment_id)


def ensure_present(
    client: t.Any, before: Resource | None, options: Resource, *, check_mode: bool
) -> tuple[bool, Resource | None, str, list[str], str]:
    planned = plan(client, before, options)
    # What runs before this may set the role of the account: where nothing is written, it may still be missing.
    if planned.lacking and not check_mode:
        raise InvalidInput(planned.lacking)
    changed = bool(planned.reason or planned.prune or before != planned.after)
    if check_mode or not changed:
        after = dict(planned.after)
        if planned.reason:
            after.pop("deployment_id")  # AWS's to choose
        return changed, after, planned.reason, planned.prune, planned.lacking
    write(client, before, planned, options)
    return True, describe(client, options["rest_api_id"], options["name"]), planned.reason, planned.prune, ""


def ensure_absent(
    client: t.Any, before: Resource | None, options: Resource, *, check_mode: bool
) -> tuple[bool, None, str, list[str], str]:
    if before is None:
        return False, None, "", [], ""
    api_id, name, own = options["rest_api_id"], options["name"], before["deployment_id"]
    others = [one for one in stages.list_stages(client, api_id) if one["stageName"] != name]
    ours = deployments.fingerprint_of(stages.get_deployment(client, api_id, own))
    prune = [own] if ours and own not in deployments.used_by(others) else []
    if not check_mode:
        stages.delete_stage(client, api_id, name)
        for deployment_id in prune:
            stages.delete_deployment(client, api_id, deployment_id)
    return True, None, "", prune, ""


def argument_spec() -> dict[str, t.Any]:
    method_settings = {
        "path": {"type": "str", "required": True},
        "method": {"type": "str", "default": "*"},
        "throttling_rate_limit": {"type": "float"},
        "throttling_burst_limit": {"type": "int"},
        "logging_level": {"type": "str", "choices": ["OFF", "ERROR", "INFO"]},
        "metrics_enabled": {"type": "bool"},
        "data_trace_enabled": {"type": "bool"},
    }
    return {
        "rest_api_id": {"type": "str", "required": True},
        "name": {"type": "str", "required": True},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "description": {"type": "str"},
        "deployment": {"type": "str", "choices": ["present", "unmanaged"], "default": "present"},
        "keep_deployments": {"type": "int"},
        "access_log": {"type": "dict", "options": {"destination_arn": {"type": "str"}, "format": {"type": "json"}}},
        "method_settings": {"type": "list", "elements": "dict", "options": method_settings},
        "purge_method_settings": {"type": "bool", "default": False},
        "variables": {"type": "dict"},
        "purge_variables": {"type": "bool", "default": False},
        "tags": {"type": "dict", "aliases": ["resource_tags"]},
        "purge_tags": {"type": "bool", "default": False},
    }


def main() -> None:
    module = CollectionModule(argument_spec=argument_spec(), supports_check_mode=True)
    with module.failures_reported():
        options = module.params
        # With suboptions, an empty dictionary arrives with every member None.
        options["access_log"] = None if options["access_log"] is None else given(options["access_log"])
        stage_settings.validate(options)
        tags.validate_tags(options["tags"])
        if any(settings["data_trace_enabled"] for settings in options["method_settings"] or []):
            module.warn("data_trace_enabled writes prompts and completions into the execution log.")
        client = module.client("apigateway")
        new_api = module.yet_to_be_made("rest_api_id")
        before = None if new_api else describe(client, options["rest_api_id"], options["name"])
        ensure = ensure_present if options["state"] == "present" else ensure_absent
        changed, after, reason, pruned, lacking = ensure(client, before, options, check_mode=module.check_mode)
        if lacking:
            module.warn(f"A run would fail now: {lacking}")
        module.exit_with(
            "stage", changed=changed, before=before, after=after, deployment_reason=reason, pruned_deployments=pruned
        )


if __name__ == "__main__":
    main()
