-- Orders of a day by product. dbt run --vars "{day: '2026-01-01'}" replaces the rows of that day.
{{ config(materialized="incremental", unique_key=["day", "product"]) }}

select day, product, count(*) as orders, cast(sum(amount) as double precision) as amount
from {{ source("raw", "orders") }}
where day = cast('{{ var("day") }}' as date)
group by day, product
