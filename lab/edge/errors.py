"""What the gateway itself answers when a request cannot be served: the gateway response types.

https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
"""

from __future__ import annotations

import typing as t


class ResponseType(t.NamedTuple):
    status: int
    error_type: str
    """The value of the x-amzn-ErrorType header."""
    message: str


RESPONSE_TYPES: t.Final[dict[str, ResponseType]] = {
    "ACCESS_DENIED": ResponseType(403, "AccessDeniedException", "Access Denied"),
    "API_CONFIGURATION_ERROR": ResponseType(500, "InternalServerErrorException", "Internal server error"),
    "AUTHORIZER_CONFIGURATION_ERROR": ResponseType(500, "InternalServerErrorException", "Internal server error"),
    "AUTHORIZER_FAILURE": ResponseType(500, "InternalServerErrorException", "Internal server error"),
    "BAD_REQUEST_BODY": ResponseType(400, "BadRequestException", "Invalid request body"),
    "BAD_REQUEST_PARAMETERS": ResponseType(400, "BadRequestException", "Missing required request parameters"),
    "DEFAULT_4XX": ResponseType(400, "BadRequestException", "Bad Request"),
    "DEFAULT_5XX": ResponseType(500, "InternalServerErrorException", "Internal server error"),
    "INTEGRATION_FAILURE": ResponseType(
        504, "InternalServerErrorException", "Network error communicating with endpoint"
    ),
    "INTEGRATION_TIMEOUT": ResponseType(504, "InternalServerErrorException", "Endpoint request timed out"),
    "INVALID_API_KEY": ResponseType(403, "ForbiddenException", "Forbidden"),
    "MISSING_AUTHENTICATION_TOKEN": ResponseType(
        403, "MissingAuthenticationTokenException", "Missing Authentication Token"
    ),
    "QUOTA_EXCEEDED": ResponseType(429, "LimitExceededException", "Limit Exceeded"),
    "REQUEST_TOO_LARGE": ResponseType(
        413, "RequestEntityTooLargeException", "HTTP content length exceeded 10485760 bytes."
    ),
    "THROTTLED": ResponseType(429, "TooManyRequestsException", "Too Many Requests"),
    "UNAUTHORIZED": ResponseType(401, "UnauthorizedException", "Unauthorized"),
    "UNSUPPORTED_MEDIA_TYPE": ResponseType(415, "UnsupportedMediaTypeException", "Unsupported Media Type"),
    "WAF_FILTERED": ResponseType(403, "ForbiddenException", "Forbidden"),
}


class GatewayError(Exception):
    """Ends a request with a gateway response. `reason` is for the lab's log alone: AWS tells clients nothing of it."""

    def __init__(
        self,
        response_type: str,
        message: str | None = None,
        *,
        status: int | None = None,
        validation: str | None = None,
        reason: str = "",
    ) -> None:
        self.response_type = response_type
        self.kind = RESPONSE_TYPES[response_type]
        self.message = message or self.kind.message
        self.status = status or self.kind.status
        self.validation = validation
        self.reason = reason
        super().__init__(f"{response_type}: {self.message}" + (f" ({reason})" if reason else ""))
