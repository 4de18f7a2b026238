#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: api_gateway_api_key_info
version_added: 0.1.0
short_description: Show API keys of API Gateway
description:
  - Reads the API keys of a region, all of them or those with certain tags. Their values are not read.
  - "AWS reference: U(https://docs.aws.amazon.com/apigateway/latest/api/API_GetApiKeys.html)."
author:
  - The central.llm maintainers (@central-llm)
options:
  tags:
    description:
      - Show only keys that have all of these tags.
    type: dict
extends_documentation_fragment:
  - central.llm.attributes.info
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Look at the keys of a stack's clients
  central.llm.api_gateway_api_key_info:
    tags:
      central-llm:stack: central-llm
  register: found
"""

RETURN = r"""
api_keys:
  description: The keys as M(central.llm.api_gateway_api_key) returns one, the oldest first.
  returned: always
  type: list
  elements: dict
  sample:
    - id: a1b2c3d4e5
      name: central-llm-client
      enabled: true
      created_date: "2026-11-23T10:15:00+00:00"
      tags: {"central-llm:client": "central-llm-client", "central-llm:key-state": "current"}
"""

from ansible_collections.central.llm.plugins.module_utils._apigateway import api_keys as api
from ansible_collections.central.llm.plugins.module_utils._module import CollectionModule


def main() -> None:
    module = CollectionModule(argument_spec={"tags": {"type": "dict"}}, supports_check_mode=True)
    wanted = {str(key): str(value) for key, value in (module.params["tags"] or {}).items()}
    with module.failures_reported():
        found = [api.as_resource(key) for key in api.list_all_api_keys(module.client("apigateway"))]
        ours = [key for key in found if wanted.items() <= key["tags"].items()]
        module.exit_json(changed=False, api_keys=sorted(ours, key=lambda key: (key["created_date"], key["id"])))


if __name__ == "__main__":
    main()
