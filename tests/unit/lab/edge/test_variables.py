from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from lab.edge.access_log import Line, batches, log_group_name, render_line
from lab.edge.variables import new_extended_request_id, render, request_id, request_times

VARIABLES = {"requestId": "r-1", "status": "200", "identity.sourceIp": "127.0.0.1", "error.messageString": '"No"'}


def test_an_access_log_line_has_a_dash_for_what_is_unknown() -> None:
    format_ = json.dumps(
        {"id": "$context.requestId", "key": "$context.identity.apiKeyId", "status": "$context.status", "x": "$context."}
    )
    assert json.loads(render_line(format_, VARIABLES)) == {"id": "r-1", "key": "-", "status": "200", "x": "$context."}


def test_the_common_log_format() -> None:
    format_ = '$context.identity.sourceIp - - [$context.requestTime] "$context.httpMethod" $context.status'
    line = render_line(format_, {**VARIABLES, **request_times(0.0)})
    assert line == '127.0.0.1 - - [01/Jan/1970:00:00:00 +0000] "-" 200'


def test_a_variable_ends_where_its_name_ends() -> None:
    assert render("$context.requestId-$context.status.", VARIABLES, missing="") == "r-1-200."
    assert render("${context.status}00", VARIABLES, missing="") == "20000"


def test_stage_variables_and_parameters_of_the_request() -> None:
    text = "$stageVariables.env $method.request.header.x-llm-user $stageVariables.none."
    rendered = render(
        text,
        {},
        missing="",
        stage_variables={"env": "prod"},
        method_request={"method.request.header.x-llm-user": "ann"}.get,
    )
    assert rendered == "prod ann ."


@given(st.text())
def test_text_without_references_stays_as_it_is(text: str) -> None:
    plain = text.replace("$", "")
    assert render(plain, VARIABLES, missing="-") == plain


def test_clients_choose_the_request_id_but_not_the_extended_one() -> None:
    assert request_id("mine-1") == "mine-1"
    assert request_id('a"b\n') != 'a"b\n'
    assert request_id(None) != request_id(None)
    assert len({new_extended_request_id() for _ in range(100)}) == 100


def test_log_group_names() -> None:
    arn = "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/apigateway/central-llm-rest-api/prod"
    assert log_group_name(arn) == "/aws/apigateway/central-llm-rest-api/prod"
    assert log_group_name(f"{arn}:*") == "/aws/apigateway/central-llm-rest-api/prod"
    assert log_group_name("arn:aws:firehose:eu-central-1:123456789012:deliverystream/amazon-apigateway-x") is None


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 300_000)), max_size=30))
def test_batches_keep_every_line_in_order_and_within_the_limits(lines: list[tuple[int, int]]) -> None:
    given_lines = [Line(("eu-central-1", "g"), "s", moment, "x" * size) for moment, size in lines]
    made = list(batches(given_lines))
    flat = [line for batch in made for line in batch]
    assert sorted(flat) == sorted(given_lines)
    assert [line.timestamp for line in flat] == sorted(moment for moment, _size in lines)
    assert all(sum(len(line.message) + 26 for line in batch) <= 1_048_576 for batch in made)
