"""The admin account, the auth manager, and the Python file that configures single sign-on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cdk8s_airflow.airflow.authentication import DEFAULT_AUTH, FabAuth, Ldap, Oidc, SimpleAuth
from cdk8s_airflow.airflow.settings import ReleaseSettings
from cdk8s_airflow.airflow.wire.concept import Concept
from cdk8s_airflow.airflow.wire.environment_variables import CA_FILE, literal
from cdk8s_airflow.airflow.wire.pod_parts import ConfigOptions
from cdk8s_airflow.airflow.wire.pod_settings import component_placement
from cdk8s_airflow.airflow.wire.tree import Tree, join, nest
from cdk8s_airflow.model import secret_need as needs
from cdk8s_airflow.model.note import BeforeApply
from cdk8s_airflow.model.secret_reference import ConfigMapKey, SecretKey
from cdk8s_airflow.model.wire.resources import resources
from cdk8s_airflow.text.digest import digest
from cdk8s_airflow.text.yaml_writer import escape_template
from cdk8s_airflow.validation import Finding

SIGN_ON_VARIABLE = "SIGN_ON_SECRET"
"""The variable of the API server with the secret for the identity provider or directory."""

_SIMPLE = "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager"
_CREATE = 'exec airflow users create --role Admin --username "$ADMIN_USERNAME" --password "$ADMIN_PASSWORD" "$@"'
_LDAP_VOLUME = "ldap-ca"
_LDAP_FOLDER = "/etc/ldap-ca"
_LDAP_FILE = f"{_LDAP_FOLDER}/ca.crt"

_COMMON = """\
AUTH_USER_REGISTRATION = True
AUTH_USER_REGISTRATION_ROLE = {default_role}
AUTH_ROLES_SYNC_AT_LOGIN = True
AUTH_ROLES_MAPPING = {{
{roles}}}
WTF_CSRF_ENABLED = True
WTF_CSRF_TIME_LIMIT = None
"""

_OIDC = '''\
"""Users log in by OpenID Connect; the client's secret is in the environment."""

import os

from airflow.providers.fab.auth_manager.security_manager.override import FabAirflowSecurityManagerOverride
from flask_appbuilder.const import AUTH_OAUTH

AUTH_TYPE = AUTH_OAUTH
{common}
OAUTH_PROVIDERS = [
    {{
        "name": {name},
        "icon": "fa-key",
        "token_key": "access_token",
        "remote_app": {{
            "client_id": {client_id},
            "client_secret": os.environ.get({variable}, ""),
            "server_metadata_url": {metadata},
            "client_kwargs": {{"scope": {scope}}},
        }},
    }}
]

GROUPS_CLAIM = {groups}
USERNAME_CLAIM = {username}
EMAIL_DOMAINS = {domains}


def _groups(claims):
    found = claims
    for step in [GROUPS_CLAIM] if GROUPS_CLAIM in claims else GROUPS_CLAIM.split("."):
        found = found.get(step) if isinstance(found, dict) else None
    found = [found] if isinstance(found, str) else found
    return [group for group in found if isinstance(group, str)] if isinstance(found, list) else []


class SecurityManager(FabAirflowSecurityManagerOverride):
    """Reads the user from the ID token, and from the userinfo endpoint what the token does not contain."""

    def get_oauth_user_info(self, provider, resp):
        claims = dict(resp.get("userinfo") or {{}})
        if not claims.get("sub"):
            return {{}}
        if not claims.get(USERNAME_CLAIM) or not claims.get("email") or not _groups(claims):
            more = dict(self.oauth_remotes[provider].userinfo(token=resp) or {{}})
            if more.get("sub") == claims["sub"]:
                claims = {{**more, **{{key: value for key, value in claims.items() if value}}}}
        email = str(claims.get("email") or "")
        if EMAIL_DOMAINS and (
            claims.get("email_verified") is not True or email.rpartition("@")[2].lower() not in EMAIL_DOMAINS
        ):
            return {{}}
        return {{
            "username": str(claims.get(USERNAME_CLAIM) or ""),
            "email": email,
            "first_name": str(claims.get("given_name") or ""),
            "last_name": str(claims.get("family_name") or ""),
            "role_keys": _groups(claims),
        }}


SECURITY_MANAGER_CLASS = SecurityManager
'''

_LDAP = '''\
"""Users log in by LDAP; the password of the account that searches for users is in the environment."""

import os

from flask_appbuilder.const import AUTH_LDAP

AUTH_TYPE = AUTH_LDAP
{common}
AUTH_LDAP_SERVER = {server}
AUTH_LDAP_USE_TLS = {start_tls}
AUTH_LDAP_TLS_DEMAND = True
AUTH_LDAP_ALLOW_SELF_SIGNED = False
AUTH_LDAP_TLS_CACERTFILE = {ca}
AUTH_LDAP_BIND_USER = {bind_dn}
AUTH_LDAP_BIND_PASSWORD = os.environ.get({variable}, "")
AUTH_LDAP_SEARCH = {search_base}
AUTH_LDAP_SEARCH_FILTER = {search_filter}
AUTH_LDAP_UID_FIELD = {uid_field}
AUTH_LDAP_GROUP_FIELD = {group_field}
'''


def authentication_values(settings: ReleaseSettings) -> Tree:
    """The account, the auth manager, and single sign-on."""
    return join(_admin(settings), _auth(settings))


def _admin(settings: ReleaseSettings) -> Tree:
    """The chart's Job, with user name and password from the Secret.

    ``airflow users create`` does not change an existing account, so the Job can run at each upgrade.
    """
    admin = settings.admin
    if admin is None:
        return {}
    told = ["--email", admin.email, "--firstname", admin.first_name, "--lastname", admin.last_name]
    env = [
        {"name": f"ADMIN_{key.upper()}", "valueFrom": {"secretKeyRef": {"name": admin.credentials.name, "key": key}}}
        for key in ("username", "password")
    ]
    return {
        "createUserJob": {
            "args": ["bash", "-c", _CREATE, "--", *(escape_template(literal(text)) for text in told)],
            "env": env,
            "resources": resources(admin.resources),
            "serviceAccount": {"automountServiceAccountToken": False},
            **component_placement(settings, None),
            **({"annotations": dict(settings.annotations)} if settings.annotations else {}),
        }
    }


def _auth(settings: ReleaseSettings) -> Tree:
    auth = settings.auth
    if isinstance(auth, SimpleAuth) or auth.sign_on is None:
        return {}
    text = sign_on_file(settings)
    server = settings.dialect.place("ui_server")
    secret = sign_on_secret(auth.sign_on)
    return join(
        nest(settings.dialect.place("ui_server.sign_on"), escape_template(text)),
        nest(
            server,
            {
                "env": [
                    {
                        "name": SIGN_ON_VARIABLE,
                        "valueFrom": {"secretKeyRef": {"name": secret.name, "key": secret.key}},
                    }
                ],
                "podAnnotations": {"cdk8s-airflow/sign-on": digest(text, 16)},
            },
        ),
        _ldap_authority(server, auth.sign_on),
    )


def authentication_config(settings: ReleaseSettings) -> ConfigOptions:
    """The auth manager, if it is not the default one."""
    auth = settings.auth
    if not isinstance(auth, SimpleAuth):
        return {}
    users = ",".join(f"{name}:{role}" for name, role in auth.users.items())
    return {"core": {"auth_manager": _SIMPLE, "simple_auth_manager_users": users}}


def _ldap_authority(server: str | None, sign_on: Oidc | Ldap) -> Tree:
    if not isinstance(sign_on, Ldap) or sign_on.ca is None:
        return {}
    items = [{"key": sign_on.ca.key, "path": "ca.crt"}]
    source: Tree = (
        {"secret": {"secretName": sign_on.ca.name, "items": items}}
        if isinstance(sign_on.ca, SecretKey)
        else {"configMap": {"name": sign_on.ca.name, "items": items}}
    )
    return nest(
        server,
        {
            "extraVolumes": [{"name": _LDAP_VOLUME, **source}],
            "extraVolumeMounts": [{"name": _LDAP_VOLUME, "mountPath": _LDAP_FOLDER, "readOnly": True}],
        },
    )


def sign_on_secret(sign_on: Oidc | Ldap) -> SecretKey:
    """The key of the Secret with which Airflow logs in to the identity provider or directory."""
    return sign_on.client_secret if isinstance(sign_on, Oidc) else sign_on.bind_password


def sign_on_file(settings: ReleaseSettings) -> str:
    """The text of ``webserver_config.py``; empty without single sign-on. Every string in it is a Python literal in ASCII."""
    auth = settings.auth
    if not isinstance(auth, FabAuth) or auth.sign_on is None:
        return ""
    sign_on = auth.sign_on
    common = _COMMON.format(default_role=ascii(sign_on.default_role), roles=_roles(sign_on.roles)).rstrip("\n")
    if isinstance(sign_on, Oidc):
        return _OIDC.format(
            common=common,
            name=ascii(sign_on.name),
            client_id=ascii(sign_on.client_id),
            variable=ascii(SIGN_ON_VARIABLE),
            metadata=ascii(f"{sign_on.issuer.rstrip('/')}/.well-known/openid-configuration"),
            scope=ascii(" ".join(sign_on.scopes)),
            groups=ascii(sign_on.groups_claim),
            username=ascii(sign_on.username_claim),
            domains=ascii([domain.lower() for domain in sign_on.email_domains]),
        )
    return _LDAP.format(
        common=common,
        server=ascii(sign_on.server),
        start_tls=sign_on.start_tls,
        ca=ascii(_ldap_ca_file(settings, sign_on)),
        bind_dn=ascii(sign_on.bind_dn),
        variable=ascii(SIGN_ON_VARIABLE),
        search_base=ascii(sign_on.search_base),
        search_filter=ascii(sign_on.search_filter or ""),
        uid_field=ascii(sign_on.uid_field),
        group_field=ascii(sign_on.group_field),
    )


def _ldap_ca_file(settings: ReleaseSettings, sign_on: Ldap) -> str:
    if sign_on.ca is not None:
        return _LDAP_FILE
    return CA_FILE if settings.ca is not None else ""


def _roles(roles: Mapping[str, str]) -> str:
    return "".join(f"    {group!a}: [{role!a}],\n" for group, role in sorted(roles.items()))


def redirect_address(settings: ReleaseSettings) -> str | None:
    """The redirect URL for the identity provider; None without a provider or a base URL."""
    auth = settings.auth
    base = base_url(settings)
    if not isinstance(auth, FabAuth) or not isinstance(auth.sign_on, Oidc) or base is None:
        return None
    return f"{base}{settings.dialect.name('sign_on.path')}/{auth.sign_on.name}"


def base_url(settings: ReleaseSettings) -> str | None:
    """The URL that users open, if ``ui=`` sets it."""
    return settings.ui.base_url


def authentication_rules(settings: ReleaseSettings) -> Iterator[Finding]:
    """Findings if the log-in settings conflict, or this Airflow version does not support them."""
    auth = settings.auth
    yield from _manager_rules(settings)
    if isinstance(auth, SimpleAuth):
        yield from _simple_rules(settings)
    elif auth.sign_on is not None:
        if settings.admin is not None:
            yield Finding(
                rule="people/two-log-ins",
                at="admin",
                problem="could not log in: with single sign-on, Airflow has no password login",
                fix="Remove admin=, and map a group to the role Admin in roles=",
            )
        if isinstance(auth.sign_on, Oidc) and base_url(settings) is None:
            yield Finding(
                rule="people/redirect",
                at="ui",
                problem="must have a base URL, because the identity provider needs the redirect URL",
                seen=type(settings.ui).__name__,
                fix='use ui=Ingress(host="...", tls=...), HttpRoute(...), or base_url="https://..."',
            )


def _manager_rules(settings: ReleaseSettings) -> Iterator[Finding]:
    """Whether ``config=`` sets an auth manager that reads neither the accounts of ``admin=`` nor ``auth=``."""
    manager = other_manager(settings)
    if not manager:
        return
    ignored = {
        "auth.sign_on": isinstance(settings.auth, FabAuth) and settings.auth.sign_on is not None,
        "auth": (isinstance(settings.auth, SimpleAuth) and manager != _SIMPLE)
        or (settings.auth is not DEFAULT_AUTH and settings.auth == DEFAULT_AUTH),
        "admin": settings.admin is not None,
    }
    for at in (at for at, is_set in ignored.items() if is_set):
        yield Finding(
            rule="people/auth-manager",
            at=at,
            problem=f"is ignored: config.core.auth_manager is {manager}, which has its own users",
            fix=f"Remove {at.partition('.')[0]}=, or remove core.auth_manager from config=",
        )


def other_manager(settings: ReleaseSettings) -> str:
    """The auth manager that ``config=`` sets, if it is one of Airflow's and not FabAuthManager; empty otherwise."""
    manager = settings.config.get("core", {}).get("auth_manager")
    return manager if isinstance(manager, str) and not _is_fab(manager) else ""


def _is_fab(manager: str) -> bool:
    """Whether an auth manager is FabAuthManager, or a class outside Airflow, which may be derived from it."""
    return not manager.startswith("airflow.") or manager.rpartition(".")[2] == "FabAuthManager"


def _simple_rules(settings: ReleaseSettings) -> Iterator[Finding]:
    if not settings.dialect.has("auth.simple"):
        yield Finding(
            rule="people/simple",
            at="auth",
            problem=f"requires Airflow 3, and this is {settings.dialect.airflow}",
            seen="SimpleAuth",
            fix="use FabAuth(), and admin= for an account",
        )
    if settings.admin is not None:
        yield Finding(
            rule="people/two-log-ins",
            at="admin",
            problem="is an account in the database, which SimpleAuth does not use",
            fix="remove admin=, or use FabAuth()",
        )
    if settings.api_server.most_replicas > 1:
        yield Finding(
            rule="people/simple",
            at="api_server",
            problem="must have one replica, because each API server would generate different passwords",
            seen=str(settings.api_server.most_replicas),
            fix="Use replicas=1, or auth=FabAuth()",
        )


def authentication_needs(settings: ReleaseSettings) -> Iterator[needs.SecretNeed]:
    """The Secret of the admin account, and the one for single sign-on."""
    if settings.admin is not None:
        yield needs.account(settings.admin.credentials, settings.namespace, "the admin account of the UI")
    sign_on = settings.auth.sign_on if isinstance(settings.auth, FabAuth) else None
    if isinstance(sign_on, Oidc):
        yield needs.free_key(
            sign_on.client_secret,
            settings.namespace,
            f"Airflow's log-in at {sign_on.issuer}",
            content=f"the secret of client {sign_on.client_id!r}",
        )
    elif sign_on is not None:
        yield needs.free_key(
            sign_on.bind_password,
            settings.namespace,
            f"Airflow's log-in at {sign_on.server}",
            content=f"the password of {sign_on.bind_dn!r}",
        )
        if isinstance(sign_on.ca, SecretKey):
            yield needs.free_key(
                sign_on.ca,
                settings.namespace,
                f"trusts {sign_on.server}",
                content="the CA certificate in PEM",
                source="cat ca.crt",
            )


def authentication_notes(settings: ReleaseSettings) -> Iterator[str]:
    """The redirect URL for the identity provider, and the ConfigMap with the CA certificate of the LDAP server."""
    address = redirect_address(settings)
    if address is not None:
        yield BeforeApply(
            f"Register this redirect URL of release {settings.release} at the identity provider: {address}"
        )
    sign_on = settings.auth.sign_on if isinstance(settings.auth, FabAuth) else None
    if isinstance(sign_on, Ldap) and isinstance(sign_on.ca, ConfigMapKey):
        yield BeforeApply(
            f"Release {settings.release} reads a CA certificate from ConfigMap {settings.namespace}/{sign_on.ca.name}, key "
            f"{sign_on.ca.key}:\n  kubectl -n {settings.namespace} get configmap {sign_on.ca.name}"
        )


AUTHENTICATION = Concept(
    values=authentication_values,
    config=authentication_config,
    rules=authentication_rules,
    needs=authentication_needs,
    notes=authentication_notes,
)
"""Accounts and single sign-on."""
