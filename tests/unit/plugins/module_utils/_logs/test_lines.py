from __future__ import annotations

import pytest
from ansible_collections.central.llm.plugins.module_utils._logs.lines import newest_stream, shown
from hypothesis import given
from hypothesis import strategies as st

SECRET = st.text("abcdefghijklmnopqrstuvwxyzABCDEF0123456789_-", min_size=16, max_size=40).map(lambda text: f"x{text}x")
FRAMES = [
    "HF_TOKEN={}",
    "api_key: {}",
    '{{"x-api-key": "{}", "n": 1}}',
    "Authorization: Bearer {}",
    "got header 'authorization': 'Basic {}'",
    "password='{}'",
    "curl -H 'Authorization: Bearer {}' http://x",
    "https://user:{}@registry.example/v2",
    "https://x?api_key={}&n=1",
    "AWS_SECRET_ACCESS_KEY={}",
]


@given(SECRET, st.sampled_from(FRAMES), st.text(max_size=20))
def test_what_looks_like_a_secret_is_hidden(secret: str, frame: str, before: str) -> None:
    assert secret not in shown(f"{before} {frame.format(secret)}")


@pytest.mark.parametrize(
    "secret", ["hf_AbCdEfGhIjKlMnOpQrSt", "AKIAIOSFODNN7EXAMPLE", "eyJhbGciOiJI.eyJzdWIiOiIx.SflKxw"]
)
def test_well_known_shapes_are_hidden_wherever_they_stand(secret: str) -> None:
    assert secret not in shown(f"using {secret} for the download")


@pytest.mark.parametrize(
    "line",
    [
        "INFO 11-23 08:01:12 Avg generation throughput: 34.2 tokens/s, Running: 1 reqs",
        "max_num_batched_tokens=8192, num_tokens: 12",
        "ValueError: Free memory on device (1.2/44.3 GiB) is less than desired GPU memory utilization (0.9, 39.9 GiB)",
        "tokenizer_mode=auto",
    ],
)
def test_what_an_engine_says_stays(line: str) -> None:
    assert shown(line) == line


@given(st.text(max_size=2000))
def test_a_line_is_short_and_printable(line: str) -> None:
    assert len(shown(line)) <= 501 + len("********") and shown(line).isprintable()


def test_the_stream_that_was_written_to_last() -> None:
    streams = [
        {"logStreamName": "engine/vllm/1", "lastEventTimestamp": 5},
        {"logStreamName": "engine/vllm/2", "lastEventTimestamp": 9},
        {"logStreamName": "engine/vllm/3"},
        {"logStreamName": "other/4", "lastEventTimestamp": 99},
    ]
    assert newest_stream(streams, "engine/") == "engine/vllm/2"
    assert newest_stream(streams, "none") is None
