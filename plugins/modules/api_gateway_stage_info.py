#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: api_gateway_stage_info
version_added: 0.1.0
short_description: Show the stages of a REST API
description:
  - Reads the stages of a REST API, all of them or the one of a name.
  - What does not exist, API or stage, is left out; that is no error.
  - "AWS reference: U(https://docs.aws.amazon.com/apigateway/latest/api/API_GetStages.html)."
author:
  - The central.llm maintainers (@central-llm)
options:
  rest_api_id:
    description:
      - Id of the REST API.
    type: str
    required: true
  name:
    description:
      - Name of the stage to show.
      - Left out, all are shown.
    type: str
extends_documentation_fragment:
  - central.llm.attributes.info
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Look for the stage
  central.llm.api_gateway_stage_info:
    rest_api_id: a1b2c3d4e5
    name: prod
  register: found

- name: Show what is deployed to it
  ansible.builtin.debug:
    msg: "{{ found.stages | map(attribute='deployment_id') }}"
"""

RETURN = r"""
stages:
  description: The stages as M(central.llm.api_gateway_stage) returns one, sorted by name.
  returned: always
  type: list
  elements: dict
  sample:
    - rest_api_id: a1b2c3d4e5
      name: prod
      deployment_id: ab12cd
      invoke_url: https://a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com/prod
"""

from ansible_collections.central.llm.plugins.module_utils._apigateway import stages
from ansible_collections.central.llm.plugins.module_utils._apigateway.stage_plan import as_resource
from ansible_collections.central.llm.plugins.module_utils._module import CollectionModule


def main() -> None:
    module = CollectionModule(
        argument_spec={"rest_api_id": {"type": "str", "required": True}, "name": {"type": "str"}},
        supports_check_mode=True,
    )
    api_id, name = module.params["rest_api_id"], module.params["name"]
    with module.failures_reported():
        client = module.client("apigateway")
        found = [stages.get_stage(client, api_id, name)] if name else stages.list_stages(client, api_id)
        shown = [as_resource(client, api_id, answer) for answer in found if answer]
        module.exit_json(changed=False, stages=sorted(shown, key=lambda stage: stage["name"]))


if __name__ == "__main__":
    main()
