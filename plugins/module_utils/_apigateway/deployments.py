# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""Which deployment a stage needs: a deployment says in its description what it was made from. Pure: no AWS call.

A deployment cannot be read back, so that only its description can tell whether the API has changed since. The
fingerprint in it is that of the state read before the deployment was made. Where the API changed in between, the
description is older than the content, and the next run deploys once more: never is a change taken for deployed.
"""

from __future__ import annotations

import re
import typing as t

_LABEL = re.compile(r"central\.llm (sha256:[0-9a-f]{64})")


def label(fingerprint: str) -> str:
    """The description of a deployment made from this state."""
    return f"central.llm {fingerprint}"


def fingerprint_of(deployment: t.Mapping[str, t.Any] | None) -> str | None:
    """What a deployment was made from; None when somebody else made it."""
    found = _LABEL.fullmatch((deployment or {}).get("description") or "")
    return found[1] if found else None


def reason_to_deploy(fingerprint: str, deployment: t.Mapping[str, t.Any] | None) -> str:
    """Why the stage needs a new deployment, empty when its own is made from this state."""
    if deployment is None:
        return "the stage has no deployment yet"
    made_from = fingerprint_of(deployment)
    if made_from is None:
        return f"the deployment {deployment['id']} of the stage does not say what it was made from"
    if made_from != fingerprint:
        return f"the API has changed since the deployment {deployment['id']} of the stage"
    return ""


def to_prune(
    deployments: t.Iterable[t.Mapping[str, t.Any]], used: t.Container[str], keep: int | None
) -> list[t.Mapping[str, t.Any]]:
    """The oldest of this collection's deployments that no stage uses, but for the newest `keep`."""
    if keep is None:
        return []
    ours = [one for one in deployments if fingerprint_of(one) and one["id"] not in used]
    newest_first = sorted(ours, key=lambda one: one["createdDate"], reverse=True)
    return newest_first[keep:]


def used_by(stages: t.Iterable[t.Mapping[str, t.Any]]) -> set[str]:
    """The deployments that stages point to, their canaries' too."""
    found = set()
    for stage in stages:
        found |= {stage.get("deploymentId"), (stage.get("canarySettings") or {}).get("deploymentId")}
    return {one for one in found if one}


__all__ = ("fingerprint_of", "label", "reason_to_deploy", "to_prune", "used_by")
