"""Digests that are written into manifests."""

from __future__ import annotations

import subprocess
import sys

from cdk8s_airflow.text.digest import digest


def test_a_digest_is_the_beginning_of_the_sha_256_of_the_text() -> None:
    # The published example of FIPS 180-4.
    assert digest("abc", 64) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert digest("abc", 10) == "ba7816bf8f"
    assert digest("é", 8) == digest("\u00e9", 8) != digest("e", 8)


def test_it_costs_nothing_until_it_is_used() -> None:
    program = "import sys, cdk8s_airflow.text.digest; print('hashlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
