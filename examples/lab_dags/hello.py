"""A DAG to see that tasks run."""

from airflow.decorators import dag, task


@dag(schedule=None, catchup=False)
def hello() -> None:
    """Say hello, once, when asked to."""

    @task
    def say() -> None:
        print("hello")

    say()


hello()
