"""What Firehose makes of records: one object's key and body. Pure.

https://docs.aws.amazon.com/firehose/latest/dev/s3-object-name.html
https://docs.aws.amazon.com/firehose/latest/dev/s3-prefixes.html
"""

from __future__ import annotations

import gzip
import re
import typing as t
from datetime import datetime

Configuration = t.Mapping[str, t.Any]

_EXPRESSION = re.compile(r"!\{(?P<space>\w+):(?P<what>[^}]+)\}")
# Java's letters, those that stand for a moment's parts. The rest of a pattern stands for itself.
_LETTERS = {"yyyy": "%Y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S"}
_PATTERN = re.compile("|".join(_LETTERS))
SUFFIXES = {"GZIP": ".gz", "ZIP": ".zip", "Snappy": ".snappy", "HADOOP_SNAPPY": ".hsnappy"}


class Unprocessed(Exception):
    """A record that the stream's own processing cannot read."""


def prefix_of(prefix: str, moment: datetime, error: str = "") -> str:
    """The prefix with its expressions worked out; one without a time gets AWS's own."""

    def worked_out(found: re.Match[str]) -> str:
        space, what = found["space"], found["what"]
        if space == "timestamp":
            return _PATTERN.sub(lambda part: moment.strftime(_LETTERS[part[0]]), what).replace("'", "")
        if (space, what) == ("firehose", "error-output-type"):
            return error
        raise ValueError(f"the lab does not know !{{{space}:{what}}}")

    evaluated = _EXPRESSION.sub(worked_out, prefix)
    return evaluated if "!{timestamp:" in prefix else f"{evaluated}{moment:%Y/%m/%d/%H/}"


def key_of(prefix: str, stream: str, version: str, moment: datetime, unique: str, compression: str) -> str:
    suffix = SUFFIXES.get(compression, "")
    return f"{prefix}{stream}-{version}-{moment:%Y-%m-%d-%H-%M-%S}-{unique}{suffix}"


def processed(record: bytes, configuration: Configuration) -> bytes:
    """A record after the processors of its stream."""
    processing = configuration.get("ProcessingConfiguration") or {}
    if not processing.get("Enabled"):
        return record
    for processor in processing.get("Processors") or []:
        kind = processor["Type"]
        if kind == "Decompression":
            try:
                record = gzip.decompress(record)
            except (OSError, EOFError) as error:
                raise Unprocessed(str(error)) from error
        elif kind == "AppendDelimiterToRecord":
            record += b"\n"
        else:
            raise Unprocessed(f"the lab has no {kind}")
    return record


def body_of(records: t.Sequence[bytes], compression: str) -> bytes:
    whole = b"".join(records)
    if compression in ("", "UNCOMPRESSED"):
        return whole
    if compression != "GZIP":
        raise ValueError(f"the lab does not compress with {compression}")
    return gzip.compress(whole)


__all__ = ("Unprocessed", "body_of", "key_of", "prefix_of", "processed")
