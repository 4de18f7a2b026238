"""One operation of an OpenAPI document as a method with its integration."""

from __future__ import annotations

import json
import typing as t
import zlib

from lab.moto_gaps import apigateway_integrations, apigateway_resources
from lab.moto_gaps.apigateway_openapi_document import Source
from lab.moto_gaps.apigateway_store import Api, Document, bad_request, given

_VALIDATOR = "x-amazon-apigateway-request-validator"
_PLACES = {"header": "header", "query": "querystring", "path": "path"}
_JSON = "application/json"


class Reader:
    """`at` says which part was being read, for the error message of the import."""

    def __init__(self, api: Api, source: Source, region: str, validator_ids: dict[str, str]) -> None:
        self.api, self.source, self.region, self.validator_ids = api, source, region, validator_ids
        self.at = "method"

    def method(self, name: str, operation: Document, shared_parameters: list[Document], resource_id: str) -> Document:
        self.at = "method"
        parameters = [self.source.resolve(one) for one in [*shared_parameters, *(operation.get("parameters") or [])]]
        wanted: Document = {
            "httpMethod": name,
            **self._authorization(operation),
            "apiKeyRequired": self._key_required(operation),
            "operationName": operation.get("operationId"),
            "requestValidatorId": self._validator(operation),
            "requestParameters": self._parameters(parameters) or None,
            "requestModels": self._models(operation, parameters) or None,
        }
        method = apigateway_resources.new_method(self.api, wanted)
        responses = self._responses(operation)
        if responses:
            method["methodResponses"] = responses
        integration = operation.get("x-amazon-apigateway-integration")
        if integration is not None:
            self.at = "integration"
            method["methodIntegration"] = self._integration(integration, method, resource_id)
        return method

    def _requirements(self, operation: Document) -> list[str]:
        """The names of the security schemes that apply; API Gateway does not use those at the document's root.

        https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html
        """
        security = operation.get("security") or []
        return [name for requirement in security for name in requirement]

    def _key_required(self, operation: Document) -> bool:
        for name in self._requirements(operation):
            scheme = self.source.resolve(self.source.security_schemes.get(name))
            if scheme is None:
                self.source.warnings.append(f"Unable to find security scheme '{name}'; it is ignored")
            elif _is_key(scheme):
                return True
        return False

    def _authorization(self, operation: Document) -> Document:
        for name in self._requirements(operation):
            scheme = self.source.resolve(self.source.security_schemes.get(name)) or {}
            if name in self.source.authorizers:
                made = next(one for one in self.api.authorizers.values() if one["name"] == name)
                return {"authorizationType": "CUSTOM", "authorizerId": made["id"]}
            if scheme.get("x-amazon-apigateway-authtype") == "awsSigv4":
                return {"authorizationType": "AWS_IAM"}
        explicit = (operation.get("x-amazon-apigateway-auth") or {}).get("type", "NONE")
        return {"authorizationType": str(explicit).upper()}

    def _validator(self, operation: Document) -> str | None:
        name = operation.get(_VALIDATOR, self.source.document.get(_VALIDATOR))
        if name is None:
            return None
        if name not in self.validator_ids:
            raise bad_request(f"Invalid request validator specified: {name}")
        return self.validator_ids[name]

    def _parameters(self, parameters: list[Document]) -> dict[str, bool]:
        declared = {}
        for parameter in parameters:
            place = _PLACES.get(parameter.get("in", ""))
            if place is None:
                if parameter.get("in") not in {"body", "formData"}:
                    self.source.warnings.append(
                        f"Parameter '{parameter.get('name')}' in '{parameter.get('in')}' is ignored"
                    )
                continue
            declared[f"method.request.{place}.{parameter['name']}"] = bool(parameter.get("required"))
        return declared

    def _models(self, operation: Document, parameters: list[Document]) -> dict[str, str]:
        schemas = {}
        if self.source.swagger:
            body = next((parameter for parameter in parameters if parameter.get("in") == "body"), None)
            if body and body.get("schema"):
                schemas[(operation.get("consumes") or [_JSON])[0]] = body["schema"]
        else:
            content = (self.source.resolve(operation.get("requestBody")) or {}).get("content") or {}
            schemas = {kind: media["schema"] for kind, media in content.items() if (media or {}).get("schema")}
        return {kind: self._model_name(schema) for kind, schema in schemas.items()}

    def _model_name(self, schema: Document) -> str:
        """The model of a referenced schema; one without a name gets a generated one, the same at every import."""
        if "$ref" in schema:
            self.source.resolve(schema)
            return str(schema["$ref"]).rsplit("/", 1)[-1]
        name = f"MODEL{zlib.crc32(json.dumps(schema, sort_keys=True).encode()):08x}"
        self.api.models.setdefault(name, self.source.model(name, schema))
        return name

    def _responses(self, operation: Document) -> Document:
        answers = {}
        for code, node in (operation.get("responses") or {}).items():
            if not str(code).isdigit():
                continue
            response = self.source.resolve(node) or {}
            answer: Document = {"statusCode": str(code)}
            headers = {f"method.response.header.{name}": False for name in response.get("headers") or {}}
            if headers:
                answer["responseParameters"] = headers
            if self.source.swagger:
                schemas = {_JSON: response["schema"]} if response.get("schema") else {}
            else:
                content = response.get("content") or {}
                schemas = {kind: media["schema"] for kind, media in content.items() if (media or {}).get("schema")}
            if schemas:
                answer["responseModels"] = {kind: self._model_name(schema) for kind, schema in schemas.items()}
            answers[str(code)] = answer
        return answers

    def _integration(self, wanted: t.Any, method: Document, resource_id: str) -> Document:
        if not isinstance(wanted, dict) or not wanted.get("type"):
            raise bad_request("Integration type must be specified")
        # The document writes http_proxy, the API HTTP_PROXY.
        shaped = {**wanted, "type": str(wanted["type"]).upper()}
        for name in ("connectionType", "passthroughBehavior", "responseTransferMode", "httpMethod"):
            if shaped.get(name) is not None:
                shaped[name] = str(shaped[name]).upper()
        integration = apigateway_integrations.new_integration(self.region, method, shaped, resource_id)
        responses = {}
        for pattern, node in (wanted.get("responses") or {}).items():
            response = {**node, "statusCode": str(node.get("statusCode", ""))}
            if not response["statusCode"]:
                raise bad_request(f"Status code of integration response '{pattern}' must be specified")
            if pattern != "default":
                response["selectionPattern"] = str(pattern)
            responses[response["statusCode"]] = given(
                response, "statusCode", "selectionPattern", "responseParameters", "responseTemplates", "contentHandling"
            )
        if responses:
            integration["integrationResponses"] = responses
        return integration


def _is_key(scheme: Document) -> bool:
    """API Gateway's own keys; with an authorizer the header is just a header."""
    return (
        scheme.get("type") == "apiKey"
        and str(scheme.get("name", "")).lower() == "x-api-key"
        and "x-amazon-apigateway-authorizer" not in scheme
    )
