"""Node starts while Python loads modules, or as jsii starts it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from cdk8s_airflow.kube.node_start import node_starting

PROVIDERS = "jsii._kernel.providers.process"
RUNTIME = "jsii._runtime"


def loaded(program: str) -> list[str]:
    """The modules that a program loads, in their order."""
    done = subprocess.run(
        [sys.executable, "-c", f"{program}\nimport json, sys; print(json.dumps(list(sys.modules)))"],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    names: list[str] = json.loads(done.stdout)
    return names


@pytest.mark.parametrize("name", ["AirflowChart", "AirflowPlatform"])
def test_modules_without_node_are_loaded_before_cdk8s(name: str) -> None:
    package = "cdk8s_airflow.airflow_platform" if name == "AirflowPlatform" else "cdk8s_airflow"
    order = loaded(f"from {package} import {name}")
    assert order.index("jsii._runtime") < order.index("cdk8s_airflow.airflow.pipeline") < order.index("constructs")


def test_modules_without_node_do_not_load_jsii() -> None:
    assert "jsii" not in loaded("import cdk8s_airflow.airflow.pipeline")


def test_a_program_that_loaded_cdk8s_first_works() -> None:
    order = loaded("from cdk8s import App, Chart\nfrom cdk8s_airflow import AirflowChart\nChart(App(), 'a')")
    assert order.index("constructs") < order.index("cdk8s_airflow.airflow.pipeline")


def test_node_that_is_missing_raises_the_error_of_jsii() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from cdk8s_airflow import AirflowChart"],
        capture_output=True,
        text=True,
        env={"JSII_NODE": "/missing/node", "PYTHONPATH": ":".join(sys.path)},
        timeout=120,
    )
    assert done.returncode == 1
    assert "FileNotFoundError: [Errno 2] No such file or directory: '/missing/node'" in done.stderr


class Process:
    """A process of jsii: what happened to it is in ``events``."""

    def __init__(self, events: list[str]) -> None:
        self.events = events

    def start(self) -> None:
        self.events.append("start")
        self.handshake()

    def handshake(self) -> None:
        self.events.append("handshake")


class Silent(Process):
    """A process that reads its first message in another method."""

    def start(self) -> None:
        self.events.append("start and read")


class Provider:
    """What owns the process, which it starts when it is first used."""

    def __init__(self, process: Process) -> None:
        self._stored = [process]
        self._started = False

    @property
    def _process(self) -> Process:
        if not self._started:
            self._started = True
            self._stored[0].start()
        return self._stored[0]


Fake = Callable[[type, type, object], None]


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Fake:
    """Replaces the modules of jsii that start Node."""

    def replace(process: type, provider: type, own: object) -> None:
        providers: Any = ModuleType(PROVIDERS)
        providers._NodeProcess, providers.ProcessProvider = process, provider
        runtime: Any = ModuleType(RUNTIME)
        runtime.kernel = type("Kernel", (), {"provider": own})()
        monkeypatch.setitem(sys.modules, PROVIDERS, providers)
        monkeypatch.setitem(sys.modules, RUNTIME, runtime)
        monkeypatch.delitem(sys.modules, "constructs", raising=False)

    return replace


def events_of(fake: Fake, process: type[Process], provider: type[Provider] = Provider) -> list[str]:
    events: list[str] = []
    own = provider(process(events))
    fake(process, Provider, own)
    with node_starting():
        events.append("block")
    _ = own._process
    return events


def test_first_message_is_read_after_the_block(fake: Fake) -> None:
    assert events_of(fake, Process) == ["start", "block", "handshake"]
    assert Process.handshake.__name__ == "handshake"


def test_first_message_is_read_if_the_block_fails(fake: Fake) -> None:
    events: list[str] = []
    fake(Process, Provider, Provider(Process(events)))
    with pytest.raises(KeyError), node_starting():
        raise KeyError
    assert events == ["start", "handshake"]


def test_process_that_reads_its_first_message_elsewhere_is_not_asked_again(fake: Fake) -> None:
    assert events_of(fake, Silent) == ["start and read", "block"]


def test_process_that_runs_is_not_started_again(fake: Fake) -> None:
    events: list[str] = []
    own = Provider(Process(events))
    _ = own._process
    fake(Process, Provider, own)
    with node_starting():
        events.append("block")
    assert events == ["start", "handshake", "block"]


class OtherProvider(Provider):
    """A provider of a later jsii."""


def test_other_provider_starts_node_itself(fake: Fake) -> None:
    assert events_of(fake, Process, OtherProvider) == ["block", "start", "handshake"]


def test_jsii_without_a_first_message_starts_node_itself(fake: Fake) -> None:
    events: list[str] = []
    fake(object, Provider, Provider(Process(events)))
    with node_starting():
        events.append("block")
    assert events == ["block"]


def test_nothing_is_started_if_cdk8s_is_loaded(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    events: list[str] = []
    fake(Process, Provider, Provider(Process(events)))
    monkeypatch.setitem(sys.modules, "constructs", ModuleType("constructs"))
    with node_starting():
        events.append("block")
    assert events == ["block"]
