"""The StatsD exporter."""

from __future__ import annotations

from collections.abc import Iterator

from cdk8s_airflow.airflow.components import Statsd
from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.wire.concept import Concept
from cdk8s_airflow.airflow.wire.pod_parts import ConfigOptions
from cdk8s_airflow.airflow.wire.pod_settings import grace_values, pod_values, unsupported_rules
from cdk8s_airflow.airflow.wire.tree import Tree, join
from cdk8s_airflow.model.wire.resources import resources
from cdk8s_airflow.validation import Finding


def statsd_values(settings: ReleaseSettings) -> Tree:
    """The values of the StatsD exporter."""
    given, dialect = settings.statsd, settings.dialect
    if given is None:
        return {"statsd": {"enabled": False}}
    values = join(
        {
            "enabled": True,
            "resources": resources(given.resources),
            "serviceAccount": {"automountServiceAccountToken": False},
        },
        pod_values(settings, given, labels_read=dialect.place("statsd.labels") is not None),
        grace_values(given, dialect.place("statsd.grace_period") is not None),
    )
    if given.mappings:
        values["extraMappings" if given.chart_mappings else "overrideMappings"] = list(given.mappings)
    return join({"statsd": values}, _ports(given))


def _ports(given: Statsd) -> Tree:
    """Ports that are not the usual ones: of the Service, of the program behind it, and where Airflow sends metrics."""
    usual = Statsd()
    if (given.port, given.scrape_port) == (usual.port, usual.scrape_port):
        return {}
    return {
        "ports": {"statsdIngest": given.port, "statsdScrape": given.scrape_port},
        "statsd": {
            "args": [
                "--statsd.mapping-config=/etc/statsd-exporter/mappings.yml",
                f"--statsd.listen-udp=:{given.port}",
                f"--statsd.listen-tcp=:{given.port}",
                f"--web.listen-address=:{given.scrape_port}",
            ]
        },
    }


def statsd_config(settings: ReleaseSettings) -> ConfigOptions:
    """The port of StatsD, where it is not the usual one."""
    given, usual = settings.statsd, Statsd()
    if given is None or (given.port, given.scrape_port) == (usual.port, usual.scrape_port):
        return {}
    return {"metrics": {"statsd_port": given.port}}


def statsd_rules(settings: ReleaseSettings) -> Iterator[Finding]:
    """Findings for settings that this version of the chart ignores."""
    given, dialect = settings.statsd, settings.dialect
    if given is not None:
        yield from unsupported_rules(dialect, "statsd", given, "grace_period")
        yield from unsupported_rules(dialect, "statsd", given, "labels")


STATSD = Concept(values=statsd_values, config=statsd_config, rules=statsd_rules)
"""The StatsD exporter."""
