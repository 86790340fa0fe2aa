"""The taxi function in Python: Kinesis batches in, complete trips on to Firehose.

It behaves as the Go function beside it (see ../filter): drops what is not a complete trip
with non-zero coordinates, sends in the order of the stream with PutRecordBatch, resends only what a
call refused, and reports what it could not send as batch item failures. The event source mapping
should have ReportBatchItemFailures.

Settings, from the environment: delivery_stream_name (required), exponential_backoff_seed (default 35),
number_of_retries (default 3).
"""

import binascii
import json
import os
import random
import re
import time
from collections import Counter
from datetime import date
from functools import lru_cache
from operator import itemgetter

import boto3
from botocore.config import Config

MAX_CALL_RECORDS = 500
MAX_CALL_BYTES = 4 * 1024 * 1024
MAX_RECORD_BYTES = 1_024_000
MAX_WAIT = 10.0  # seconds
MARGIN = 0.5  # seconds kept before the deadline, to report and return
MAX_TRIPS = 50  # trip ids named in one line
MAX_REMEMBERED = 50_000


def setting(name, default, low, high):
    text = os.environ.get(name) or str(default)
    if not re.fullmatch(r"[0-9]{1,9}", text) or not low <= int(text) <= high:
        raise ValueError(f"the environment variable {name} is {text!r}, want a whole number from {low} to {high}")
    return int(text)


DELIVERY_STREAM = os.environ.get("delivery_stream_name")
if not DELIVERY_STREAM:
    raise ValueError(
        "the environment variable delivery_stream_name is missing: "
        "it names the Firehose delivery stream that trips are sent to"
    )
SEED = setting("exponential_backoff_seed", 35, 1, 10_000)
RETRIES = setting("number_of_retries", 3, 0, 100)

_sent_before = {}  # keys of records that were sent and will be delivered again


# --- the rule of the filter -------------------------------------------------------------------


def is_number(v):
    return isinstance(v, (int, float)) and not isinstance(v, bool)


def is_integer(v):
    return isinstance(v, int) and not isinstance(v, bool) and abs(v) < 10**18


TIME = re.compile(r"(\d{4}-\d\d-\d\d)[T ](?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?Z?", re.ASCII)


def is_time(v):
    m = TIME.fullmatch(v) if isinstance(v, str) else None
    return m is not None and is_date(m.group(1))


@lru_cache(maxsize=1000)
def is_date(text):
    try:
        # The calendar repeats after 400 years; Python's has no year 0.
        return date(2000 + int(text[:4]) % 400, int(text[5:7]), int(text[8:])) is not None
    except ValueError:
        return False


# In the order of the event, which decides which field is to blame.
NEEDS = (
    ("pickup_datetime", is_time),
    ("dropoff_datetime", is_time),
    ("passenger_count", is_integer),
    ("trip_distance", is_number),
    ("pickup_longitude", is_number),
    ("pickup_latitude", is_number),
    ("dropoff_longitude", is_number),
    ("dropoff_latitude", is_number),
    ("total_amount", is_number),
    ("trip_id", is_integer),
)
OPTIONAL = {"passenger_count"}  # drivers type it in; whole sources do without


def refuse(constant):
    raise ValueError(f"{constant} is not JSON")


parse = json.JSONDecoder(parse_constant=refuse).decode
needed = itemgetter("type", *(name for name, _ in NEEDS if name not in OPTIONAL))
NUMBERS = frozenset((int, float))  # by type(), which tells a bool apart


def is_whole(event):
    """The quick answer for a trip in which all is well; where it says no, check looks for the reason."""
    try:
        kind, begun, ended, distance, x1, y1, x2, y2, total, trip = needed(event)
    except KeyError:
        return False
    return (
        kind == "trip" and type(trip) is int and -(10**18) < trip < 10**18
        and {type(distance), type(x1), type(y1), type(x2), type(y2), type(total)} <= NUMBERS
        and x1 != 0 and y1 != 0 and x2 != 0 and y2 != 0
        and is_time(begun) and is_time(ended)
        and (event.get("passenger_count") is None or is_integer(event["passenger_count"]))
    )


def check(data):
    """Returns why a record is dropped ("" if it is not), and its trip_id or None."""
    try:
        event = parse(data.decode("utf-8"))
    except (ValueError, RecursionError):
        return "not_json", None
    if not isinstance(event, dict):
        return "not_json", None
    if is_whole(event):
        return ("too_large" if len(data) > MAX_RECORD_BYTES else ""), event["trip_id"]
    trip = event.get("trip_id")
    trip = trip if is_integer(trip) else None
    kind = event.get("type")
    if kind != "trip":
        return ("watermark" if kind == "watermark" else "not_a_trip"), trip
    for name, good in NEEDS:
        value = event.get(name)
        if value is None:
            if name not in OPTIONAL:
                return "missing_" + name, trip
        elif not good(value):
            return "wrong_kind_" + name, trip
    return "zero_coordinate", trip


# --- sending ----------------------------------------------------------------------------------


class Item:
    """A record on its way: its text is the base64 it came as, and goes on as."""

    __slots__ = ("record", "ordinal", "sequence", "trip", "text", "size")

    def __init__(self, record, ordinal, sequence, trip, text, size):
        self.record, self.ordinal, self.sequence, self.trip, self.text, self.size = record, ordinal, sequence, trip, text, size

    def key(self):
        return self.record.get("eventSourceARN"), shard(self.record), self.sequence, self.ordinal


class Firehose:
    """PutRecordBatch by boto3, with a shorter way for its bytes: the records' base64 goes into the body as it
    came, and the ids of a call that was taken whole, which nobody reads, are not built. Signing, endpoint and
    errors stay boto3's."""

    def __init__(self):
        # Every attempt is ours, counted and logged.
        self.client = boto3.client("firehose", config=Config(retries={"total_max_attempts": 1}, parameter_validation=False))
        self.client.meta.events.register("before-call.firehose.PutRecordBatch", self.write)
        self.client.meta.events.register("before-parse.firehose.PutRecordBatch", self.read)

    def put(self, texts):
        self.texts = texts
        return self.client.put_record_batch(DeliveryStreamName=DELIVERY_STREAM, Records=[])

    def write(self, params, **_):
        params["body"] = b'{"DeliveryStreamName":%s,"Records":[{"Data":"%s"}]}' % (
            json.dumps(DELIVERY_STREAM).encode(), '"},{"Data":"'.join(self.texts).encode())

    def read(self, response_dict, **_):
        body = response_dict["body"]
        if response_dict["status_code"] == 200 and TAKEN_WHOLE.search(body) and b'"ErrorCode"' not in body:
            response_dict["body"] = b'{"FailedPutCount":0}'


TAKEN_WHOLE = re.compile(rb'"FailedPutCount"\s*:\s*0\s*[,}]')
_firehose = None


def firehose():
    global _firehose
    if _firehose is None:
        _firehose = Firehose()
    return _firehose


class Sender:
    """Sends the items of one batch."""

    def __init__(self, name, deadline, rng):
        self.name, self.deadline, self.rng = name, deadline, rng
        self.calls = self.retries = 0

    def send_all(self, items):
        """Sends call by call; returns the rest of the first call that stayed incomplete and all behind it."""
        while items:
            n = call_size(items)
            left = self.send(items[:n])
            if left:
                return left + items[n:]
            items = items[n:]
        return []

    def send(self, items):
        attempt = 0
        while True:
            if time.monotonic() >= self.deadline:
                log("ERROR", "no time left to send", batch=self.name, records=len(items), trips=some(items))
                return items
            self.calls += 1
            items, errors = put(items, self.name)
            if not items:
                return []
            left, codes, trips = len(items), pairs(errors), some(items)
            if attempt == RETRIES:
                log("ERROR", "retries exhausted", batch=self.name, records=left, attempts=attempt + 1, errors=codes, trips=trips)
                return items
            attempt += 1
            wait = self.rng.uniform(0, ceiling(attempt))
            if time.monotonic() + wait >= self.deadline:
                log("ERROR", "the next attempt would miss the deadline", batch=self.name, records=left, attempts=attempt,
                    wait=f"{wait:.3f}s", errors=codes, trips=trips)
                return items
            self.retries += 1
            log("WARN", "retrying", batch=self.name, attempt=attempt + 1, of=RETRIES + 1, records=left, errors=codes,
                wait=f"{wait:.3f}s", trips=trips)
            time.sleep(wait)


def ceiling(n):
    """The longest wait before the n-th further attempt, in seconds."""
    return min(2 * SEED ** min(n, 20) / 1000, MAX_WAIT)


def call_size(items):
    size = 0
    for n, item in enumerate(items):
        size += item.size
        if n == MAX_CALL_RECORDS or size > MAX_CALL_BYTES:
            return n
    return len(items)


def put(items, name):
    """Makes one call; returns the items it did not take, and error codes with their numbers."""
    try:
        answer = firehose().put([item.text for item in items])
    except Exception as e:  # whatever it was, the items are not known to be sent
        response = getattr(e, "response", None) or {}
        log("WARN", "call failed", batch=name, records=len(items), error=repr(str(e)))
        return items, Counter({response.get("Error", {}).get("Code", type(e).__name__): len(items)})
    if not answer["FailedPutCount"]:
        return [], Counter()
    entries = answer["RequestResponses"]
    if len(entries) != len(items):
        log("ERROR", "answer does not match its request, taking the whole call as failed", batch=name,
            failed=answer["FailedPutCount"], records=len(items), answers=len(entries))
        return items, Counter(MalformedAnswer=len(items))
    failed = [(item, e["ErrorCode"]) for item, e in zip(items, entries) if e.get("ErrorCode")]
    return [item for item, _ in failed], Counter(code for _, code in failed)


# --- the handler ------------------------------------------------------------------------------


def lambda_handler(event, context):
    begun = time.monotonic()
    records = event.get("Records", [])
    items, again, dropped = [], [], {}
    last, ordinal = None, 0
    for r in records:
        kinesis = r["kinesis"]
        sequence, text = kinesis["sequenceNumber"], kinesis["data"]
        data = binascii.a2b_base64(text)
        # Records unpacked from one aggregate share its sequence number; their order tells them apart.
        ordinal = ordinal + 1 if sequence == last else 0
        last = sequence
        reason, trip = check(data)
        if reason:
            dropped.setdefault(reason, []).append(f"sequence {sequence}" if trip is None else str(trip))
            continue
        item = Item(r, ordinal, sequence, trip, text, len(data))
        (again if _sent_before and item.key() in _sent_before else items).append(item)

    name = f"{shard(records[0])}:{records[0]['kinesis']['sequenceNumber']}-{last}" if records else "empty"
    rng = random.Random(f"{SEED} {records[0]['eventID'] if records else ''}")
    sender = Sender(name, begun + context.get_remaining_time_in_millis() / 1000 - MARGIN, rng)
    unsent = sender.send_all(items)
    remember(items, unsent, again)

    for reason, trips in dropped.items():
        log("INFO", "dropped", batch=name, reason=reason, records=len(trips), trips=shown(trips))
    facts = dict(batch=name, records=len(records), sent=len(items) - len(unsent), unsent=len(unsent),
                 dropped=sum(map(len, dropped.values())))
    facts.update((reason, len(trips)) for reason, trips in dropped.items())
    if again:
        facts["sent_before"] = len(again)
    facts.update(calls=sender.calls, retries=sender.retries, took=f"{time.monotonic() - begun:.3f}s")
    if unsent:
        log("ERROR", "batch not done, the rest goes back to the stream", **facts, unsent_trips=some(unsent))
    else:
        log("INFO", "batch done", **facts)
    sequences = dict.fromkeys(item.sequence for item in unsent)
    return {"batchItemFailures": [{"itemIdentifier": s} for s in sequences]}


def remember(items, unsent, again):
    """Keeps in mind what Lambda will deliver again although it is sent: what lies behind the first unsent record."""
    if not unsent:
        for item in again:
            _sent_before.pop(item.key(), None)
        return
    left, lowest = {item.key() for item in unsent}, int(unsent[0].sequence)
    for item in items:
        if item.key() not in left and int(item.sequence) >= lowest:
            if len(_sent_before) >= MAX_REMEMBERED:
                _sent_before.clear()
            _sent_before[item.key()] = True


def shard(record):
    return record["eventID"].partition(":")[0]


def some(items):
    return shown([str(item.trip) for item in items])


def shown(ids):
    more = len(ids) - MAX_TRIPS
    return ",".join(ids[:MAX_TRIPS]) + (f" and {more} more" if more > 0 else "")


def pairs(counter):
    return " ".join(f"{name}:{n}" for name, n in counter.items())


def log(level, message, **facts):
    facts = dict(level=level, msg=message, **facts)
    print(*(f"{k}={json.dumps(v) if isinstance(v, str) and ' ' in v else v}" for k, v in facts.items()), flush=True)
