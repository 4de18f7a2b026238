"""Which API, stage and path a request means, from its URL alone."""

from __future__ import annotations

import re
import typing as t

# The form that works everywhere: no name resolution, one port for all APIs.
_PATH_FORM = re.compile(r"^/restapis/(?P<api>[^/]+)/(?P<stage>[^/]+)/_user_request_(?P<path>/.*)?$")
# The form AWS serves, for clients that can set the Host header or resolve *.localhost.
_HOST_FORM = re.compile(
    r"^(?P<api>[a-z0-9]+)\.execute-api\.(?:localhost|(?P<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?)(?::\d+)?$",
    re.IGNORECASE,
)


class Address(t.NamedTuple):
    api_id: str
    stage: str
    path: str
    """Still percent-encoded, beginning with a slash, without the stage."""
    region: str | None
    """None where the URL does not say; an API's id is looked for in all regions then."""


def parse(host: str, raw_path: str) -> Address | None:
    """The address in a request's Host header and encoded path (without the query string)."""
    by_host = _HOST_FORM.match(host)
    by_path = _PATH_FORM.match(raw_path)
    if by_path:
        region = by_host["region"] if by_host else None
        return Address(by_path["api"], by_path["stage"], by_path["path"] or "/", region)
    if by_host:
        stage, _slash, path = raw_path.lstrip("/").partition("/")
        return Address(by_host["api"].lower(), stage, f"/{path}", by_host["region"]) if stage else None
    return None
