#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: api_gateway_resource_policy
version_added: 0.1.0
short_description: Manage the resource policy of a REST API
description:
  - Sets and removes the policy that says who may call a REST API, before any key is looked at.
  - It takes effect with the next deployment, see M(central.llm.api_gateway_stage).
  - "AWS reference: U(https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-resource-policies.html)."
author:
  - The central.llm maintainers (@central-llm)
options:
  rest_api_id:
    description:
      - The id of the REST API.
      - In check mode an empty one stands for an API that the run is yet to make.
    type: str
    required: true
  state:
    description:
      - V(present) sets the policy, V(absent) removes it.
    type: str
    choices: [present, absent]
    default: present
  policy:
    description:
      - The policy document, as a dictionary or JSON. Required with O(state=present).
      - A resource may be given short, as V(execute-api:/*).
      - "An Allow for some addresses alone does not keep others out of an API that asks for no IAM authorization in all
        cases: deny them, as in the example."
    type: json
extends_documentation_fragment:
  - central.llm.attributes
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Let only these addresses call
  central.llm.api_gateway_resource_policy:
    rest_api_id: a1b2c3d4e5
    policy:
      Version: "2012-10-17"
      Statement:
        - Effect: Allow
          Principal: "*"
          Action: execute-api:Invoke
          Resource: execute-api:/*
        - Effect: Deny
          Principal: "*"
          Action: execute-api:Invoke
          Resource: execute-api:/*
          Condition:
            NotIpAddress:
              aws:SourceIp: [203.0.113.0/24]
"""

RETURN = r"""
resource_policy:
  description: The policy as it is after the run; empty when there is none.
  returned: always
  type: dict
  contains:
    rest_api_id:
      description: Id of the REST API.
      type: str
      sample: a1b2c3d4e5
    policy:
      description: The document.
      type: dict
      sample: {"Version": "2012-10-17", "Statement": []}
"""

import typing as t

from ansible_collections.central.llm.plugins.module_utils._apigateway import resource_policy, rest_apis
from ansible_collections.central.llm.plugins.module_utils._apigateway.patch import remove, replace
from ansible_collections.central.llm.plugins.module_utils._aws import InvalidInput
from ansible_collections.central.llm.plugins.module_utils._iam import documents
from ansible_collections.central.llm.plugins.module_utils._module import CollectionModule, Resource

# https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html
_LONGEST = 8192


def wanted(options: Resource) -> resource_policy.Document:
    """The document that is asked for, empty for none."""
    if options["state"] == "absent":
        return {}
    document = documents.read(options["policy"])
    if documents.size(document) > _LONGEST:
        raise InvalidInput(f"policy is longer than the {_LONGEST} bytes that API Gateway takes.")
    return document


def find(client: t.Any, api_id: str) -> resource_policy.Document:
    api = rest_apis.get_api(client, api_id)
    if api is None:
        raise InvalidInput(f"There is no REST API with the id {api_id} in {client.meta.region_name}.")
    return resource_policy.parse(api.get("policy"))


def ensure(
    client: t.Any, api_id: str, before: resource_policy.Document, after: resource_policy.Document, *, check_mode: bool
) -> tuple[bool, resource_policy.Document]:
    if resource_policy.same(before, after):
        return False, before
    if not check_mode:
        operation = replace("/policy", documents.compact(after)) if after else remove("/policy")
        rest_apis.patch_api(client, api_id, [operation])
    return True, after


def main() -> None:
    module = CollectionModule(
        argument_spec={
            "rest_api_id": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "policy": {"type": "json"},
        },
        required_if=[("state", "present", ["policy"])],
        supports_check_mode=True,
    )
    api_id = module.params["rest_api_id"]
    with module.failures_reported():
        after = wanted(module.params)
        client = module.client("apigateway")
        before = {} if module.yet_to_be_made("rest_api_id") else find(client, api_id)
        changed, after = ensure(client, api_id, before, after, check_mode=module.check_mode)

        def shown(policy: resource_policy.Document) -> Resource | None:
            return {"rest_api_id": api_id, "policy": policy} if policy else None

        module.exit_with("resource_policy", changed=changed, before=shown(before), after=shown(after))


if __name__ == "__main__":
    main()
