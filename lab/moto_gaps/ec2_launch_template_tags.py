"""Launch templates: moto shows the tags that a template was created with for ever.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateTags.html
"""

from __future__ import annotations

from lab.control.call import Call
from lab.control.operations import Params, amends, backend
from lab.moto_gaps.ec2_launch_templates import shown


def apply() -> None:
    amends("ec2", "DescribeLaunchTemplates")(current_tags)


def current_tags(call: Call, _params: Params, output: Params) -> None:
    templates = backend("ec2", call.region).launch_templates
    for item in output.get("LaunchTemplates") or []:
        item["Tags"] = shown(templates[item["LaunchTemplateId"]])["Tags"]
