#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: ssm_command
version_added: 0.1.0
short_description: Run a shell script on an instance through Systems Manager
description:
  - Sends the document C(AWS-RunShellScript) to one instance, waits until it has ended, and returns what it wrote. No
    port of the instance has to be open, and no key has to be there.
  - A command always counts as a change, as one of M(ansible.builtin.script) does; C(changed_when) says what of its
    output is one. In check mode nothing is sent, and nothing is known of the output.
  - When the answer of AWS is lost, the script is sent again. It has to bear being run twice.
  - "AWS reference: U(https://docs.aws.amazon.com/systems-manager/latest/userguide/run-command.html)."
author:
  - The central.llm maintainers (@central-llm)
options:
  instance_id:
    description:
      - Id of the instance. Only check mode takes an empty one, for an instance that the run is yet to start.
    type: str
    required: true
  script:
    description:
      - What is run, as root. A first line such as C(#!/usr/bin/env bash) says by what, else the system's shell runs it.
      - Systems Manager keeps it in its history for 30 days, for everybody who may read that, so that it must hold no
        secrets.
    type: str
    required: true
  comment:
    description:
      - What it is for, as the history shows it; at most 100 characters.
    type: str
    default: ""
  timeout:
    description:
      - Seconds that the script may take. One that takes longer is ended, and the module fails.
    type: int
    default: 3600
  online_timeout:
    description:
      - Seconds until the agent on the instance has reported, as after a start.
    type: int
    default: 300
  delay:
    description:
      - Seconds between two looks, at the agent and then at the command.
    type: int
    default: 3
extends_documentation_fragment:
  - central.llm.attributes
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: See how much room there is
  central.llm.ssm_command:
    instance_id: i-0123456789abcdef0
    comment: free disk space
    script: |
      #!/usr/bin/env bash
      df --human-readable /
  register: room
  changed_when: false
"""

RETURN = r"""
command:
  description: The command and what came of it; returned when it failed, too. Only the id of the instance in check mode.
  returned: always
  type: dict
  contains:
    id:
      description: Id of the command.
      type: str
      sample: 0b4d7b0e-7b39-4a5e-9c3b-1f6f8f6f4f6f
    instance_id:
      description: Id of the instance.
      type: str
      sample: i-0123456789abcdef0
    status:
      description: How it ended, in AWS's words.
      type: str
      sample: Success
    rc:
      description: Exit code of the script; -1 where it has none.
      type: int
      sample: 0
    stdout:
      description: The first 24000 characters of what it wrote.
      type: str
      sample: "done\n"
    stdout_lines:
      description: The same, by lines.
      type: list
      elements: str
      sample: [done]
    stderr:
      description: The first 8000 characters of what it complained of.
      type: str
      sample: ""
    truncated:
      description: Whether there was more of either.
      type: bool
      sample: false
"""

import typing as t

from ansible_collections.central.llm.plugins.module_utils._aws import InvalidInput
from ansible_collections.central.llm.plugins.module_utils._module import CollectionModule, Resource
from ansible_collections.central.llm.plugins.module_utils._ssm import commands

LONGEST_COMMENT = 100
# https://docs.aws.amazon.com/systems-manager/latest/userguide/documents-command-ssm-plugin-reference.html
LONGEST_TIMEOUT = 172800
LAST_LINES = 20


def validate(options: Resource) -> None:
    if not options["script"].strip():
        raise InvalidInput("script: empty.")
    if len(options["comment"]) > LONGEST_COMMENT:
        raise InvalidInput(f"comment: longer than the {LONGEST_COMMENT} characters that Systems Manager takes.")
    if options["delay"] < 1:
        raise InvalidInput(f"delay: {options['delay']} is less than a second.")
    if not 1 <= options["timeout"] <= LONGEST_TIMEOUT:
        raise InvalidInput(f"timeout: {options['timeout']} is not between 1 and {LONGEST_TIMEOUT} seconds.")


def view(invocation: Resource) -> Resource:
    """An invocation in the shape that this module returns."""
    output = invocation.get("StandardOutputContent") or ""
    errors = invocation.get("StandardErrorContent") or ""
    return {
        "id": invocation["CommandId"],
        "instance_id": invocation["InstanceId"],
        "status": invocation.get("StatusDetails") or invocation["Status"],
        "rc": invocation.get("ResponseCode", -1),
        "stdout": output,
        "stdout_lines": output.splitlines(),
        "stderr": errors,
        "truncated": len(output) >= commands.OUTPUT_SHOWN or len(errors) >= commands.ERRORS_SHOWN,
    }


def complaint(command: Resource, comment: str) -> str:
    """What went wrong, with the last lines of what the script said."""
    said = (command["stderr"].strip() or command["stdout"].strip()).splitlines()[-LAST_LINES:]
    what = f" ({comment})" if comment else ""
    how = f"{command['status']}, exit code {command['rc']}"
    words = "\n".join(said) or "It said nothing."
    return f"The command{what} on {command['instance_id']} ended with {how}:\n{words}"


def run(client: t.Any, options: Resource) -> Resource:
    instance_id, delay = options["instance_id"], options["delay"]
    commands.wait_online(client, instance_id, timeout=options["online_timeout"], delay=delay)
    sent = commands.send_command(client, instance_id, options["script"], options["comment"], options["timeout"])
    limit = options["timeout"] + commands.DELIVERY_SECONDS
    commands.wait_ended(client, sent, instance_id, timeout=limit, delay=delay)
    return view(commands.read_invocation(client, sent, instance_id))


def main() -> None:
    module = CollectionModule(
        argument_spec={
            "instance_id": {"type": "str", "required": True},
            "script": {"type": "str", "required": True},
            "comment": {"type": "str", "default": ""},
            "timeout": {"type": "int", "default": 3600},
            "online_timeout": {"type": "int", "default": 300},
            "delay": {"type": "int", "default": 3},
        },
        supports_check_mode=True,
    )
    with module.failures_reported():
        validate(module.params)
        made = not module.yet_to_be_made("instance_id")
        if module.check_mode:
            command = {"instance_id": module.params["instance_id"]} if made else {}
        else:
            command = run(module.client("ssm"), module.params)
            if command["status"] != "Success":
                module.fail_json(msg=complaint(command, module.params["comment"]), command=command)
        module.exit_with("command", changed=True, before=None, after=command, observed=command.keys())


if __name__ == "__main__":
    main()
