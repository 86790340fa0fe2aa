"""Kinesis Data Streams by boto3: what a client sees of streams, shards, reading, limits. Arguments: the
endpoints of a server without throughput limits and of one with AWS's."""
import json
import sys
import time

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError


def client(url):
    return boto3.client("kinesis", endpoint_url=url, region_name="us-east-1", aws_access_key_id="test",
                        aws_secret_access_key="test", config=Config(retries={"total_max_attempts": 1}))


c = client(sys.argv[1])


def refused(code, text, call, **args):
    try:
        got = call(**args)
    except ClientError as e:
        err = e.response["Error"]
        assert err["Code"] == code and text in err["Message"], f"{args}: {err}, want {code} with {text!r}"
        return
    raise AssertionError(f"{args}: answered {got}, want {code}")


def summary(name="a"):
    return c.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]


def settle(name="a"):
    for _ in range(200):
        if summary(name)["StreamStatus"] == "ACTIVE":
            return
        time.sleep(0.05)
    raise AssertionError(f"{name} does not become ACTIVE")


def changed(call, **args):
    """A change that takes the stream through UPDATING."""
    out = call(**args)
    settle()
    return out


# Statuses.
c.create_stream(StreamName="a", ShardCount=3)
s = summary()
assert s["StreamStatus"] == "CREATING" and "OpenShardCount" not in s, s
refused("ResourceNotFoundException", "Stream a under account", c.put_record, StreamName="a", Data=b"x", PartitionKey="k")
refused("ResourceInUseException", "already exists", c.create_stream, StreamName="a", ShardCount=1)
settle()
s = summary()
assert s["OpenShardCount"] == 3 and s["MaxRecordSizeInKiB"] == 1024 and s["ConsumerCount"] == 0, s
arn = s["StreamARN"]
refused("InvalidArgumentException", "does not match the endpoint region", c.describe_stream, StreamARN=arn.replace("us-east-1", "eu-west-1"))

# Scaling: at most double, at least half, one at a time.
scale = lambda n: dict(StreamName="a", TargetShardCount=n, ScalingType="UNIFORM_SCALING")
refused("InvalidArgumentException", "double", c.update_shard_count, **scale(7))
refused("InvalidArgumentException", "half", c.update_shard_count, **scale(1))
out = c.update_shard_count(**scale(6))
assert (out["CurrentShardCount"], out["TargetShardCount"]) == (3, 6), out
refused("ResourceInUseException", "UPDATING", c.update_shard_count, **scale(6))
settle()
shards = c.list_shards(StreamName="a")["Shards"]
closed = [x for x in shards if "EndingSequenceNumber" in x["SequenceNumberRange"]]
opened = [x for x in shards if x not in closed]
assert len(opened) == 6 and all(x["ParentShardId"] for x in opened), opened
paged, page = 0, c.list_shards(StreamName="a", MaxResults=4)
while True:
    paged += len(page["Shards"])
    if "NextToken" not in page:
        break
    page = c.list_shards(NextToken=page["NextToken"], MaxResults=4)
assert paged == len(shards), (paged, len(shards))
count = lambda **f: len(c.list_shards(StreamName="a", ShardFilter=f)["Shards"])
assert count(Type="AT_LATEST") == 6 and count(Type="FROM_TRIM_HORIZON") == len(shards) and count(Type="AT_TRIM_HORIZON") == 3
refused("InvalidArgumentException", "cannot be provided together", c.list_shards, StreamName="a", NextToken="x")
refused("InvalidArgumentException", "Either NextToken or StreamName", c.list_shards)
refused("InvalidArgumentException", "NextToken is invalid", c.list_shards, NextToken="x")
refused("InvalidArgumentException", "is not both greater than one plus", c.split_shard, StreamName="a",
        ShardToSplit=opened[1]["ShardId"], NewStartingHashKey="1")
refused("InvalidArgumentException", "not an adjacent pair", c.merge_shards, StreamName="a",
        ShardToMerge=opened[0]["ShardId"], AdjacentShardToMerge=opened[2]["ShardId"])

# Reading.
put = [c.put_record(StreamName="a", Data=b"%d" % i, PartitionKey="k") for i in range(5)]
shard, numbers = put[0]["ShardId"], [int(p["SequenceNumber"]) for p in put]
assert numbers == sorted(numbers)


def read(limit=10000, **where):
    it = c.get_shard_iterator(StreamName="a", ShardId=shard, **where)["ShardIterator"]
    out = c.get_records(ShardIterator=it, Limit=limit)
    return [int(r["Data"]) for r in out["Records"]], out["MillisBehindLatest"]


number = lambda kind, n: dict(ShardIteratorType=kind, StartingSequenceNumber=str(n))
assert read(ShardIteratorType="TRIM_HORIZON") == ([0, 1, 2, 3, 4], 0)
assert read(ShardIteratorType="LATEST") == ([], 0)
assert read(**number("AFTER_SEQUENCE_NUMBER", numbers[1])) == ([2, 3, 4], 0)
got, behind = read(1, **number("AT_SEQUENCE_NUMBER", numbers[1]))
assert got == [1] and behind > 0, (got, behind)
where = dict(StreamName="a", ShardId=shard)
refused("InvalidArgumentException", "cannot be greater than the currentTimestampInMillis", c.get_shard_iterator,
        ShardIteratorType="AT_TIMESTAMP", Timestamp=time.time() + 100, **where)
refused("InvalidArgumentException", "no timestamp parameter", c.get_shard_iterator, ShardIteratorType="AT_TIMESTAMP", **where)
refused("InvalidArgumentException", "It encodes " + shard, c.get_shard_iterator, StreamName="a", ShardId="shardId-000000000000",
        **number("AT_SEQUENCE_NUMBER", numbers[1]))
refused("InvalidArgumentException", "Invalid ShardIterator.", c.get_records, ShardIterator="AAAA")
refused("ValidationException", "10000", c.get_records, ShardIterator="AAAA", Limit=10001)
it = c.get_shard_iterator(StreamName="a", ShardId=closed[0]["ShardId"], ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
end = c.get_records(ShardIterator=it)
assert "NextShardIterator" not in end and len(end["ChildShards"]) == 2, end

# Settings.
refused("InvalidArgumentException", "too short", c.decrease_stream_retention_period, StreamName="a", RetentionPeriodHours=23)
refused("InvalidArgumentException", "too long", c.increase_stream_retention_period, StreamName="a", RetentionPeriodHours=9000)
c.increase_stream_retention_period(StreamName="a", RetentionPeriodHours=48)
refused("InvalidArgumentException", "Use DecreaseRetentionPeriod API", c.increase_stream_retention_period, StreamName="a", RetentionPeriodHours=24)
changed(c.start_stream_encryption, StreamName="a", EncryptionType="KMS", KeyId="alias/aws/kinesis")
assert c.put_record(StreamName="a", Data=b"5", PartitionKey="k")["EncryptionType"] == "KMS"
changed(c.stop_stream_encryption, StreamName="a", EncryptionType="KMS", KeyId="alias/aws/kinesis")
c.add_tags_to_stream(StreamName="a", Tags={"x": "1", "y": "2"})
c.untag_resource(ResourceARN=arn, TagKeys=["x"])
assert c.list_tags_for_stream(StreamName="a")["Tags"] == c.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "y", "Value": "2"}]
refused("InvalidArgumentException", "invalid characters", c.tag_resource, ResourceARN=arn, Tags={"a!": "b"})
assert c.get_resource_policy(ResourceARN=arn)["Policy"] == "{}"
policy = lambda resource: json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "111111111111"},
                                                                              "Action": ["kinesis:DescribeStream"], "Resource": resource}]})
refused("InvalidArgumentException", "must be the same as the resource ARN", c.put_resource_policy, ResourceARN=arn, Policy=policy("*"))
c.put_resource_policy(ResourceARN=arn, Policy=policy(arn))
assert json.loads(c.get_resource_policy(ResourceARN=arn)["Policy"]) == json.loads(policy(arn))
big = dict(StreamName="a", Data=b"x" * (2 << 20), PartitionKey="k")
refused("ValidationException", "1048576", c.put_record, **big)
changed(c.update_max_record_size, StreamARN=arn, MaxRecordSizeInKiB=10240)
c.put_record(**big)
refused("InvalidArgumentException", "Invalid ExplicitHashKey", c.put_record, StreamName="a", Data=b"x", PartitionKey="k", ExplicitHashKey=str(1 << 128))
refused("ValidationException", "500", c.put_records, StreamName="a", Records=[{"Data": b"x", "PartitionKey": "k"}] * 501)
refused("InvalidArgumentException", "ALL cannot be combined", c.enable_enhanced_monitoring, StreamName="a", ShardLevelMetrics=["ALL", "IncomingBytes"])

# On demand, warm throughput.
changed(c.update_stream_mode, StreamARN=arn, StreamModeDetails={"StreamMode": "ON_DEMAND"})
refused("ValidationException", "ON_DEMAND", c.split_shard, StreamName="a", ShardToSplit=opened[0]["ShardId"], NewStartingHashKey="5")
refused("ValidationException", "MinimumThroughputBillingCommitment", c.update_stream_warm_throughput, StreamARN=arn, WarmThroughputMiBps=8)
c.update_account_settings(MinimumThroughputBillingCommitment={"Status": "ENABLED"})
changed(c.update_stream_warm_throughput, StreamARN=arn, WarmThroughputMiBps=8)
s = summary()
assert s["OpenShardCount"] == 8 and s["WarmThroughput"] == {"TargetMiBps": 8, "CurrentMiBps": 8}, s
c.create_stream(StreamName="b")
settle("b")
assert len(c.list_shards(StreamName="b")["Shards"]) == 4
refused("ValidationException", "ShardCount is expected", c.create_stream, StreamName="p", StreamModeDetails={"StreamMode": "PROVISIONED"})

# Lists, and the end.
page = c.list_streams(Limit=1)
assert page["StreamNames"] == ["a"] and page["HasMoreStreams"], page
assert c.list_streams(Limit=1, NextToken=page["NextToken"])["StreamNames"] == ["b"]
assert c.list_streams(ExclusiveStartStreamName="a")["StreamNames"] == ["b"]
c.register_stream_consumer(StreamARN=arn, ConsumerName="c")
refused("ResourceInUseException", "already exists", c.register_stream_consumer, StreamARN=arn, ConsumerName="c")
refused("ResourceInUseException", "registered consumers", c.delete_stream, StreamName="a")
c.delete_stream(StreamName="a", EnforceConsumerDeletion=True)
assert summary()["StreamStatus"] == "DELETING"
for _ in range(200):
    if "a" not in c.list_streams()["StreamNames"]:
        break
    time.sleep(0.05)
refused("ResourceNotFoundException", "Stream a under account 000000000000 not found.", c.describe_stream, StreamName="a")

# AWS's limits: a second's worth at once, then what time earns, which calls in a row outrun.
c = client(sys.argv[2])
c.create_stream(StreamName="a", ShardCount=1)
time.sleep(1)
settle()
failed = []
for _ in range(40):
    out = c.put_records(StreamName="a", Records=[{"Data": b"x", "PartitionKey": "k"}] * 500)
    failed = [r for r in out["Records"] if "ErrorCode" in r]
    if failed:
        break
assert failed and failed[0]["ErrorCode"] == "ProvisionedThroughputExceededException", out
assert failed[0]["ErrorMessage"] == "Rate exceeded for shard shardId-000000000000 in stream a under account 000000000000."
