def handler(event, context):
    return "from below"
