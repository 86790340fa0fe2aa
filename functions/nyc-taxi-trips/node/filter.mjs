// The taxi function without its client: a batch of Kinesis records in, calls to Firehose and the batch's
// failures out. It behaves as the Go function beside it (see ../filter).

import { check } from './check.mjs';

const MAX_CALL_RECORDS = 500;
const MAX_CALL_BYTES = 4 * 1024 * 1024;
const MAX_WAIT = 10_000; // ms
const MARGIN = 500; // ms kept before the deadline, to report and return
const MAX_TRIPS = 50; // trip ids named in one line
const MAX_REMEMBERED = 50_000;

/** Reads the settings from an environment; throws where one is missing or makes no sense. */
export function settings(env) {
  const number = (name, otherwise, low, high) => {
    const text = env[name] || String(otherwise);
    if (!/^\d{1,9}$/.test(text) || Number(text) < low || Number(text) > high) {
      throw new Error(`the environment variable ${name} is "${text}", want a whole number from ${low} to ${high}`);
    }
    return Number(text);
  };
  const stream = env.delivery_stream_name;
  if (!stream) {
    throw new Error('the environment variable delivery_stream_name is missing: it names the Firehose delivery stream that trips are sent to');
  }
  return { stream, seed: number('exponential_backoff_seed', 35, 1, 10_000), retries: number('number_of_retries', 3, 0, 100) };
}

const clock = { now: () => performance.now(), sleep: (ms) => new Promise((done) => setTimeout(done, ms)) };

/**
 * Makes the handler. putRecordBatch takes the input of the call of that name and resolves with its
 * output; it must not retry by itself. time is for tests.
 */
export function makeHandler({ stream, seed, retries }, putRecordBatch, time = clock) {
  const sentBefore = new Set(); // keys of records that were sent and will be delivered again

  // put makes one call; it resolves with the items the call did not take, and counts of their error codes.
  async function put(items, batch) {
    const errors = new Map();
    let answer;
    try {
      answer = await putRecordBatch({ DeliveryStreamName: stream, Records: items.map((item) => ({ Data: item.data })) });
    } catch (err) { // whatever it was, the items are not known to be sent
      log('WARN', 'call failed', { batch, records: items.length, error: JSON.stringify(err.message) });
      return [items, errors.set(err.name, items.length)];
    }
    if (!answer.FailedPutCount) return [[], errors];
    if (answer.RequestResponses?.length !== items.length) {
      log('ERROR', 'answer does not match its request, taking the whole call as failed',
        { batch, failed: answer.FailedPutCount, records: items.length, answers: answer.RequestResponses?.length ?? 0 });
      return [items, errors.set('MalformedAnswer', items.length)];
    }
    const failed = items.filter((_, i) => answer.RequestResponses[i].ErrorCode);
    for (const { ErrorCode: code } of answer.RequestResponses) {
      if (code) errors.set(code, (errors.get(code) ?? 0) + 1);
    }
    return [failed, errors];
  }

  // send makes one call and repeats it for the entries that failed; it resolves with those that stayed unsent.
  async function send(items, to) {
    for (let attempt = 0; ; attempt++) {
      if (time.now() >= to.deadline) {
        log('ERROR', 'no time left to send', { batch: to.batch, records: items.length, trips: some(items) });
        return items;
      }
      to.calls++;
      const [failed, errors] = await put(items, to.batch);
      if (failed.length === 0) return [];
      items = failed;
      const left = { batch: to.batch, records: items.length };
      const why = { errors: [...errors].map(([code, n]) => `${code}:${n}`).join(' ') };
      const trips = some(items);
      if (attempt === retries) {
        log('ERROR', 'retries exhausted', { ...left, attempts: attempt + 1, ...why, trips });
        return items;
      }
      const wait = to.random() * Math.min(2 * seed ** Math.min(attempt + 1, 20), MAX_WAIT);
      if (time.now() + wait >= to.deadline) {
        log('ERROR', 'the next attempt would miss the deadline', { ...left, attempts: attempt + 1, wait: seconds(wait), ...why, trips });
        return items;
      }
      to.retries++;
      log('WARN', 'retrying', { batch: to.batch, attempt: attempt + 2, of: retries + 1, records: items.length, ...why, wait: seconds(wait), trips });
      await time.sleep(wait);
    }
  }

  // sendAll sends call by call; it resolves with the rest of the first call that stayed incomplete and all behind it.
  async function sendAll(items, to) {
    while (items.length > 0) {
      const n = callSize(items);
      const left = await send(items.slice(0, n), to);
      if (left.length > 0) return left.concat(items.slice(n));
      items = items.slice(n);
    }
    return [];
  }

  // remember keeps in mind what Lambda will deliver again although it is sent: what lies behind the first unsent record.
  function remember(items, unsent, again) {
    if (unsent.length === 0) {
      for (const item of again) sentBefore.delete(item.key);
      return;
    }
    const left = new Set(unsent.map((item) => item.key));
    const lowest = BigInt(unsent[0].sequence);
    for (const item of items) {
      if (left.has(item.key) || BigInt(item.sequence) < lowest) continue;
      if (sentBefore.size >= MAX_REMEMBERED) sentBefore.clear();
      sentBefore.add(item.key);
    }
  }

  async function handler(event, context) {
    const begun = time.now();
    const records = event.Records ?? [];
    const items = [];
    const again = [];
    const dropped = new Map();
    let last = null;
    let ordinal = 0;
    for (const r of records) {
      const sequence = r.kinesis.sequenceNumber;
      const data = Buffer.from(r.kinesis.data, 'base64');
      // Records unpacked from one aggregate share its sequence number; their order tells them apart.
      ordinal = sequence === last ? ordinal + 1 : 0;
      last = sequence;
      const { reason, trip } = check(data);
      if (reason) {
        if (!dropped.has(reason)) dropped.set(reason, []);
        dropped.get(reason).push(trip ?? `sequence ${sequence}`);
        continue;
      }
      const item = { key: `${r.eventSourceARN} ${shard(r)} ${sequence} ${ordinal}`, sequence, trip, data };
      (sentBefore.has(item.key) ? again : items).push(item);
    }

    const batch = records.length ? `${shard(records[0])}:${records[0].kinesis.sequenceNumber}-${last}` : 'empty';
    const to = {
      batch, calls: 0, retries: 0,
      deadline: begun + context.getRemainingTimeInMillis() - MARGIN,
      random: jitter(`${seed} ${records[0]?.eventID ?? ''}`),
    };
    const unsent = await sendAll(items, to);
    remember(items, unsent, again);

    for (const [reason, trips] of dropped) log('INFO', 'dropped', { batch, reason, records: trips.length, trips: shown(trips) });
    const facts = { batch, records: records.length, sent: items.length - unsent.length, unsent: unsent.length, dropped: 0 };
    for (const [reason, trips] of dropped) {
      facts.dropped += trips.length;
      facts[reason] = trips.length;
    }
    if (again.length) facts.sent_before = again.length;
    Object.assign(facts, { calls: to.calls, retries: to.retries, took: seconds(time.now() - begun) });
    if (unsent.length) log('ERROR', 'batch not done, the rest goes back to the stream', { ...facts, unsent_trips: some(unsent) });
    else log('INFO', 'batch done', facts);
    return { batchItemFailures: [...new Set(unsent.map((item) => item.sequence))].map((itemIdentifier) => ({ itemIdentifier })) };
  }
  handler.sentBefore = sentBefore;
  return handler;
}

function callSize(items) {
  let bytes = 0;
  for (let n = 0; n < items.length; n++) {
    bytes += items[n].data.length;
    if (n === MAX_CALL_RECORDS || bytes > MAX_CALL_BYTES) return n;
  }
  return items.length;
}

// jitter makes a batch's source of random waits: the same batch gives the same waits, two batches throttled
// together do not. FNV-1a seeds mulberry32.
function jitter(text) {
  let a = 0x811c9dc5;
  for (const c of Buffer.from(text)) a = Math.imul(a ^ c, 0x01000193);
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), a | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const shard = (record) => record.eventID.split(':', 1)[0];
const seconds = (ms) => (ms / 1000).toFixed(3) + 's';
const some = (items) => shown(items.map((item) => item.trip));

function shown(ids) {
  const more = ids.length - MAX_TRIPS;
  return ids.slice(0, MAX_TRIPS).join(',') + (more > 0 ? ` and ${more} more` : '');
}

function log(level, message, facts) {
  const quoted = Object.entries({ level, msg: message, ...facts }).map(([k, v]) => `${k}=${typeof v === 'string' && v.includes(' ') && v[0] !== '"' ? JSON.stringify(v) : v}`);
  process.stdout.write(quoted.join(' ') + '\n');
}
