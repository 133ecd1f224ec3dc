"""The effective settings of a release: the settings of a release with ``values=`` and ``unchecked_values=`` applied.

``values=`` and ``unchecked_values=`` can set keys of the chart that decide what runs: replicas, ports, options of airflow.cfg,
components, permissions and service accounts. The functions that describe a running release (sessions, traffic, permissions,
handles, footprint) read the result here. Nothing else reads these keys, and no function reads the values that were generated.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, Literal, TypeAlias

from cdk8s_airflow.airflow.chart_ports import CHART_PORTS, PortKey
from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.wire.pod_parts import ConfigOptions
from cdk8s_airflow.airflow.wire.service_accounts import account_name
from cdk8s_airflow.airflow.wire.tree import overlay, section
from cdk8s_airflow.validation.frozen import frozen

ReplicatedComponent: TypeAlias = Literal["scheduler", "api_server", "triggerer", "dag_processor"]
"""A component with replicas, named after its argument."""

Switch: TypeAlias = Literal[
    "allowJobLaunching",
    "allowPodLaunching",
    "apiServer.allowPodLogReading",
    "cleanup.enabled",
    "multiNamespaceMode",
    "rbac.create",
    "triggerer.enabled",
    "webserver.allowPodLogReading",
]
"""A key of the chart that turns permissions on or off."""

_SWITCHED_OFF: frozenset[Switch] = frozenset({"allowJobLaunching", "multiNamespaceMode"})
"""The switches without an argument that are off by default; the others are on. Source: ``values.yaml`` of each chart."""

_ACCOUNT_PLACES: Mapping[str, str] = {"api-server": "apiServer", "worker": "workers"}
"""Component, as the chart calls it in names -> its key. The other components have one name in both."""


@frozen
class EffectiveSettings:
    """The settings of a release with ``values=`` and ``unchecked_values=`` applied.

    Attributes:
        settings: the release.
        config: the options of airflow.cfg that arguments set.
    """

    settings: ReleaseSettings
    config: ConfigOptions

    def port(self, key: PortKey) -> int:
        """The port on which a component listens."""
        found = section(self._given, "ports").get(key)
        return found if type(found) is int else self._ports_of_arguments.get(key, CHART_PORTS[key])

    @property
    def ui_port(self) -> int:
        """The port on which the server of the UI listens."""
        return self.port("airflowUI" if self.settings.dialect.ui_server == "webserver" else "apiServer")

    def option(self, section: str, option: str) -> object:
        """An option of airflow.cfg as its text or number, which may be a template of Helm; None if it is not set."""
        options = self._options.get(section)
        return options.get(option) if isinstance(options, Mapping) else None

    def replicas(self, component: ReplicatedComponent) -> int:
        """The number of replicas of a component, or its maximum if it is scaled. 0 if the release does not have it."""
        settings = self.settings
        given = getattr(settings, component)
        if given is None:
            return 0
        keys = {"api_server": settings.dialect.place("ui_server"), "dag_processor": "dagProcessor"}
        found = section(self._given, keys.get(component) or component).get("replicas")
        is_scaled = getattr(given, "scaling", None) is not None
        count: int = found if type(found) is int and not is_scaled else given.most_replicas
        return count

    def is_on(self, switch: Switch) -> bool:
        """Whether a switch of the chart is on."""
        found: object = self._given
        for step in switch.split("."):
            if not isinstance(found, Mapping) or step not in found:
                return self._is_on_by_arguments(switch)
            found = found[step]
        return bool(found)

    def account(self, component: str) -> str:
        """The name of the service account of a component.

        Args:
            component: the component as the chart calls it in names, such as ``worker``.
        """
        given = section(self._given, _ACCOUNT_PLACES.get(component, component))
        return str(section(given, "serviceAccount").get("name") or account_name(self.settings, component))

    @property
    def components_without_argument(self) -> Iterator[str]:
        """Keys of the components that are enabled, but not by their argument."""
        for key, argument in self._arguments.items():
            if argument is None and section(self._given, key).get("enabled") is True:
                yield key

    @cached_property
    def _given(self) -> Mapping[str, Any]:
        """``values=`` with ``unchecked_values=`` merged over it."""
        settings = self.settings
        return overlay(settings.values, settings.unchecked_values) if settings.unchecked_values else settings.values

    @cached_property
    def _options(self) -> Mapping[str, Any]:
        if "config" not in self._given:
            return self.config
        return section(overlay({"config": self.config}, self._given), "config")

    @cached_property
    def _ports_of_arguments(self) -> Mapping[PortKey, int]:
        statsd = self.settings.statsd
        return {} if statsd is None else {"statsdIngest": statsd.port, "statsdScrape": statsd.scrape_port}

    def _is_on_by_arguments(self, switch: Switch) -> bool:
        key, _, field = switch.partition(".")
        if field == "enabled":
            return self._arguments[key] is not None
        return switch not in _SWITCHED_OFF

    @property
    def _arguments(self) -> Mapping[str, object]:
        """Key of each optional component -> the argument that enables it."""
        settings = self.settings
        return {
            "cleanup": settings.cleanup,
            "flower": settings.flower,
            "otelCollector": settings.otel_collector,
            "pgbouncer": settings.database.pgbouncer,
            "statsd": settings.statsd,
            "triggerer": settings.triggerer,
            "dagProcessor": settings.dag_processor,
            "databaseCleanup": settings.database_cleanup,
        }
