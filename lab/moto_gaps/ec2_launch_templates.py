"""Launch templates: moto leaks the template's own tags into its data, ignores SourceVersion, and deletes no version."""

from __future__ import annotations

import copy
import typing as t

from lab.context import ACCOUNT_ID
from lab.control.call import Call
from lab.control.errors import AwsError
from lab.control.operations import Params, backend, replaces

# Lists whose entries are told apart by a member: a later version's entry replaces the one of the same name.
_MERGED_BY = {"BlockDeviceMappings": "DeviceName"}


def apply() -> None:
    replaces("ec2", "CreateLaunchTemplate")(create)
    replaces("ec2", "CreateLaunchTemplateVersion")(create_version)
    replaces("ec2", "DescribeLaunchTemplateVersions")(describe_versions)
    replaces("ec2", "DeleteLaunchTemplateVersions")(delete_versions)
    replaces("ec2", "ModifyLaunchTemplate")(modify)


def dry_run(params: Params) -> None:
    if params.get("DryRun"):
        raise AwsError("DryRunOperation", "Request would have succeeded, but DryRun flag is set.", 412)


def create(call: Call, params: Params) -> Params:
    ec2 = backend("ec2", call.region)
    if not params.get("LaunchTemplateData"):
        raise AwsError("MissingParameter", "The request must contain the parameter LaunchTemplateData")
    name = params["LaunchTemplateName"]
    if name in ec2.launch_template_name_to_ids:
        raise AwsError("InvalidLaunchTemplateName.AlreadyExistsException", "Launch template name already in use.")
    for specification in params.get("TagSpecifications") or []:
        if specification.get("ResourceType") != "launch-template":
            raise AwsError(
                "InvalidParameterValue",
                f"'{specification.get('ResourceType')}' is not a valid taggable resource type for this operation.",
            )
    dry_run(params)
    tags = {
        tag["Key"]: tag.get("Value", "")
        for specification in params.get("TagSpecifications") or []
        for tag in specification.get("Tags") or []
    }
    template = ec2.create_launch_template(
        name, params.get("VersionDescription"), copy.deepcopy(params["LaunchTemplateData"]), {"launch-template": tags}
    )
    template.lab_deleted = set()
    return {"LaunchTemplate": shown(template)}


def shown(template: t.Any) -> Params:
    return {
        "LaunchTemplateId": template.id,
        "LaunchTemplateName": template.name,
        "CreateTime": template.create_time,
        "CreatedBy": f"arn:aws:iam::{ACCOUNT_ID}:root",
        "DefaultVersionNumber": template.default_version_number,
        "LatestVersionNumber": versions_of(template)[-1].number,
        "Tags": [{"Key": tag["key"], "Value": tag["value"]} for tag in template.get_tags()],
    }


def versions_of(template: t.Any) -> list[t.Any]:
    return [version for version in template.versions if version.number not in template.lab_deleted]


def find(region: str, params: Params) -> t.Any:
    """The template that a request names by id or by name."""
    ec2 = backend("ec2", region)
    template_id, name = params.get("LaunchTemplateId"), params.get("LaunchTemplateName")
    if bool(template_id) == bool(name):
        raise AwsError(
            "InvalidParameterCombination" if name else "MissingParameter",
            "Exactly one of launch template ID and launch template name must be specified.",
        )
    if template_id:
        if template_id not in ec2.launch_templates:
            raise AwsError("InvalidLaunchTemplateId.NotFound", f"The launch template ID '{template_id}' does not exist")
        return ec2.launch_templates[template_id]
    if name not in ec2.launch_template_name_to_ids:
        raise AwsError(
            "InvalidLaunchTemplateName.NotFoundException",
            f"At least one of the launch templates specified in the request does not exist: {name}",
        )
    return ec2.launch_templates[ec2.launch_template_name_to_ids[name]]


def version_of(template: t.Any, wanted: str | None) -> t.Any:
    """By number, `$Latest` or `$Default`; the default one when nothing is said."""
    existing = versions_of(template)
    if wanted in {None, "", "$Default"}:
        wanted = str(template.default_version_number)
    if wanted == "$Latest":
        return existing[-1]
    found = next((version for version in existing if str(version.number) == str(wanted)), None)
    if found is None:
        raise AwsError(
            "InvalidLaunchTemplateId.VersionNotFound",
            f"Could not find launch template version {wanted} for launch template {template.id}.",
        )
    return found


def merge(base: Params, over: Params) -> Params:
    """What `over` says wins; block devices are merged by name, everything else is replaced as a whole."""
    merged = {**copy.deepcopy(base), **copy.deepcopy(over)}
    for member, key in _MERGED_BY.items():
        if member in base and member in over:
            entries = {entry[key]: entry for entry in base[member]}
            for entry in over[member]:
                earlier = entries.get(entry[key], {})
                ebs = {**(earlier.get("Ebs") or {}), **(entry.get("Ebs") or {})}
                entries[entry[key]] = {**earlier, **entry, **({"Ebs": ebs} if ebs else {})}
            merged[member] = list(entries.values())
    return merged


def create_version(call: Call, params: Params) -> Params:
    template = find(call.region, params)
    if not params.get("LaunchTemplateData"):
        raise AwsError("MissingParameter", "The request must contain the parameter LaunchTemplateData")
    dry_run(params)
    data = copy.deepcopy(params["LaunchTemplateData"])
    if params.get("SourceVersion"):
        data = merge(version_of(template, params["SourceVersion"]).data, data)
    version = template.create_version(data, params.get("VersionDescription"))
    return {"LaunchTemplateVersion": _shown_version(template, version)}


def _shown_version(template: t.Any, version: t.Any) -> Params:
    answer = {
        "LaunchTemplateId": template.id,
        "LaunchTemplateName": template.name,
        "VersionNumber": version.number,
        "CreateTime": version.create_time,
        "CreatedBy": f"arn:aws:iam::{ACCOUNT_ID}:root",
        "DefaultVersion": version.number == template.default_version_number,
        "LaunchTemplateData": version.data,
    }
    if version.description:
        answer["VersionDescription"] = version.description
    return answer


def describe_versions(call: Call, params: Params) -> Params | None:
    if not params.get("LaunchTemplateId") and not params.get("LaunchTemplateName"):
        # Across all templates: moto's own rules hold.
        return None
    template = find(call.region, params)
    if params.get("Versions"):
        chosen = [version_of(template, wanted) for wanted in params["Versions"]]
    else:
        low, high = int(params.get("MinVersion") or 1), int(params.get("MaxVersion") or 10**9)
        chosen = [version for version in versions_of(template) if low <= version.number <= high]
    newest_first = sorted({version.number: version for version in chosen}.values(), key=lambda one: -one.number)
    start = int(params.get("NextToken") or 0)
    size = int(params.get("MaxResults") or 200)
    answer: Params = {
        "LaunchTemplateVersions": [_shown_version(template, one) for one in newest_first[start : start + size]]
    }
    if start + size < len(newest_first):
        answer["NextToken"] = str(start + size)
    return answer


def delete_versions(call: Call, params: Params) -> Params:
    """Each version by itself: some may go while others are refused."""
    template = find(call.region, params)
    dry_run(params)
    gone, kept = [], []
    for wanted in params["Versions"]:
        place = {"LaunchTemplateId": template.id, "LaunchTemplateName": template.name, "VersionNumber": int(wanted)}
        existing = {version.number for version in versions_of(template)}
        if int(wanted) == template.default_version_number:
            problem = ("unexpectedError", "You cannot delete the default version of a launch template.")
        elif int(wanted) not in existing:
            problem = ("launchTemplateVersionDoesNotExist", f"Could not find launch template version {wanted}.")
        else:
            template.lab_deleted.add(int(wanted))
            gone.append(place)
            continue
        kept.append({**place, "ResponseError": {"Code": problem[0], "Message": problem[1]}})
    return {
        "SuccessfullyDeletedLaunchTemplateVersions": gone,
        "UnsuccessfullyDeletedLaunchTemplateVersions": kept,
    }


def modify(call: Call, params: Params) -> Params:
    template = find(call.region, params)
    wanted = params.get("DefaultVersion")
    if not wanted:
        raise AwsError("MissingParameter", "The request must contain the parameter SetDefaultVersion")
    dry_run(params)
    template.default_version_number = version_of(template, wanted).number
    return {"LaunchTemplate": shown(template)}
