"""AWS WAF: moto takes any rule, knows no lock of an IP set in use, and looks for stages in its own API Gateway.

Regional web ACLs and IP sets, and what a web ACL protects: stages of REST APIs, of the lab's own store.
https://docs.aws.amazon.com/waf/latest/APIReference/API_Operations_AWS_WAFV2.html
"""

from __future__ import annotations

import copy
import ipaddress
import re
import typing as t
import uuid
from dataclasses import dataclass, field

from lab.context import ACCOUNT_ID
from lab.control import current
from lab.control.call import Call
from lab.control.errors import AwsError
from lab.control.operations import replaces
from lab.moto_gaps import apigateway_store

Document = dict[str, t.Any]

_STAGE = re.compile(r"^arn:aws[\w-]*:apigateway:[\w-]+::/restapis/(?P<api>\w+)/stages/(?P<stage>[\w-]+)$")
_WINDOWS = (60, 120, 300, 600)
_GROUPS = ("ManagedRuleGroupStatement", "RuleGroupReferenceStatement")
# What UpdateWebACL takes: all of it is replaced, and what is left out is gone.
_SETTINGS = (
    *("DefaultAction", "Description", "Rules", "VisibilityConfig", "DataProtectionConfig", "CustomResponseBodies"),
    *("CaptchaConfig", "ChallengeConfig", "TokenDomains", "AssociationConfig", "OnSourceDDoSProtectionConfig"),
)


@dataclass
class Store:
    """AWS WAF in one region; by id."""

    acls: dict[str, Document] = field(default_factory=dict)
    sets: dict[str, Document] = field(default_factory=dict)
    # ARN of what is protected -> ARN of the web ACL
    protected: dict[str, str] = field(default_factory=dict)
    tags: dict[str, dict[str, str]] = field(default_factory=dict)


_stores: dict[str, Store] = {}


@current.on_reset
def clear() -> None:
    _stores.clear()


def store(region: str) -> Store:
    return _stores.setdefault(region, Store())


def of(call: Call) -> Store:
    return store(call.region)


def apply() -> None:
    on = lambda name, handler: replaces("wafv2", name)(handler)  # noqa: E731
    on("CreateIPSet", create_set)
    on("GetIPSet", lambda call, params: _found(of(call).sets, "IPSet", params))
    on("ListIPSets", lambda call, params: _page("IPSets", of(call).sets, params))
    on("UpdateIPSet", update_set)
    on("DeleteIPSet", delete_set)
    on("CreateWebACL", create_acl)
    on("GetWebACL", get_acl)
    on("ListWebACLs", lambda call, params: _page("WebACLs", of(call).acls, params))
    on("UpdateWebACL", update_acl)
    on("DeleteWebACL", delete_acl)
    on("AssociateWebACL", associate)
    on("DisassociateWebACL", disassociate)
    on("GetWebACLForResource", acl_of_resource)
    on("ListResourcesForWebACL", resources_of_acl)
    on("ListTagsForResource", list_tags)
    on("TagResource", tag)
    on("UntagResource", untag)


def _refusal(code: str, message: str) -> AwsError:
    return AwsError(code, message, 400)


def _missing() -> AwsError:
    message = "AWS WAF couldn\u2019t perform the operation because your resource doesn\u2019t exist."
    return _refusal("WAFNonexistentItemException", message)


def _invalid(fieldname: str, parameter: str, why: str) -> AwsError:
    message = f"Error reason: {why}, field: {fieldname}, parameter: {parameter}"
    return _refusal("WAFInvalidParameterException", message)


def _duplicate() -> AwsError:
    return _refusal(
        "WAFDuplicateItemException",
        "AWS WAF couldn\u2019t perform the operation because some resource in your request is a duplicate of an "
        "existing one.",
    )


def _regional(params: Document) -> None:
    if params.get("Scope", "REGIONAL") != "REGIONAL":
        raise NotImplementedError(f"AWS WAF with the scope {params['Scope']}")


def _of_id(kept: dict[str, Document], params: Document) -> Document:
    _regional(params)
    item = kept.get(params.get("Id") or "")
    if item is None or item["Name"] != params.get("Name"):
        raise _missing()
    return item


def _locked(kept: dict[str, Document], params: Document) -> Document:
    item = _of_id(kept, params)
    if item["LockToken"] != params["LockToken"]:
        raise _refusal(
            "WAFOptimisticLockException",
            "AWS WAF couldn\u2019t save your changes because someone changed the resource after you started to edit "
            "it. Reapply your changes.",
        )
    return item


def _shown(item: Document) -> Document:
    return {name: copy.deepcopy(value) for name, value in item.items() if name != "LockToken"}


def _found(kept: dict[str, Document], member: str, params: Document) -> Document:
    item = _of_id(kept, params)
    return {member: _shown(item), "LockToken": item["LockToken"]}


def _page(member: str, kept: dict[str, Document], params: Document) -> Document:
    _regional(params)
    limit, ids = params.get("Limit") or 100, list(kept)
    start = ids.index(params["NextMarker"]) if params.get("NextMarker") in ids else 0
    answer: Document = {
        member: [
            {name: kept[each][name] for name in ("Name", "Id", "Description", "LockToken", "ARN")}
            for each in ids[start : start + limit]
        ]
    }
    if start + limit < len(ids):
        answer["NextMarker"] = ids[start + limit]
    return answer


def _made(call: Call, kept: dict[str, Document], kind: str, params: Document, values: Document) -> Document:
    _regional(params)
    if any(one["Name"] == params["Name"] for one in kept.values()):
        raise _duplicate()
    identifier = str(uuid.uuid4())
    arn = f"arn:aws:wafv2:{call.region}:{ACCOUNT_ID}:regional/{kind}/{params['Name']}/{identifier}"
    item = {"Name": params["Name"], "Id": identifier, "ARN": arn, "Description": "", **values}
    item["LockToken"] = str(uuid.uuid4())
    kept[identifier] = item
    of(call).tags[arn] = {each["Key"]: each["Value"] for each in params.get("Tags") or []}
    summary = {name: item[name] for name in ("Name", "Id", "Description", "LockToken", "ARN")}
    return {"Summary": summary}


# IP sets


def create_set(call: Call, params: Document) -> Document:
    version = params["IPAddressVersion"]
    values: Document = {"IPAddressVersion": version, "Addresses": _addresses(version, params["Addresses"])}
    if params.get("Description"):
        values["Description"] = params["Description"]
    return _made(call, of(call).sets, "ipset", params, values)


def _addresses(version: str, given: list[str]) -> list[str]:
    """CIDR notation throughout, "all … except for /0"."""
    for each in given:
        try:
            network = ipaddress.ip_network(each)
        except ValueError:
            network = None
        if network is None or "/" not in each or f"IPV{network.version}" != version or network.prefixlen == 0:
            raise _invalid("IP_ADDRESS", each, "The parameter contains formatting that is not valid.")
    return list(given)


def update_set(call: Call, params: Document) -> Document:
    item = _locked(of(call).sets, params)
    addresses = _addresses(item["IPAddressVersion"], params["Addresses"])
    item.update(Addresses=addresses, Description=params.get("Description") or "", LockToken=str(uuid.uuid4()))
    return {"NextLockToken": item["LockToken"]}


def delete_set(call: Call, params: Document) -> Document:
    item = _locked(of(call).sets, params)
    if any(item["ARN"] in _references(acl["Rules"]) for acl in of(call).acls.values()):
        raise _in_use()
    del of(call).sets[item["Id"]]
    of(call).tags.pop(item["ARN"], None)
    return {}


def _in_use() -> AwsError:
    return _refusal(
        "WAFAssociatedItemException",
        "AWS WAF couldn\u2019t perform the operation because your resource is being used by another resource or "
        "it\u2019s associated with another resource.",
    )


def _references(node: t.Any) -> set[str]:
    if isinstance(node, list):
        return set().union(*map(_references, node))
    if not isinstance(node, dict):
        return set()
    own = {node["ARN"]} if "ARN" in node else set()
    return own.union(*map(_references, node.values()))


# Web ACLs


def create_acl(call: Call, params: Document) -> Document:
    values = _settings(of(call), params)
    return _made(call, of(call).acls, "webacl", params, {**values, "Capacity": 1})


def get_acl(call: Call, params: Document) -> Document:
    kept = of(call).acls
    if params.get("ARN"):
        item = next((one for one in kept.values() if one["ARN"] == params["ARN"]), None)
        if item is None:
            raise _missing()
        return {"WebACL": _shown(item), "LockToken": item["LockToken"]}
    return _found(kept, "WebACL", params)


def update_acl(call: Call, params: Document) -> Document:
    item = _locked(of(call).acls, params)
    values = _settings(of(call), params)
    for name in _SETTINGS:
        item.pop(name, None)
    item.update({"Description": "", **values}, LockToken=str(uuid.uuid4()))
    return {"NextLockToken": item["LockToken"]}


def delete_acl(call: Call, params: Document) -> Document:
    item = _locked(of(call).acls, params)
    if item["ARN"] in of(call).protected.values():
        raise _in_use()
    del of(call).acls[item["Id"]]
    of(call).tags.pop(item["ARN"], None)
    return {}


def _settings(store: Store, params: Document) -> Document:
    rules = params.get("Rules") or []
    if len(set(params["DefaultAction"])) != 1:
        raise _invalid("DEFAULT_ACTION", "", "You have used none or multiple values for a field that requires one.")
    for name in ("Name", "Priority"):
        if len({rule[name] for rule in rules}) < len(rules):
            raise (
                _duplicate() if name == "Name" else _invalid("RULE", "Priority", "Your rule priorities are not unique.")
            )
    for rule in rules:
        _check_rule(store, rule)
    return {name: copy.deepcopy(params[name]) for name in _SETTINGS if params.get(name) is not None} | {"Rules": rules}


def _check_rule(store: Store, rule: Document) -> None:
    [kind] = rule["Statement"] or [""]
    group = kind in _GROUPS
    if ("OverrideAction" in rule) != group or ("Action" in rule) == group:
        raise _invalid("RULE", rule["Name"], "A rule has an action, one of a rule group an override action instead.")
    _check_statement(store, rule["Statement"], top=True)


def _check_statement(store: Store, statement: Document, *, top: bool = False) -> None:
    if len(statement) != 1:
        raise _invalid("STATEMENT", "", "You have used none or multiple values for a field that requires exactly one.")
    [(kind, said)] = statement.items()
    if kind == "IPSetReferenceStatement":
        if said["ARN"] not in {one["ARN"] for one in store.sets.values()}:
            raise _missing()
    elif kind in ("AndStatement", "OrStatement"):
        if len(said["Statements"]) < 2:
            raise _invalid(kind.upper(), "Statements", "A nested statement needs two statements or more.")
        for each in said["Statements"]:
            _check_statement(store, each)
    elif kind == "NotStatement":
        _check_statement(store, said["Statement"])
    elif kind == "RateBasedStatement":
        if not top or not 10 <= said["Limit"] <= 2_000_000_000:
            raise _invalid("RATE_BASED_STATEMENT", str(said["Limit"]), "Your rate limit must be 10 to 2000000000.")
        if said.get("EvaluationWindowSec", 300) not in _WINDOWS:
            raise _invalid("RATE_BASED_STATEMENT", "EvaluationWindowSec", f"It must be one of {_WINDOWS}.")
        if said["AggregateKeyType"] != "IP" or "ScopeDownStatement" in said:
            raise NotImplementedError("rate-based rules but by address")
        said.setdefault("EvaluationWindowSec", 300)
    elif kind == "ByteMatchStatement":
        if not 1 <= len(said["SearchString"]) <= 200:
            raise _invalid("BYTE_MATCH_STATEMENT", "SearchString", "It must be 1 to 200 bytes.")
    elif kind not in _GROUPS:
        raise NotImplementedError(f"rules with a {kind}")
    elif not top:
        raise _invalid("STATEMENT", kind, "A rule group cannot be nested.")


# What is protected


def associate(call: Call, params: Document) -> Document:
    if params["WebACLArn"] not in {one["ARN"] for one in of(call).acls.values()}:
        raise _missing()
    stage = _stage(call.region, params["ResourceArn"])
    if stage is None:
        raise _missing()
    of(call).protected[params["ResourceArn"]] = params["WebACLArn"]
    stage["webAclArn"] = params["WebACLArn"]
    return {}


def disassociate(call: Call, params: Document) -> Document:
    stage = _stage(call.region, params["ResourceArn"])
    if stage is None:
        raise _missing()
    of(call).protected.pop(params["ResourceArn"], None)
    stage.pop("webAclArn", None)
    return {}


def _stage(region: str, arn: str) -> Document | None:
    found = _STAGE.match(arn)
    if found is None:
        raise _invalid("RESOURCE_ARN", arn, "The ARN isn't valid.")
    api = apigateway_store.store(region).apis.get(found["api"])
    return api.stages.get(found["stage"]) if api else None


def _forget_the_gone(call: Call) -> dict[str, str]:
    """A stage that was deleted is protected no more."""
    store = of(call)
    store.protected = {arn: acl for arn, acl in store.protected.items() if _stage(call.region, arn) is not None}
    return store.protected


def acl_of_resource(call: Call, params: Document) -> Document:
    if _stage(call.region, params["ResourceArn"]) is None:
        raise _missing()
    arn = of(call).protected.get(params["ResourceArn"])
    found = next((one for one in of(call).acls.values() if one["ARN"] == arn), None)
    return {"WebACL": _shown(found)} if found else {}


def resources_of_acl(call: Call, params: Document) -> Document:
    if params["WebACLArn"] not in {one["ARN"] for one in of(call).acls.values()}:
        raise _missing()
    if params.get("ResourceType", "APPLICATION_LOAD_BALANCER") != "API_GATEWAY":
        return {"ResourceArns": []}
    protected = _forget_the_gone(call)
    return {"ResourceArns": sorted(arn for arn, acl in protected.items() if acl == params["WebACLArn"])}


# Tags


def _tags_of(call: Call, params: Document) -> dict[str, str]:
    if params["ResourceARN"] not in of(call).tags:
        raise _missing()
    return of(call).tags[params["ResourceARN"]]


def list_tags(call: Call, params: Document) -> Document:
    tags = [{"Key": key, "Value": value} for key, value in _tags_of(call, params).items()]
    return {"TagInfoForResource": {"ResourceARN": params["ResourceARN"], "TagList": tags}}


def tag(call: Call, params: Document) -> Document:
    _tags_of(call, params).update({each["Key"]: each["Value"] for each in params["Tags"]})
    return {}


def untag(call: Call, params: Document) -> Document:
    tags = _tags_of(call, params)
    for key in params["TagKeys"]:
        tags.pop(key, None)
    return {}
