"""Printed commands name the kubectl context of their environment."""

from __future__ import annotations

from cdk8s_airflow.environments.commands import with_context


def test_kubectl_helm_and_scripts_use_the_context() -> None:
    text = (
        "Apply it:\n  kubectl apply --server-side -f dist/prod/\n  kubectl -n a get pods | kubectl delete -f -\n"
        "  helm uninstall airflow --namespace a\n  sh dist/prod/helm/airflow/install.sh\nkubectl is needed.\n"
    )
    assert with_context(text, "arn:eks prod") == (
        "Apply it:\n  kubectl --context 'arn:eks prod' apply --server-side -f dist/prod/\n"
        "  kubectl --context 'arn:eks prod' -n a get pods | kubectl --context 'arn:eks prod' delete -f -\n"
        "  helm --kube-context 'arn:eks prod' uninstall airflow --namespace a\n"
        "  sh dist/prod/helm/airflow/install.sh --kube-context 'arn:eks prod'\nkubectl is needed.\n"
    )
