"""dbt profiles as dbt and Kubernetes read them."""
