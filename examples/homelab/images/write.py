"""Write the rows of a day from analytics.daily_orders, which dbt has created, into the lake as a Parquet file."""

from __future__ import annotations

import io
import os

import boto3
import psycopg
import pyarrow
import pyarrow.parquet

ROWS = "SELECT day, product, orders, amount FROM analytics.daily_orders WHERE day = %s ORDER BY product"
COLUMNS = pyarrow.schema(
    [
        ("day", pyarrow.date32()),
        ("product", pyarrow.string()),
        ("orders", pyarrow.int64()),
        ("amount", pyarrow.float64()),
    ]
)


def main() -> None:
    """Read the rows of DAY, and write BUCKET/OBJECT."""
    with psycopg.connect() as connection:
        rows = connection.execute(ROWS, (os.environ["DAY"],)).fetchall()
    table = pyarrow.Table.from_pylist([dict(zip(COLUMNS.names, row, strict=True)) for row in rows], schema=COLUMNS)
    file = io.BytesIO()
    pyarrow.parquet.write_table(table, file)
    boto3.client("s3").put_object(Bucket=os.environ["BUCKET"], Key=os.environ["OBJECT"], Body=file.getvalue())
    print(f"{table.num_rows} rows in {os.environ['OBJECT']}")


if __name__ == "__main__":
    main()
