"""Accounts and single sign-on, in every dialect; the generated file does what it says."""

from __future__ import annotations

import sys
import types
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdk8s_airflow.airflow.authentication import AdminAccount, FabAuth, Ldap, Oidc, SimpleAuth
from cdk8s_airflow.airflow.components import ApiServer
from cdk8s_airflow.airflow.environment_variables import CaBundle
from cdk8s_airflow.airflow.exposure import Ingress, NodePort
from cdk8s_airflow.airflow.wire.authentication import (
    AUTHENTICATION,
    authentication_needs,
    authentication_notes,
    authentication_rules,
    redirect_address,
    sign_on_file,
)
from cdk8s_airflow.airflow.wire.keys import KEYS
from cdk8s_airflow.model.secret_reference import BasicAuthSecret, ConfigMapKey, SecretKey
from tests.airflow.wire.samples import PAIRS, WITH_AIRFLOW_3, Pair, called, release, values_of

NEWEST = ("1.22.0", "3.2.2")
OLDEST = ("1.15.0", "2.9.3")
every_pair = pytest.mark.parametrize("pair", PAIRS, ids=called)

ADMIN = AdminAccount(credentials=BasicAuthSecret("admin"), email="ann@example.com")
UI = Ingress(host="a.example.com")


def oidc(**changes: Any) -> Oidc:
    given: dict[str, Any] = {
        "issuer": "https://login.example.com/realms/lab/",
        "client_id": "airflow",
        "client_secret": SecretKey("sign-on", "secret"),
        "roles": {"admins": "Admin"},
    }
    return Oidc(**{**given, **changes})


def ldap(**changes: Any) -> Ldap:
    given: dict[str, Any] = {
        "server": "ldaps://ldap.example.com",
        "bind_dn": "cn=airflow",
        "bind_password": SecretKey("ldap", "password"),
        "search_base": "ou=people",
        "roles": {"cn=admins": "Admin"},
    }
    return Ldap(**{**given, **changes})


@every_pair
def test_the_job_runs_only_for_an_account_that_was_asked_for(pair: Pair) -> None:
    def enabled(**changes: Any) -> Any:
        values = values_of(KEYS, release(pair, **changes))
        if pair[0] in ("1.20.0", "1.22.0"):
            return values["createUserJob"]["enabled"]
        return values["webserver"]["defaultUser"]["enabled"]

    assert enabled() is False
    assert enabled(admin=ADMIN) is True
    assert values_of(AUTHENTICATION, release(pair)) == {}


@every_pair
def test_the_file_goes_where_the_version_reads_it(pair: Pair) -> None:
    changed = release(pair, ui=UI, auth=FabAuth(sign_on=oidc()))
    values = values_of(AUTHENTICATION, changed)
    server, key = ("apiServer", "apiServerConfig") if pair in WITH_AIRFLOW_3 else ("webserver", "webserverConfig")
    assert set(values) == {server}
    assert values[server][key] == sign_on_file(changed)
    assert values[server]["env"] == [
        {"name": "SIGN_ON_SECRET", "valueFrom": {"secretKeyRef": {"name": "sign-on", "key": "secret"}}}
    ]


@every_pair
def test_people_are_sent_back_to_where_the_version_expects_them(pair: Pair) -> None:
    path = "/auth/oauth-authorized/oidc" if pair in WITH_AIRFLOW_3 else "/oauth-authorized/oidc"
    changed = release(pair, ui=Ingress(host="a.example.com"), auth=FabAuth(sign_on=oidc()))
    assert redirect_address(changed) == f"http://a.example.com{path}"
    assert any(f"http://a.example.com{path}" in note for note in authentication_notes(changed))


class Stub:
    """The class of Airflow that the generated one extends."""

    def __init__(self, remote: Any) -> None:
        self.oauth_remotes = {"oidc": remote}


class Remote:
    """What authlib makes of a provider."""

    def __init__(self, **claims: Any) -> None:
        self.claims = claims

    def userinfo(self, token: Any) -> dict[str, Any]:
        return self.claims


@pytest.fixture
def appbuilder(monkeypatch: pytest.MonkeyPatch) -> None:
    override = "airflow.providers.fab.auth_manager.security_manager.override"
    parts = override.split(".")
    for count in range(1, len(parts) + 1):
        monkeypatch.setitem(sys.modules, ".".join(parts[:count]), types.ModuleType(parts[count - 1]))
    sys.modules[override].FabAirflowSecurityManagerOverride = Stub  # type: ignore[attr-defined]
    const = types.ModuleType("const")
    const.AUTH_OAUTH, const.AUTH_LDAP = 4, 2  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "flask_appbuilder", types.ModuleType("flask_appbuilder"))
    monkeypatch.setitem(sys.modules, "flask_appbuilder.const", const)
    monkeypatch.setenv("SIGN_ON_SECRET", "from-the-environment")


def loaded(text: str) -> dict[str, Any]:
    space: dict[str, Any] = {}
    exec(compile(text, "webserver_config.py", "exec"), space)
    return space


def user(sign_on: Oidc, remote: Remote, **claims: Any) -> Any:
    space = loaded(sign_on_file(release(NEWEST, ui=UI, auth=FabAuth(sign_on=sign_on))))
    return space["SECURITY_MANAGER_CLASS"](remote).get_oauth_user_info("oidc", {"userinfo": claims})


@pytest.mark.usefixtures("appbuilder")
def test_the_file_says_what_the_setting_says() -> None:
    space = loaded(sign_on_file(release(NEWEST, ui=UI, auth=FabAuth(sign_on=oidc(default_role="Viewer")))))
    (provider,) = space["OAUTH_PROVIDERS"]
    assert provider["remote_app"] == {
        "client_id": "airflow",
        "client_secret": "from-the-environment",
        "server_metadata_url": "https://login.example.com/realms/lab/.well-known/openid-configuration",
        "client_kwargs": {"scope": "openid email profile"},
    }
    assert space["AUTH_ROLES_MAPPING"] == {"admins": ["Admin"]}
    assert space["AUTH_USER_REGISTRATION_ROLE"] == "Viewer"
    assert space["AUTH_ROLES_SYNC_AT_LOGIN"] is True
    assert space["AUTH_TYPE"] == 4


@pytest.mark.usefixtures("appbuilder")
def test_who_logs_in_is_read_from_the_token_and_completed_by_the_provider() -> None:
    told = {"sub": "1", "preferred_username": "ann", "email": "ann@example.com", "groups": ["admins"]}
    expected = {
        "username": "ann",
        "email": "ann@example.com",
        "first_name": "",
        "last_name": "",
        "role_keys": ["admins"],
    }
    assert user(oidc(), Remote(sub="1", email="not asked for"), **told) == expected
    assert user(oidc(), Remote(**told), sub="1", groups=[]) == expected
    nested = {**told, "groups": None, "realm_access": {"roles": ["admins", 7]}}
    assert user(oidc(groups_claim="realm_access.roles"), Remote(), **nested) == expected


@pytest.mark.usefixtures("appbuilder")
def test_nobody_gets_in_by_what_another_account_says() -> None:
    assert user(oidc(), Remote(sub="1", preferred_username="ann")) == {}
    stranger = user(oidc(), Remote(sub="2", preferred_username="root", groups=["admins"]), sub="1")
    assert (stranger["username"], stranger["role_keys"]) == ("", [])


@pytest.mark.usefixtures("appbuilder")
def test_only_verified_addresses_of_the_domains_get_in() -> None:
    google = Oidc.google(
        client_id="a", client_secret=SecretKey("s", "k"), email_domains=["Example.com"], default_role="Viewer"
    )
    known = {"sub": "1", "email": "ann@example.com", "email_verified": True}
    assert user(google, Remote(), **known)["username"] == "ann@example.com"
    assert user(google, Remote(), **{**known, "email_verified": False}) == {}
    assert user(google, Remote(), **{**known, "email": "ann@example.com.evil.org"}) == {}
    assert user(google, Remote(), sub="1", email="ann@example.com") == {}


@pytest.mark.usefixtures("appbuilder")
def test_ldap_settings_are_in_the_configuration() -> None:
    bundle = release(NEWEST, auth=FabAuth(sign_on=ldap()), ca=CaBundle(ConfigMapKey("roots", "ca.crt")))
    space = loaded(sign_on_file(bundle))
    assert space["AUTH_TYPE"] == 2
    assert space["AUTH_LDAP_SERVER"] == "ldaps://ldap.example.com"
    assert space["AUTH_LDAP_BIND_PASSWORD"] == "from-the-environment"
    assert space["AUTH_LDAP_TLS_DEMAND"] is True
    assert space["AUTH_LDAP_USE_TLS"] is False
    assert space["AUTH_LDAP_TLS_CACERTFILE"] == "/etc/ca-bundle/ca.crt"
    own = loaded(sign_on_file(release(NEWEST, auth=FabAuth(sign_on=ldap(ca=SecretKey("ca", "root"))))))
    assert own["AUTH_LDAP_TLS_CACERTFILE"] == "/etc/ldap-ca/ca.crt"
    none = loaded(sign_on_file(release(NEWEST, auth=FabAuth(sign_on=ldap()))))
    assert none["AUTH_LDAP_TLS_CACERTFILE"] == ""


@pytest.mark.usefixtures("appbuilder")
@settings(derandomize=True, max_examples=150, deadline=None)
@given(texts=st.lists(st.text(min_size=1), min_size=4, max_size=4))
def test_no_text_leaves_its_quotes(texts: list[str]) -> None:
    group, role, dn, name = texts
    space = loaded(
        sign_on_file(release(NEWEST, auth=FabAuth(sign_on=ldap(roles={group: role}, bind_dn=dn, uid_field=name))))
    )
    assert space["AUTH_ROLES_MAPPING"] == {group: [role]}
    assert (space["AUTH_LDAP_BIND_USER"], space["AUTH_LDAP_UID_FIELD"]) == (dn, name)


def test_the_file_is_the_same_whatever_the_order_of_roles() -> None:
    one = sign_on_file(release(NEWEST, auth=FabAuth(sign_on=ldap(roles={"a": "Admin", "b": "User"}))))
    other = sign_on_file(release(NEWEST, auth=FabAuth(sign_on=ldap(roles={"b": "User", "a": "Admin"}))))
    assert one == other
    assert one.isascii()


@pytest.mark.parametrize(
    ("pair", "changes", "rules"),
    [
        (NEWEST, {}, []),
        (NEWEST, {"admin": ADMIN}, []),
        (NEWEST, {"auth": FabAuth(sign_on=oidc()), "ui": UI}, []),
        (NEWEST, {"auth": FabAuth(sign_on=oidc())}, [("people/redirect", "ui")]),
        (NEWEST, {"auth": FabAuth(sign_on=oidc()), "ui": NodePort()}, [("people/redirect", "ui")]),
        (NEWEST, {"auth": FabAuth(sign_on=ldap())}, []),
        (NEWEST, {"auth": FabAuth(sign_on=ldap()), "admin": ADMIN}, [("people/two-log-ins", "admin")]),
        (NEWEST, {"auth": SimpleAuth(users={"ann": "admin"})}, []),
        (OLDEST, {"auth": SimpleAuth(users={"ann": "admin"})}, [("people/simple", "auth")]),
        (
            NEWEST,
            {"auth": SimpleAuth(users={"ann": "admin"}), "admin": ADMIN, "api_server": ApiServer(replicas=2)},
            [("people/two-log-ins", "admin"), ("people/simple", "api_server")],
        ),
    ],
)
def test_ways_to_log_in_that_do_not_fit_together(pair: Pair, changes: Any, rules: list[tuple[str, str]]) -> None:
    assert [(finding.rule, finding.at) for finding in authentication_rules(release(pair, **changes))] == rules


def test_secrets_are_listed_with_a_way_to_make_them() -> None:
    (account,) = authentication_needs(release(NEWEST, admin=ADMIN))
    assert (account.name, set(account.keys), account.type) == (
        "admin",
        {"username", "password"},
        "kubernetes.io/basic-auth",
    )
    assert "openssl rand" in account.command
    (client,) = authentication_needs(release(NEWEST, ui=UI, auth=FabAuth(sign_on=oidc())))
    assert (client.name, set(client.keys)) == ("sign-on", {"secret"})
    names = [
        need.name for need in authentication_needs(release(NEWEST, auth=FabAuth(sign_on=ldap(ca=SecretKey("ca", "c")))))
    ]
    assert names == ["ldap", "ca"]
