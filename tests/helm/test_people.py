"""What real Helm makes of accounts and single sign-on, with every pair of chart and Airflow."""

from __future__ import annotations

import py_compile
from pathlib import Path
from typing import Any

import pytest

from cdk8s_airflow import (
    AdminAccount,
    BasicAuthSecret,
    ConfigMapKey,
    FabAuth,
    Ingress,
    IngressTls,
    Ldap,
    Oidc,
    SecretKey,
    SimpleAuth,
)
from tests.helm.expectations import (
    assert_env_once,
    assert_requests_everywhere,
    assert_restricted,
    assert_strict_kinds,
)
from tests.helm.rendering import Rendered, render_release
from tests.platforms import PAIRS, helm_chart, release

pytestmark = [pytest.mark.usefixtures("charts"), pytest.mark.parametrize("pair", PAIRS, ids="-".join)]

ADMIN = AdminAccount(
    credentials=BasicAuthSecret("airflow-admin"),
    email="ann@example.com",
    first_name="{{ Ann }}",
    last_name="O'Neil $(X)",
)
OIDC = Oidc(
    issuer="https://login.lab/realms/data",
    client_id="airflow",
    client_secret=SecretKey("sign-on", "client-secret"),
    roles={"{{admins}}": "Admin", 'it\'s "us"\\': "Viewer"},
)
LDAP = Ldap(
    server="ldaps://ldap.lab",
    bind_dn="cn=airflow,dc=lab",
    bind_password=SecretKey("ldap", "password"),
    search_base="ou=people,dc=lab",
    roles={"cn=admins,dc=lab": "Admin"},
    ca=ConfigMapKey("ldap-ca", "root.pem"),
)
UI = Ingress(host="airflow.lab", tls=IngressTls("airflow-tls", issuer="lab"))


def rendered(pair: tuple[str, str], **settings: Any) -> Rendered:
    result = render_release(helm_chart(release(chart_version=pair[0], airflow_version=pair[1], **settings)))
    assert_env_once(result)
    assert_requests_everywhere(result)
    assert_restricted(result)
    assert_strict_kinds(result)
    return result


def server(result: Rendered, pair: tuple[str, str]) -> Any:
    name = "webserver" if pair[1] < "3" else "api-server"
    return result.pod(name).container(name)


def sign_on_file(result: Rendered) -> str:
    (text,) = (
        config["data"]["webserver_config.py"]
        for config in result.find("ConfigMap")
        if "webserver_config.py" in (config.get("data") or {})
    )
    return str(text)


def test_the_account_is_made_with_name_and_password_from_its_secret(pair: tuple[str, str]) -> None:
    result = rendered(pair, admin=ADMIN)
    (create,) = (pod for pod in result.pods if pod.component == "create-user-job")
    container = create.container("create-user")
    for name, key in (("ADMIN_USERNAME", "username"), ("ADMIN_PASSWORD", "password")):
        assert container.env[name]["valueFrom"] == {"secretKeyRef": {"name": "airflow-admin", "key": key}}
    shell, flag, script, _, *told = container.spec["args"]
    assert (shell, flag) == ("bash", "-c")
    assert '--username "$ADMIN_USERNAME"' in script
    assert '--password "$ADMIN_PASSWORD"' in script
    assert told == ["--email", "ann@example.com", "--firstname", "{{ Ann }}", "--lastname", "O'Neil $$(X)"]
    assert "admin@example.com" not in result.text
    account = result.get("ServiceAccount", str(create.spec["serviceAccountName"]))
    assert account["automountServiceAccountToken"] is False


def test_without_an_account_nobody_is_made(pair: tuple[str, str]) -> None:
    assert not [pod for pod in rendered(pair).pods if pod.component == "create-user-job"]


def test_only_the_server_of_the_ui_has_the_secret_and_reads_the_file(pair: tuple[str, str], tmp_path: Path) -> None:
    result = rendered(pair, auth=FabAuth(sign_on=OIDC), ui=UI)
    main = server(result, pair)
    assert main.env["SIGN_ON_SECRET"]["valueFrom"] == {"secretKeyRef": {"name": "sign-on", "key": "client-secret"}}
    assert [c.where for c in result.containers() if "SIGN_ON_SECRET" in c.env] == [main.where]
    paths = [mount["mountPath"] for mount in main.spec["volumeMounts"]]
    assert "/opt/airflow/webserver_config.py" in paths
    text = sign_on_file(result)
    assert '["Admin"]' in text or "['Admin']" in text
    assert "'{{admins}}'" in text
    file = tmp_path / "webserver_config.py"
    file.write_text(text, encoding="utf-8")
    py_compile.compile(str(file), doraise=True)


def test_another_setting_restarts_the_server(pair: tuple[str, str]) -> None:
    first = rendered(pair, auth=FabAuth(sign_on=OIDC), ui=UI)
    other = Oidc(issuer=OIDC.issuer, client_id="other", client_secret=OIDC.client_secret, roles=OIDC.roles)
    second = rendered(pair, auth=FabAuth(sign_on=other), ui=UI)
    assert server(first, pair).pod.annotations != server(second, pair).pod.annotations


def test_the_directory_is_asked_over_tls_with_its_authority(pair: tuple[str, str], tmp_path: Path) -> None:
    result = rendered(pair, auth=FabAuth(sign_on=LDAP))
    main = server(result, pair)
    assert main.env["SIGN_ON_SECRET"]["valueFrom"] == {"secretKeyRef": {"name": "ldap", "key": "password"}}
    (mount,) = (m for m in main.spec["volumeMounts"] if m["mountPath"] == "/etc/ldap-ca")
    (volume,) = (v for v in main.pod.spec["volumes"] if v["name"] == mount["name"])
    assert volume["configMap"] == {"name": "ldap-ca", "items": [{"key": "root.pem", "path": "ca.crt"}]}
    text = sign_on_file(result)
    assert "AUTH_LDAP_TLS_CACERTFILE = '/etc/ldap-ca/ca.crt'" in text
    file = tmp_path / "webserver_config.py"
    file.write_text(text, encoding="utf-8")
    py_compile.compile(str(file), doraise=True)


def test_the_simple_manager_is_airflow_3s_own(pair: tuple[str, str]) -> None:
    if pair[1] < "3":
        pytest.skip("refused with Airflow 2, which tests/airflow/test_authentication.py shows")
    result = rendered(pair, auth=SimpleAuth(users={"ann": "admin", "bob": "viewer"}))
    assert result.airflow_cfg.get("core", "auth_manager").endswith(".SimpleAuthManager")
    assert result.airflow_cfg.get("core", "simple_auth_manager_users") == "ann:admin,bob:viewer"
