"""What people of the data trade put on a lake: awswrangler, PyAthena, s3fs, Polars, Arrow's S3 client.

Firehose lands records as Parquet; every tool reads them, and some write beside them. Prints "tool: answer" lines,
which the test compares.
"""
import json
import os
import time
import urllib.request
import warnings

import boto3

warnings.filterwarnings("ignore")
endpoint = os.environ["AWS_ENDPOINT_URL"]
role = "arn:aws:iam::000000000000:role/firehose"
s3, glue, firehose = (boto3.client(s) for s in ("s3", "glue", "firehose"))

s3.create_bucket(Bucket="lake")
s3.create_bucket(Bucket="results")
glue.create_database(DatabaseInput={"Name": "db"})
columns = [("trip_id", "bigint"), ("pickup", "timestamp"), ("fare", "decimal(8,2)"), ("stops", "array<string>"), ("note", "string")]
glue.create_table(DatabaseName="db", TableInput={
    "Name": "trips", "TableType": "EXTERNAL_TABLE", "PartitionKeys": [{"Name": "zone", "Type": "string"}],
    "Parameters": {"classification": "parquet"},
    "StorageDescriptor": {
        "Location": "s3://lake/trips/",
        "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
        "OutputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
        "SerdeInfo": {"SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"},
        "Columns": [{"Name": n, "Type": t} for n, t in columns]}})
firehose.create_delivery_stream(DeliveryStreamName="trips", ExtendedS3DestinationConfiguration={
    "RoleARN": role, "BucketARN": "arn:aws:s3:::lake",
    "Prefix": "trips/zone=!{partitionKeyFromQuery:zone}/", "ErrorOutputPrefix": "errors/!{firehose:error-output-type}/",
    "BufferingHints": {"SizeInMBs": 128, "IntervalInSeconds": 60},
    "DynamicPartitioningConfiguration": {"Enabled": True},
    "ProcessingConfiguration": {"Enabled": True, "Processors": [{"Type": "MetadataExtraction", "Parameters": [
        {"ParameterName": "MetadataExtractionQuery", "ParameterValue": "{zone:.zone}"},
        {"ParameterName": "JsonParsingEngine", "ParameterValue": "JQ-1.6"}]}]},
    "DataFormatConversionConfiguration": {
        "SchemaConfiguration": {"RoleARN": role, "DatabaseName": "db", "TableName": "trips", "Region": "us-east-1"},
        "InputFormatConfiguration": {"Deserializer": {"OpenXJsonSerDe": {}}},
        "OutputFormatConfiguration": {"Serializer": {"ParquetSerDe": {}}}}})
while firehose.describe_delivery_stream(DeliveryStreamName="trips")["DeliveryStreamDescription"]["DeliveryStreamStatus"] != "ACTIVE":
    time.sleep(0.05)
firehose.put_record_batch(DeliveryStreamName="trips", Records=[{"Data": json.dumps({
    "trip_id": i, "pickup": f"2016-01-01 10:{i % 60:02}:00", "fare": i + 0.25, "stops": ["a", "b"][: i % 3], "note": None if i % 4 == 0 else f"n{i}",
    "zone": ["east", "west"][i % 2]}) + "\n"} for i in range(100)])
urllib.request.urlopen(urllib.request.Request(endpoint + "/_hydrant/firehose/trips/flush", method="POST")).read()


def say(tool, answer):
    print(f"{tool}: {answer}", flush=True)


import awswrangler as wr

say("wr repair", wr.athena.repair_table(table="trips", database="db", s3_output="s3://results/"))
say("wr describe", len(wr.athena.describe_table(table="trips", database="db", s3_output="s3://results/")))
sql = "SELECT zone, count(*) AS n, sum(fare) AS fares, min(pickup) AS first FROM trips GROUP BY zone ORDER BY zone"
for how in ({"ctas_approach": False}, {"ctas_approach": True}, {"ctas_approach": False, "unload_approach": True}):
    rows = wr.athena.read_sql_query(sql, database="db", s3_output=f"s3://results/{len(how)}{how['ctas_approach']}/", **how)
    rows = rows.sort_values("zone")
    say("wr athena", [(r.zone, int(r.n), str(r.fares), str(r.first)) for r in rows.itertuples()])
frame = wr.s3.read_parquet("s3://lake/trips/", dataset=True)
say("wr parquet", (frame.shape, int(frame["trip_id"].sum()), int(frame["note"].isna().sum())))
say("wr table", wr.s3.read_parquet_table(database="db", table="trips", partition_filter=lambda p: p["zone"] == "west").shape)
wr.s3.to_parquet(frame.drop(columns="stops"), path="s3://lake/copy/", dataset=True, database="db", table="copy", partition_cols=["zone"], mode="overwrite")
say("wr write", wr.athena.read_sql_query("SELECT count(*) AS n FROM copy WHERE zone = 'east'", database="db", ctas_approach=False, s3_output="s3://results/")["n"][0])

from pyathena import connect
from pyathena.pandas.cursor import PandasCursor

athena = connect(s3_staging_dir="s3://results/pa/", schema_name="db", poll_interval=0.1)
say("pyathena", athena.cursor().execute("SELECT trip_id, pickup, fare, stops, note FROM trips WHERE trip_id = %(id)d", {"id": 5}).fetchall())
say("pyathena qmark", athena.cursor().execute("SELECT count(*) FROM trips WHERE zone = ?", ["'west'"], paramstyle="qmark").fetchone())
say("pyathena pandas", athena.cursor(PandasCursor).execute("SELECT * FROM trips").as_pandas().shape)

import s3fs

files = s3fs.S3FileSystem(endpoint_url=endpoint)
say("s3fs", sorted({f.split("/")[2] for f in files.glob("lake/trips/**/*.parquet")}))
with files.open("lake/large.bin", "wb", block_size=6 << 20) as f:
    for _ in range(13):
        f.write(b"x" * (1 << 20))
say("s3fs write", files.info("lake/large.bin")["size"])
files.rm("lake/large.bin")

import polars as pl

options = {"aws_endpoint_url": endpoint, "aws_allow_http": "true", "aws_region": "us-east-1",
           "aws_access_key_id": os.environ["AWS_ACCESS_KEY_ID"], "aws_secret_access_key": os.environ["AWS_SECRET_ACCESS_KEY"]}
scan = pl.scan_parquet("s3://lake/trips/**/*.parquet", storage_options=options, hive_partitioning=True)
say("polars", scan.filter(pl.col("zone") == "west").select(pl.len(), pl.col("fare").sum()).collect().row(0))
pl.DataFrame({"a": list(range(1000))}).lazy().sink_parquet("s3://lake/polars.parquet", storage_options=options)

import pyarrow.dataset
import pyarrow.fs

arrow = pyarrow.fs.S3FileSystem(endpoint_override=endpoint.removeprefix("http://"), scheme="http", region="us-east-1",
                                access_key=os.environ["AWS_ACCESS_KEY_ID"], secret_key=os.environ["AWS_SECRET_ACCESS_KEY"])
trips = pyarrow.dataset.dataset("lake/trips", filesystem=arrow, format="parquet", partitioning="hive")
say("arrow", trips.count_rows(filter=pyarrow.dataset.field("zone") == "east"))
pyarrow.dataset.write_dataset(trips.to_table(columns=["trip_id", "zone"]), "lake/arrow", filesystem=arrow, format="parquet", partitioning=["zone"], partitioning_flavor="hive")
say("arrow write", pyarrow.dataset.dataset("lake/arrow", filesystem=arrow, format="parquet", partitioning="hive").count_rows())
arrow.delete_dir("lake/arrow")
say("arrow delete", [f.path for f in arrow.get_file_info(pyarrow.fs.FileSelector("lake", recursive=True)) if f.path.startswith("lake/arrow")])
say("polars write", pyarrow.dataset.dataset("lake/polars.parquet", filesystem=arrow, format="parquet").count_rows())

# Buckets are emptied by their versions, as scripts and the SDK's resources do it.
for name in ("lake", "results"):
    bucket = boto3.resource("s3").Bucket(name)
    bucket.object_versions.delete()
    bucket.delete()
say("buckets", s3.list_buckets()["Buckets"])
