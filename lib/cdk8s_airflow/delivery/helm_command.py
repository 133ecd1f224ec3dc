"""Delivery by hand: a values file, and the command that installs and upgrades with it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from cdk8s_airflow.delivery.source import ChartSource
from cdk8s_airflow.delivery.timeout import timeout_rules
from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.constraints import Duration
from cdk8s_airflow.validation.frozen import frozen


@frozen
class HelmCommand:
    """The release as files for Helm itself, for clusters where nothing runs Helm.

    ``helm/<release>/values.yml`` and ``install.sh`` beside it are written below the folder of the manifests, where
    ``kubectl apply -f`` does not look. They are written by :func:`cdk8s_airflow.run` and :func:`cdk8s_airflow.synth`; an
    ``app.synth()`` of cdk8s alone writes manifests and nothing else.

    Attributes:
        timeout: how long Helm waits for each hook, the database migration among them. Default: ``"30m"``. At least ``"10m"``.
        source: where the chart comes from. Default: the repository of the Airflow project. Who runs the command logs in
            with Helm before, so it takes no credentials.
    """

    how_to_write: ClassVar[str] = "HelmCommand()"

    timeout: Duration = "30m"
    source: ChartSource = ChartSource()

    def _rules(self) -> Iterator[Finding]:
        yield from timeout_rules(self.timeout)
