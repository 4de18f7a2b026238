#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: api_gateway_rest_api
version_added: 0.1.0
short_description: Manage a REST API of API Gateway from an OpenAPI document
description:
  - Creates, changes and deletes a REST API. What the API is made of is read from AWS and compared with what
    the document asks for; it is imported only when something differs, and read again afterwards.
  - Nothing that is called changes until the API is deployed, see M(central.llm.api_gateway_stage).
  - "A method of the document is compared as a whole: API key, authorization, request parameters, request validator
    and integration are at AWS's default where the document says nothing. Of the rest, only what it says is compared."
  - "AWS reference: U(https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-import-api-update.html)."
author:
  - The central.llm maintainers (@central-llm)
options:
  name:
    description:
      - The name of the API. It replaces C(info.title) in what is imported.
      - Names are not unique in API Gateway. Several APIs of this name are an error that lists them.
      - Given together with O(id), an API of another name is renamed.
      - One of O(name) and O(id) is required.
    type: str
  id:
    description:
      - The id of an API that exists.
    type: str
  state:
    description:
      - V(present) creates or changes the API.
      - V(absent) deletes it with all its stages and deployments.
    type: str
    choices: [present, absent]
    default: present
  definition:
    description:
      - The OpenAPI 3.0 document, with API Gateway's extensions, 6 MiB at most.
      - It is checked before anything is written. Problems name the place in the document.
      - Left out, the resources of the API are left alone.
    type: dict
  endpoint_type:
    description:
      - Where the API is reached. Response streaming idles for 5 minutes at V(REGIONAL), for 30 seconds only at V(EDGE).
      - Left out, a new API is V(REGIONAL) and the type of an existing one is left alone.
    type: str
    choices: [REGIONAL, EDGE, PRIVATE]
  purge:
    description:
      - Whether what O(definition) does not have is removed.
      - With V(false) the import merges. A method of the document replaces the method of the same path and verb,
        and all others stay.
      - With V(true), and only when there are methods, request validators, authorizers, gateway responses or binary
        media types that the document does not have, the import overwrites. AWS then removes all that is not in the
        document, models too. Stages, deployments and keys stay, and the resource policy, which is imported with it.
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
- name: One streaming route through a VPC link, for callers with a key
  central.llm.api_gateway_rest_api:
    name: central-llm-rest-api
    definition:
      openapi: 3.0.1
      info: {title: central-llm-rest-api, version: "1"}
      x-amazon-apigateway-request-validators:
        headers: {validateRequestParameters: true, validateRequestBody: false}
      components:
        securitySchemes:
          api_key: {type: apiKey, name: x-api-key, in: header}
      paths:
        /v1/chat/completions:
          post:
            security: [{api_key: []}]
            x-amazon-apigateway-request-validator: headers
            parameters:
              - {name: x-llm-user, in: header, required: true, schema: {type: string}}
            responses: {"200": {description: A completion}}
            x-amazon-apigateway-integration:
              type: http_proxy
              httpMethod: POST
              uri: http://central-llm-nlb.internal:8000/v1/chat/completions
              connectionType: VPC_LINK
              connectionId: "{{ link.vpc_link.id }}"
              integrationTarget: "{{ balancer.network_lb.arn }}"
              responseTransferMode: STREAM
              timeoutInMillis: 900000

- name: Look the API up
  central.llm.api_gateway_rest_api:
    name: central-llm-rest-api
  check_mode: true
  register: api
"""

RETURN = r"""
rest_api:
  description: The API as it is after the run; empty when there is none.
  returned: always
  type: dict
  contains:
    id:
      description: Id of the API. In check mode missing when it would be created.
      type: str
      sample: a1b2c3d4e5
    name:
      description: Name of the API.
      type: str
      sample: central-llm-rest-api
    description:
      description: Description of the API.
      type: str
      sample: ""
    root_resource_id:
      description: Id of the resource C(/).
      type: str
      sample: xyz123abcd
    created_date:
      description: When the API was created, ISO 8601.
      type: str
      sample: "2026-11-23T12:00:00+00:00"
    endpoint_types:
      description: Where the API is reached.
      type: list
      elements: str
      sample: [REGIONAL]
    api_key_source:
      description: Where the key of a request is looked for.
      type: str
      sample: HEADER
    binary_media_types:
      description: Content types that are passed on as bytes.
      type: list
      elements: str
    resources:
      description: By path and method, the method in AWS's own names, with its validator by name and its integration.
      type: dict
      sample: {"/health": {"GET": {"apiKeyRequired": true, "integration": {"type": "MOCK"}}}}
    request_validators:
      description: By name, what each validator looks at.
      type: dict
      sample: {"headers": {"validateRequestBody": false, "validateRequestParameters": true}}
    gateway_responses:
      description: By type, the gateway responses that are not AWS's own.
      type: dict
      sample: {"THROTTLED": {"statusCode": "429"}}
    tags:
      description: Tags of the API.
      type: dict
      sample: {"central-llm:stack": "central-llm"}
    fingerprint:
      description:
        - Digest of all that a deployment is made from. Equal APIs have equal digests.
        - In check mode missing when the API would change.
      type: str
      sample: sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
differences:
  description: What differed from the document before the run, in words.
  returned: when O(definition) is given
  type: list
  elements: str
  sample: ["POST /v1/chat/completions integration timeoutInMillis: should be 900000, is 29000"]
removed:
  description: What O(purge) removes that is not in the document.
  returned: when O(definition) is given
  type: list
  elements: str
  sample: ["GET /old"]
"""

import typing as t

from ansible_collections.central.llm.plugins.module_utils._apigateway import rest_api_plan, rest_apis, tags
from ansible_collections.central.llm.plugins.module_utils._apigateway.api_state import (
    GROUPS,
    State,
    differences,
    fingerprint,
    predicted,
    surplus,
)
from ansible_collections.central.llm.plugins.module_utils._apigateway.finding import check_name
from ansible_collections.central.llm.plugins.module_utils._apigateway.openapi import expected_state
from ansible_collections.central.llm.plugins.module_utils._apigateway.openapi_check import check
from ansible_collections.central.llm.plugins.module_utils._aws import AwsCallError, InvalidInput
from ansible_collections.central.llm.plugins.module_utils._compare import TagPlan, given, plan_tags
from ansible_collections.central.llm.plugins.module_utils._module import CollectionModule, Resource


def as_resource(api: t.Mapping[str, t.Any], state: State) -> Resource:
    """The API in the shape that this module returns."""
    created = api.get("createdDate")
    return {
        "id": api["id"],
        "name": api["name"],
        "root_resource_id": api.get("rootResourceId", ""),
        "created_date": created.isoformat() if created else "",
        "endpoint_types": api.get("endpointConfiguration", {}).get("types", []),
        "tags": api.get("tags", {}),
        "fingerprint": fingerprint(state),
        **returned_state(state),
    }


def returned_state(state: State) -> Resource:
    return {
        "description": state["settings"].get("description", ""),
        "api_key_source": state["settings"].get("apiKeySource", "HEADER"),
        "binary_media_types": sorted(state["settings"].get("binaryMediaTypes", [])),
        "resources": state["resources"],
        "request_validators": state["request_validators"],
        "gateway_responses": state["gateway_responses"],
    }


def checked_definition(module: CollectionModule) -> State | None:
    """What the document asks for; a document that cannot be imported ends here, before any call."""
    document = module.params["definition"]
    if document is None:
        return None
    found = check(document)
    for warning in found.warnings:
        module.warn(f"definition: {warning}")
    if found.problems:
        problems = "\n  ".join(found.problems)
        raise InvalidInput(f"The definition cannot become a REST API; nothing has been changed:\n  {problems}")
    return expected_state(document)


def check_links(module: CollectionModule, client: t.Any, wanted: State) -> None:
    """AWS needs integrationTarget with a VPC link V2, and the link's id does not tell its kind."""
    for link, where in rest_api_plan.v2_suspects(wanted).items():
        if rest_apis.get_vpc_link_v1(client, link) is not None:
            continue
        problem = (
            f"The integration of {where} goes through the VPC link {link}, which is no VPC link V1 of this account "
            "and region. With a V2 link, set integrationTarget to the ARN of the load balancer; "
            "otherwise correct connectionId."
        )
        if not module.check_mode:
            raise InvalidInput(problem)
        # A link that an earlier task only predicts has no id yet.
        module.warn(problem)


def apply_definition(client: t.Any, api_id: str, name: str, wanted: State, before: State, options: Resource) -> None:
    """Settings are patched (a merge adds to them only), the rest is imported; then AWS is asked what it took."""
    removed = surplus(wanted, before) if options["purge"] else []
    structure = [one for one in differences(wanted, before) if one.where not in wanted["settings"]]
    if structure or removed:
        # An overwrite leaves nothing that the document does not have, and the policy is another module's.
        policy = before["settings"].get("policy") if removed else None
        body = rest_api_plan.import_body(options["definition"], name, policy)
        rest_apis.import_definition(client, api_id, body, mode="overwrite" if removed else "merge")
    api = rest_apis.get_api(client, api_id) or {}
    operations = rest_api_plan.patch_operations(wanted["settings"], api)
    if operations:
        rest_apis.patch_api(client, api_id, operations)
    if structure or removed or operations:
        now = rest_apis.read_state(client, rest_apis.get_api(client, api_id) or {"id": api_id})
        left = [str(one) for one in differences(wanted, now)]
        left += [f"{one}: is still there" for one in (surplus(wanted, now) if options["purge"] else [])]
        if left:
            raise AwsCallError(
                message=f"AWS imported the definition of the REST API {name} ({api_id}) but did not take all of it:\n  "
                + "\n  ".join(left),
                exception=None,
            )


def create(client: t.Any, options: Resource, wanted: State | None, plan: TagPlan) -> dict[str, t.Any]:
    """Create an API that is empty yet; a run that is cut off here is finished by the next one."""
    settings = wanted["settings"] if wanted else {}
    request = {
        "name": options["name"],
        "endpointConfiguration": {"types": [options["endpoint_type"] or "REGIONAL"]},
        "description": settings.get("description") or None,
        "apiKeySource": settings.get("apiKeySource"),
        "binaryMediaTypes": settings.get("binaryMediaTypes") or None,
        "minimumCompressionSize": settings.get("minimumCompressionSize"),
        "tags": plan.put or None,
    }
    return rest_apis.create_api(client, request=given(request))


def ensure_present(
    client: t.Any, api: dict[str, t.Any] | None, options: Resource, wanted: State | None, *, check_mode: bool
) -> tuple[bool, Resource | None, Resource, Resource]:
    """Whether anything changes, the API before and after, and what differed."""
    plan = plan_tags(api.get("tags", {}) if api else {}, options["tags"], purge=options["purge_tags"])
    if api is None:
        empty: State = {group: {} for group in GROUPS}
        details = describe_plan(wanted, empty, options)
        if check_mode:
            state = predicted(wanted, empty, purge=False) if wanted else empty
            after = {"name": options["name"], "endpoint_types": [options["endpoint_type"] or "REGIONAL"]}
            return True, None, {**after, "tags": plan.after, **returned_state(state)}, details
        api = create(client, options, wanted, plan)
        state = rest_apis.read_state(client, api)
        if wanted:
            apply_definition(client, api["id"], options["name"], wanted, state, options)
        return True, None, read(client, api["id"]), details

    state = rest_apis.read_state(client, api)
    before = as_resource(api, state)
    details = describe_plan(wanted, state, options)
    name = options["name"] or api["name"]
    endpoint = options["endpoint_type"]
    types = [endpoint] if endpoint else before["endpoint_types"]
    identity = rest_api_plan.patch_operations({}, api, name=name, endpoint_type=endpoint)
    changed = bool(plan.changes or identity or details.get("differences") or details.get("removed"))
    if not changed:
        return False, before, before, details
    if check_mode:
        after = {**before, "name": name, "endpoint_types": types, "tags": plan.after}
        if details.get("differences") or details.get("removed"):
            after.pop("fingerprint")
            after.update(returned_state(predicted(wanted or {}, state, purge=bool(details["removed"]))))
        return True, before, after, details
    if identity:
        rest_apis.patch_api(client, api["id"], identity)
    if wanted and (details["differences"] or details["removed"]):
        apply_definition(client, api["id"], name, wanted, state, options)
    tags.write_tags(client, tags.arn_of(client, "restapis", api["id"]), plan)
    return True, before, read(client, api["id"]), details


def describe_plan(wanted: State | None, state: State, options: Resource) -> Resource:
    if wanted is None:
        return {}
    removed = surplus(wanted, state) if options["purge"] else []
    return {"differences": [str(one) for one in differences(wanted, state)], "removed": removed}


def read(client: t.Any, api_id: str) -> Resource:
    api = rest_apis.get_api(client, api_id)
    if api is None:
        raise InvalidInput(f"The REST API {api_id} was deleted by somebody else during the run. Run again.")
    return as_resource(api, rest_apis.read_state(client, api))


def ensure_absent(
    client: t.Any, api: dict[str, t.Any] | None, *, check_mode: bool
) -> tuple[bool, Resource | None, None, Resource]:
    if api is None:
        return False, None, None, {}
    before = as_resource(api, rest_apis.read_state(client, api))
    if not check_mode:
        rest_apis.delete_api(client, api["id"])
    return True, before, None, {}


def main() -> None:
    module = CollectionModule(
        argument_spec={
            "name": {"type": "str"},
            "id": {"type": "str"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "definition": {"type": "dict"},
            "endpoint_type": {"type": "str", "choices": ["REGIONAL", "EDGE", "PRIVATE"]},
            "purge": {"type": "bool", "default": False},
            "tags": {"type": "dict", "aliases": ["resource_tags"]},
            "purge_tags": {"type": "bool", "default": False},
        },
        required_one_of=[("name", "id")],
        supports_check_mode=True,
    )
    with module.failures_reported():
        options, check_mode = module.params, module.check_mode
        present = options["state"] == "present"
        check_name("REST API", options["name"])
        tags.validate_tags(options["tags"])
        wanted = checked_definition(module) if present else None
        client = module.client("apigateway")
        api = rest_apis.find_api(client, options)
        after: Resource | None
        if present:
            if wanted:
                check_links(module, client, wanted)
            changed, before, after, details = ensure_present(client, api, options, wanted, check_mode=check_mode)
        else:
            changed, before, after, details = ensure_absent(client, module.removable(api), check_mode=check_mode)
        module.exit_with("rest_api", changed=changed, before=before, after=after, **details)


if __name__ == "__main__":
    main()
