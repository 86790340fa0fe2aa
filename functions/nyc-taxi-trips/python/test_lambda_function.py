"""Tests of lambda_function against a delivery stream in memory: python3 -m unittest, no AWS needed."""

import base64
import contextlib
import io
import json
import os
import unittest

os.environ.update(delivery_stream_name="lake", exponential_backoff_seed="35", number_of_retries="3")
import lambda_function as f  # noqa: E402  (it reads the environment)


def trip(i, **changes):
    event = dict(
        pickup_datetime="2016-01-01T00:00:00.000Z", dropoff_datetime="2016-01-01T00:10:00.000Z", passenger_count=1,
        trip_distance=1.1, pickup_longitude=-73.99, pickup_latitude=40.73, dropoff_longitude=-73.98,
        dropoff_latitude=40.73, total_amount=8.8, trip_id=i, type="trip",
    )
    event.update(changes)
    return json.dumps({k: v for k, v in event.items() if v is not ...}).encode()


def sequence(i):
    return f"4959033827149025660855969253836157109592157598913658{i:04d}"


def batch(*data):
    return {"Records": [
        {"eventID": f"shardId-000000000006:{sequence(i)}", "eventSourceARN": "arn:stream",
         "kinesis": {"sequenceNumber": sequence(i), "data": base64.b64encode(d).decode()}}
        for i, d in enumerate(data)
    ]}


class Delivery:
    def __init__(self, refuse=lambda call, data: None, fail=lambda call: None):
        self.refuse, self.fail, self.calls, self.got = refuse, fail, [], []

    def put(self, texts):
        data = list(map(base64.b64decode, texts))
        assert 0 < len(data) <= 500 and sum(map(len, data)) <= 4 << 20
        assert max(map(len, data)) <= 1_024_000
        n = len(self.calls)
        self.calls.append(data)
        if error := self.fail(n):
            raise error
        entries = []
        for d in data:
            code = self.refuse(n, d)
            if not code:
                self.got.append(d)
            entries.append({"ErrorCode": code, "ErrorMessage": "Slow down."} if code else {"RecordId": "id"})
        return {"FailedPutCount": sum("ErrorCode" in e for e in entries), "RequestResponses": entries}


class Clock:
    """Stands in for the module time: sleeping moves it."""

    def __init__(self):
        self.now, self.waits = 0.0, []

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.waits.append(seconds)
        self.now += seconds


class Context:
    def __init__(self, ms=60_000):
        self.ms = ms

    def get_remaining_time_in_millis(self):
        return self.ms


class FilterTest(unittest.TestCase):
    def setUp(self):
        self.clock = f.time = Clock()
        f._sent_before.clear()

    def handle(self, delivery, event, ms=60_000):
        f._firehose, out = delivery, io.StringIO()
        with contextlib.redirect_stdout(out):
            answer = f.lambda_handler(event, Context(ms))
        self.log = out.getvalue()
        return [e["itemIdentifier"] for e in answer["batchItemFailures"]]

    def test_drops_what_is_not_a_complete_trip(self):
        d = Delivery()
        failed = self.handle(d, batch(
            trip(1), trip(2, pickup_longitude=0), trip(3, dropoff_latitude=0.0), trip(4, total_amount=...), trip(5, trip_id="5"),
            b'{"watermark":"2016-01-01T00:00:00.000Z","type":"watermark"}', b"\x00\xffnot json", b"", b"[]", b'{"type":"trip"}',
            trip(8, pad="x" * 1_024_000), trip(9, passenger_count=...),
        ))
        self.assertEqual(([], [[trip(1), trip(9, passenger_count=...)]]), (failed, d.calls))
        for want in ("records=12 sent=2 unsent=0 dropped=10", "zero_coordinate=2", "missing_total_amount=1", "wrong_kind_trip_id=1",
                     "watermark=1", "not_json=3", "missing_pickup_datetime=1", "too_large=1", "reason=zero_coordinate records=2 trips=2,3"):
            self.assertIn(want, self.log)

    def test_calls_stay_within_the_limits(self):
        for sizes, want in (([0] * 1200, [500, 500, 200]), ([1_024_000] * 9, [4, 4, 1]), ([512_000] * 8 + [(4 << 20) - 8 * 512_000], [9]),
                            ([512_000] * 8 + [(4 << 20) - 8 * 512_000 + 1], [8, 1])):
            data = [trip(i, pad="x" * max(0, size - len(trip(i, pad="")))) for i, size in enumerate(sizes)]
            d = Delivery()
            self.assertEqual([], self.handle(d, batch(*data)))
            self.assertEqual(want, [len(c) for c in d.calls])

    def test_resends_only_what_failed(self):
        d = Delivery(lambda call, data: "InternalFailure" if call < 2 and data in (trip(1), trip(3)) else None)
        self.assertEqual([], self.handle(d, batch(*map(trip, range(5)))))
        self.assertEqual([5, 2, 2], [len(c) for c in d.calls])
        self.assertEqual(5, len(set(d.got)), len(d.got))
        self.assertIn("attempt=2 of=4", self.log)
        self.assertIn("errors=InternalFailure:2", self.log)

    def test_whole_call_errors_and_waits(self):
        d = Delivery(fail=lambda call: ConnectionError("down"))
        event = batch(trip(0), trip(1))
        self.assertEqual([sequence(0), sequence(1)], self.handle(d, event))
        waits, self.clock.waits = self.clock.waits, []
        self.assertEqual(3, len(waits))
        for wait, most in zip(waits, (0.07, 2.45, 10)):
            self.assertLessEqual(wait, most)
        self.handle(d, event)
        self.assertEqual(waits, self.clock.waits)

    def test_nothing_is_sent_twice(self):
        broken = True
        d = Delivery(lambda call, data: "InternalFailure" if broken and data in (trip(100), trip(300)) else None)
        event = batch(*map(trip, range(1100)))
        failed = self.handle(d, event)
        self.assertEqual((4, 602, sequence(100), sequence(300)), (len(d.calls), len(failed), failed[0], failed[1]))
        rest = {"Records": event["Records"][100:]}
        self.handle(d, rest)
        broken = False
        self.assertEqual([], self.handle(d, rest))
        self.assertEqual((1100, 1100), (len(d.got), len(set(d.got))))
        self.assertEqual({}, f._sent_before)

    def test_the_deadline_bounds_retries(self):
        d = Delivery(lambda call, data: "ServiceUnavailableException")
        self.assertEqual(3, len(self.handle(d, batch(*map(trip, range(3))), ms=600)))
        self.assertLess(self.clock.now, 0.1)
        d = Delivery()
        self.assertEqual((1, []), (len(self.handle(d, batch(trip(0)), ms=100)), d.calls))


if __name__ == "__main__":
    unittest.main()
