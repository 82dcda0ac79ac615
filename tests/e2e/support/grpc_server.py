"""grpcio's server, with methods by their names and messages that are bytes, and its client through a front door."""
import concurrent.futures
import pathlib

import grpc


class Handlers(grpc.GenericRpcHandler):
    def __init__(self, methods):
        self.methods = methods

    def service(self, details):
        return self.methods.get(details.method.rsplit("/", 1)[1])


def server(methods, port=0, pair=None):
    """A running server and its port. `pair`: the files of a certificate and its key, for TLS; else it's clear text."""
    made = grpc.server(concurrent.futures.ThreadPoolExecutor(max_workers=32))
    made.add_generic_rpc_handlers((Handlers(methods),))
    address = f"127.0.0.1:{port}"
    if pair:
        certificate, key = (pathlib.Path(each).read_bytes() for each in pair)
        port = made.add_secure_port(address, grpc.ssl_server_credentials([(key, certificate)]))
    else:
        port = made.add_insecure_port(address)
    made.start()
    return made, port


def channel(lintel, host):
    """To `host` through the https entrypoint; the caller closes it."""
    credentials = grpc.ssl_channel_credentials(pathlib.Path(lintel.ca).read_bytes())
    return grpc.secure_channel(lintel.https, credentials, [("grpc.ssl_target_name_override", host), ("grpc.default_authority", host)])
