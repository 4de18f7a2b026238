"""The stand-in takes vLLM's command line."""

from __future__ import annotations

import pytest

from lab.engine import stub


@pytest.mark.parametrize("arguments", [["/models/tiny"], ["--model", "/models/tiny"], ["--model=/models/tiny"]])
def test_the_model_is_named_either_way(arguments: list[str]) -> None:
    settings, ignored = stub.parse_arguments([*arguments, "--max-model-len", "1024", "--enforce-eager"])
    assert settings.model == "/models/tiny"
    assert settings.served_names == ("/models/tiny",)
    assert ignored == ["--max-model-len", "1024", "--enforce-eager"]


def test_several_names_may_be_served() -> None:
    settings, _ignored = stub.parse_arguments(["--served-model-name", "a", "b", "--port", "8123"])
    assert settings.served_names == ("a", "b")
    assert settings.port == 8123


def test_the_same_question_gets_the_same_words() -> None:
    assert stub.pick("why?", 5) == stub.pick("why?", 5)
    assert len(stub.pick("why?", 20)) == 20
