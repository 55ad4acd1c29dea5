"""A SCIM server with one tenant, kept in memory: `python serve.py --component scimlet.wasm`."""

import argparse
import json
import logging
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from scimlet import Plugin, Tenant
from store import Store

NAME = "demo"
BASE = f"/{NAME}/scim/v2"
BODY_BYTES = 1 << 20


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Seconds for which a client may be silent.
    timeout = 30

    def answer(self):
        path, _, query = self.path.partition("?")
        below = path.removeprefix(BASE)
        if below == path or below[:1] not in ("", "/"):
            return self.send_error(HTTPStatus.NOT_FOUND)
        if "Transfer-Encoding" in self.headers:
            return self.send_error(HTTPStatus.LENGTH_REQUIRED)
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal() or int(length) > BODY_BYTES:
            return self.send_error(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        try:
            body = self.rfile.read(int(length)).decode()
        except UnicodeDecodeError:
            return self.send_error(HTTPStatus.BAD_REQUEST)
        try:
            response = self.server.tenant.handle(
                base_url=self.server.url,
                method=self.command,
                path=below,
                query=query,
                headers=self.headers.items(),
                body=body,
                client_address=self.client_address[0],
            )
        except Exception:
            # The plugin answers whatever a client sends: this is a limit, or a fault of the store or the plugin.
            logging.exception("%s %s was given up", self.command, path)
            return self.send_error(HTTPStatus.INTERNAL_SERVER_ERROR)
        return self.send(response)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = answer

    def send(self, response):
        body = response.body.encode()
        self.send_response(response.status)
        for name, value in response.headers:
            # What begins so is for the embedder; this one does not count requests.
            if not name.startswith("x-scimlet-"):
                self.send_header(name, value)
        if response.status not in (204, 304):
            self.send_header("content-length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, port, tenant):
        super().__init__(("127.0.0.1", port), Handler)
        self.root = f"http://127.0.0.1:{self.server_port}"
        self.url = self.root + BASE
        self.tenant = tenant


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--component", required=True, metavar="PATH")
    parser.add_argument("--port", type=int, default=0)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO)

    tenant = Tenant(Plugin(arguments.component), NAME, Store())
    tenant.configure('{"extends":"default"}')
    secret = tenant.issue_credential("example").secret

    server = Server(arguments.port, tenant)
    print(f"listening on {server.root}", flush=True)
    print(json.dumps({"url": server.url, "secret": secret}), flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
