# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# PRIVATE to this collection: it may change in any release.
"""Lets botocore work out once for a process and its forks what it otherwise works out for each session and client.

That is what the files of its models say, the class of a service's clients, and what names and signatures of its event
handlers mean. It is only ever read afterwards. Sessions and clients are not shared, so that region, profile, endpoint,
credentials and the environment are each task's own.
"""

from __future__ import annotations

import contextlib
import functools
import typing as t

try:
    import boto3
    import botocore.hooks
    import botocore.loaders
    from botocore.client import ClientCreator
    from botocore.exceptions import BotoCoreError
    from botocore.loaders import Loader

    SDK_IS_HERE = True
except ImportError:  # Another Python may have it: the one that ansible_python_interpreter names.
    SDK_IS_HERE = False

Function = t.Callable[..., t.Any]

_known: dict[t.Any, t.Any] = {}
_parsed_services: set[str] = set()


def _of_the_loader(loader: t.Any, *args: t.Any, **kwargs: t.Any) -> t.Hashable:
    return (tuple(loader.search_paths), args, tuple(sorted(kwargs.items())))


def _of_its_folders(loader: t.Any, *_args: t.Any, **_kwargs: t.Any) -> t.Hashable:
    # Only asked whether there is such a service; whether it has a file of that kind shows where the file is read.
    return tuple(loader.search_paths)


def _of_the_creator(creator: t.Any, *args: t.Any, **kwargs: t.Any) -> t.Hashable:
    return _of_the_loader(creator._loader, *args, **kwargs)


def _of_the_service(_creator: t.Any, *args: t.Any, **kwargs: t.Any) -> t.Hashable:
    return (args, tuple(sorted(kwargs.items())))


def _of_the_event(_emitter: t.Any, event_name: str) -> t.Hashable:
    # Every emitter that a session makes has the same aliases, botocore's own.
    return event_name


def _of_the_function(func: t.Any) -> t.Hashable:
    # A session makes some of its handlers anew, of the same code.
    return getattr(func, "__code__", func)


def _same_for_all() -> list[tuple[t.Any, str, Function]]:
    """Owner and name of each function whose answer never differs, and what the answer depends on.

    Those with an underscore are botocore's own matter: where one is gone, it is not sped up, and nothing else.
    """
    return [
        (Loader, "list_available_services", _of_its_folders),
        (Loader, "load_service_model", _of_the_loader),
        (Loader, "load_data_with_path", _of_the_loader),
        (ClientCreator, "_load_service_model", _of_the_creator),
        (ClientCreator, "_create_client_class", _of_the_service),
        (botocore.hooks.EventAliaser, "_alias_event_name", _of_the_event),
        (botocore.hooks, "accepts_kwargs", _of_the_function),
    ]


def _once(name: str, function: Function, depends_on: Function) -> Function:
    def remembered(*args: t.Any, **kwargs: t.Any) -> t.Any:
        key = (name, depends_on(*args, **kwargs))
        if key not in _known:
            _known[key] = function(*args, **kwargs)
        return _known[key]

    return remembered


@contextlib.contextmanager
def shared_models() -> t.Iterator[None]:
    """Within it, botocore remembers what it has worked out."""
    with contextlib.ExitStack() as restored:
        # A dictionary keeps its order, too, and takes less time, and less memory, which each fork has to map.
        if SDK_IS_HERE and hasattr(botocore.loaders, "OrderedDict"):
            restored.callback(setattr, botocore.loaders, "OrderedDict", botocore.loaders.OrderedDict)
            botocore.loaders.OrderedDict = dict
        for owner, name, depends_on in _same_for_all() if SDK_IS_HERE else ():
            original = getattr(owner, name, None)
            if original is not None:
                setattr(owner, name, _once(name, original, depends_on))
                restored.callback(setattr, owner, name, original)
        yield


@functools.cache
def _session() -> t.Any:
    return boto3.session.Session()


def parse_models(services: t.Iterable[str]) -> None:
    """Make a client of each service, which opens no connection, for the models that it reads: once in a process."""
    # A profile or a region that is not there is for the task to complain about.
    with shared_models(), contextlib.suppress(BotoCoreError):
        for service in services:
            if service not in _parsed_services:
                client = _session().client(
                    service, region_name="us-east-1", aws_access_key_id="none", aws_secret_access_key="none"
                )
                # Which operations have pages is in a file of its own, read with the first question for any of them.
                client.can_paginate(next(iter(client.meta.method_to_api_mapping)))
                _parsed_services.add(service)


__all__ = ("SDK_IS_HERE", "parse_models", "shared_models")
