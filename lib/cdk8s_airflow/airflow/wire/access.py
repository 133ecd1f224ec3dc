"""The first user of a release, and the URL of its UI."""

from __future__ import annotations

from cdk8s_airflow.airflow.authentication import SimpleAuth
from cdk8s_airflow.airflow.exposure import ClusterIP, LoadBalancer, NodePort
from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.wire.authentication import other_manager
from cdk8s_airflow.model.release_access import ReleaseAccess


def release_access(settings: ReleaseSettings) -> ReleaseAccess:
    """How to get the first account of a release, and where its UI is."""
    return ReleaseAccess(
        release=settings.release,
        namespace=settings.namespace,
        first_user=_first_user(settings),
        url=_url(settings),
    )


def _server(settings: ReleaseSettings) -> tuple[str, str]:
    """The Deployment of the UI, which has the name of its Service, and the name of its container."""
    container = settings.dialect.ui_server
    return f"{settings.release}-{container}", container


def _first_user(settings: ReleaseSettings) -> str:
    deployment, container = _server(settings)
    kubectl = f"kubectl -n {settings.namespace}"
    if settings.admin is not None:
        secret = settings.admin.credentials.name
        return (
            f"Log in with the user name and the password in Secret {secret}:\n"
            f"  {kubectl} get secret {secret} -o jsonpath='{{.data.username}}' | base64 -d\n"
            f"  {kubectl} get secret {secret} -o jsonpath='{{.data.password}}' | base64 -d"
        )
    if other_manager(settings) and not isinstance(settings.auth, SimpleAuth):
        return f"Log in with a user of {other_manager(settings).rpartition('.')[2]}, which config= sets."
    if isinstance(settings.auth, SimpleAuth):
        return (
            "Airflow generates a password for each user when the API server starts, and logs it:\n"
            f"  {kubectl} logs deployment/{deployment} -c {container} | grep -i password"
        )
    if settings.auth.sign_on is not None:
        return f"Log in with single sign-on ({type(settings.auth.sign_on).__name__.upper()})."
    return (
        "There is no default user. Create one (the command asks for the password):\n"
        f"  {kubectl} exec -it deploy/{deployment} -c {container} -- airflow users create"
        " --role Admin --username you --firstname Your --lastname Name --email you@example.com"
    )


def _url(settings: ReleaseSettings) -> str:
    service, _ = _server(settings)
    kubectl = f"kubectl -n {settings.namespace}"
    ui = settings.ui
    if isinstance(ui, ClusterIP) and ui.base_url is None:
        return f"Forward a port, then open http://localhost:8080\n  {kubectl} port-forward service/{service} 8080"
    if ui.base_url is not None:
        return ui.base_url
    if isinstance(ui, NodePort):
        if ui.port is not None:
            return f"http://ADDRESS:{ui.port}, with the address of any node:\n  kubectl get nodes -o wide"
        port = f"{kubectl} get service {service} -o jsonpath='{{.spec.ports[0].nodePort}}'"
        return (
            f"http://ADDRESS:PORT, with the address of any node and this port:\n  {port}\n  kubectl get nodes -o wide"
        )
    assert isinstance(ui, LoadBalancer)
    return f"http://ADDRESS:8080, with the external address of the Service:\n  {kubectl} get service {service}"
