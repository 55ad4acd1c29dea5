"""All checks of scim2-tester, the conformance tester, as lines of text.

Usage: python -I scim2_tester.py BASE_URL, with the secret in the environment variable SCIM_SECRET. Prints how many checks came out
how, and each that did not succeed with its reason, in the order of the alphabet. Without -I this file would hide the package of
the same name.
"""

import os
import re
import sys
from collections import Counter

from httpx2 import Client
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import Status, check_server


def line(result):
    """A result without what differs in each run: ids and ports."""
    reason = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "ID", str(result.reason))
    reason = re.sub(r"http://127\.0\.0\.1:\d+", "", reason)
    return f"{result.status.name} {result.title} {result.resource_type or '-'}: {' '.join(reason.split())}"


def main():
    headers = {"Authorization": f"Bearer {os.environ['SCIM_SECRET']}"}
    with Client(base_url=sys.argv[1], headers=headers, trust_env=False) as client:
        results = check_server(SyncSCIMClient(client))
    counts = Counter(result.status.name for result in results)
    print(*(f"{counts[name]} {name}" for name in sorted(counts)), sep="\n")
    print(*sorted(line(result) for result in results if result.status != Status.SUCCESS), sep="\n")


main()
