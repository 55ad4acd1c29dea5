"""scim2-server as its documentation serves it in production: its ASGI application, under uvicorn with the fast event loop and
parser, in one process, over the storage in memory that it brings along."""

import os
import socket

import uvicorn
from scim2_models import ScimProvider, UnauthorizedException
from scim2_server.applications.asgi import ASGIApplication
from scim2_server.memory import AsyncInMemoryStorage
from scim2_server.service import ScimService
from scim2_server.utils import (
    load_default_resource_types,
    load_default_schemas,
    load_default_service_provider_config,
)

AUTHORIZATION = f"Bearer {os.environ['PEER_SECRET']}"


class Application(ASGIApplication):
    """Asks for a bearer token."""

    def check_auth(self, request):
        if request.header("Authorization") != AUTHORIZATION:
            raise UnauthorizedException


def application():
    provider = ScimProvider.from_discovery(
        load_default_schemas().values(),
        load_default_resource_types().values(),
        config=load_default_service_provider_config(),
    )
    return Application(AsyncInMemoryStorage(), provider, ScimService(provider))


if __name__ == "__main__":
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    print(f"http://127.0.0.1:{listener.getsockname()[1]}/v2", flush=True)
    config = uvicorn.Config(
        application(), loop="uvloop", http="httptools", access_log=False, log_level="warning"
    )
    uvicorn.Server(config).run(sockets=[listener])
