"""Records each request that came whole as a line of JSON in the file that RECORDS names, and answers with that line."""

import hashlib
import json
import os


def application(environ, start_response):
    body = environ["wsgi.input"].read()
    announced = environ.get("CONTENT_LENGTH")
    if announced and int(announced) != len(body):
        raise EOFError("the body was cut")
    line = json.dumps({"method": environ["REQUEST_METHOD"], "target": environ["RAW_URI"], "length": len(body),
                       "sha256": hashlib.sha256(body).hexdigest()}).encode()
    with open(os.environ["RECORDS"], "ab") as records:
        records.write(line + b"\n")
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(line)))])
    return [line]
