"""Builds and writes the platform of main.py as many times as the first argument says, in one process, one App each."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from cdk8s_airflow import synth
from main import build

for _ in range(int(sys.argv[1])):
    synth(build)
