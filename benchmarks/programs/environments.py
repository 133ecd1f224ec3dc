"""Writes the platform of main.py for as many environments as the first argument says, each in a folder of its own."""

import sys
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from cdk8s import App

import main
from cdk8s_airflow.environments import Environment, Environments


@dataclass(frozen=True)
class Settings:
    """What differs."""

    name: str


def build(settings: Settings) -> App:
    """The platform of one environment."""
    return main.build()


names = [f"e{number}" for number in range(int(sys.argv[1]))]
Environments(build, {name: Environment(settings=Settings(name), context=name) for name in names}).synth()
