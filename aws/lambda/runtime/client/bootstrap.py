"""The runtime of python functions: asks the Runtime API for an event, calls the handler, answers.

One connection is kept to the API and spoken to over a plain socket: http.client would triple the
start-up time of a small function.
"""
import importlib
import json
import logging
import os
import socket
import sys
import time
import traceback

API = os.environ["AWS_LAMBDA_RUNTIME_API"]
ROOT = os.environ["LAMBDA_TASK_ROOT"]
PREFIX = "/2018-06-01/runtime/"
HERE = os.path.abspath(__file__)


class Api:
    """HTTP/1.1 as far as the Runtime API needs it."""

    def __init__(self):
        self.sock = None

    def call(self, method, path, body=b"", headers=()):
        if self.sock is None:
            host, _, port = API.rpartition(":")
            self.sock = socket.create_connection((host, int(port)))
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.file = self.sock.makefile("rb", 1 << 18)
        head = ["%s %s%s HTTP/1.1" % (method, PREFIX, path), "Host: " + API]
        if method == "POST":
            head.append("Content-Type: application/json")
            head.append("Content-Length: %d" % len(body))
        head.extend("%s: %s" % h for h in headers)
        self.sock.sendall("\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + body)
        line = self.file.readline()
        if not line:
            os._exit(0)  # the platform has gone: so do we
        status = int(line.split()[1])
        got = {}
        while True:
            line = self.file.readline().strip()
            if not line:
                break
            name, _, value = line.decode("latin-1").partition(":")
            got[name.lower()] = value.strip()
        return status, got, self.file.read(int(got.get("content-length", 0)))


api = Api()


class Identity:
    cognito_identity_id = None
    cognito_identity_pool_id = None


class Client:
    installation_id = app_title = app_version_name = app_version_code = app_package_name = None


class ClientContext:
    def __init__(self, doc):
        self.custom = doc.get("custom")
        self.env = doc.get("env")
        self.client = None
        if doc.get("client"):
            self.client = Client()
            for name, value in doc["client"].items():
                setattr(self.client, name, value)


class Context:
    """The second argument of a handler."""

    def __init__(self, headers):
        self.aws_request_id = headers["lambda-runtime-aws-request-id"]
        self.invoked_function_arn = headers.get("lambda-runtime-invoked-function-arn")
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.identity = Identity()
        doc = headers.get("lambda-runtime-client-context")
        self.client_context = ClientContext(json.loads(doc)) if doc else None
        self._deadline_ms = int(headers["lambda-runtime-deadline-ms"])

    def get_remaining_time_in_millis(self):
        return max(self._deadline_ms - int(time.time() * 1000), 0)

    def log(self, message):
        sys.stdout.write(str(message))


class Handler(logging.Handler):
    """Root logger: one event per message, a traceback included (a carriage return keeps its lines together)."""

    request = ""

    def __init__(self):
        super().__init__()
        form = logging.Formatter("[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s", "%Y-%m-%dT%H:%M:%S")
        form.converter = time.gmtime
        self.setFormatter(form)

    def emit(self, record):
        try:
            record.aws_request_id = Handler.request
            put(self.format(record))
        except Exception:
            self.handleError(record)


def put(message):
    sys.stdout.write(message.rstrip("\n").replace("\n", "\r") + "\n")


def document(kind, message, trace, request=""):
    return {"errorMessage": message, "errorType": kind, "requestId": request, "stackTrace": trace}


def log_error(doc, trace=()):
    trace = doc["stackTrace"] or trace
    text = "[ERROR] %s: %s" % (doc["errorType"], doc["errorMessage"])
    if trace:
        text += "\nTraceback (most recent call last):\n" + "".join(trace)
    put(text)


def trace_of(err):
    """The stack from the handler on: our own frames and importlib's are no news to its author."""
    frames = traceback.extract_tb(err.__traceback__)
    kept = [f for f in frames if os.path.abspath(f.filename) != HERE and not f.filename.startswith("<frozen importlib")
            and "/importlib/" not in f.filename]
    return traceback.format_list(kept)


def flush():
    sys.stdout.flush()
    sys.stderr.flush()


def refuse_to_start(doc, trace=()):
    log_error(doc, trace)
    flush()
    api.call("POST", "init/error", json.dumps(doc).encode(), [("Lambda-Runtime-Function-Error-Type", doc["errorType"])])
    sys.exit(1)


def load(name):
    """Finds the handler "folder/file.function"."""
    try:
        module, function = name.rsplit(".", 1)
    except ValueError as err:
        refuse_to_start(document("Runtime.MalformedHandlerName", "Bad handler '%s': %s" % (name, err), []))
    module = module.replace("/", ".")
    try:
        found = importlib.import_module(module)
    except ImportError as err:
        # As on AWS the document has no stack; ours tells in the log what was imported from where.
        refuse_to_start(document("Runtime.ImportModuleError", "Unable to import module '%s': %s" % (module, err), []), trace_of(err))
    except SyntaxError as err:
        where = ['  File "%s" Line %s\n    %s\n' % (err.filename, err.lineno, (err.text or "").strip())]
        refuse_to_start(document("Runtime.UserCodeSyntaxError", "Syntax error in module '%s': %s" % (module, err), where))
    except Exception as err:
        refuse_to_start(document(type(err).__name__, str(err), trace_of(err)))
    if not hasattr(found, function):
        refuse_to_start(document("Runtime.HandlerNotFound", "Handler '%s' missing on module '%s'" % (function, module), []))
    return getattr(found, function)


def plain(value):
    """What json does not know: boto3's tables return Decimal."""
    import decimal

    if isinstance(value, decimal.Decimal):
        return float(value)
    raise TypeError("Object of type %s is not JSON serializable" % type(value).__name__)


def answer(handler, headers, body):
    """Returns (path, body, headers) of what is posted for one event."""
    request = headers["lambda-runtime-aws-request-id"]
    try:
        try:
            event = json.loads(body) if body else None
        except ValueError as err:
            raise Failure("Runtime.UnmarshalError", "Unable to unmarshal input: %s" % err)
        result = handler(event, Context(headers))
        try:
            return "response", json.dumps(result, default=plain, ensure_ascii=False).encode("utf-8", "surrogatepass"), ()
        except Exception as err:
            raise Failure("Runtime.MarshalError", "Unable to marshal response: %s" % err)
    except Failure as err:
        doc = document(err.kind, str(err), [], request)
    except Exception as err:
        doc = document(type(err).__name__, str(err), trace_of(err), request)
    log_error(doc)
    return "error", json.dumps(doc).encode(), [("Lambda-Runtime-Function-Error-Type", doc["errorType"])]


class Failure(Exception):
    def __init__(self, kind, message):
        super().__init__(message)
        self.kind = kind


def main():
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True, errors="backslashreplace")
    logging.getLogger().addHandler(Handler())
    sys.path.insert(0, ROOT)
    handler = load(os.environ["_HANDLER"])
    flush()
    while True:
        status, headers, body = api.call("GET", "invocation/next")
        if status != 200:
            sys.exit(1)
        request = Handler.request = headers["lambda-runtime-aws-request-id"]
        os.environ["_X_AMZN_TRACE_ID"] = headers.get("lambda-runtime-trace-id", "")
        kind, reply, extra = answer(handler, headers, body)
        flush()
        api.call("POST", "invocation/%s/%s" % (request, kind), reply, extra)


if __name__ == "__main__":
    sys.path.pop(0)  # the folder of this file is not the function's
    # A function that imports "bootstrap" means its own.
    main()
