"""Reads the parts of an OpenAPI document that concern the API as a whole, for both versions of the language."""

from __future__ import annotations

import json
import typing as t

from lab.moto_gaps.apigateway_store import Document, bad_request, new_id

_EXTENSION = "x-amazon-apigateway-"


class Source:
    """One document, and the warnings that its import gives rise to."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.warnings: list[str] = []
        self.swagger = "swagger" in document
        info = document.get("info")
        if not isinstance(info, dict) or not info.get("title"):
            raise bad_request("Unable to parse API definition: attribute info.title is missing")
        self.info = info
        self.title = str(info["title"])
        self.paths: Document = document["paths"]
        components = document if self.swagger else (document.get("components") or {})
        self.schemas: Document = components.get("definitions" if self.swagger else "schemas") or {}
        self.security_schemes: Document = (
            components.get("securityDefinitions" if self.swagger else "securitySchemes") or {}
        )
        self.policy = self._extension("policy")
        self.validators = self._extension("request-validators")
        self.gateway_responses = self._extension("gateway-responses")
        schemes = {name: self.resolve(node) or {} for name, node in self.security_schemes.items()}
        self.authorizers: Document = {
            name: scheme[_EXTENSION + "authorizer"]
            for name, scheme in schemes.items()
            if _EXTENSION + "authorizer" in scheme
        }

    def _extension(self, name: str) -> Document:
        value = self.document.get(_EXTENSION + name) or {}
        if not isinstance(value, dict):
            raise bad_request(f"{_EXTENSION}{name} must be an object")
        return value

    def apply_to_info(self, info: Document, options: Document) -> None:
        """Title, description and the extensions at the top of the document."""
        info["name"] = self.title
        for name in ("description", "version"):
            if self.info.get(name) is not None:
                info[name] = str(self.info[name])
        for extension, member in (
            ("binary-media-types", "binaryMediaTypes"),
            ("minimum-compression-size", "minimumCompressionSize"),
            ("api-key-source", "apiKeySource"),
        ):
            if _EXTENSION + extension in self.document:
                info[member] = self.document[_EXTENSION + extension]
        endpoint = {**self._server_endpoint(), **self._extension("endpoint-configuration")}
        if "disableExecuteApiEndpoint" in endpoint:
            info["disableExecuteApiEndpoint"] = bool(endpoint.pop("disableExecuteApiEndpoint"))
        if endpoint:
            info["endpointConfiguration"] = {**info["endpointConfiguration"], **endpoint}
        if "endpointConfigurationTypes" in options:
            info["endpointConfiguration"] = {
                **info["endpointConfiguration"],
                "types": options["endpointConfigurationTypes"].split(","),
            }

    def _server_endpoint(self) -> Document:
        """In OpenAPI 3 the endpoint configuration is an extension of a server."""
        for server in self.document.get("servers") or []:
            if isinstance(server, dict) and server.get(_EXTENSION + "endpoint-configuration"):
                return dict(server[_EXTENSION + "endpoint-configuration"])
        return {}

    def resolve(self, node: t.Any) -> t.Any:
        """Follow `$ref` within the document."""
        for _hop in range(20):
            if not isinstance(node, dict) or "$ref" not in node:
                return node
            target: t.Any = self.document
            for part in str(node["$ref"]).removeprefix("#/").split("/"):
                part = part.replace("~1", "/").replace("~0", "~")
                if not isinstance(target, dict) or part not in target:
                    raise bad_request(f"Invalid reference: {node['$ref']}")
                target = target[part]
            node = target
        raise bad_request("References go round in a circle")

    def model(self, name: str, schema: Document) -> Document:
        """A schema as the model that API Gateway makes of it: JSON Schema draft 4, references by model name."""
        return {"id": new_id(6), "name": name, "contentType": "application/json", "schema": json.dumps(schema)}
