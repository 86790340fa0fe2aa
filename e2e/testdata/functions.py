"""Lambda by boto3, as its users write it: functions, failures, event source mappings, queues. An assertion that does
not hold ends it. Arguments: hydrant's URL, the folder that the function "edited" runs from."""

import base64
import glob
import io
import json
import os
import sys
import threading
import time
import uuid
import zipfile

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

URL, FOLDER = sys.argv[1:]
ROLE = "arn:aws:iam::000000000000:role/r"
SELF = "arn:aws:%s:us-east-1:000000000000:%s"


def client(name):
    return boto3.client(name, endpoint_url=URL, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test",
                        config=Config(retries={"total_max_attempts": 1}))


lam, kinesis, s3, sqs, sns, logs = map(client, ("lambda", "kinesis", "s3", "sqs", "sns", "logs"))


def archive(**files):
    b = io.BytesIO()
    with zipfile.ZipFile(b, "w") as z:
        for name, text in files.items():
            z.writestr(name.replace("__", "."), text)
    return b.getvalue()


def create(name, code, runtime="python3.11", handler="app.handler", timeout=5, **more):
    files = code if isinstance(code, bytes) else archive(app__py=code)
    lam.create_function(FunctionName=name, Role=ROLE, Runtime=runtime, Handler=handler, Code={"ZipFile": files}, Timeout=timeout, **more)
    lam.get_waiter("function_active_v2").wait(FunctionName=name)


def invoke(name, event=None):
    out = lam.invoke(FunctionName=name, Payload=json.dumps(event or {}), LogType="Tail")
    return out.get("FunctionError"), json.loads(out["Payload"].read()), base64.b64decode(out["LogResult"]).decode()


def eventually(what, seconds=60):
    until = time.monotonic() + seconds
    while not (got := what()):
        assert time.monotonic() < until, "it does not happen"
        time.sleep(0.05)
    return got


def refused(code, text, call, **arguments):
    try:
        call(**arguments)
    except ClientError as e:
        assert e.response["Error"]["Code"] == code and text in str(e), e
        return
    raise AssertionError(f"{arguments} was taken")


def sleeps(seconds):
    """Whether a process sleeps for that long."""
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        try:
            with open(path, "rb") as f:
                if f.read() == b"sleep\0" + seconds.encode() + b"\0":
                    return True
        except OSError:  # it has ended
            pass
    return False


def runtimes():
    for minor in range(7, 15):
        create(f"py{minor}", "import os\ndef handler(e, c): return os.environ['AWS_EXECUTION_ENV'], e['n']", f"python3.{minor}")
        assert invoke(f"py{minor}", {"n": minor})[1] == [f"AWS_Lambda_python3.{minor}", minor]
    for name, runtime, files in (
        ("esm", "nodejs22.x", dict(index__mjs="export const handler = async (e) => e.n + 1")),
        ("module", "nodejs20.x", dict(package__json='{"type":"module"}', index__js="export const handler = async (e) => e.n + 1")),
        ("commonjs", "nodejs18.x", dict(index__js="exports.handler = (e, c, done) => done(null, e.n + 1)")),
    ):
        create(name, archive(**files), runtime, "index.handler")
        assert invoke(name, {"n": 1})[1] == 2
    refused("InvalidParameterValueException", "failed to satisfy constraint", lam.create_function, FunctionName="x", Role=ROLE, Runtime="python2.7",
            Handler="a.b", Code={"ZipFile": archive(a="")})


def failures():
    create("raises", "def handler(e, c): raise ValueError('no')")
    kind, doc, log = invoke("raises")
    assert kind == "Unhandled" and doc["errorType"] == "ValueError" and doc["errorMessage"] == "no" and doc["stackTrace"], doc
    assert "[ERROR] ValueError: no" in log and "REPORT RequestId: " in log, log
    create("imports", "import no_such_module")
    kind, doc, log = invoke("imports")
    assert (doc["errorType"], doc["errorMessage"]) == ("Runtime.ImportModuleError", "Unable to import module 'app': No module named 'no_such_module'"), doc
    create("exits", "import os\ndef handler(e, c): os._exit(3)")
    kind, doc, log = invoke("exits")
    assert doc["errorType"] == "Runtime.ExitError" and doc["errorMessage"].endswith("Error: Runtime exited with error: exit status 3"), doc
    mark = "8" + str(uuid.uuid4().int % 10**8)  # seconds that only our grandchild sleeps
    create("hangs", f"import subprocess, time\ndef handler(e, c):\n  subprocess.Popen(['sleep', '{mark}'])\n  time.sleep(99)", timeout=1)
    kind, doc, log = invoke("hangs")
    assert doc["errorType"] == "Sandbox.Timedout" and doc["errorMessage"].endswith("Task timed out after 1.00 seconds"), doc
    assert "Task timed out after 1.00 seconds" in log and "Status: timeout" in log, log
    eventually(lambda: not sleeps(mark))
    create("grows", "def handler(e, c):\n  keep = []\n  while True: keep.append(bytearray(10 << 20))", timeout=30)
    kind, doc, log = invoke("grows")
    assert doc["errorMessage"].endswith("signal: killed") and "Runtime.OutOfMemory" in log, (doc, log)
    create("talks", "def handler(e, c): return 'x' * 7_000_000")
    assert invoke("talks")[1]["errorType"] == "Function.ResponseSizeTooLarge"
    refused("RequestTooLargeException", "6291456", lam.invoke, FunctionName="raises", Payload=b'"' + b"x" * 6291455 + b'"')
    refused("RequestTooLargeException", "1048576", lam.invoke, FunctionName="raises", InvocationType="Event", Payload=b'"' + b"x" * (1 << 20) + b'"')


def concurrency():
    create("slow", "import time\ndef handler(e, c): time.sleep(e.get('s', 0))")
    lam.put_function_concurrency(FunctionName="slow", ReservedConcurrentExecutions=1)
    ran, faults = [], []

    def call():
        try:
            ran.append(invoke("slow", {"s": 3}))
        except ClientError as e:
            faults.append(e.response)
    both = [threading.Thread(target=call) for _ in range(2)]
    for t in both:
        t.start()
    for t in both:
        t.join()
    assert len(ran) == len(faults) == 1, (ran, faults)
    assert faults[0]["Error"]["Code"] == "TooManyRequestsException" and faults[0]["ResponseMetadata"]["HTTPStatusCode"] == 429, faults
    assert faults[0]["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded", faults


def edit_and_run():
    def write(text):
        with open(os.path.join(FOLDER, "next"), "w") as f:
            f.write(text)
        os.replace(os.path.join(FOLDER, "next"), os.path.join(FOLDER, "app.py"))
    write("def handler(e, c): return 'first'")
    create("edited", "def handler(e, c): return 'archive'")
    assert invoke("edited")[1] == "first"
    write("def handler(e, c): return 'second'")
    assert invoke("edited")[1] == "second"
    assert os.listdir(FOLDER) == ["app.py"], os.listdir(FOLDER)


def batches_given_up():
    queue = sqs.create_queue(QueueName="dead")["QueueUrl"]
    s3.create_bucket(Bucket="dead")
    kinesis.create_stream(StreamName="s", ShardCount=1)
    kinesis.get_waiter("stream_exists").wait(StreamName="s")
    create("picky", "import base64\ndef handler(e, c):\n  if any(base64.b64decode(r['kinesis']['data']) == b'3' for r in e['Records']): raise ValueError('three')")
    create("picky2", "import base64\ndef handler(e, c):\n  return {'batchItemFailures': [{'itemIdentifier': r['kinesis']['sequenceNumber']} for r in e['Records'] if base64.b64decode(r['kinesis']['data']) == b'3'][:1]}")
    source = SELF % ("kinesis", "stream/s")
    common = dict(EventSourceArn=source, StartingPosition="TRIM_HORIZON", BatchSize=10, MaximumRetryAttempts=1)
    refused("InvalidParameterValueException", "does not exist", lam.create_event_source_mapping, FunctionName="picky",
            DestinationConfig={"OnFailure": {"Destination": SELF % ("sqs", "none")}}, **common)
    bisecting = lam.create_event_source_mapping(FunctionName="picky", BisectBatchOnFunctionError=True, DestinationConfig={"OnFailure": {"Destination": SELF % ("sqs", "dead")}}, **common)
    partial = lam.create_event_source_mapping(FunctionName="picky2", FunctionResponseTypes=["ReportBatchItemFailures"], DestinationConfig={"OnFailure": {"Destination": "arn:aws:s3:::dead"}}, **common)
    put = kinesis.put_records(StreamName="s", Records=[{"Data": str(i).encode(), "PartitionKey": "k"} for i in range(8)])
    third = put["Records"][3]["SequenceNumber"]

    message, = eventually(lambda: sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=5).get("Messages"))
    doc = json.loads(message["Body"])
    assert doc["requestContext"]["condition"] == "RetryAttemptsExhausted" and doc["requestContext"]["approximateInvokeCount"] == 2, doc
    assert doc["responseContext"] == {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"}, doc
    assert doc["KinesisBatchInfo"]["startSequenceNumber"] == doc["KinesisBatchInfo"]["endSequenceNumber"] == third and doc["KinesisBatchInfo"]["batchSize"] == 1 and "payload" not in doc, doc
    key = eventually(lambda: s3.list_objects_v2(Bucket="dead").get("Contents"))[0]["Key"]
    assert key.startswith(f"aws/lambda/{partial['UUID']}/shardId-000000000000/"), key
    doc = json.loads(s3.get_object(Bucket="dead", Key=key)["Body"].read())
    assert doc["responseContext"]["functionError"] is None and doc["KinesisBatchInfo"]["startSequenceNumber"] == third, doc
    assert base64.b64decode(json.loads(doc["payload"])["Records"][0]["kinesis"]["data"]) == b"3", doc
    # Of the halves the other one succeeded; what followed a reported record was given up with it.
    assert doc["KinesisBatchInfo"]["batchSize"] == 5, doc
    for m, result in ((bisecting, "OK"), (partial, "PROBLEM: Function call failed")):
        eventually(lambda: lam.get_event_source_mapping(UUID=m["UUID"])["LastProcessingResult"] == result)
        lam.delete_event_source_mapping(UUID=m["UUID"])
    sqs.purge_queue(QueueUrl=queue)

    # An event that is given up goes to the destination as a record and to the dead-letter queue as it came.
    lam.put_function_event_invoke_config(FunctionName="raises", MaximumRetryAttempts=0, DestinationConfig={"OnFailure": {"Destination": SELF % ("sqs", "dead")}})
    lam.update_function_configuration(FunctionName="raises", DeadLetterConfig={"TargetArn": SELF % ("sqs", "dead")})
    lam.get_waiter("function_updated_v2").wait(FunctionName="raises")
    lam.invoke(FunctionName="raises", InvocationType="Event", Payload=b'{"a":1}')
    got = []

    def both():
        got.extend(sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=5, MaxNumberOfMessages=10, MessageAttributeNames=["All"]).get("Messages", []))
        return len(got) == 2
    eventually(both)
    letter, = (m for m in got if m["Body"] == '{"a":1}')
    assert letter["MessageAttributes"]["ErrorMessage"]["StringValue"] == "no" and letter["MessageAttributes"]["ErrorCode"]["StringValue"] == "200", letter
    record, = (json.loads(m["Body"]) for m in got if m is not letter)
    assert record["requestContext"]["condition"] == "RetriesExhausted" and record["requestPayload"] == {"a": 1}, record


def topics_are_told():
    topic = sns.create_topic(Name="given-up")["TopicArn"]
    queue = sqs.create_queue(QueueName="behind")["QueueUrl"]
    kinesis.create_stream(StreamName="t", ShardCount=1)
    kinesis.get_waiter("stream_exists").wait(StreamName="t")
    common = dict(FunctionName="raises", EventSourceArn=SELF % ("kinesis", "stream/t"), StartingPosition="TRIM_HORIZON", MaximumRetryAttempts=0)
    refused("InvalidParameterValueException", "does not exist", lam.create_event_source_mapping, DestinationConfig={"OnFailure": {"Destination": topic + "x"}}, **common)
    subscription = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=SELF % ("sqs", "behind"), ReturnSubscriptionArn=True)["SubscriptionArn"]
    mapping = lam.create_event_source_mapping(DestinationConfig={"OnFailure": {"Destination": topic}}, **common)
    kinesis.put_record(StreamName="t", Data=b"x", PartitionKey="k")
    message, = eventually(lambda: sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=5).get("Messages"))
    notification = json.loads(message["Body"])
    assert notification["Type"] == "Notification" and notification["TopicArn"] == topic, notification
    doc = json.loads(notification["Message"])
    assert doc["requestContext"]["condition"] == "RetryAttemptsExhausted" and doc["KinesisBatchInfo"]["batchSize"] == 1 and "payload" not in doc, doc
    lam.delete_event_source_mapping(UUID=mapping["UUID"])
    sqs.purge_queue(QueueUrl=queue)

    # A dead letter, to a queue that wants the message itself.
    sns.unsubscribe(SubscriptionArn=subscription)
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=SELF % ("sqs", "behind"), Attributes={"RawMessageDelivery": "true"})
    lam.put_function_event_invoke_config(FunctionName="raises", MaximumRetryAttempts=0)
    lam.update_function_configuration(FunctionName="raises", DeadLetterConfig={"TargetArn": topic})
    lam.get_waiter("function_updated_v2").wait(FunctionName="raises")
    lam.invoke(FunctionName="raises", InvocationType="Event", Payload=b'{"b":1}')
    letter, = eventually(lambda: sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=5, MessageAttributeNames=["All"]).get("Messages"))
    assert letter["Body"] == '{"b":1}' and letter["MessageAttributes"]["ErrorCode"] == {"StringValue": "200", "DataType": "Number"}, letter
    assert len(sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]) == 1
    sns.delete_topic(TopicArn=topic)
    assert sns.list_topics()["Topics"] == []


for part in (runtimes, failures, concurrency, edit_and_run, batches_given_up, topics_are_told):
    part()
    print(part.__name__, "ok", flush=True)
