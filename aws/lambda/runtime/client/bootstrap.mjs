// The runtime of Node.js functions: asks the Runtime API for an event, calls the handler, answers.

import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { format } from 'node:util';

const root = process.env.LAMBDA_TASK_ROOT;
const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(':');
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
let request = ''; // id of the event in hand

function call(method, where, body, headers = {}) {
  return new Promise((resolve, reject) => {
    const all = body === undefined ? headers : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body), ...headers };
    const req = http.request({ host, port, method, agent, path: '/2018-06-01/runtime/' + where, headers: all }, (res) => {
      const parts = [];
      res.on('data', (p) => parts.push(p));
      res.on('end', () => resolve({ status: res.statusCode, headers: res.headers, body: Buffer.concat(parts) }));
      res.on('error', reject);
    });
    req.on('error', reject);
    req.end(body);
  });
}

// A carriage return keeps the lines of one message one log event.
function put(text) {
  fs.writeSync(1, text.replace(/\n$/, '').replaceAll('\n', '\r') + '\n');
}

for (const [method, level] of Object.entries({ log: 'INFO', info: 'INFO', debug: 'DEBUG', trace: 'TRACE', warn: 'WARN', error: 'ERROR' })) {
  console[method] = (...args) => put(`${new Date().toISOString()}\t${request}\t${level}\t${format(...args)}`);
}

function document(err, kind) {
  if (err instanceof Error || (err && typeof err === 'object' && 'message' in err && 'stack' in err)) {
    return { errorType: kind ?? err.name ?? 'Error', errorMessage: err.message, trace: String(err.stack).split('\n') };
  }
  return { errorType: kind ?? typeof err, errorMessage: typeof err === 'string' ? err : String(err), trace: [] };
}

function fault(kind, message) {
  const err = new Error(message);
  err.name = kind;
  return err;
}

async function refuseToStart(err) {
  const doc = document(err);
  put(`${new Date().toISOString()}\tundefined\tERROR\tUncaught Exception \t${JSON.stringify(doc)}`);
  await call('POST', 'init/error', JSON.stringify(doc), { 'Lambda-Runtime-Function-Error-Type': doc.errorType });
  process.exit(1);
}

async function importFile(base) {
  const require = createRequire(path.join(root, 'index.js'));
  const real = ['.js', '.mjs', '.cjs', ''].map((ext) => base + ext).find((f) => fs.existsSync(f) && fs.statSync(f).isFile());
  if (!real) {
    throw fault('Runtime.ImportModuleError', `Error: Cannot find module '${path.basename(base)}'`);
  }
  if (!real.endsWith('.mjs')) {
    try {
      return require(real);
    } catch (err) {
      if (!['ERR_REQUIRE_ESM', 'ERR_REQUIRE_ASYNC_MODULE'].includes(err.code) && !(err instanceof SyntaxError && /import|export|await/.test(err.message))) {
        throw err;
      }
    }
  }
  return import(pathToFileURL(real).href);
}

// load finds the handler "folder/file.name" or "file.nested.name".
async function load(name) {
  const dir = path.dirname(name);
  const [file, ...members] = path.basename(name).split('.');
  if (!file || members.length === 0) {
    throw fault('Runtime.MalformedHandlerName', 'Bad handler');
  }
  let mod;
  try {
    mod = await importFile(path.resolve(root, dir, file));
  } catch (err) {
    if (err instanceof SyntaxError) {
      throw Object.assign(fault('Runtime.UserCodeSyntaxError', `SyntaxError: ${err.message}`), { stack: err.stack });
    }
    if (err && (err.code === 'MODULE_NOT_FOUND' || err.code === 'ERR_MODULE_NOT_FOUND')) {
      throw Object.assign(fault('Runtime.ImportModuleError', `Error: ${err.message}`), { stack: err.stack });
    }
    throw err;
  }
  const pick = (from) => members.reduce((at, member) => at?.[member], from);
  const handler = pick(mod) ?? pick(mod.default);
  if (handler === undefined) {
    throw fault('Runtime.HandlerNotFound', `${name} is undefined or not exported`);
  }
  if (typeof handler !== 'function') {
    throw fault('Runtime.HandlerNotFound', `${name} is not a function`);
  }
  return handler;
}

function contextOf(headers, answer) {
  const deadline = Number(headers['lambda-runtime-deadline-ms']);
  const client = headers['lambda-runtime-client-context'];
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
    awsRequestId: headers['lambda-runtime-aws-request-id'],
    invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
    clientContext: client ? JSON.parse(client) : undefined,
    identity: undefined,
    getRemainingTimeInMillis: () => Math.max(deadline - Date.now(), 0),
    done: (err, value) => answer(err, value),
    succeed: (value) => answer(null, value),
    fail: (err) => answer(err ?? 'handled'),
  };
}

// run calls the handler and resolves with what it returns, by promise or by callback. A callback's
// answer waits until the event loop is empty unless the context says otherwise.
function run(handler, event, headers) {
  return new Promise((resolve, reject) => {
    const settle = (err, value) => (err === null || err === undefined ? resolve(value) : reject(err));
    let settled = false;
    const context = contextOf(headers, (err, value) => {
      if (settled) return;
      settled = true;
      if (context.callbackWaitsForEmptyEventLoop && (err === null || err === undefined)) {
        process.once('beforeExit', () => settle(err, value));
      } else {
        setImmediate(settle, err, value);
      }
    });
    // With nothing left to happen, a handler that never answered answers null.
    const drained = () => {
      if (!settled) {
        settled = true;
        resolve(null);
      }
    };
    process.once('beforeExit', drained);
    const off = () => process.off('beforeExit', drained);
    let out;
    try {
      out = handler(event, context, context.done);
    } catch (err) {
      off();
      reject(err);
      return;
    }
    if (out && typeof out.then === 'function') {
      out.then(
        (v) => { settled = true; off(); resolve(v); },
        (err) => { settled = true; off(); reject(err); },
      );
    } else if (handler.length < 3 && out !== undefined && !settled) {
      settled = true;
      off();
      resolve(out);
    }
  });
}

async function postError(id, err, kind) {
  const doc = document(err, kind);
  put(`${new Date().toISOString()}\t${id}\tERROR\tInvoke Error \t${JSON.stringify(doc)}`);
  await call('POST', `invocation/${id}/error`, JSON.stringify(doc), { 'Lambda-Runtime-Function-Error-Type': doc.errorType });
}

function die(err, kind) {
  const doc = document(err, kind);
  put(`${new Date().toISOString()}\t${request}\tERROR\t${kind ?? 'Uncaught Exception'} \t${JSON.stringify(doc)}`);
  if (!request) {
    process.exit(129);
  }
  // A connection of its own: the kept one may be busy.
  const body = JSON.stringify(doc);
  const req = http.request({ host, port, method: 'POST', path: `/2018-06-01/runtime/invocation/${request}/error`, agent: false,
    headers: { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body), 'Lambda-Runtime-Function-Error-Type': doc.errorType } },
    () => process.exit(129));
  req.on('error', () => process.exit(129));
  req.end(body);
}

process.on('uncaughtException', (err) => die(err));
process.on('unhandledRejection', (err) => die(fault('Runtime.UnhandledPromiseRejection', err instanceof Error ? `${err.name}: ${err.message}` : String(err)), undefined));

let handler;
try {
  handler = await load(process.env._HANDLER);
} catch (err) {
  await refuseToStart(err);
}

async function next() {
  const { status, headers, body } = await call('GET', 'invocation/next');
  if (status !== 200) {
    process.exit(1);
  }
  request = headers['lambda-runtime-aws-request-id'];
  process.env._X_AMZN_TRACE_ID = headers['lambda-runtime-trace-id'] ?? '';
  const id = request;
  try {
    const event = body.length ? JSON.parse(body.toString('utf8')) : undefined;
    const value = await run(handler, event, headers);
    let out;
    try {
      out = JSON.stringify(value === undefined ? null : value) ?? 'null';
    } catch (err) {
      throw fault('Runtime.MarshalError', `Unable to stringify response body: ${err.message}`);
    }
    await call('POST', `invocation/${id}/response`, out);
  } catch (err) {
    await postError(id, err);
  }
  setImmediate(next);
}
next();
