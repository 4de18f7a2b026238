"""Mapping templates in the Velocity Template Language, with API Gateway's variables.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html
"""

from __future__ import annotations

import base64
import json
import typing as t
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote_plus, unquote_plus

import airspeed

from lab.edge.client_request import ClientRequest, json_path
from lab.edge.errors import GatewayError
from lab.edge.variables import Variables


@dataclass
class _Input:
    """`$input`"""

    client: ClientRequest
    body: str

    def path(self, expression: str) -> t.Any:
        return json_path(self._document(), expression) if expression != "$" else self._document()

    def json(self, expression: str) -> str:
        return json.dumps(self.path(expression))

    def params(self, name: str | None = None) -> t.Any:
        places = {
            "path": self.client.decoded_path_parameters(),
            "querystring": dict(self.client.query()),
            "header": dict(self.client.headers),
        }
        if name is None:
            return places
        return next((values[name] for values in places.values() if name in values), "")

    def _document(self) -> t.Any:
        try:
            return json.loads(self.body or "{}")
        except ValueError:
            return {}


class _Util:
    """`$util`"""

    escapeJavaScript = staticmethod(lambda text: json.dumps(text)[1:-1].replace("'", "\\'"))
    parseJson = staticmethod(json.loads)
    urlEncode = staticmethod(quote_plus)
    urlDecode = staticmethod(unquote_plus)
    base64Encode = staticmethod(lambda text: base64.b64encode(text.encode()).decode())
    base64Decode = staticmethod(lambda text: base64.b64decode(text).decode())


def merge(
    template: str, client: ClientRequest, body: bytes, variables: Variables, stage_variables: Mapping[str, str]
) -> str:
    names = {
        "input": _Input(client, body.decode("utf-8", "replace")),
        "context": _nested(variables),
        "stageVariables": dict(stage_variables),
        "util": _Util(),
    }
    try:
        return str(airspeed.Template(template).merge(names))
    except Exception as error:  # the library raises whatever an expression in the template runs into
        raise GatewayError("API_CONFIGURATION_ERROR", reason=f"mapping template: {error}") from error


def _nested(variables: Variables) -> dict[str, t.Any]:
    """`{"identity.sourceIp": x}` as `{"identity": {"sourceIp": x}}`."""
    tree: dict[str, t.Any] = {}
    for name, value in variables.items():
        *parents, leaf = name.split(".")
        node = tree
        for parent in parents:
            branch = node.setdefault(parent, {})
            if not isinstance(branch, dict):
                break
            node = branch
        else:
            node[leaf] = value
    return tree


def choose(templates: Mapping[str, str], media_type: str) -> str | None:
    """The template for a request's media type."""
    return templates.get(media_type)


def choose_response(templates: Mapping[str, str], accept: str | None) -> tuple[str, str] | None:
    """Content type and template for what a client accepts: that, JSON's, or the first one."""
    if not templates:
        return None
    wanted = (accept or "").partition(",")[0].partition(";")[0].strip() or "application/json"
    for content_type in (wanted, "application/json", next(iter(templates))):
        if content_type in templates:
            return content_type, templates[content_type]
    return None
