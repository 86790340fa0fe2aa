import json
import logging
import os
import sys
import time

log = logging.getLogger()
log.setLevel(logging.INFO)
calls = 0


def echo(event, context):
    return event


def about(event, context):
    global calls
    calls += 1
    return {
        "id": context.aws_request_id,
        "name": context.function_name,
        "left": context.get_remaining_time_in_millis(),
        "group": context.log_group_name,
        "stream": context.log_stream_name,
        "arn": context.invoked_function_arn,
        "memory": context.memory_limit_in_mb,
        "custom": context.client_context.custom if context.client_context else None,
        "identity": context.identity.cognito_identity_id,
        "calls": calls,
        "root": os.environ["LAMBDA_TASK_ROOT"] == os.path.dirname(os.path.abspath(__file__)),
    }


def throw(event, context):
    def inner():
        raise ValueError("no such trip")

    inner()


def leave(event, context):
    sys.exit(event)


def unserialisable(event, context):
    return {1, 2}


def talk(event, context):
    print("printed äöü")
    log.info("logged\nin two lines")
    sys.stderr.write("on stderr\n")
    return None


def hang(event, context):
    print("going to sleep")
    time.sleep(3600)
