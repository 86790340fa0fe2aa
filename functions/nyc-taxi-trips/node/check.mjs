// The rule of the filter: which events reach the lake. The same as taxi.Check in Go.

const MAX_RECORD_BYTES = 1_024_000;

const isNumber = (raw) => /^[-\d]/.test(raw);
// JSON.parse turns 1, 1.0 and 1e0 into the same number, and long ones into others: an integer shows in its spelling.
const isInteger = (raw) => /^-?\d{1,18}$/.test(raw);

const TIME = /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:\.\d{1,9})?Z?$/;

function isTime(raw) {
  const m = raw[0] === '"' ? TIME.exec(JSON.parse(raw)) : null;
  if (!m || m[0].endsWith('\n')) return false;
  const [year, month, day, hour, minute, second] = m.slice(1).map(Number);
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  const days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1] ?? 0;
  return day >= 1 && day <= days && hour < 24 && minute < 60 && second < 60;
}

// In the order of the event, which decides which field is to blame.
const NEEDS = [
  ['pickup_datetime', isTime],
  ['dropoff_datetime', isTime],
  ['passenger_count', isInteger],
  ['trip_distance', isNumber],
  ['pickup_longitude', isNumber],
  ['pickup_latitude', isNumber],
  ['dropoff_longitude', isNumber],
  ['dropoff_latitude', isNumber],
  ['total_amount', isNumber],
  ['trip_id', isInteger],
];
const OPTIONAL = 'passenger_count'; // drivers type it in; whole sources do without
const COORDINATES = ['pickup_longitude', 'pickup_latitude', 'dropoff_longitude', 'dropoff_latitude'];

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const TOKEN = /[\t\n\r ]*("(?:[^"\\]|\\.)*"|[{}[\]:,]|[^\s{}[\]:,"]+)/y;

// members finds the members of a JSON object with their values as they are spelt; "{" and "[" stand for
// whole objects and lists. null: it is not one well-formed object.
function members(data) {
  let text;
  try {
    text = utf8.decode(data);
    const event = JSON.parse(text);
    if (event === null || typeof event !== 'object' || Array.isArray(event)) return null;
  } catch {
    return null;
  }
  const found = new Map();
  let depth = 0;
  let key = null;
  TOKEN.lastIndex = 0;
  for (let m; (m = TOKEN.exec(text)); ) {
    const token = m[1];
    const open = token === '{' || token === '[';
    if (depth === 1 && token !== ':' && token !== ',' && token !== '}') {
      if (key === null) {
        key = token.includes('\\') ? JSON.parse(token) : token.slice(1, -1);
        continue;
      }
      found.set(key, token); // where a key occurs twice, the last one counts
      key = null;
    }
    if (open) depth++;
    else if (token === '}' || token === ']') depth--;
  }
  return found;
}

/** Says why a record is dropped ("" if it is not), and its trip_id, or null. */
export function check(data) {
  const event = members(data);
  if (!event) return { reason: 'not_json', trip: null };
  const id = event.get('trip_id');
  const trip = id !== undefined && isInteger(id) ? id : null;
  const drop = (reason) => ({ reason, trip });
  const type = event.get('type');
  const kind = type?.[0] === '"' ? JSON.parse(type) : null;
  if (kind !== 'trip') return drop(kind === 'watermark' ? 'watermark' : 'not_a_trip');
  for (const [name, good] of NEEDS) {
    const value = event.get(name);
    if (value === undefined || value === 'null') {
      if (name !== OPTIONAL) return drop('missing_' + name);
    } else if (!good(value)) {
      return drop('wrong_kind_' + name);
    }
  }
  if (COORDINATES.some((name) => Number(event.get(name)) === 0)) return drop('zero_coordinate');
  if (data.length > MAX_RECORD_BYTES) return drop('too_large');
  return drop('');
}
