from __future__ import annotations

import typing as t

import boto3
import botocore.client
import botocore.hooks
import botocore.loaders
import pytest
from ansible_collections.central.llm.plugins.plugin_utils import _shared_models
from ansible_collections.central.llm.plugins.plugin_utils._shared_models import parse_models, shared_models

SERVICES = ("ec2", "logs", "s3")


@pytest.fixture(autouse=True)
def _nothing_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_shared_models, "_known", {})
    monkeypatch.setattr(_shared_models, "_parsed_services", set[str]())
    _shared_models._session.cache_clear()


def client(service: str, region: str = "eu-central-1", **options: t.Any) -> t.Any:
    session = boto3.session.Session(aws_access_key_id="key", aws_secret_access_key="secret", region_name=region)
    return session.client(service, **options)


def calls(of: t.Any) -> set[str]:
    return {name for name in dir(of) if not name.startswith("_")}


class TestSharedModels:
    @pytest.mark.parametrize("service", SERVICES)
    def test_a_client_is_what_it_is_without(self, service: str) -> None:
        alone = client(service)
        with shared_models():
            first, second = client(service), client(service)
        for shared in (first, second):
            assert calls(shared) == calls(alone)
            assert shared.meta.endpoint_url == alone.meta.endpoint_url
            assert shared.meta.service_model.operation_names == alone.meta.service_model.operation_names
            assert type(shared).__mro__[1:] == type(alone).__mro__[1:]

    def test_every_client_has_its_own_place_and_its_own_handlers(self) -> None:
        with shared_models():
            here, there = client("logs"), client("logs", region="us-west-2", endpoint_url="http://127.0.0.1:1")
        assert (here.meta.region_name, there.meta.region_name) == ("eu-central-1", "us-west-2")
        assert there.meta.endpoint_url == "http://127.0.0.1:1" != here.meta.endpoint_url
        heard: list[str] = []
        here.meta.events.register("before-parameter-build.*", lambda **_told: heard.append("here"))
        for each in (here, there):
            each.generate_presigned_url("describe_log_groups")
        assert heard == ["here"]

    def test_it_is_worked_out_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        made: list[str] = []
        create = botocore.client.ClientCreator._create_client_class

        def counted(self: t.Any, service: str, model: t.Any) -> t.Any:
            made.append(service)
            return create(self, service, model)

        monkeypatch.setattr(botocore.client.ClientCreator, "_create_client_class", counted)
        with shared_models():
            assert type(client("logs")) is type(client("logs"))
        with shared_models():
            client("logs")
        assert made == ["logs"]

    def test_botocore_is_left_as_it_was(self) -> None:
        before = [getattr(owner, name) for owner, name, _depends_on in _shared_models._same_for_all()]
        with shared_models(), shared_models():
            assert botocore.hooks.accepts_kwargs is not before[-1]
        assert [getattr(owner, name) for owner, name, _depends_on in _shared_models._same_for_all()] == before

    def test_models_are_read_into_plain_dictionaries_and_only_here(self) -> None:
        own = botocore.loaders.OrderedDict
        with shared_models():
            model = botocore.loaders.create_loader().load_service_model("sqs", "service-2")
            assert type(model["operations"]) is dict and "SendMessage" in model["operations"]
        assert botocore.loaders.OrderedDict is own
        assert list(model["operations"]) == list(
            botocore.loaders.create_loader().load_service_model("sqs", "service-2")["operations"]
        )

    def test_what_this_botocore_has_not_is_left_out(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delattr(botocore.hooks.EventAliaser, "_alias_event_name")
        monkeypatch.setattr(
            _shared_models,
            "_same_for_all",
            lambda: [(botocore.hooks.EventAliaser, "_alias_event_name", lambda *_args: None)],
        )
        with shared_models():
            assert not hasattr(botocore.hooks.EventAliaser, "_alias_event_name")

    def test_other_models_of_the_same_service_are_others(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A folder of models of one's own, which AWS_DATA_PATH names, counts from the next session on."""
        with shared_models():
            first = client("logs")
            monkeypatch.setenv("AWS_DATA_PATH", "/of/my/own")
            assert type(client("logs")) is not type(first)


class TestParseModels:
    def test_a_service_is_parsed_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        made: list[str] = []
        session = boto3.session.Session

        class Counted:
            def client(self, service: str, **options: t.Any) -> t.Any:
                made.append(service)
                return session().client(service, **options)

        monkeypatch.setattr(_shared_models.boto3.session, "Session", Counted)
        parse_models(("logs", "iam"))
        parse_models(("iam", "sts"))
        assert made == ["logs", "iam", "sts"]

    def test_folders_are_searched_for_services_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        searched: list[str] = []
        search = botocore.loaders.Loader.list_available_services

        def noted(self: t.Any, type_name: str) -> t.Any:
            searched.append(type_name)
            return search(self, type_name)

        monkeypatch.setattr(botocore.loaders.Loader, "list_available_services", noted)
        parse_models(SERVICES)
        assert searched == ["service-2"]

    def test_a_kind_of_file_that_a_service_lacks_is_missing_as_ever(self) -> None:
        """Botocore asks whether a service has waiters or pages by the error that there is no such file."""
        loader = botocore.loaders.create_loader()
        assert "accessanalyzer" not in loader.list_available_services("waiters-2")
        assert "pinpoint" not in loader.list_available_services("paginators-1")
        with shared_models():
            assert client("accessanalyzer").waiter_names == []
            assert not client("pinpoint").can_paginate("get_apps")

    def test_nothing_is_left_for_a_task_to_read(self, monkeypatch: pytest.MonkeyPatch) -> None:
        parse_models(SERVICES)
        read: list[str] = []
        load = botocore.loaders.Loader.load_data_with_path

        def noted(self: t.Any, name: str) -> t.Any:
            read.append(name)
            return load(self, name)

        monkeypatch.setattr(botocore.loaders.Loader, "load_data_with_path", noted)
        with shared_models():
            for service in SERVICES:
                pages = next(name for name in client(service).meta.method_to_api_mapping if name.startswith("list_"))
                client(service).can_paginate(pages)
        assert read == []
