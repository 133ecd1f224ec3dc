"""dbt: its profiles, and the pods in which it runs."""
