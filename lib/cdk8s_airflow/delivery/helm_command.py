"""Delivery with the helm command: a values file, and a script that installs and upgrades the release."""

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
    """Deliver the release as files for the helm command, for clusters without a Helm controller.

    :func:`cdk8s_airflow.run` and :func:`cdk8s_airflow.synth` write ``helm/<release>/values.yml`` and ``install.sh``
    below the output folder, where ``kubectl apply -f`` does not read them. ``app.synth()`` of cdk8s writes only
    manifests.

    Attributes:
        timeout: how long Helm waits for each hook, such as the database migration, at least ``"10m"``. Becomes
            ``--timeout``. Default: ``"30m"``.
        source: the chart repository or OCI registry, without credentials: log in with Helm before you run the script.
            Default: the repository of the Airflow project.
    """

    how_to_write: ClassVar[str] = "HelmCommand()"

    timeout: Duration = "30m"
    source: ChartSource = ChartSource()

    def _rules(self) -> Iterator[Finding]:
        yield from timeout_rules(self.timeout)
