# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""The face that every module of this collection shows to Ansible: client, result, diff and failure in one shape."""

from __future__ import annotations

import contextlib
import typing as t

try:
    from botocore.config import Config
except ImportError:  # AnsibleAWSModule reports a missing SDK.
    pass

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ._aws import AwsCallError, InvalidInput

# Standard mode knows every throttling code that AWS declares, ThrottlingException included, and backs off up to
# 20 s a try. API Gateway's control plane admits some calls only once in 20 to 30 s, hence the patience.
# https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
# https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
RETRIES = {"mode": "standard", "total_max_attempts": 8}

Resource = dict[str, t.Any]


class CollectionModule(AnsibleAWSModule):
    """AnsibleAWSModule with this collection's retries, result shape and failures."""

    def client(self, service: str, retry_decorator: t.Any = None, **extra_params: t.Any) -> t.Any:
        # 'config' is merged before the user's own 'aws_config', which therefore wins.
        extra_params.setdefault("config", Config(retries=RETRIES))
        return super().client(service, retry_decorator=retry_decorator, **extra_params)

    def _should_inject_warnings(self) -> bool:
        # The result carries what was said with warn() by itself; passing it to exit_json as well is deprecated.
        return False

    def yet_to_be_made(self, option: str) -> bool:
        """Whether what an option refers to is something that this run would make.

        Check mode cannot know the id of what it only predicts. Whoever has none gives an empty one, and gets a
        prediction all the same; a run, and check mode with an id that leads nowhere, fail.
        """
        if self.params[option]:
            return False
        if not self.check_mode:
            raise InvalidInput(f"{option}: empty. Only check mode takes that, for what the run is yet to make.")
        return True

    def removable(self, resource: Resource | None) -> Resource | None:
        """What state=absent removes: with tags given, only a resource that carries them; another one is not ours."""
        wanted = self.params.get("tags") or {}
        if resource is None or wanted.items() <= (resource.get("tags") or {}).items():
            return resource
        carries = ", ".join(f"{key}={value}" for key, value in wanted.items())
        self.warn(f"What has this name does not carry {carries}. It is somebody else's, and left alone.")
        return None

    @contextlib.contextmanager
    def failures_reported(self) -> t.Iterator[None]:
        """Bad input and failed calls end the module here, with what was wrong; nothing else may end it."""
        try:
            yield
        except InvalidInput as error:
            self.fail_json(msg=str(error))
        except AwsCallError as error:
            self.fail_json(msg=error.message, **_error_details(error))

    def exit_with(
        self,
        name: str,
        *,
        changed: bool,
        before: Resource | None,
        after: Resource | None,
        observed: t.Collection[str] = (),
        **returned: t.Any,
    ) -> t.NoReturn:
        """End with the resource as it is now (in check mode: as it would be) under its own name.

        Keys in `observed` tell what AWS is doing at the moment (counts, events, a state on its way): they are
        returned, but no part of the diff, which shows what is managed.
        """
        result: dict[str, t.Any] = {"changed": changed, name: after or {}, **returned}
        if self._diff:
            result["diff"] = {"before": _without(before, observed), "after": _without(after, observed)}
        end: t.Callable[..., t.NoReturn] = self.exit_json
        end(**result)


def _without(resource: Resource | None, keys: t.Collection[str]) -> Resource:
    return {key: value for key, value in (resource or {}).items() if key not in keys}


def _error_details(error: AwsCallError) -> dict[str, t.Any]:
    response = getattr(error.exception, "response", None) or {}
    details = response.get("Error", {})
    metadata = response.get("ResponseMetadata", {})
    found = {"error_code": details.get("Code"), "request_id": metadata.get("RequestId")}
    return {key: value for key, value in found.items() if value}


__all__ = ("RETRIES", "CollectionModule", "Resource")
