#!/bin/sh
# Written by cdk8s-airflow; changes are lost.
# Installs release airflow, or upgrades it. Further arguments go to Helm, like --kube-context.
exec helm upgrade --install airflow airflow --repo https://airflow.apache.org \
  --version 1.22.0 \
  --namespace airflow \
  --timeout 30m \
  --values "$(dirname "$0")/values.yml" "$@"
