#!/usr/bin/python3
"""What the engine's own command line client asks for `system status`, and what it prints of the answers.

status-client.py URL USER PASSWORD: GET URL, of which any 2xx will do, then GET URL/system with Basic authentication.
Exits with 0, or with 1 and the reason on stderr."""
import base64
import json
import sys
import urllib.error
import urllib.request


def get(url, user, password):
    request = urllib.request.Request(url)
    pair = base64.b64encode(f"{user}:{password}".encode()).decode()
    request.add_header("Authorization", f"Basic {pair}")
    with urllib.request.urlopen(request, timeout=20) as answer:
        return answer.read().decode()


def lines(payload):
    db_version = code_version = None
    for record in payload["service_states"]:
        state = "up" if record["status"] else "down (" + str(record["status_message"]) + ")"
        yield "Service " + record["servicename"] + " (" + record["hostid"] + ", " + record["base_url"] + "): " + state
        detail = record["service_detail"]
        db_version = db_version or detail.get("db_version")
        code_version = code_version or detail.get("version")
    yield ""
    yield f"Engine DB Version: {db_version}"
    yield f"Engine Code Version: {code_version}"


def main():
    url, user, password = sys.argv[1:]
    try:
        get(url, user, password)
        payload = json.loads(get(url + "/system", user, password))
    except urllib.error.HTTPError as error:
        sys.exit(f"HTTP status {error.code}: {error.read().decode()}")
    print("\n".join(lines(payload)))


main()
