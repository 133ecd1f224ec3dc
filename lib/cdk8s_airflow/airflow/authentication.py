"""Who may use the UI, and how they log in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, ClassVar, Literal
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
        "has a line break or another control character in it",
        "write it on one line",
        "argument/text",
    ),
    Must(
        lambda text: "<no value>" not in text,
        "has <no value> in it, which Helm removes from all it renders",
        "write it otherwise",
        "argument/text",
    ),
]

_Email = Annotated[
    str,
    Must(
        lambda text: _EMAIL.fullmatch(text) is not None,
        "is not an e-mail address",
        'write it like "ann@example.com"',
        "people/email",
    ),
]

_Issuer = Annotated[
    str,
    Must(
        lambda text: text.startswith("https://") and is_web_url(text.rstrip("/")),
        "is not the URL of an issuer",
        'write it like "https://login.example.com/realms/lab", with https and without a user',
        "argument/url",
        hides=True,
    ),
]

_LdapUrl = Annotated[
    str,
    Must(
        lambda text: _is_ldap_url(text),
        "is not the URL of an LDAP server",
        'write it like "ldaps://ldap.example.com", without a user or a path',
        "argument/url",
        hides=True,
    ),
]


def _is_ldap_url(text: str) -> bool:
    scheme, separator, rest = text.partition("://")
    return bool(separator) and scheme in ("ldap", "ldaps") and is_web_url(f"https://{rest}") and "/" not in rest


@frozen
class AdminAccount:
    """An account with the role ``Admin`` that logs in with a password. A Job of the chart makes it after the migration.

    It is made when it is not there; an account that is there stays as it is, its password included.

    Attributes:
        credentials: the Secret with its name (``username``) and password (``password``).
        email: its e-mail address, which no other account may have.
        first_name: as the UI shows it. Default: ``"Airflow"``.
        last_name: as the UI shows it. Default: ``"Admin"``.
        resources: of the Job's container. Default: 100m CPU, 512Mi memory, at most 1Gi.
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
        "is not a name that a redirect address can have in it",
        "use lower-case letters, digits, dashes and underscores, starting with a letter",
        "argument/name",
    ),
]

_Scope = Annotated[
    str,
    Must(
        lambda text: _SCOPE.fullmatch(text) is not None,
        "is not a scope",
        'write each scope by itself, like "openid"',
        "people/scope",
    ),
]


@frozen
class Oidc:
    """Single sign-on by OpenID Connect: people log in at an identity provider, and its groups give them roles.

    The provider must know Airflow's redirect address, which the summary says. It follows from the base URL of ``ui=``.

    Attributes:
        issuer: the provider's URL, below which ``/.well-known/openid-configuration`` is.
        client_id: what the provider calls Airflow.
        client_secret: the key of a Secret with the client's secret. Only the server of the UI gets it.
        roles: group at the provider -> role of Airflow, as ``{"airflow-admins": "Admin"}``. Airflow's own roles are Admin,
            Op, User, Viewer and Public. They are set anew at each log-in.
        default_role: the role of every user who can log in, in addition to the roles of their groups. Default: ``"Public"``, which may
            do nothing.
        name: the provider's name on the log-in page and in the redirect address. Default: ``"oidc"``.
        scopes: what Airflow asks for. Default: ``openid``, ``email`` and ``profile``.
        groups_claim: the claim with the list of groups, with dots for claims within claims. Default: ``"groups"``.
        username_claim: the claim with the name of the account. It must be one that people cannot change themselves. Default:
            ``"preferred_username"``.
        email_domains: only users with a verified e-mail address in these domains may log in. Default: every user of the provider.
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
        """A realm of Keycloak, whose client needs a mapper that puts groups into the claim ``groups`` of the ID token.

        Args:
            url: Keycloak's URL, like ``"https://keycloak.example.com"``.
            realm: the realm.
            client_id: what Keycloak calls Airflow.
            client_secret: the key of a Secret with the client's secret.
            roles: group -> role of Airflow.
        """
        issuer = f"{url.rstrip('/')}/realms/{realm}" if isinstance(url, str) else url
        return cls(issuer=issuer, client_id=client_id, client_secret=client_secret, roles=roles, name="keycloak")

    @classmethod
    def entra(cls, *, tenant: str, client_id: str, client_secret: SecretKey, roles: Mapping[str, str]) -> Oidc:
        """A tenant of Microsoft Entra ID, whose app roles are in the claim ``roles``.

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
        """Google, which sends no groups: every user of the domains gets the same role.

        Args:
            client_id: the client's id.
            client_secret: the key of a Secret with the client's secret.
            email_domains: the domains whose users may log in. Required, because otherwise every Google account could log in.
            default_role: the role they get.
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
                problem="lack openid, without which nobody is told who logs in",
                seen=", ".join(self.scopes) or "none",
                fix='add "openid"',
            )
        if self.issuer.rstrip("/") == _GOOGLE and not self.email_domains:
            yield Finding(
                rule="people/open-door",
                at="email_domains",
                problem="are missing, and everybody with a Google account could log in",
                fix='name them, like ["example.com"]',
            )
        if not self.roles and self.default_role == "Public":
            yield _nobody("Oidc")


_GOOGLE = "https://accounts.google.com"


def _nobody(kind: str) -> Finding:
    return Finding(
        rule="people/no-role",
        at="roles",
        problem="are empty, so that everybody could log in and nobody do anything",
        seen="{}",
        fix=f'give {kind} roles={{"airflow-admins": "Admin"}}, with a group of yours',
    )


@frozen
class Ldap:
    """Log-in with name and password of an LDAP directory, whose groups give roles.

    Attributes:
        server: the server's URL: ``"ldaps://..."``, or ``"ldap://..."`` with ``start_tls``.
        bind_dn: the account with which Airflow looks people up.
        bind_password: the key of a Secret with its password. Only the server of the UI gets it.
        search_base: below which entry people are.
        roles: distinguished name of a group -> role of Airflow. They are set anew at each log-in.
        default_role: the role of every user who can log in, in addition to the roles of their groups. Default: ``"Public"``, which may
            do nothing.
        search_filter: which of the entries are people, like ``"(objectClass=person)"``. Default: all.
        uid_field: the attribute people log in with. Default: ``"uid"``; Active Directory has ``"sAMAccountName"``.
        group_field: the attribute with a person's groups. Default: ``"memberOf"``.
        start_tls: whether a plain connection is turned into TLS before anything is said. Default: no.
        ca: the authority that signed the server's certificate. Default: that of ``ca=``, or those the image trusts.
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
                problem="is spoken to without TLS, so that every password could be read on the way",
                seen=repr(self.server),
                fix='write "ldaps://...", or say start_tls=True',
            )
        if is_tls and self.start_tls:
            yield Finding(
                rule="people/clear-text",
                at="start_tls",
                problem="turns a plain connection into TLS, and this one is TLS from the start",
                seen="True",
                fix="Remove it",
            )
        if not self.roles and self.default_role == "Public":
            yield _nobody("Ldap")


@frozen
class FabAuth:
    """The auth manager of the Flask AppBuilder, which Airflow 2 has and the chart chooses for Airflow 3: accounts and roles
    in the database.

    Attributes:
        sign_on: where people log in. Default: at Airflow itself, with a password.
    """

    how_to_write: ClassVar[str] = "FabAuth()"

    sign_on: Oidc | Ldap | None = None


_LoginName = Annotated[
    str,
    Must(
        lambda text: _LOGIN_NAME.fullmatch(text) is not None,
        "is not a name that Airflow can tell from its role",
        "use letters, digits, dots, dashes, underscores and at signs",
        "argument/name",
    ),
]


@frozen
class SimpleAuth:
    """Airflow 3's own auth manager, for trying things out.

    Its server generates a password for each account whenever its pod starts, and prints it in its log. With two servers an
    account would have two passwords, so there can be one only. Nothing can be synchronized with it, and nothing is kept.

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
                problem="are none, so that nobody could log in",
                seen="{}",
                fix='name them: users={"ann": "admin"}',
            )


Auth = FabAuth | SimpleAuth
"""An auth manager of Airflow."""
