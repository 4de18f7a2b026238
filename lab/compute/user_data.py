"""What an instance's user data tells the ECS agent: the lines that end up in /etc/ecs/ecs.config.

The agent on an ECS-optimised image reads `NAME=value` lines from that file; user data writes it either with shell
(`echo ECS_CLUSTER=x >> /etc/ecs/ecs.config`, a here-document, printf, tee) or with cloud-init's `write_files`.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/bootstrap_container_instance.html
"""

from __future__ import annotations

import base64
import binascii
import email
import gzip
import re
import shlex

import yaml

CONFIG_FILE = "/etc/ecs/ecs.config"
_SETTING = re.compile(r"^\s*(?:export\s+)?(ECS_[A-Z0-9_]+)=(.*)$")
_HERE_DOCUMENT = re.compile(r"<<-?\s*(['\"]?)(?P<mark>\w+)\1")


def ecs_settings(user_data: str | None) -> dict[str, str]:
    """The agent's settings, from user data as DescribeInstanceAttribute returns it (base64)."""
    settings: dict[str, str] = {}
    for content_type, text in _parts(decode(user_data)):
        if content_type == "text/cloud-config" or text.lstrip().startswith("#cloud-config"):
            settings.update(_from_cloud_config(text))
        else:
            settings.update(_from_shell(text))
    return settings


def decode(user_data: str | None) -> str:
    if not user_data:
        return ""
    try:
        raw = base64.b64decode(user_data, validate=True)
    except (binascii.Error, ValueError):
        return user_data
    # cloud-init takes gzipped user data as well.
    if raw[:2] == b"\x1f\x8b":
        raw = gzip.decompress(raw)
    return raw.decode(errors="replace")


def _parts(text: str) -> list[tuple[str, str]]:
    """The parts of MIME multi-part user data, or the whole as one part."""
    if not re.match(r"(?i)(mime-version|content-type):", text.lstrip()):
        return [("text/x-shellscript", text)]
    parts = []
    for part in email.message_from_string(text.lstrip()).walk():
        payload = part.get_payload(decode=True)
        if isinstance(payload, bytes):
            parts.append((part.get_content_type(), payload.decode(errors="replace")))
    return parts


def _from_cloud_config(text: str) -> dict[str, str]:
    try:
        config = yaml.safe_load(text)
    except yaml.YAMLError:
        return {}
    if not isinstance(config, dict):
        return {}
    settings: dict[str, str] = {}
    for entry in config.get("write_files") or []:
        if entry.get("path") == CONFIG_FILE:
            settings.update(_from_lines(_file_content(entry).splitlines()))
    for command in [*(config.get("bootcmd") or []), *(config.get("runcmd") or [])]:
        settings.update(_from_shell(command if isinstance(command, str) else " ".join(map(str, command))))
    return settings


def _file_content(entry: dict[str, str]) -> str:
    content = str(entry.get("content") or "")
    return decode(content) if entry.get("encoding") in {"b64", "base64"} else content


def _from_shell(text: str) -> dict[str, str]:
    """The settings a script writes to the agent's file; assignments that go elsewhere do not count."""
    settings: dict[str, str] = {}
    lines = iter(text.splitlines())
    for line in lines:
        if CONFIG_FILE not in line or line.lstrip().startswith("#"):
            continue
        here = _HERE_DOCUMENT.search(line)
        if here:
            body = []
            for inner in lines:
                if inner.strip() == here["mark"]:
                    break
                body.append(inner)
            settings.update(_from_lines(body))
        else:
            settings.update(_from_command(line))
    return settings


def _from_command(line: str) -> dict[str, str]:
    """`echo A=b >> file`, `printf 'A=b\\nC=d\\n' > file`, `echo A=b | tee -a file`."""
    try:
        words = shlex.split(line.replace(";", " ; "), comments=True)
    except ValueError:
        return {}
    written = [line for word in words for line in word.replace("\\n", "\n").splitlines()]
    return _from_lines(written)


def _from_lines(lines: list[str]) -> dict[str, str]:
    settings = {}
    for line in lines:
        found = _SETTING.match(line)
        if found:
            settings[found[1]] = found[2].strip().strip("'\"")
    return settings
