#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: ecr_login
version_added: 0.1.0
short_description: Let Docker into one's own registry in Amazon ECR
description:
  - Writes the configuration of a Docker client that may use the account's own registry for twelve hours, readable by
    its owner alone. What lets it in goes into that file and nowhere else.
  - Give the folder to Docker as C(DOCKER_CONFIG), and remove it afterwards. A configuration that was there before is
    not touched but for this registry.
  - "AWS reference: U(https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetAuthorizationToken.html)."
author:
  - The central.llm maintainers (@central-llm)
options:
  config_folder:
    description:
      - The folder in which C(config.json) is written. It has to be there.
    type: path
    required: true
extends_documentation_fragment:
  - central.llm.attributes
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
attributes:
  idempotent:
    support: none
    details:
      - Each run gets another token, which is good for another twelve hours.
  diff_mode:
    support: none
    details:
      - The file holds nothing that may be shown.
"""

EXAMPLES = r"""
- name: Make a folder for it
  ansible.builtin.tempfile:
    state: directory
  register: docker_config

- name: Let Docker in
  central.llm.ecr_login:
    config_folder: "{{ docker_config.path }}"
  register: registry
"""

RETURN = r"""
registry:
  description: The address of the registry.
  returned: always
  type: str
  sample: https://123456789012.dkr.ecr.eu-central-1.amazonaws.com
expires_at:
  description: Until when Docker is let in. Left out in check mode.
  returned: when it was asked for
  type: str
  sample: "2026-11-28T20:00:00+00:00"
"""

import json
import os
import tempfile
import typing as t
from pathlib import Path

from ansible_collections.central.llm.plugins.module_utils._aws import InvalidInput
from ansible_collections.central.llm.plugins.module_utils._ecr import api
from ansible_collections.central.llm.plugins.module_utils._module import CollectionModule

FILE = "config.json"


def read(path: Path) -> dict[str, t.Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise InvalidInput(f"config_folder: {path} cannot be read: {error}.") from error
    if not isinstance(found, dict):
        raise InvalidInput(f"config_folder: {path} is no configuration of Docker.")
    return found


def with_registry(config: dict[str, t.Any], registry: str, token: str) -> dict[str, t.Any]:
    """The configuration with this registry. A helper that is named for it would count instead. Pure."""
    host = registry.removeprefix("https://").removeprefix("http://")
    helpers = {name: value for name, value in config.get("credHelpers", {}).items() if name != host}
    auths = {**config.get("auths", {}), host: {"auth": token}}
    kept = {name: value for name, value in config.items() if name != "credHelpers"}
    return {**kept, "auths": auths, **({"credHelpers": helpers} if helpers else {})}


def write(path: Path, config: dict[str, t.Any]) -> None:
    """All of it or nothing, and nobody else's to read from the first byte on: mkstemp's files are."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".config.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(config, file, indent=2)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink()
        raise


def main() -> None:
    module = CollectionModule(
        argument_spec={"config_folder": {"type": "path", "required": True}},
        supports_check_mode=True,
    )
    with module.failures_reported():
        path = Path(module.params["config_folder"]) / FILE
        if not path.parent.is_dir():
            raise InvalidInput(f"config_folder: there is no folder {path.parent}.")
        config = read(path)
        client = module.client("ecr")
        found = api.authorize(client)
        registry = found["proxyEndpoint"]
        if module.check_mode:
            module.exit_json(changed=True, registry=registry)
        write(path, with_registry(config, registry, found["authorizationToken"]))
        module.exit_json(changed=True, registry=registry, expires_at=found["expiresAt"].isoformat())


if __name__ == "__main__":
    main()
