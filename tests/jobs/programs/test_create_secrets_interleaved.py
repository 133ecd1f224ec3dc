"""Runs of the bootstrap job that take turns at the API server in any order, and die at any moment, agree all the same."""

from __future__ import annotations

import base64
import threading
from typing import Any

from hypothesis import event, given, settings
from hypothesis import strategies as st

from cdk8s_airflow.jobs.programs.create_secrets import Answer, Cluster, Maker
from cdk8s_airflow.jobs.wire.secret_bootstrap import plan
from cdk8s_airflow.model import secret_need as needs
from cdk8s_airflow.model import secret_reference as contracts

PeerEndpoint = tuple[str, str]

NEEDS = (
    needs.dsn_copied("url", "airflow", source=("data", "login"), url=("postgresql://robot:", "@h/d"), purpose="it"),
    needs.dsn_copied("reader", "tasks", source=("data", "login"), url=("postgresql://robot:", "@r/d"), purpose="it"),
    needs.basic_auth(contracts.BasicAuthSecret("login"), "data", username="robot", purpose="owns"),
    needs.random_key(contracts.FernetKeySecret("key"), "airflow", "encrypts"),
)
PLAN = {**plan(NEEDS), "patience": 3600, "pause": 0}
EVERY = {(need.namespace, need.name) for need in NEEDS}


class Killed(BaseException):
    """The end of a run, which nothing in it can catch."""


class Run(threading.Thread):
    """One run, which stops before each request until it is released."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(daemon=True)
        self.stage = stage
        self.paused, self.going = threading.Semaphore(0), threading.Semaphore(0)
        self.fate, self.status, self.over = "", -1, False
        self.start()
        self.paused.acquire()

    def run(self) -> None:
        try:
            self.status = Maker(Turns(self), PLAN).run()
        except Killed:
            self.status = 0
        finally:
            self.over = True
            self.paused.release()

    def go_on(self, fate: str = "") -> None:
        """Lets it do one request; it dies before or after that, if that is its fate."""
        if not self.over:
            self.fate = fate
            self.going.release()
            self.paused.acquire()


class Turns(Cluster):
    """The API server as one run sees it."""

    def __init__(self, run: Run) -> None:
        self.run = run

    def _turn(self, effect: Any) -> Answer:
        self.run.paused.release()
        self.run.going.acquire()
        if self.run.fate == "before":
            raise Killed
        answer: Answer = effect()
        if self.run.fate == "after":
            raise Killed
        return answer

    def get(self, namespace: str, name: str) -> Answer:
        return self._turn(lambda: self.run.stage.get((namespace, name)))

    def create(self, namespace: str, secret: Any) -> Answer:
        return self._turn(lambda: self.run.stage.create((namespace, secret["metadata"]["name"]), secret))


class Stage:
    """The Secrets of a cluster; each is made once."""

    def __init__(self, there: dict[PeerEndpoint, dict[str, str]]) -> None:
        self.secrets: dict[PeerEndpoint, dict[str, Any]] = {}
        for place, data in there.items():
            encoded = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
            self.create(place, {"kind": "Secret", "type": "kubernetes.io/basic-auth", "metadata": {}, "data": encoded})

    def get(self, place: PeerEndpoint) -> Answer:
        return Answer(200, self.secrets[place]) if place in self.secrets else Answer(404, {})

    def create(self, place: PeerEndpoint, secret: dict[str, Any]) -> Answer:
        if place in self.secrets:
            return Answer(409, {"reason": "AlreadyExists"})
        self.secrets[place] = secret
        return Answer(201, secret)

    def value(self, place: PeerEndpoint, key: str) -> str:
        return base64.b64decode(self.secrets[place]["data"][key]).decode()


SCHEDULES = st.lists(st.tuples(st.integers(0, 2), st.sampled_from(["", "", "", "", "before", "after"])), max_size=60)


@settings(derandomize=True, max_examples=150, deadline=None)
@given(SCHEDULES, st.booleans())
def test_whatever_the_order_and_whoever_dies_the_secrets_fit_together(
    schedule: list[tuple[int, str]], by_hand: bool
) -> None:
    stage = Stage({("data", "login"): {"username": "robot", "password": "by%hand"}} if by_hand else {})
    runs = [Run(stage) for _ in range(3)]
    seen: dict[PeerEndpoint, Any] = {}
    died = 0
    for index, fate in schedule:
        if runs[index].over:
            runs[index] = Run(stage)
        runs[index].go_on(fate)
        died += bool(fate)
        for place, secret in stage.secrets.items():
            assert seen.setdefault(place, dict(secret)) == secret
    while not all(run.over for run in runs):
        for run in runs:
            run.go_on()
    last = Run(stage)
    while not last.over:
        last.go_on()
    assert [run.status for run in (*runs, last)] == [0] * 4
    assert stage.secrets.keys() == EVERY
    for place, secret in seen.items():
        assert stage.secrets[place] == secret
    password = stage.value(("data", "login"), "password")
    assert (password == "by%hand") is by_hand
    written = password.replace("%", "%25")
    assert stage.value(("airflow", "url"), "connection") == f"postgresql://robot:{written}@h/d"
    assert stage.value(("tasks", "reader"), "connection") == f"postgresql://robot:{written}@r/d"
    event(f"{min(died, 3)} or more died" if died >= 3 else f"{died} died")
