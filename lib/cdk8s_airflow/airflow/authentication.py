"""Users of the UI and how they log in: auth managers, single sign-on, the admin account."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, ClassVar, Final, Literal
from urllib.parse import urlsplit

from cdk8s_airflow._regex import regex
from cdk8s_airflow.model.resources import Resources
from cdk8s_airflow.model.secret_reference import BasicAuthSecret, ConfigMapKey, SecretKey
from cdk8s_airflow.validation import Finding
from cdk8s_airflow.validation.constraints import HostName, Must, NonEmpty, is_web_url
from cdk8s_airflow.validation.frozen import frozen

_EMAIL = regex(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+")
_LOGIN_NAME = regex(r"[A-Za-z0-9._@-]+")
_PROVIDER = regex(r"[a-z][a-z0-9_-]{0,62}")
_SCOPE = regex(r"[\x21\x23-\x5b\x5d-\x7e]+")
_UNPRINTABLE = regex(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")

_Line = Annotated[
    NonEmpty,
    Must(
        lambda text: _UNPRINTABLE.search(text) is None,
        "must not have line breaks or other control characters",
        "write it on one line",
        "argument/text",
    ),
    Must(
        lambda text: "<no value>" not in text,
        "must not have <no value> in it: Helm removes these words from all output",
        "use a value without <no value>",
        "argument/text",
    ),
]

_Email = Annotated[
    str,
    Must(
        lambda text: _EMAIL.fullmatch(text) is not None,
        "must be an email address",
        'use one like "ann@example.com"',
        "people/email",
    ),
]

_Issuer = Annotated[
    str,
    Must(
        lambda text: text.startswith("https://") and is_web_url(text.rstrip("/")),
        "must be the URL of an issuer",
        'use one like "https://login.example.com/realms/lab", with https and without a user',
        "argument/url",
        hides=True,
    ),
]

_LdapUrl = Annotated[
    str,
    Must(
        lambda text: _is_ldap_url(text),
        "must be the URL of an LDAP server",
        'use one like "ldaps://ldap.example.com", without a user or a path',
        "argument/url",
        hides=True,
    ),
]


def _is_ldap_url(text: str) -> bool:
    scheme, separator, rest = text.partition("://")
    return bool(separator) and scheme in ("ldap", "ldaps") and is_web_url(f"https://{rest}") and "/" not in rest


@frozen
class AdminAccount:
    """An account with the role ``Admin`` that logs in with a password. A Job of the chart creates it after the migration.

    The Job creates the account only if it does not exist. It does not change an existing account or its password.

    Attributes:
        credentials: the Secret with the user name (``username``) and password (``password``).
        email: the email address, which no other account may have.
        first_name: the first name that the UI shows. Default: ``"Airflow"``.
        last_name: the last name that the UI shows. Default: ``"Admin"``.
        resources: requests and limits of the Job's container. Default: 100m CPU, 512Mi memory, at most 1Gi.
    """

    how_to_write: ClassVar[str] = (
        'AdminAccount(credentials=BasicAuthSecret("airflow-admin"), email="admin@example.com")'
    )

    credentials: BasicAuthSecret
    email: _Email
    first_name: _Line = "Airflow"
    last_name: _Line = "Admin"
    resources: Resources = Resources(cpu="100m", memory="512Mi", memory_limit="1Gi")


_ProviderName = Annotated[
    str,
    Must(
        lambda text: _PROVIDER.fullmatch(text) is not None,
        "must be a name that can be part of a redirect URL",
        "use lower-case letters, digits, dashes and underscores, starting with a letter",
        "argument/name",
    ),
]

_Scope = Annotated[
    str,
    Must(
        lambda text: _SCOPE.fullmatch(text) is not None,
        "must be a single scope",
        'pass each scope as its own string, like "openid"',
        "people/scope",
    ),
]


@frozen
class Oidc:
    """Single sign-on by OpenID Connect: users log in at an identity provider, and their groups there determine their roles.

    Register Airflow's redirect URL at the provider. The summary prints it. It is derived from the base URL of ``ui=``.

    Attributes:
        issuer: the provider's URL. ``/.well-known/openid-configuration`` must exist below it.
        client_id: the id of the client at the provider.
        client_secret: the key of a Secret with the client's secret. Only the API server (the webserver in Airflow 2) gets it.
        roles: group at the provider -> role of Airflow, such as ``{"airflow-admins": "Admin"}``. Airflow's own roles are Admin,
            Op, User, Viewer and Public. Roles are updated at each login.
        default_role: the role of every user who can log in, in addition to the roles of their groups. Default: ``"Public"``, which
            has no permissions.
        name: the provider's name on the login page and in the redirect URL. Default: ``"oidc"``.
        scopes: the scopes that Airflow requests. Default: ``openid``, ``email`` and ``profile``.
        groups_claim: the claim with the list of groups, with dots for nested claims. Default: ``"groups"``.
        username_claim: the claim with the name of the account. Use a claim that users cannot change themselves. Default:
            ``"preferred_username"``.
        email_domains: only users with a verified email address in these domains may log in. Default: every user of the
            provider.
    """

    how_to_write: ClassVar[str] = (
        'Oidc(issuer="https://login.example.com/realms/lab", client_id="airflow", '
        'client_secret=SecretKey("airflow-sign-on", "client-secret"), roles={"airflow-admins": "Admin"})'
    )

    issuer: _Issuer
    client_id: _Line
    client_secret: SecretKey
    roles: Mapping[_Line, _Line]
    default_role: _Line = "Public"
    name: _ProviderName = "oidc"
    scopes: Sequence[_Scope] = ("openid", "email", "profile")
    groups_claim: _Line = "groups"
    username_claim: _Line = "preferred_username"
    email_domains: Sequence[HostName] = ()

    @classmethod
    def keycloak(
        cls, *, url: str, realm: str, client_id: str, client_secret: SecretKey, roles: Mapping[str, str]
    ) -> Oidc:
        """A realm of Keycloak. The client needs a mapper that adds the groups to the claim ``groups`` of the ID token.

        Args:
            url: Keycloak's URL, like ``"https://keycloak.example.com"``.
            realm: the name of the realm.
            client_id: the id of the client in Keycloak.
            client_secret: the key of a Secret with the client's secret.
            roles: group -> role of Airflow.
        """
        issuer = f"{url.rstrip('/')}/realms/{realm}" if isinstance(url, str) else url
        return cls(issuer=issuer, client_id=client_id, client_secret=client_secret, roles=roles, name="keycloak")

    @classmethod
    def entra(cls, *, tenant: str, client_id: str, client_secret: SecretKey, roles: Mapping[str, str]) -> Oidc:
        """A tenant of Microsoft Entra ID. The app roles of a user are in the claim ``roles``.

        Args:
            tenant: the tenant's id.
            client_id: the application's id.
            client_secret: the key of a Secret with the client's secret.
            roles: value of an app role -> role of Airflow.
        """
        return cls(
            issuer=f"https://login.microsoftonline.com/{tenant}/v2.0",
            client_id=client_id,
            client_secret=client_secret,
            roles=roles,
            name="entra",
            groups_claim="roles",
            username_claim="oid",
        )

    @classmethod
    def google(
        cls, *, client_id: str, client_secret: SecretKey, email_domains: Sequence[str], default_role: str
    ) -> Oidc:
        """Google. It sends no groups, so every user of the domains gets the same role.

        Args:
            client_id: the client's id.
            client_secret: the key of a Secret with the client's secret.
            email_domains: the domains whose users may log in. Required, because otherwise every Google account could log in.
            default_role: the role of these users.
        """
        return cls(
            issuer=_GOOGLE,
            client_id=client_id,
            client_secret=client_secret,
            roles={},
            default_role=default_role,
            name="google",
            username_claim="email",
            email_domains=email_domains,
        )

    def _rules(self) -> Iterator[Finding]:
        if "openid" not in self.scopes:
            yield Finding(
                rule="people/scope",
                at="scopes",
                problem="must include openid, because the ID token with the user's name depends on it",
                seen=", ".join(self.scopes) or "none",
                fix='add "openid"',
            )
        if self.issuer.rstrip("/") == _GOOGLE and not self.email_domains:
            yield Finding(
                rule="people/open-door",
                at="email_domains",
                problem="is required, because otherwise every Google account could log in",
                fix='set your domains, like email_domains=["example.com"]',
            )
        if not self.roles and self.default_role == "Public":
            yield _nobody("Oidc")


_GOOGLE = "https://accounts.google.com"


def _nobody(kind: str) -> Finding:
    return Finding(
        rule="people/no-role",
        at="roles",
        problem="is empty, so every user could log in and none would have a role",
        seen="{}",
        fix=f'pass {kind} roles={{"airflow-admins": "Admin"}}, with one of your groups',
    )


@frozen
class Ldap:
    """Login with the user name and password of an LDAP directory. Groups in the directory determine roles.

    Attributes:
        server: the server's URL: ``"ldaps://..."``, or ``"ldap://..."`` with ``start_tls``.
        bind_dn: the account that Airflow uses to search for users.
        bind_password: the key of a Secret with its password. Only the API server (the webserver in Airflow 2) gets it.
        search_base: the entry below which users are searched.
        roles: distinguished name of a group -> role of Airflow. Roles are updated at each login.
        default_role: the role of every user who can log in, in addition to the roles of their groups. Default: ``"Public"``, which
            has no permissions.
        search_filter: an LDAP filter for entries that are users, like ``"(objectClass=person)"``. Default: all entries.
        uid_field: the attribute with the user name. Default: ``"uid"``; for Active Directory use ``"sAMAccountName"``.
        group_field: the attribute with a user's groups. Default: ``"memberOf"``.
        start_tls: whether a plain connection is upgraded to TLS before Airflow logs in. Default: False.
        ca: the CA certificate of the server. Default: that of ``ca=``, or the ones that the image trusts.
    """

    how_to_write: ClassVar[str] = (
        'Ldap(server="ldaps://ldap.example.com", bind_dn="cn=airflow,dc=example,dc=com", '
        'bind_password=SecretKey("airflow-ldap", "password"), search_base="ou=people,dc=example,dc=com", '
        'roles={"cn=admins,ou=groups,dc=example,dc=com": "Admin"})'
    )

    server: _LdapUrl
    bind_dn: _Line
    bind_password: SecretKey
    search_base: _Line
    roles: Mapping[_Line, _Line]
    default_role: _Line = "Public"
    search_filter: _Line | None = None
    uid_field: _Line = "uid"
    group_field: _Line = "memberOf"
    start_tls: bool = False
    ca: SecretKey | ConfigMapKey | None = None

    def _rules(self) -> Iterator[Finding]:
        is_tls = urlsplit(self.server).scheme == "ldaps"
        if not is_tls and not self.start_tls:
            yield Finding(
                rule="people/clear-text",
                at="server",
                problem="must use TLS, because otherwise every password would be sent in clear text",
                seen=repr(self.server),
                fix='use "ldaps://...", or set start_tls=True',
            )
        if is_tls and self.start_tls:
            yield Finding(
                rule="people/clear-text",
                at="start_tls",
                problem="must not be set with an ldaps:// URL, which uses TLS from the start",
                seen="True",
                fix="Remove it",
            )
        if not self.roles and self.default_role == "Public":
            yield _nobody("Ldap")


@frozen
class FabAuth:
    """The auth manager of the Flask AppBuilder: accounts and roles are in the database. Airflow 2 has only this one, and the chart
    sets it for Airflow 3.

    Attributes:
        sign_on: the identity provider or directory. Default: None; users log in with a password of Airflow.
    """

    how_to_write: ClassVar[str] = "FabAuth()"

    sign_on: Oidc | Ldap | None = None


DEFAULT_AUTH: Final = FabAuth()
"""What a release has that does not set ``auth=``: an auth manager in ``config=`` may replace it, but not a FabAuth that was passed."""


_LoginName = Annotated[
    str,
    Must(
        lambda text: _LOGIN_NAME.fullmatch(text) is not None,
        "must be a user name that Airflow can separate from the role",
        "use letters, digits, dots, dashes, underscores and at signs",
        "argument/name",
    ),
]


@frozen
class SimpleAuth:
    """Airflow 3's simple auth manager, for experiments.

    The API server generates a password for each account whenever its pod starts, and prints it in its log. With two servers an
    account would have two passwords, so only one replica is allowed. Passwords are not kept, and there is no single sign-on.

    Attributes:
        users: name of each account -> ``"viewer"``, ``"user"``, ``"op"`` or ``"admin"``.
    """

    how_to_write: ClassVar[str] = 'SimpleAuth(users={"ann": "admin"})'

    users: Mapping[_LoginName, Literal["viewer", "user", "op", "admin"]]

    def _rules(self) -> Iterator[Finding]:
        if not self.users:
            yield Finding(
                rule="people/no-role",
                at="users",
                problem="is empty, so no user could log in",
                seen="{}",
                fix='add at least one user: users={"ann": "admin"}',
            )


Auth = FabAuth | SimpleAuth
"""An auth manager of Airflow."""
