#!/usr/bin/python
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: waf_ip_set
version_added: 0.1.0
short_description: Manage an IP set of AWS WAF
description:
  - Creates, changes and deletes an IP set of the scope REGIONAL. Only the options that are given are managed.
  - "AWS reference: U(https://docs.aws.amazon.com/waf/latest/APIReference/API_IPSet.html)."
author:
  - The central.llm maintainers (@central-llm)
options:
  name:
    description:
      - The name of the IP set, at most 128 letters, digits, hyphens and underscores.
    type: str
    required: true
  state:
    description:
      - V(present) creates or changes the IP set.
      - V(absent) deletes it. One that a web ACL refers to is waited for, and kept where that goes on.
    type: str
    choices: [present, absent]
    default: present
  ip_version:
    description:
      - Whether the addresses are of IPv4 or IPv6. AWS cannot change it.
      - Left out, a new IP set takes V(IPV4).
    type: str
    choices: [IPV4, IPV6]
  addresses:
    description:
      - All addresses and address ranges, in CIDR notation; a single address may come without its V(/32) or V(/128).
        At most 10000, and none that is everybody.
    type: list
    elements: str
  description:
    description:
      - What the IP set is for, at most 256 characters.
    type: str
  wait_timeout:
    description:
      - How many seconds O(state=absent) waits for web ACLs to let go of the IP set.
    type: int
    default: 300
extends_documentation_fragment:
  - central.llm.attributes
  - central.llm.tags
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Keep the addresses of the office
  central.llm.waf_ip_set:
    name: central-llm-allowed-ipv4
    ip_version: IPV4
    addresses: [203.0.113.0/24]
"""

RETURN = r"""
ip_set:
  description: The IP set as it is after the run; empty when there is none.
  returned: always
  type: dict
  contains:
    arn:
      description: ARN of the IP set.
      type: str
      returned: when it exists
      sample: arn:aws:wafv2:eu-central-1:123456789012:regional/ipset/central-llm-allowed-ipv4/a1b2
    id:
      description: Id of the IP set.
      type: str
      returned: when it exists
      sample: 2f0c1a3e-7d55-4a3b-9d0e-1f2a3b4c5d6e
    name:
      description: Name of the IP set.
      type: str
      sample: central-llm-allowed-ipv4
    description:
      description: What it is for.
      type: str
      sample: Who may call
    ip_version:
      description: Whether the addresses are of IPv4 or IPv6.
      type: str
      sample: IPV4
    addresses:
      description: The addresses, sorted.
      type: list
      elements: str
      sample: ["203.0.113.0/24"]
    tags:
      description: Tags of the IP set.
      type: dict
      sample: {"central-llm:stack": "central-llm"}
"""

import ipaddress
import typing as t

from ansible_collections.central.llm.plugins.module_utils._aws import AwsCallError, InvalidInput
from ansible_collections.central.llm.plugins.module_utils._compare import differing, given, plan_tags
from ansible_collections.central.llm.plugins.module_utils._module import CollectionModule, Resource
from ansible_collections.central.llm.plugins.module_utils._wafv2 import api

MOST_ADDRESSES = 10000


def describe(client: t.Any, found: api.Found | None) -> Resource | None:
    """The IP set in the shape that this module returns."""
    if found is None:
        return None
    item, _token = found
    return {
        "arn": item["ARN"],
        "id": item["Id"],
        "name": item["Name"],
        "description": item.get("Description", ""),
        "ip_version": item["IPAddressVersion"],
        "addresses": canonical(item["Addresses"], item["IPAddressVersion"]),
        "tags": api.list_tags(client, item["ARN"]),
    }


def canonical(addresses: t.Iterable[str], version: str) -> list[str]:
    """As AWS writes them, each once and in order; InvalidInput for what is no address range of this version."""
    networks = set()
    for each in addresses:
        try:
            network = ipaddress.ip_network(each)
        except ValueError as error:
            raise InvalidInput(f"addresses: {error}. Give ranges such as 203.0.113.0/24.") from None
        if f"IPV{network.version}" != version:
            raise InvalidInput(f"addresses: {each} is no {version} address. An IP set is of one version only.")
        if network.prefixlen == 0:
            raise InvalidInput(f"addresses: {each} is everybody, which AWS takes in no IP set.")
        networks.add(network)
    return [str(network) for network in sorted(networks, key=lambda one: (int(one.network_address), one.prefixlen))]


def wanted(options: Resource, before: Resource | None) -> Resource:
    """The managed options; what cannot be is said before the first write."""
    version = options["ip_version"] or (before["ip_version"] if before else "IPV4")
    if before and version != before["ip_version"]:
        raise InvalidInput(
            f"ip_version: the IP set {before['name']} is of {before['ip_version']}, and AWS cannot change that. "
            f"Take another name for the addresses of {version}."
        )
    desired = given({"description": options["description"], "ip_version": version})
    if options["addresses"] is not None:
        desired["addresses"] = canonical(options["addresses"], version)
        if len(desired["addresses"]) > MOST_ADDRESSES:
            raise InvalidInput(f"addresses: {len(desired['addresses'])} are more than {MOST_ADDRESSES}.")
    return desired


def update(client: t.Any, found: api.Found, before: Resource, changes: Resource) -> None:
    item, token = found
    after = {**before, **changes}
    request = {"Name": item["Name"], "Id": item["Id"], "Addresses": after["addresses"], "LockToken": token}
    try:
        api.update_set(client, request=request | given({"Description": after["description"] or None}))
    except AwsCallError:
        # The token of an attempt that AWS carried out, and whose answer got lost, is spent.
        now = describe(client, api.find_set(client, item["Name"]))
        if now is None or differing(changes, now):
            raise


def ensure_present(
    client: t.Any, found: api.Found | None, options: Resource, *, check_mode: bool
) -> tuple[bool, Resource | None, Resource]:
    before = describe(client, found)
    desired = wanted(options, before)
    tags = plan_tags(before["tags"] if before else {}, options["tags"], purge=options["purge_tags"])
    if before is None or found is None:
        after = {"name": options["name"], "description": "", "addresses": [], **desired, "tags": tags.after}
        if check_mode:
            return True, None, after
        request = {
            "Name": options["name"],
            "IPAddressVersion": after["ip_version"],
            "Addresses": after["addresses"],
            "Description": after["description"] or None,
            "Tags": api.as_list(tags.after) or None,
        }
        api.create_set(client, request=given(request))
        return True, None, describe(client, api.find_set(client, options["name"])) or after
    changes = differing(desired, before)
    if not check_mode:
        if changes:
            update(client, found, before, changes)
        api.write_tags(client, before["arn"], tags)
    return bool(changes or tags.changes), before, {**before, **changes, "tags": tags.after}


def main() -> None:
    module = CollectionModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "ip_version": {"type": "str", "choices": ["IPV4", "IPV6"]},
            "addresses": {"type": "list", "elements": "str"},
            "description": {"type": "str"},
            "tags": {"type": "dict", "aliases": ["resource_tags"]},
            "purge_tags": {"type": "bool", "default": False},
            "wait_timeout": {"type": "int", "default": 300},
        },
        supports_check_mode=True,
    )
    with module.failures_reported():
        options = module.params
        client = module.client("wafv2")
        found = api.find_set(client, options["name"])
        after: Resource | None = None
        if options["state"] == "present":
            changed, before, after = ensure_present(client, found, options, check_mode=module.check_mode)
        else:
            before = module.removable(describe(client, found))
            changed = before is not None
            if changed and found and not module.check_mode:
                api.delete_set(client, found, options["wait_timeout"])
        module.exit_with("ip_set", changed=changed, before=before, after=after)


if __name__ == "__main__":
    main()
