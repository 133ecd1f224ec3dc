"""Log-in settings that are refused before anything is written."""

from __future__ import annotations

from typing import Any

import pytest

from cdk8s_airflow import AdminAccount, BasicAuthSecret, FabAuth, Ingress, Ldap, Oidc, SecretKey, SimpleAuth
from tests import test_spoiled as spoiled
from tests.test_spoiled import airflow, case

ADMIN = AdminAccount(credentials=BasicAuthSecret("admin"), email="ann@example.com")


def admin(**changes: Any) -> Any:
    told = {"credentials": BasicAuthSecret("admin"), "email": "ann@example.com"}
    return airflow(admin=AdminAccount(**{**told, **changes}))


def oidc(**changes: Any) -> Any:
    told: dict[str, Any] = {
        "issuer": "https://login.lab",
        "client_id": "airflow",
        "client_secret": SecretKey("sign-on", "secret"),
        "roles": {"admins": "Admin"},
    }
    return airflow(ui=Ingress(host="a.lab"), auth=FabAuth(sign_on=Oidc(**{**told, **changes})))


def ldap(**changes: Any) -> Any:
    told: dict[str, Any] = {
        "server": "ldaps://ldap.lab",
        "bind_dn": "cn=airflow",
        "bind_password": SecretKey("ldap", "password"),
        "search_base": "dc=lab",
        "roles": {"cn=admins": "Admin"},
    }
    return airflow(auth=FabAuth(sign_on=Ldap(**{**told, **changes})))


CASES = [
    case("a password for an account", admin(credentials="hunter2"), "admin.credentials", "", "BasicAuthSecret("),
    case("an account without an address", admin(email="ann"), "admin.email", "'ann'", "ann@example.com"),
    case("an address that is an option", admin(email="--role=Op"), "admin.email", "", "ann@example.com"),
    case("a name on two lines", admin(first_name="a\nb"), "admin.first_name", "a\\nb", "one line"),
    case(
        "a name that Helm erases", admin(last_name="<no value>"), "admin.last_name", "<no value>", "without <no value>"
    ),
    case(
        "one Secret for the account and a key",
        admin(credentials=BasicAuthSecret("airflow-fernet-key")),
        "admin.credentials",
        "'airflow-fernet-key'",
        "separate Secret",
    ),
    case("an account by its name", airflow(admin="admin"), "admin", "'admin'", "AdminAccount("),
    case("a client's secret as text", oidc(client_secret="hunter2"), "auth.sign_on.client_secret", "", "SecretKey("),
    case("an issuer over http", oidc(issuer="http://login.lab"), "auth.sign_on.issuer", "", "https"),
    case("an issuer with a password", oidc(issuer="https://a:hunter2@login.lab"), "auth.sign_on.issuer", "", "https"),
    case("no openid", oidc(scopes=["email"]), "auth.sign_on.scopes", "email", '"openid"'),
    case(
        "two scopes in one",
        oidc(scopes=["openid email"]),
        "auth.sign_on.scopes[0]",
        "'openid email'",
        "as its own string",
    ),
    case("nobody with a role", oidc(roles={}), "auth.sign_on.roles", "{}", "airflow-admins"),
    case(
        "every Google account",
        oidc(issuer="https://accounts.google.com"),
        "auth.sign_on.email_domains",
        "",
        "example.com",
    ),
    case("a name that no address can have", oidc(name="My IdP"), "auth.sign_on.name", "'My IdP'", "lower-case"),
    case(
        "single sign-on without an address to come back to",
        airflow(
            auth=FabAuth(
                sign_on=Oidc.keycloak(
                    url="https://k.lab",
                    realm="r",
                    client_id="a",
                    client_secret=SecretKey("s", "k"),
                    roles={"a": "Admin"},
                )
            )
        ),
        "ui",
        "ClusterIP",
        "base_url",
    ),
    case(
        "a directory in clear text",
        ldap(server="ldap://ldap.lab"),
        "auth.sign_on.server",
        "'ldap://ldap.lab'",
        "start_tls",
    ),
    case("TLS twice", ldap(start_tls=True), "auth.sign_on.start_tls", "True", "Remove it"),
    case("a directory by http", ldap(server="https://ldap.lab"), "auth.sign_on.server", "", "ldaps://"),
    case("a directory with a path", ldap(server="ldaps://ldap.lab/dc=lab"), "auth.sign_on.server", "", "ldaps://"),
    case("a password for a directory", ldap(bind_password="hunter2"), "auth.sign_on.bind_password", "", "SecretKey("),
    case("a filter of nothing", ldap(search_filter=" "), "auth.sign_on.search_filter", "' '", "not empty"),
    case(
        "an account together with single sign-on",
        airflow(
            admin=ADMIN,
            auth=FabAuth(
                sign_on=Ldap(
                    server="ldaps://l.lab",
                    bind_dn="a",
                    bind_password=SecretKey("s", "k"),
                    search_base="b",
                    roles={"a": "Admin"},
                )
            ),
        ),
        "admin",
        "",
        "remove admin=",
    ),
    case(
        "nobody for the simple manager", airflow(auth=SimpleAuth(users={})), "auth.users", "{}", "add at least one user"
    ),
    case(
        "a role that is none", airflow(auth=SimpleAuth(users={"ann": "root"})), "auth.users.ann", "'root'", "'viewer'"
    ),  # type: ignore[dict-item]
    case("a name with a colon", airflow(auth=SimpleAuth(users={"a:b": "op"})), "auth.users", "'a:b'", "letters"),
    case(
        "the simple manager with Airflow 2",
        airflow(chart_version="1.22.0", airflow_version="2.11.0", auth=SimpleAuth(users={"ann": "admin"})),
        "auth",
        "SimpleAuth",
        "FabAuth()",
    ),
    case(
        "an auth manager by its path",
        airflow(auth="airflow.auth.Manager"),
        "auth",
        "'airflow.auth.Manager'",
        "FabAuth(",
    ),
]


@pytest.mark.parametrize(("spoil", "at", "seen", "fix"), CASES)
def test_it_is_refused_before_anything_is_written(spoil: Any, at: str, seen: str, fix: str) -> None:
    spoiled.test_invalid_input_is_rejected_and_nothing_is_emitted(spoil, at, seen, fix)


def test_providers_are_called_what_they_call_themselves() -> None:
    told: dict[str, Any] = {"client_id": "a", "client_secret": SecretKey("s", "k")}
    keycloak = Oidc.keycloak(url="https://k.lab/", realm="data", roles={"a": "Admin"}, **told)
    entra = Oidc.entra(tenant="t", roles={"a": "Admin"}, **told)
    google = Oidc.google(email_domains=["example.com"], default_role="Viewer", **told)
    assert [(each.name, each.issuer, each.groups_claim, each.username_claim) for each in (keycloak, entra, google)] == [
        ("keycloak", "https://k.lab/realms/data", "groups", "preferred_username"),
        ("entra", "https://login.microsoftonline.com/t/v2.0", "roles", "oid"),
        ("google", "https://accounts.google.com", "groups", "email"),
    ]
