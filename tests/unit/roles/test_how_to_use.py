"""What `up` says last can be pasted, whatever headers the gateway requires."""

from __future__ import annotations

import ast
import typing as t
from pathlib import Path

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

TEMPLATE = Path(__file__).parents[3] / "playbooks/templates/how-to-use.txt.j2"
KNOWN = {
    "llm_session_converges": False,
    "llm_region": "eu-central-1",
    "llm_gateway_out": {"invoke_url": "https://example.org/prod", "secret": "central-llm/clients/me"},
    "llm_service_out": {"served_model_name": "tiny"},
}
KEY = 'os.environ["LLM_API_KEY"]'
USER = 'os.environ["USER"]'


def said(**given: t.Any) -> tuple[list[str], dict[str, str]]:
    """The headers of the call in the shell, and those of the client in Python, as code."""
    text = Templar(loader=DataLoader(), variables=KNOWN | given).template(trust_as_template(TEMPLATE.read_text()))
    (shell,) = (line for line in text.splitlines() if "curl -N" in line)
    code = ast.parse("".join(line.removeprefix("  ") + "\n" for line in text.splitlines()[-4:]))
    keywords = (node for node in ast.walk(code) if isinstance(node, ast.keyword))
    (headers,) = (each.value for each in keywords if each.arg == "default_headers")
    assert isinstance(headers, ast.Dict)
    names = [ast.literal_eval(key) for key in headers.keys if key]
    values = [ast.unparse(value).replace("'", '"') for value in headers.values]
    return [part.split('"')[0] for part in shell.split('-H "')[1:]], dict(zip(names, values, strict=True))


@pytest.mark.parametrize(
    ("given", "shell", "python"),
    [
        (
            {},
            ["x-llm-source: terminal", "x-llm-user: $USER", "x-llm-request-type: chat"],
            {"x-api-key": KEY, "x-llm-source": '"python"', "x-llm-user": USER, "x-llm-request-type": '"chat"'},
        ),
        (
            {"llm_gateway_required_headers": ["x-team", "x-llm-user"]},
            ["x-team: terminal", "x-llm-user: $USER"],
            {"x-api-key": KEY, "x-team": '"python"', "x-llm-user": USER},
        ),
        ({"llm_gateway_required_headers": []}, [], {"x-api-key": KEY}),
        ({"llm_gateway_required_headers": [], "llm_gateway_auth": "bearer"}, [], {}),
        (
            {"llm_gateway_required_headers": ["x-team"], "llm_gateway_auth": "bearer"},
            ["x-team: terminal"],
            {"x-team": '"python"'},
        ),
    ],
)
def test_it_sends_what_is_required(given: dict[str, t.Any], shell: list[str], python: dict[str, str]) -> None:
    always = ["x-api-key: $LLM_API_KEY", "Content-Type: application/json"]
    assert said(**given) == (always + shell, python)
