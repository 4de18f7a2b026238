"""One line of JSON a request on standard output: who asked, for what, how much, and how it ended. Never what was said.

For `vllm serve --middleware central_llm_audit.Middleware`.
"""

from .middleware import Middleware

__all__ = ("Middleware",)
