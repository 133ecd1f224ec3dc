"""Users of database servers in the cluster, and the Secrets with their passwords."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, MutableMapping

from cdk8s_airflow.validation.frozen import frozen


@frozen
class DatabaseLogin:
    """A user of a database server that is a Service of the cluster.

    Attributes:
        service: the name of the Service.
        namespace: the namespace of the Service.
        user: the user.
    """

    service: str
    namespace: str
    user: str


@frozen
class PasswordSource:
    """The key of a Secret that contains a password.

    Attributes:
        namespace: the namespace of the Secret.
        secret: the name of the Secret.
        key: the key. Default: ``"password"``.
    """

    namespace: str
    secret: str
    key: str = "password"


def login_at(host: str, user: str, namespace: str) -> DatabaseLogin | None:
    """The user at a host; None if the host is not a Service of the cluster.

    Args:
        host: ``service``, ``service.namespace``, ``service.namespace.svc``, or the last with the domain of the cluster.
        user: the user.
        namespace: the namespace of the client, for a host without one.
    """
    service, *rest = host.rstrip(".").split(".")
    if len(rest) > 1 and rest[1] != "svc":
        return None
    return DatabaseLogin(service=service, namespace=rest[0] if rest else namespace, user=user)


class DatabasePasswords:
    """The passwords of all database servers of an app; a slot of the registry."""

    def __init__(self) -> None:
        self._sources: MutableMapping[DatabaseLogin, PasswordSource] = {}

    def add(self, services: Iterable[str], namespace: str, user: str, source: PasswordSource) -> None:
        """Register the Secret with the password of a user.

        Args:
            services: the Services of the server.
            namespace: their namespace.
            user: the user.
            source: the Secret.
        """
        for service in services:
            self._sources[DatabaseLogin(service=service, namespace=namespace, user=user)] = source

    def get(self, login: DatabaseLogin) -> PasswordSource | None:
        """The Secret with the password of a user; None if no construct has registered one."""
        return self._sources.get(login)

    def also_at(self, service: str, namespace: str, *, served_by: str) -> None:
        """Register a Service in front of another one, such as that of a pooler: the users of both are the same.

        Args:
            service: the Service in front.
            namespace: the namespace of both.
            served_by: the Service behind it.
        """
        for login, source in self._of(served_by, namespace):
            self.add([service], namespace, login.user, source)

    def _of(self, service: str, namespace: str) -> Iterator[tuple[DatabaseLogin, PasswordSource]]:
        for login, source in list(self._sources.items()):
            if (login.service, login.namespace) == (service, namespace):
                yield login, source
