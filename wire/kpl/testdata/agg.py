# The Python library of the format, for conform_test.go. Lines of JSON in, lines of JSON out:
# {"pack": [{"key", "hash", "data" (hex)}]} is answered with the aggregate as hex,
# {"unpack": hex} with the list of records.
import base64
import json
import sys

from aws_kinesis_agg import aggregator, deaggregator

for line in sys.stdin:
    ask = json.loads(line)
    if "pack" in ask:
        a = aggregator.RecordAggregator()
        for r in ask["pack"]:
            if a.add_user_record(r["key"], bytes.fromhex(r["data"]), r["hash"] or None):
                sys.exit("aggregate is full")
        print(json.dumps(a.clear_and_get().get_contents()[2].hex()), flush=True)
        continue
    outer = {"kinesis": {
        "kinesisSchemaVersion": "1.0", "sequenceNumber": "1", "approximateArrivalTimestamp": 0, "partitionKey": "outer",
        "data": base64.b64encode(bytes.fromhex(ask["unpack"])).decode(),
    }, "eventVersion": "1.0", "eventID": "e", "eventSource": "aws:kinesis", "eventName": "n", "invokeIdentityArn": "i",
        "awsRegion": "r", "eventSourceARN": "a"}
    print(json.dumps([
        {"key": r["kinesis"]["partitionKey"], "hash": r["kinesis"]["explicitHashKey"] or "",
         "data": base64.b64decode(r["kinesis"]["data"]).hex()}
        for r in deaggregator.iter_deaggregate_records([outer])
    ]), flush=True)
