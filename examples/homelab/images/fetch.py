"""Copy a CSV file with the columns day, product and amount into the lake, and its rows into raw.orders of the warehouse.

A second run for the same day replaces the object and the rows, so that a retry is safe.
"""

from __future__ import annotations

import csv
import io
import os
import urllib.request

import boto3
import psycopg

TABLE = "CREATE TABLE IF NOT EXISTS raw.orders (day date NOT NULL, product text NOT NULL, amount numeric NOT NULL)"


def main() -> None:
    """Read SOURCE_URL, and write BUCKET/OBJECT and the rows of DAY."""
    day = os.environ["DAY"]
    with urllib.request.urlopen(os.environ["SOURCE_URL"], timeout=60) as answer:
        content = answer.read()
    boto3.client("s3").put_object(Bucket=os.environ["BUCKET"], Key=os.environ["OBJECT"], Body=content)
    rows = [
        (row["day"], row["product"], row["amount"])
        for row in csv.DictReader(io.StringIO(content.decode("utf-8")))
        if row["day"] == day
    ]
    with psycopg.connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA IF NOT EXISTS raw")
        cursor.execute(TABLE)
        cursor.execute("DELETE FROM raw.orders WHERE day = %s", (day,))
        cursor.executemany("INSERT INTO raw.orders (day, product, amount) VALUES (%s, %s, %s)", rows)
    print(f"{len(rows)} rows of {day}")


if __name__ == "__main__":
    main()
