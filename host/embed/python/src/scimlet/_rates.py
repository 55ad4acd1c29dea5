"""Counts the requests of each tenant where its profile limits them (`x-scimlet-rate` in
`wit/http.wit`), in this process."""

from __future__ import annotations

import dataclasses
import math
import threading
import time
from collections import OrderedDict

from ._problem import Problem
from ._types import Response

#: So many tenants are remembered.
TENANTS = 1 << 16
MOST_DEBT_SECONDS = 60


@dataclasses.dataclass
class Bucket:
    """What is left to a tenant's clients together."""

    #: Requests a second, which is also the most at once.
    rate: float
    #: Negative after a request that cost more than was left.
    left: float
    at: float
    #: The policy as clients are told; None if they are not.
    policy: str | None = None

    def charge(self, cost: float) -> None:
        now = time.monotonic()
        left = min(self.left + (now - self.at) * self.rate, self.rate) - cost
        self.left, self.at = max(left, -MOST_DEBT_SECONDS * self.rate), now

    def header(self) -> tuple[str, str]:
        """What is left, and the seconds until all is (draft-ietf-httpapi-ratelimit-headers)."""
        seconds = math.ceil((self.rate - self.left) / self.rate)
        return "ratelimit", f'"default";r={max(math.floor(self.left), 0)};t={seconds}'


class Rates:
    """The tenants with a limit."""

    def __init__(self) -> None:
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()
        self._lock = threading.Lock()

    def has_limit(self, tenant: str) -> bool:
        """Whether requests of the tenant's clients are counted."""
        return tenant in self._buckets

    def admit(self, tenant: str) -> None:
        """Takes a request from what is left; raises 429 if nothing is."""
        with self._lock:
            bucket = self._buckets.get(tenant)
            if bucket is None:
                return
            bucket.charge(0)
            if bucket.left >= 1:
                bucket.left -= 1
                return
            retry = ("retry-after", str(math.ceil((1 - bucket.left) / bucket.rate)))
            told = [] if bucket.policy is None else [bucket.header()]
            if bucket.policy is not None:
                told.append(("ratelimit-policy", bucket.policy))
            raise Problem(429, "the tenant's clients ask more often than they may", retry, *told)

    def settle(self, tenant: str, response: Response) -> Response:
        """Learns the rate, and counts what the request cost beyond one."""
        headers = dict(response.headers)
        rate = float(headers.get("x-scimlet-rate", 0))
        with self._lock:
            if rate > 0:
                new = Bucket(rate, rate - 1, time.monotonic())
                bucket = self._buckets.setdefault(tenant, new)
                bucket.rate, bucket.policy = rate, headers.get("ratelimit-policy")
                self._buckets.move_to_end(tenant)
                if len(self._buckets) > TENANTS:
                    self._buckets.popitem(last=False)
            elif response.status < 400:
                self._buckets.pop(tenant, None)
            found = self._buckets.get(tenant)
            if found is None:
                return response
            found.charge(float(headers.get("x-scimlet-cost", 1)) - 1)
            if "ratelimit-policy" not in headers:
                return response
            return dataclasses.replace(response, headers=[*response.headers, found.header()])
