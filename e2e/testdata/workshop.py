"""The workshop's steps through boto3: what docs/workshop.md does with the AWS CLI, without trips."""

import io
import json
import os
import sys
import time
import zipfile

import boto3

files = sys.argv[1]
ACCOUNT, BUCKET, STREAM = "000000000000", "kinesislabs-datalake-bucket", "nyctaxitrips"
stream_arn = f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/{STREAM}"


def read(name):
    with open(os.path.join(files, name)) as f:
        return f.read()


def until(what, ready):
    end = time.time() + 60
    while not ready():
        assert time.time() < end, f"not {what} after a minute"
        time.sleep(0.05)


glue, s3, athena, iam, firehose, kinesis, lambda_ = map(
    boto3.client, ("glue", "s3", "athena", "iam", "firehose", "kinesis", "lambda"))

glue.create_database(DatabaseInput={"Name": "kinesislabs"})
s3.create_bucket(Bucket=BUCKET)


def query(sql):
    q = athena.start_query_execution(
        QueryString=sql, QueryExecutionContext={"Database": "kinesislabs"},
        ResultConfiguration={"OutputLocation": f"s3://{BUCKET}/athena/"})["QueryExecutionId"]
    status = lambda: athena.get_query_execution(QueryExecutionId=q)["QueryExecution"]["Status"]
    until("finished", lambda: status()["State"] not in ("QUEUED", "RUNNING"))
    assert status()["State"] == "SUCCEEDED", status()
    pages = athena.get_paginator("get_query_results").paginate(QueryExecutionId=q)
    return [[d.get("VarCharValue") for d in r["Data"]] for p in pages for r in p["ResultSet"]["Rows"]]


query(read("table.sql"))
assert query("SHOW TABLES") == [["nyctaxitrips"]]
assert [k["Name"] for k in glue.get_table(DatabaseName="kinesislabs", Name="nyctaxitrips")["Table"]["PartitionKeys"]] == ["year", "month", "day", "hour"]

query("CREATE TABLE fares WITH (partitioned_by = ARRAY['kind']) AS SELECT CAST(1 AS bigint) AS id, 2.5e0 AS fare, 'a' AS kind")
query("INSERT INTO fares VALUES (2, 7.5, 'b')")
query("CREATE OR REPLACE VIEW dear AS SELECT id, kind FROM fares WHERE fare > 5")
assert query("SELECT * FROM dear") == [["id", "kind"], ["2", "b"]]
assert query("SHOW VIEWS") == [["dear"]]
assert {p["Values"][0] for p in glue.get_partitions(DatabaseName="kinesislabs", TableName="fares")["Partitions"]} == {"a", "b"}
query(f"UNLOAD (SELECT * FROM fares) TO 's3://{BUCKET}/unloaded/' WITH (format = 'JSON')")
assert s3.list_objects_v2(Bucket=BUCKET, Prefix="unloaded/")["KeyCount"] == 1
query("DROP VIEW dear")
query("DROP TABLE fares")

basic = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
for name in ("lambda", "firehose"):
    role = f"nyc-taxi-trips-{name}"
    iam.create_role(RoleName=role, AssumeRolePolicyDocument=read(f"{name}-trust.json"))
    iam.put_role_policy(RoleName=role, PolicyName="p", PolicyDocument=read(f"{name}-policy.json"))
    assert iam.get_role_policy(RoleName=role, PolicyName="p")["PolicyDocument"] == json.loads(read(f"{name}-policy.json"))
iam.attach_role_policy(RoleName="nyc-taxi-trips-lambda", PolicyArn=basic)
assert [p["PolicyArn"] for p in iam.list_attached_role_policies(RoleName="nyc-taxi-trips-lambda")["AttachedPolicies"]] == [basic]

firehose.create_delivery_stream(**json.loads(read("delivery-stream.json")))
until("ACTIVE", lambda: firehose.describe_delivery_stream(
    DeliveryStreamName="nyc-taxi-trips")["DeliveryStreamDescription"]["DeliveryStreamStatus"] == "ACTIVE")

kinesis.create_stream(StreamName=STREAM, ShardCount=2)
kinesis.get_waiter("stream_exists").wait(StreamName=STREAM, WaiterConfig={"Delay": 1})
archive = io.BytesIO()
with zipfile.ZipFile(archive, "w") as z:
    z.writestr("lambda_function.py", "def lambda_handler(event, context):\n    return {'batchItemFailures': []}\n")
lambda_.create_function(
    FunctionName="nyc-taxi-trips", Runtime="python3.7", Handler="lambda_function.lambda_handler", Role=f"arn:aws:iam::{ACCOUNT}:role/nyc-taxi-trips-lambda",
    Timeout=300, Code={"ZipFile": archive.getvalue()}, Environment={"Variables": {"delivery_stream_name": "nyc-taxi-trips", "exponential_backoff_seed": "35", "number_of_retries": "3"}})
lambda_.get_waiter("function_active_v2").wait(FunctionName="nyc-taxi-trips", WaiterConfig={"Delay": 1})
consumer = kinesis.register_stream_consumer(StreamARN=stream_arn, ConsumerName="nyc-taxi-trips-cons-1")["Consumer"]["ConsumerARN"]
until("ACTIVE", lambda: kinesis.list_stream_consumers(StreamARN=stream_arn)["Consumers"][0]["ConsumerStatus"] == "ACTIVE")
for source in (stream_arn, consumer):
    mapping = lambda_.create_event_source_mapping(FunctionName="nyc-taxi-trips", EventSourceArn=source, StartingPosition="LATEST")["UUID"]
    until("Enabled", lambda: lambda_.get_event_source_mapping(UUID=mapping)["State"] == "Enabled")
    lambda_.delete_event_source_mapping(UUID=mapping)
until("gone", lambda: not lambda_.list_event_source_mappings(FunctionName="nyc-taxi-trips")["EventSourceMappings"])

lambda_.delete_function(FunctionName="nyc-taxi-trips")
firehose.delete_delivery_stream(DeliveryStreamName="nyc-taxi-trips")
kinesis.delete_stream(StreamName=STREAM, EnforceConsumerDeletion=True)
kinesis.get_waiter("stream_not_exists").wait(StreamName=STREAM, WaiterConfig={"Delay": 1})
until("gone", lambda: not firehose.list_delivery_streams()["DeliveryStreamNames"])
iam.detach_role_policy(RoleName="nyc-taxi-trips-lambda", PolicyArn=basic)
for name in ("lambda", "firehose"):
    iam.delete_role_policy(RoleName=f"nyc-taxi-trips-{name}", PolicyName="p")
    iam.delete_role(RoleName=f"nyc-taxi-trips-{name}")
query("DROP TABLE nyctaxitrips")
glue.delete_database(Name="kinesislabs")
for o in s3.list_objects_v2(Bucket=BUCKET)["Contents"]:
    s3.delete_object(Bucket=BUCKET, Key=o["Key"])
s3.delete_bucket(Bucket=BUCKET)
