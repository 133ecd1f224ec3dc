"""Emits HelmChart and CNPG Cluster through the generated bindings, so that the type checker checks every field name.

Each function takes the wire form of the resource (as Kubernetes reads it) and builds the struct of the bindings field by
field. A wire key that a function does not handle raises an error, so nothing is lost: add the field here. The bindings are
imported inside the functions, because importing them starts Node.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import enum

    import cdk8s
    import constructs

    from cdk8s_airflow_crds.cluster.io.cnpg import postgresql
    from cdk8s_airflow_crds.helmchart.io.cattle import helm

    _Choice = TypeVar("_Choice", bound=enum.Enum)
    _Emitter = Callable[[constructs.Construct, str, Mapping[str, Any]], object]


class BindingError(Exception):
    """A wire manifest has a field that is not handled here: a defect of this library, not of its user's input."""


def helm_chart(scope: constructs.Construct, id: str, manifest: Mapping[str, object]) -> cdk8s.ApiObject:
    """Emit a ``helm.cattle.io/v1`` HelmChart, with every field of its spec except those of Windows.

    Args:
        scope: the parent construct.
        id: the construct id, part of the API.
        manifest: ``apiVersion``, ``kind``, ``metadata`` and ``spec`` as Kubernetes reads them.

    Raises:
        BindingError: if the manifest has a key or type that is not handled; nothing is emitted then.
    """
    from cdk8s_airflow_crds.helmchart.io.cattle import helm

    wire = _Part(manifest, "HelmChart")
    wire.must_be("helm.cattle.io/v1", "HelmChart")
    metadata = _metadata(wire)
    spec = _helm_chart_spec(wire.part("spec"))
    wire.finish()
    return helm.HelmChart(scope, id, metadata=metadata, spec=spec)


def helm_charts(
    objects: Mapping[str, Mapping[str, Any]],
) -> tuple[dict[str, tuple[_Emitter, Mapping[str, Any]]], dict[str, Mapping[str, Any]]]:
    """The HelmChart objects with the function that emits them, and the other objects, by construct id.

    Args:
        objects: construct id -> manifest.
    """
    bound: dict[str, tuple[_Emitter, Mapping[str, Any]]] = {
        id: (helm_chart, manifest) for id, manifest in objects.items() if manifest["kind"] == "HelmChart"
    }
    return bound, {id: manifest for id, manifest in objects.items() if id not in bound}


def cnpg_cluster(scope: constructs.Construct, id: str, manifest: Mapping[str, object]) -> cdk8s.ApiObject:
    """Emit a ``postgresql.cnpg.io/v1`` Cluster.

    Args:
        scope: the parent construct.
        id: the construct id, part of the API.
        manifest: ``apiVersion``, ``kind``, ``metadata`` and ``spec`` as Kubernetes reads them.

    Raises:
        BindingError: if the manifest has a key or type that is not handled; nothing is emitted then.
    """
    from cdk8s_airflow_crds.cluster.io.cnpg import postgresql

    wire = _Part(manifest, "Cluster")
    wire.must_be("postgresql.cnpg.io/v1", "Cluster")
    metadata = _metadata(wire)
    spec = _cluster_spec(wire.part("spec"))
    wire.finish()
    return postgresql.Cluster(scope, id, metadata=metadata, spec=spec)


def _metadata(wire: _Part) -> cdk8s.ApiObjectMetadata:
    import cdk8s

    metadata = wire.part("metadata")
    return cdk8s.ApiObjectMetadata(
        name=metadata.text("name"),
        namespace=metadata.text("namespace"),
        labels=metadata.pairs("labels"),
        annotations=metadata.pairs("annotations"),
        finalizers=metadata.texts("finalizers"),
    )


# ------------------------------------------------------------------------------------------------ HelmChart


def _helm_chart_spec(spec: _Part) -> helm.HelmChartSpec:
    from cdk8s_airflow_crds.helmchart.io.cattle import helm

    return helm.HelmChartSpec(
        auth_pass_credentials=spec.flag("authPassCredentials"),
        auth_secret=helm.HelmChartSpecAuthSecret(name=part.text("name"))
        if (part := spec.maybe("authSecret"))
        else None,
        back_off_limit=spec.number("backOffLimit"),
        bootstrap=spec.flag("bootstrap"),
        chart=spec.text("chart"),
        chart_content=spec.text("chartContent"),
        create_namespace=spec.flag("createNamespace"),
        docker_registry_secret=helm.HelmChartSpecDockerRegistrySecret(name=part.text("name"))
        if (part := spec.maybe("dockerRegistrySecret"))
        else None,
        driver=spec.choice("driver", helm.HelmChartSpecDriver),
        failure_policy=spec.choice("failurePolicy", helm.HelmChartSpecFailurePolicy),
        force_conflicts=spec.flag("forceConflicts"),
        helm_version=spec.text("helmVersion"),
        insecure_skip_tls_verify=spec.flag("insecureSkipTLSVerify"),
        job_image=spec.text("jobImage"),
        plain_http=spec.flag("plainHTTP"),
        pod_security_context=_helm_pod_security_context(part) if (part := spec.maybe("podSecurityContext")) else None,
        repo=spec.text("repo"),
        repo_ca=spec.text("repoCA"),
        repo_ca_config_map=helm.HelmChartSpecRepoCaConfigMap(name=part.text("name"))
        if (part := spec.maybe("repoCAConfigMap"))
        else None,
        security_context=_helm_security_context(part) if (part := spec.maybe("securityContext")) else None,
        server_side=spec.choice("serverSide", helm.HelmChartSpecServerSide),
        set=None
        if (values := spec.amounts("set")) is None
        else {
            key: helm.HelmChartSpecSet.from_string(value)
            if isinstance(value, str)
            else helm.HelmChartSpecSet.from_number(value)
            for key, value in values.items()
        },
        take_ownership=spec.flag("takeOwnership"),
        target_namespace=spec.text("targetNamespace"),
        timeout=spec.text("timeout"),
        values=spec.anything("values"),
        values_content=spec.text("valuesContent"),
        values_secrets=None
        if (parts := spec.parts("valuesSecrets")) is None
        else [
            helm.HelmChartSpecValuesSecrets(
                ignore_updates=secret.flag("ignoreUpdates"), keys=secret.texts("keys"), name=secret.text("name")
            )
            for secret in parts
        ],
        version=spec.text("version"),
    )


def _helm_pod_security_context(context: _Part) -> helm.HelmChartSpecPodSecurityContext:
    from cdk8s_airflow_crds.helmchart.io.cattle import helm

    return helm.HelmChartSpecPodSecurityContext(
        app_armor_profile=helm.HelmChartSpecPodSecurityContextAppArmorProfile(
            type=part.required_text("type"), localhost_profile=part.text("localhostProfile")
        )
        if (part := context.maybe("appArmorProfile"))
        else None,
        fs_group=context.number("fsGroup"),
        fs_group_change_policy=context.text("fsGroupChangePolicy"),
        run_as_group=context.number("runAsGroup"),
        run_as_non_root=context.flag("runAsNonRoot"),
        run_as_user=context.number("runAsUser"),
        seccomp_profile=helm.HelmChartSpecPodSecurityContextSeccompProfile(
            type=part.required_text("type"), localhost_profile=part.text("localhostProfile")
        )
        if (part := context.maybe("seccompProfile"))
        else None,
        se_linux_change_policy=context.text("seLinuxChangePolicy"),
        se_linux_options=helm.HelmChartSpecPodSecurityContextSeLinuxOptions(
            level=part.text("level"), role=part.text("role"), type=part.text("type"), user=part.text("user")
        )
        if (part := context.maybe("seLinuxOptions"))
        else None,
        supplemental_groups=context.numbers("supplementalGroups"),
        supplemental_groups_policy=context.text("supplementalGroupsPolicy"),
        sysctls=None
        if (parts := context.parts("sysctls")) is None
        else [
            helm.HelmChartSpecPodSecurityContextSysctls(
                name=sysctl.required_text("name"), value=sysctl.required_text("value")
            )
            for sysctl in parts
        ],
    )


def _helm_security_context(context: _Part) -> helm.HelmChartSpecSecurityContext:
    from cdk8s_airflow_crds.helmchart.io.cattle import helm

    return helm.HelmChartSpecSecurityContext(
        allow_privilege_escalation=context.flag("allowPrivilegeEscalation"),
        app_armor_profile=helm.HelmChartSpecSecurityContextAppArmorProfile(
            type=part.required_text("type"), localhost_profile=part.text("localhostProfile")
        )
        if (part := context.maybe("appArmorProfile"))
        else None,
        capabilities=helm.HelmChartSpecSecurityContextCapabilities(add=part.texts("add"), drop=part.texts("drop"))
        if (part := context.maybe("capabilities"))
        else None,
        privileged=context.flag("privileged"),
        proc_mount=context.text("procMount"),
        read_only_root_filesystem=context.flag("readOnlyRootFilesystem"),
        run_as_group=context.number("runAsGroup"),
        run_as_non_root=context.flag("runAsNonRoot"),
        run_as_user=context.number("runAsUser"),
        seccomp_profile=helm.HelmChartSpecSecurityContextSeccompProfile(
            type=part.required_text("type"), localhost_profile=part.text("localhostProfile")
        )
        if (part := context.maybe("seccompProfile"))
        else None,
        se_linux_options=helm.HelmChartSpecSecurityContextSeLinuxOptions(
            level=part.text("level"), role=part.text("role"), type=part.text("type"), user=part.text("user")
        )
        if (part := context.maybe("seLinuxOptions"))
        else None,
    )


# ------------------------------------------------------------------------------------------------ CNPG Cluster


def _cluster_spec(spec: _Part) -> postgresql.ClusterSpec:
    from cdk8s_airflow_crds.cluster.io.cnpg import postgresql

    return postgresql.ClusterSpec(
        instances=spec.required_number("instances"),
        affinity=_cluster_affinity(part) if (part := spec.maybe("affinity")) else None,
        bootstrap=_cluster_bootstrap(part) if (part := spec.maybe("bootstrap")) else None,
        certificates=postgresql.ClusterSpecCertificates(
            client_ca_secret=part.text("clientCASecret"),
            replication_tls_secret=part.text("replicationTLSSecret"),
            server_alt_dns_names=part.texts("serverAltDNSNames"),
            server_ca_secret=part.text("serverCASecret"),
            server_tls_secret=part.text("serverTLSSecret"),
        )
        if (part := spec.maybe("certificates"))
        else None,
        description=spec.text("description"),
        enable_pdb=spec.flag("enablePDB"),
        enable_superuser_access=spec.flag("enableSuperuserAccess"),
        external_clusters=None
        if (parts := spec.parts("externalClusters")) is None
        else [_cluster_external(each) for each in parts],
        failover_delay=spec.number("failoverDelay"),
        image_catalog_ref=postgresql.ClusterSpecImageCatalogRef(
            api_group=part.text("apiGroup"),
            kind=part.required_text("kind"),
            major=part.required_number("major"),
            name=part.required_text("name"),
        )
        if (part := spec.maybe("imageCatalogRef"))
        else None,
        image_name=spec.text("imageName"),
        image_pull_policy=spec.text("imagePullPolicy"),
        image_pull_secrets=None
        if (parts := spec.parts("imagePullSecrets")) is None
        else [postgresql.ClusterSpecImagePullSecrets(name=secret.required_text("name")) for secret in parts],
        inherited_metadata=postgresql.ClusterSpecInheritedMetadata(
            annotations=part.pairs("annotations"), labels=part.pairs("labels")
        )
        if (part := spec.maybe("inheritedMetadata"))
        else None,
        log_level=spec.choice("logLevel", postgresql.ClusterSpecLogLevel),
        managed=postgresql.ClusterSpecManaged(
            roles=None if (parts := part.parts("roles")) is None else [_cluster_role(role) for role in parts]
        )
        if (part := spec.maybe("managed"))
        else None,
        max_sync_replicas=spec.number("maxSyncReplicas"),
        min_sync_replicas=spec.number("minSyncReplicas"),
        monitoring=postgresql.ClusterSpecMonitoring(
            custom_queries_config_map=None
            if (parts := part.parts("customQueriesConfigMap")) is None
            else [
                postgresql.ClusterSpecMonitoringCustomQueriesConfigMap(
                    key=query.required_text("key"), name=query.required_text("name")
                )
                for query in parts
            ],
            disable_default_queries=part.flag("disableDefaultQueries"),
            enable_pod_monitor=part.flag("enablePodMonitor"),
            metrics_queries_ttl=part.text("metricsQueriesTTL"),
            tls=postgresql.ClusterSpecMonitoringTls(enabled=tls.flag("enabled"))
            if (tls := part.maybe("tls"))
            else None,
        )
        if (part := spec.maybe("monitoring"))
        else None,
        plugins=None
        if (parts := spec.parts("plugins")) is None
        else [
            postgresql.ClusterSpecPlugins(
                name=plugin.required_text("name"),
                enabled=plugin.flag("enabled"),
                is_wal_archiver=plugin.flag("isWALArchiver"),
                parameters=plugin.pairs("parameters"),
            )
            for plugin in parts
        ],
        postgresql=_cluster_postgresql(part) if (part := spec.maybe("postgresql")) else None,
        primary_update_method=spec.choice("primaryUpdateMethod", postgresql.ClusterSpecPrimaryUpdateMethod),
        primary_update_strategy=spec.choice("primaryUpdateStrategy", postgresql.ClusterSpecPrimaryUpdateStrategy),
        priority_class_name=spec.text("priorityClassName"),
        resources=_cluster_resources(part) if (part := spec.maybe("resources")) else None,
        scheduler_name=spec.text("schedulerName"),
        service_account_name=spec.text("serviceAccountName"),
        service_account_template=postgresql.ClusterSpecServiceAccountTemplate(
            metadata=postgresql.ClusterSpecServiceAccountTemplateMetadata(
                annotations=metadata.pairs("annotations"), labels=metadata.pairs("labels"), name=metadata.text("name")
            )
        )
        if (part := spec.maybe("serviceAccountTemplate")) and (metadata := part.part("metadata"))
        else None,
        smart_shutdown_timeout=spec.number("smartShutdownTimeout"),
        start_delay=spec.number("startDelay"),
        stop_delay=spec.number("stopDelay"),
        storage=postgresql.ClusterSpecStorage(
            resize_in_use_volumes=part.flag("resizeInUseVolumes"),
            size=part.text("size"),
            storage_class=part.text("storageClass"),
        )
        if (part := spec.maybe("storage"))
        else None,
        superuser_secret=postgresql.ClusterSpecSuperuserSecret(name=part.required_text("name"))
        if (part := spec.maybe("superuserSecret"))
        else None,
        switchover_delay=spec.number("switchoverDelay"),
        topology_spread_constraints=None
        if (parts := spec.parts("topologySpreadConstraints")) is None
        else [_cluster_spread(constraint) for constraint in parts],
        wal_storage=postgresql.ClusterSpecWalStorage(
            resize_in_use_volumes=part.flag("resizeInUseVolumes"),
            size=part.text("size"),
            storage_class=part.text("storageClass"),
        )
        if (part := spec.maybe("walStorage"))
        else None,
    )


def _cluster_affinity(affinity: _Part) -> postgresql.ClusterSpecAffinity:
    from cdk8s_airflow_crds.cluster.io.cnpg import postgresql

    return postgresql.ClusterSpecAffinity(
        additional_pod_affinity=_pod_affinity(part, "Affinity")
        if (part := affinity.maybe("additionalPodAffinity"))
        else None,
        additional_pod_anti_affinity=_pod_affinity(part, "AntiAffinity")
        if (part := affinity.maybe("additionalPodAntiAffinity"))
        else None,
        enable_pod_anti_affinity=affinity.flag("enablePodAntiAffinity"),
        node_affinity=_node_affinity(part) if (part := affinity.maybe("nodeAffinity")) else None,
        node_selector=affinity.pairs("nodeSelector"),
        pod_anti_affinity_type=affinity.text("podAntiAffinityType"),
        tolerations=None
        if (parts := affinity.parts("tolerations")) is None
        else [
            postgresql.ClusterSpecAffinityTolerations(
                effect=toleration.text("effect"),
                key=toleration.text("key"),
                operator=toleration.text("operator"),
                toleration_seconds=toleration.number("tolerationSeconds"),
                value=toleration.text("value"),
            )
            for toleration in parts
        ],
        topology_key=affinity.text("topologyKey"),
    )


_PREFERRED = "PreferredDuringSchedulingIgnoredDuringExecution"
_REQUIRED = "RequiredDuringSchedulingIgnoredDuringExecution"


def _pod_affinity(affinity: _Part, which: str) -> Any:
    """The two structs of the same shape, with ``Affinity`` or ``PostgresAntiAffinity`` in the names of their classes."""
    from cdk8s_airflow_crds.cluster.io.cnpg import postgresql

    base = f"ClusterSpecAffinityAdditionalPod{which}"

    def selector(part: _Part | None, name: str) -> Any:
        if part is None:
            return None
        return getattr(postgresql, name)(
            match_expressions=_expressions(part, f"{name}MatchExpressions"), match_labels=part.pairs("matchLabels")
        )

    def term(part: _Part, name: str) -> Any:
        return getattr(postgresql, name)(
            topology_key=part.required_text("topologyKey"),
            label_selector=selector(part.maybe("labelSelector"), f"{name}LabelSelector"),
            match_label_keys=part.texts("matchLabelKeys"),
            mismatch_label_keys=part.texts("mismatchLabelKeys"),
            namespaces=part.texts("namespaces"),
            namespace_selector=selector(part.maybe("namespaceSelector"), f"{name}NamespaceSelector"),
        )

    preferred, required = (affinity.parts(word[0].lower() + word[1:]) for word in (_PREFERRED, _REQUIRED))
    return getattr(postgresql, base)(
        preferred_during_scheduling_ignored_during_execution=None
        if preferred is None
        else [
            getattr(postgresql, f"{base}{_PREFERRED}")(
                pod_affinity_term=term(each.part("podAffinityTerm"), f"{base}{_PREFERRED}PodAffinityTerm"),
                weight=each.required_number("weight"),
            )
            for each in preferred
        ],
        required_during_scheduling_ignored_during_execution=None
        if required is None
        else [term(each, f"{base}{_REQUIRED}") for each in required],
    )


def _expressions(part: _Part, name: str, key: str = "matchExpressions") -> Any:
    from cdk8s_airflow_crds.cluster.io.cnpg import postgresql

    parts = part.parts(key)
    if parts is None:
        return None
    return [
        getattr(postgresql, name)(
            key=each.required_text("key"), operator=each.required_text("operator"), values=each.texts("values")
        )
        for each in parts
    ]


def _node_affinity(affinity: _Part) -> postgresql.ClusterSpecAffinityNodeAffinity:
    from cdk8s_airflow_crds.cluster.io.cnpg import postgresql

    base = "ClusterSpecAffinityNodeAffinity"

    def term(part: _Part, name: str) -> Any:
        return getattr(postgresql, name)(
            match_expressions=_expressions(part, f"{name}MatchExpressions"),
            match_fields=_expressions(part, f"{name}MatchFields", "matchFields"),
        )

    preferred = affinity.parts("preferredDuringSchedulingIgnoredDuringExecution")
    required = affinity.maybe("requiredDuringSchedulingIgnoredDuringExecution")
    terms = None if required is None else required.parts("nodeSelectorTerms")
    return postgresql.ClusterSpecAffinityNodeAffinity(
        preferred_during_scheduling_ignored_during_execution=None
        if preferred is None
        else [
            getattr(postgresql, f"{base}{_PREFERRED}")(
                preference=term(each.part("preference"), f"{base}{_PREFERRED}Preference"),
                weight=each.required_number("weight"),
            )
            for each in preferred
        ],
        required_during_scheduling_ignored_during_execution=None
        if terms is None
        else getattr(postgresql, f"{base}{_REQUIRED}")(
            node_selector_terms=[term(each, f"{base}{_REQUIRED}NodeSelectorTerms") for each in terms]
        ),
    )


def _cluster_role(role: _Part) -> postgresql.ClusterSpecManagedRoles:
    from cdk8s_airflow_crds.cluster.io.cnpg import postgresql

    return postgresql.ClusterSpecManagedRoles(
        name=role.required_text("name"),
        bypassrls=role.flag("bypassrls"),
        comment=role.text("comment"),
        connection_limit=role.number("connectionLimit"),
        createdb=role.flag("createdb"),
        createrole=role.flag("createrole"),
        disable_password=role.flag("disablePassword"),
        ensure=role.choice("ensure", postgresql.ClusterSpecManagedRolesEnsure),
        inherit=role.flag("inherit"),
        in_roles=role.texts("inRoles"),
        login=role.flag("login"),
        password_secret=postgresql.ClusterSpecManagedRolesPasswordSecret(name=part.required_text("name"))
        if (part := role.maybe("passwordSecret"))
        else None,
        replication=role.flag("replication"),
        superuser=role.flag("superuser"),
    )


def _cluster_postgresql(part: _Part) -> postgresql.ClusterSpecPostgresql:
    from cdk8s_airflow_crds.cluster.io.cnpg import postgresql

    return postgresql.ClusterSpecPostgresql(
        enable_alter_system=part.flag("enableAlterSystem"),
        extensions=None
        if (parts := part.parts("extensions")) is None
        else [
            postgresql.ClusterSpecPostgresqlExtensions(
                name=extension.required_text("name"),
                dynamic_library_path=extension.texts("dynamic_library_path"),
                extension_control_path=extension.texts("extension_control_path"),
                image=postgresql.ClusterSpecPostgresqlExtensionsImage(
                    pull_policy=image.text("pullPolicy"), reference=image.text("reference")
                )
                if (image := extension.maybe("image"))
                else None,
                ld_library_path=extension.texts("ld_library_path"),
            )
            for extension in parts
        ],
        parameters=part.pairs("parameters"),
        pg_hba=part.texts("pg_hba"),
        pg_ident=part.texts("pg_ident"),
        shared_preload_libraries=part.texts("shared_preload_libraries"),
        synchronous=postgresql.ClusterSpecPostgresqlSynchronous(
            method=synchronous.required_choice("method", postgresql.ClusterSpecPostgresqlSynchronousMethod),
            number=synchronous.required_number("number"),
            data_durability=synchronous.choice(
                "dataDurability", postgresql.ClusterSpecPostgresqlSynchronousDataDurability
            ),
            failover_quorum=synchronous.flag("failoverQuorum"),
        )
        if (synchronous := part.maybe("synchronous"))
        else None,
    )


def _cluster_bootstrap(bootstrap: _Part) -> postgresql.ClusterSpecBootstrap:
    from cdk8s_airflow_crds.cluster.io.cnpg import postgresql

    return postgresql.ClusterSpecBootstrap(
        initdb=postgresql.ClusterSpecBootstrapInitdb(
            builtin_locale=part.text("builtinLocale"),
            database=part.text("database"),
            data_checksums=part.flag("dataChecksums"),
            encoding=part.text("encoding"),
            icu_locale=part.text("icuLocale"),
            icu_rules=part.text("icuRules"),
            locale=part.text("locale"),
            locale_collate=part.text("localeCollate"),
            locale_c_type=part.text("localeCType"),
            locale_provider=part.text("localeProvider"),
            owner=part.text("owner"),
            post_init_application_sql=part.texts("postInitApplicationSQL"),
            post_init_sql=part.texts("postInitSQL"),
            post_init_template_sql=part.texts("postInitTemplateSQL"),
            secret=postgresql.ClusterSpecBootstrapInitdbSecret(name=secret.required_text("name"))
            if (secret := part.maybe("secret"))
            else None,
            wal_segment_size=part.number("walSegmentSize"),
        )
        if (part := bootstrap.maybe("initdb"))
        else None,
        pg_basebackup=postgresql.ClusterSpecBootstrapPgBasebackup(
            source=part.required_text("source"),
            database=part.text("database"),
            owner=part.text("owner"),
            secret=postgresql.ClusterSpecBootstrapPgBasebackupSecret(name=secret.required_text("name"))
            if (secret := part.maybe("secret"))
            else None,
        )
        if (part := bootstrap.maybe("pg_basebackup"))
        else None,
        recovery=_cluster_recovery(part) if (part := bootstrap.maybe("recovery")) else None,
    )


def _cluster_recovery(recovery: _Part) -> postgresql.ClusterSpecBootstrapRecovery:
    from cdk8s_airflow_crds.cluster.io.cnpg import postgresql

    return postgresql.ClusterSpecBootstrapRecovery(
        backup=postgresql.ClusterSpecBootstrapRecoveryBackup(name=part.required_text("name"))
        if (part := recovery.maybe("backup"))
        else None,
        database=recovery.text("database"),
        owner=recovery.text("owner"),
        recovery_target=postgresql.ClusterSpecBootstrapRecoveryRecoveryTarget(
            backup_id=part.text("backupID"),
            exclusive=part.flag("exclusive"),
            target_immediate=part.flag("targetImmediate"),
            target_lsn=part.text("targetLSN"),
            target_name=part.text("targetName"),
            target_time=part.text("targetTime"),
            target_tli=part.text("targetTLI"),
            target_xid=part.text("targetXID"),
        )
        if (part := recovery.maybe("recoveryTarget"))
        else None,
        secret=postgresql.ClusterSpecBootstrapRecoverySecret(name=part.required_text("name"))
        if (part := recovery.maybe("secret"))
        else None,
        source=recovery.text("source"),
    )


def _cluster_external(cluster: _Part) -> postgresql.ClusterSpecExternalClusters:
    from cdk8s_airflow_crds.cluster.io.cnpg import postgresql

    return postgresql.ClusterSpecExternalClusters(
        name=cluster.required_text("name"),
        connection_parameters=cluster.pairs("connectionParameters"),
        password=postgresql.ClusterSpecExternalClustersPassword(
            key=part.required_text("key"), name=part.required_text("name")
        )
        if (part := cluster.maybe("password"))
        else None,
        plugin=postgresql.ClusterSpecExternalClustersPlugin(
            name=part.required_text("name"),
            enabled=part.flag("enabled"),
            is_wal_archiver=part.flag("isWALArchiver"),
            parameters=part.pairs("parameters"),
        )
        if (part := cluster.maybe("plugin"))
        else None,
        ssl_cert=postgresql.ClusterSpecExternalClustersSslCert(
            key=part.required_text("key"), name=part.required_text("name")
        )
        if (part := cluster.maybe("sslCert"))
        else None,
        ssl_key=postgresql.ClusterSpecExternalClustersSslKey(
            key=part.required_text("key"), name=part.required_text("name")
        )
        if (part := cluster.maybe("sslKey"))
        else None,
        ssl_root_cert=postgresql.ClusterSpecExternalClustersSslRootCert(
            key=part.required_text("key"), name=part.required_text("name")
        )
        if (part := cluster.maybe("sslRootCert"))
        else None,
    )


def _cluster_resources(resources: _Part) -> postgresql.ClusterSpecResources:
    from cdk8s_airflow_crds.cluster.io.cnpg import postgresql

    return postgresql.ClusterSpecResources(
        limits=None
        if (amounts := resources.amounts("limits")) is None
        else {
            name: postgresql.ClusterSpecResourcesLimits.from_string(amount)
            if isinstance(amount, str)
            else postgresql.ClusterSpecResourcesLimits.from_number(amount)
            for name, amount in amounts.items()
        },
        requests=None
        if (amounts := resources.amounts("requests")) is None
        else {
            name: postgresql.ClusterSpecResourcesRequests.from_string(amount)
            if isinstance(amount, str)
            else postgresql.ClusterSpecResourcesRequests.from_number(amount)
            for name, amount in amounts.items()
        },
    )


def _cluster_spread(constraint: _Part) -> postgresql.ClusterSpecTopologySpreadConstraints:
    from cdk8s_airflow_crds.cluster.io.cnpg import postgresql

    return postgresql.ClusterSpecTopologySpreadConstraints(
        max_skew=constraint.required_number("maxSkew"),
        topology_key=constraint.required_text("topologyKey"),
        when_unsatisfiable=constraint.required_text("whenUnsatisfiable"),
        label_selector=postgresql.ClusterSpecTopologySpreadConstraintsLabelSelector(
            match_labels=part.pairs("matchLabels")
        )
        if (part := constraint.maybe("labelSelector"))
        else None,
        match_label_keys=constraint.texts("matchLabelKeys"),
        min_domains=constraint.number("minDomains"),
        node_affinity_policy=constraint.text("nodeAffinityPolicy"),
        node_taints_policy=constraint.text("nodeTaintsPolicy"),
    )


# ------------------------------------------------------------------------------------------------ reading the wire


class _Part:
    """A mapping of the wire that records which keys were read, so that none is forgotten."""

    def __init__(self, wire: object, at: str) -> None:
        if not isinstance(wire, Mapping):
            raise BindingError(f"{at} is {type(wire).__name__}, and must be a mapping")
        self._wire: Mapping[str, Any] = wire
        self._at = at
        self._read: set[str] = set()
        self._parts: list[_Part] = []

    def __bool__(self) -> bool:
        return True

    def finish(self) -> None:
        """Raise for every key that was not read, here and in all parts below."""
        if left := sorted(self._left()):
            raise BindingError(f"not handled by the bindings: {', '.join(left)}; add the fields to kube/bindings.py")

    def _left(self) -> Iterator[str]:
        yield from (f"{self._at}.{key}" for key in self._wire if key not in self._read)
        for part in self._parts:
            yield from part._left()

    def must_be(self, api_version: str, kind: str) -> None:
        """Read the two keys that identify the resource."""
        if (self.text("apiVersion"), self.text("kind")) != (api_version, kind):
            raise BindingError(f"{self._at} must be {api_version} {kind}")

    def anything(self, key: str) -> Any:
        """The value as it is."""
        self._read.add(key)
        return self._wire.get(key)

    def text(self, key: str) -> str | None:
        """A string, or None if the key is missing."""
        value = self.anything(key)
        return None if value is None else self._text(key, value)

    def required_text(self, key: str) -> str:
        """A required string."""
        return self._text(key, self.anything(key))

    def number(self, key: str) -> float | None:
        """A number, or None if the key is missing."""
        value = self.anything(key)
        return None if value is None else self._number(key, value)

    def required_number(self, key: str) -> float:
        """A required number."""
        return self._number(key, self.anything(key))

    def flag(self, key: str) -> bool | None:
        """A boolean, or None if the key is missing."""
        value = self.anything(key)
        if value is None or isinstance(value, bool):
            return value
        raise self._wrong(key, value, "a boolean")

    def choice(self, key: str, choices: type[_Choice]) -> _Choice | None:
        """A value of a generated enum, whose members have the value in capitals as name."""
        value = self.text(key)
        if value is None:
            return None
        try:
            return choices[value.upper()]
        except KeyError:
            raise self._wrong(key, value, "a value of the enum") from None

    def required_choice(self, key: str, choices: type[_Choice]) -> _Choice:
        """A required value of a generated enum."""
        choice = self.choice(key, choices)
        if choice is None:
            raise self._wrong(key, None, "a value of the enum")
        return choice

    def texts(self, key: str) -> list[str] | None:
        """A list of strings, or None if the key is missing."""
        values = self._list(key)
        return None if values is None else [self._text(key, value) for value in values]

    def numbers(self, key: str) -> list[float] | None:
        """A list of numbers, or None if the key is missing."""
        values = self._list(key)
        return None if values is None else [self._number(key, value) for value in values]

    def pairs(self, key: str) -> dict[str, str] | None:
        """A mapping from string to string, or None if the key is missing."""
        values = self._mapping(key)
        return None if values is None else {name: self._text(f"{key}.{name}", value) for name, value in values.items()}

    def amounts(self, key: str) -> dict[str, str | float] | None:
        """A mapping from string to strings or numbers, or None if the key is missing."""
        values = self._mapping(key)
        if values is None:
            return None
        return {
            name: value if isinstance(value, str) else self._number(f"{key}.{name}", value)
            for name, value in values.items()
        }

    def part(self, key: str) -> _Part:
        """A required mapping."""
        part = _Part(self.anything(key), f"{self._at}.{key}")
        self._parts.append(part)
        return part

    def maybe(self, key: str) -> _Part | None:
        """A mapping, or None if the key is missing."""
        return None if self.anything(key) is None else self.part(key)

    def parts(self, key: str) -> list[_Part] | None:
        """A list of mappings, or None if the key is missing."""
        values = self._list(key)
        if values is None:
            return None
        parts = [_Part(value, f"{self._at}.{key}[{index}]") for index, value in enumerate(values)]
        self._parts.extend(parts)
        return parts

    def _list(self, key: str) -> list[Any] | None:
        value = self.anything(key)
        if value is None:
            return None
        if not isinstance(value, (list, tuple)):
            raise self._wrong(key, value, "a list")
        return list(value)

    def _mapping(self, key: str) -> Mapping[str, Any] | None:
        value = self.anything(key)
        if value is None or isinstance(value, Mapping):
            return value
        raise self._wrong(key, value, "a mapping")

    def _text(self, key: str, value: object) -> str:
        if not isinstance(value, str):
            raise self._wrong(key, value, "text")
        return value

    def _number(self, key: str, value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self._wrong(key, value, "a number")
        return value

    def _wrong(self, key: str, value: object, expected: str) -> BindingError:
        return BindingError(f"{self._at}.{key} is {type(value).__name__}, and must be {expected}")
