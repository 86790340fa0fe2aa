// Tests of the filter against a delivery stream in memory: node --test, no SDK and no AWS needed.

import assert from 'node:assert/strict';
import test from 'node:test';
import { makeHandler, settings } from './filter.mjs';

const env = { delivery_stream_name: 'lake', exponential_backoff_seed: '35', number_of_retries: '3' };

function trip(i, changes = {}) {
  return Buffer.from(JSON.stringify({
    pickup_datetime: '2016-01-01T00:00:00.000Z', dropoff_datetime: '2016-01-01T00:10:00.000Z', passenger_count: 1, trip_distance: 1.1,
    pickup_longitude: -73.99, pickup_latitude: 40.73, dropoff_longitude: -73.98, dropoff_latitude: 40.73, total_amount: 8.8,
    trip_id: i, type: 'trip', ...changes,
  }));
}

const sequence = (i) => `4959033827149025660855969253836157109592157598913658${String(i).padStart(4, '0')}`;

const batch = (...data) => ({
  Records: data.map((d, i) => ({
    eventID: `shardId-000000000006:${sequence(i)}`, eventSourceARN: 'arn:stream',
    kinesis: { sequenceNumber: sequence(i), data: Buffer.from(d).toString('base64') },
  })),
});

// house is a handler with a delivery stream and a clock that sleeping moves.
function house({ refuse = () => null, fail = () => null } = {}) {
  const h = { calls: [], got: [], waits: [], now: 0, log: '', refuse, fail };
  h.handler = makeHandler(settings(env), async ({ DeliveryStreamName, Records }) => {
    const data = Records.map((r) => r.Data);
    const bytes = data.reduce((n, d) => n + d.length, 0);
    assert.ok(DeliveryStreamName === 'lake' && data.length > 0 && data.length <= 500 && bytes <= 4 << 20 && data.every((d) => d.length <= 1_024_000));
    const n = h.calls.push(data) - 1;
    const error = h.fail(n);
    if (error) throw error;
    const entries = data.map((d) => {
      const code = h.refuse(n, d);
      if (!code) h.got.push(d.toString());
      return code ? { ErrorCode: code, ErrorMessage: 'Slow down.' } : { RecordId: 'id' };
    });
    return { FailedPutCount: entries.filter((e) => e.ErrorCode).length, RequestResponses: entries };
  }, { now: () => h.now, sleep: async (ms) => { h.waits.push(ms); h.now += ms; } });
  h.handle = async (event, ms = 60_000) => {
    const write = process.stdout.write;
    process.stdout.write = (text) => { h.log += text; return true; };
    try {
      const answer = await h.handler(event, { getRemainingTimeInMillis: () => ms });
      return answer.batchItemFailures.map((f) => f.itemIdentifier);
    } finally {
      process.stdout.write = write;
    }
  };
  return h;
}

const range = (n) => Array.from({ length: n }, (_, i) => i);
const is = (data, ...ids) => ids.some((i) => data.equals(trip(i)));

test('drops what is not a complete trip', async () => {
  const h = house();
  assert.deepEqual(await h.handle(batch(
    trip(1), trip(2, { pickup_longitude: 0 }), trip(3, { dropoff_latitude: 0.0 }), trip(4, { total_amount: undefined }), trip(5, { trip_id: '5' }),
    '{"watermark":"2016-01-01T00:00:00.000Z","type":"watermark"}', Buffer.from([0, 0xff, 0x41]), '', '[]', '{"type":"trip"}',
    trip(8, { pad: 'x'.repeat(1_024_000) }), trip(9, { passenger_count: undefined }),
  )), []);
  assert.deepEqual(h.calls, [[trip(1), trip(9, { passenger_count: undefined })]]);
  for (const want of ['records=12 sent=2 unsent=0 dropped=10', 'zero_coordinate=2', 'missing_total_amount=1', 'wrong_kind_trip_id=1', 'watermark=1', 'not_json=3',
    'missing_pickup_datetime=1', 'too_large=1', 'reason=zero_coordinate records=2 trips=2,3']) {
    assert.ok(h.log.includes(want), `${want} is not in\n${h.log}`);
  }
});

test('calls stay within the limits', async () => {
  const fill = (4 << 20) - 8 * 512_000;
  for (const [sizes, want] of [[Array(1200).fill(0), [500, 500, 200]], [Array(9).fill(1_024_000), [4, 4, 1]], [[...Array(8).fill(512_000), fill], [9]],
    [[...Array(8).fill(512_000), fill + 1], [8, 1]]]) {
    const h = house();
    const data = sizes.map((size, i) => trip(i, { pad: 'x'.repeat(Math.max(0, size - trip(i, { pad: '' }).length)) }));
    assert.deepEqual(await h.handle(batch(...data)), []);
    assert.deepEqual(h.calls.map((c) => c.length), want);
  }
});

test('resends only what failed', async () => {
  const h = house({ refuse: (call, data) => (call < 2 && is(data, 1, 3) ? 'InternalFailure' : null) });
  assert.deepEqual(await h.handle(batch(...range(5).map((i) => trip(i)))), []);
  assert.deepEqual(h.calls.map((c) => c.length), [5, 2, 2]);
  assert.equal(new Set(h.got).size, 5);
  assert.equal(h.got.length, 5);
  assert.match(h.log, /attempt=2 of=4/);
  assert.match(h.log, /errors=InternalFailure:2/);
});

test('whole call errors and waits', async () => {
  const h = house({ fail: () => new Error('down') });
  const event = batch(trip(0), trip(1));
  assert.deepEqual(await h.handle(event), [sequence(0), sequence(1)]);
  const waits = h.waits;
  assert.equal(waits.length, 3);
  [70, 2450, 10_000].forEach((most, i) => assert.ok(waits[i] >= 0 && waits[i] <= most));
  h.waits = [];
  await h.handle(event);
  assert.deepEqual(h.waits, waits);
});

test('nothing is sent twice', async () => {
  const h = house({ refuse: (_, data) => (is(data, 100, 300) ? 'InternalFailure' : null) });
  const event = batch(...range(1100).map((i) => trip(i)));
  const failed = await h.handle(event);
  assert.deepEqual([h.calls.length, failed.length, failed[0], failed[1]], [4, 602, sequence(100), sequence(300)]);
  const rest = { Records: event.Records.slice(100) };
  await h.handle(rest);
  h.refuse = () => null;
  assert.deepEqual(await h.handle(rest), []);
  assert.deepEqual([h.got.length, new Set(h.got).size, h.handler.sentBefore.size], [1100, 1100, 0]);
});

test('the deadline bounds retries', async () => {
  let h = house({ refuse: () => 'ServiceUnavailableException' });
  assert.equal((await h.handle(batch(...range(3).map((i) => trip(i))), 600)).length, 3);
  assert.ok(h.now < 100);
  h = house();
  assert.equal((await h.handle(batch(trip(0)), 100)).length, 1);
  assert.deepEqual(h.calls, []);
});

test('an empty batch', async () => assert.deepEqual(await house().handle({ Records: [] }), []));

test('settings', () => {
  for (const [name, value] of [['delivery_stream_name', ''], ['number_of_retries', 'many'], ['exponential_backoff_seed', '0']]) {
    assert.throws(() => settings({ ...env, [name]: value }), new RegExp(`the environment variable ${name}`));
  }
});
