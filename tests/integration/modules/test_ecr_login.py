from __future__ import annotations

import base64
import json
import stat
import typing as t
from pathlib import Path

import pytest


@pytest.fixture
def login(run_module: t.Any) -> t.Any:
    return run_module("ecr_login")


def config(folder: Path) -> dict[str, t.Any]:
    return dict(json.loads((folder / "config.json").read_text()))


def auth(folder: Path) -> str:
    (found,) = config(folder)["auths"].values()
    return base64.b64decode(found["auth"]).decode()


def test_docker_is_let_in_and_nobody_is_told_how(login: t.Any, tmp_path: Path) -> None:
    done = login.ok(config_folder=str(tmp_path))
    host = done["registry"].removeprefix("https://")
    assert list(config(tmp_path)["auths"]) == [host] and auth(tmp_path).startswith("AWS:")
    secret = auth(tmp_path).removeprefix("AWS:")
    assert len(secret) > 20 and secret not in json.dumps(done, default=str)
    assert config(tmp_path)["auths"][host]["auth"] not in json.dumps(done, default=str)
    assert stat.S_IMODE((tmp_path / "config.json").stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["config.json"]


def test_what_else_is_configured_stays(login: t.Any, tmp_path: Path) -> None:
    host = login.ok(config_folder=str(tmp_path))["registry"].removeprefix("https://")
    others = {
        "auths": {"example.org": {"auth": "eA=="}},
        "credHelpers": {host: "ecr-login", "x.example": "y"},
        "proxies": {},
    }
    (tmp_path / "config.json").write_text(json.dumps(others))
    login.ok(config_folder=str(tmp_path))
    found = config(tmp_path)
    assert found["auths"]["example.org"] == {"auth": "eA=="} and host in found["auths"] and found["proxies"] == {}
    # A helper of that name would be asked instead.
    assert found["credHelpers"] == {"x.example": "y"}


def test_check_mode_writes_nothing(login: t.Any, tmp_path: Path) -> None:
    predicted = login.ok(check=True, config_folder=str(tmp_path))
    assert predicted.changed and predicted["registry"] and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("text", "words"), [("{", "cannot be read"), ("[]", "no configuration of Docker")])
def test_a_configuration_that_cannot_be_kept(
    login: t.Any, tmp_path: Path, faults: t.Any, text: str, words: str
) -> None:
    (tmp_path / "config.json").write_text(text)
    faults.forget_calls()
    assert words in login.refused(config_folder=str(tmp_path))
    assert faults.calls() == [] and (tmp_path / "config.json").read_text() == text


def test_the_folder_has_to_be_there(login: t.Any, tmp_path: Path) -> None:
    assert "there is no folder" in login.refused(config_folder=str(tmp_path / "none"))


def test_a_denial_names_the_missing_action(login: t.Any, tmp_path: Path, faults: t.Any) -> None:
    faults.add("ecr", "GetAuthorizationToken", "AccessDeniedException", status=400, message="not today")
    assert "ecr:GetAuthorizationToken" in login.refused(config_folder=str(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_throttling_is_ridden_out(login: t.Any, tmp_path: Path, faults: t.Any) -> None:
    faults.add("ecr", "GetAuthorizationToken", "ThrottlingException", times=2)
    assert login.ok(config_folder=str(tmp_path)).changed
