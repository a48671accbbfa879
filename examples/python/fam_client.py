#!/usr/bin/env python3
"""A client of the Family Emotions RPC servers: the standard library and python3-protobuf.

    mkdir -p generated && protoc --proto_path=PROTOS --python_out=generated PROTOS/fam/rpc/v1/*.proto PROTOS/fam/v1/*.proto
    PYTHONPATH=generated fam_client.py methods
    PYTHONPATH=generated fam_client.py call METHOD [JSON|@FILE]

FAM_SERVERS (the first URL counts; default tcp://127.0.0.1:7000) and FAM_TOKEN say where and as whom; FAM_ACTING_USER,
FAM_IDEMPOTENCY_KEY, FAM_REASON and FAM_TIMEOUT_MS go with the call. With tls+tcp:// FAM_TLS_CA_FILE names the CAs of the server
(default: those of the system), FAM_TLS_SERVER_NAME the name in its certificate (default: the URL's host), FAM_TLS_CERT_FILE and
FAM_TLS_KEY_FILE an own certificate. Exit code 0: answered; 1: refused or failed; 2: wrong
usage.
"""
import concurrent.futures
import importlib
import itertools
import os
import random
import socket
import ssl
import struct
import sys
import threading
import time

from google.protobuf import descriptor_pool, json_format, symbol_database
from google.protobuf.message import DecodeError

from fam.rpc.v1 import envelope_pb2

for _name in ("translation", "family", "notification", "session", "ops"):
    importlib.import_module(f"fam.v1.{_name}_pb2")

HELLO = bytes.fromhex("0053500000300000")     # SP, version 0, REQ
EXPECTED = bytes.fromhex("0053500000310000")  # SP, version 0, REP
REQUEST_MAX = 64 * 1024
RESPONSE_MAX = 4 * 1024 * 1024
DEFAULT_TIMEOUT = 30.0
ATTEMPTS = 3
CODES = ("OK CANCELLED UNKNOWN INVALID_ARGUMENT DEADLINE_EXCEEDED NOT_FOUND ALREADY_EXISTS PERMISSION_DENIED "
         "RESOURCE_EXHAUSTED FAILED_PRECONDITION ABORTED OUT_OF_RANGE UNIMPLEMENTED INTERNAL UNAVAILABLE DATA_LOSS "
         "UNAUTHENTICATED").split()


class FamError(Exception):
    """A call that was not answered with OK. `details` are fam.rpc.v1.ErrorDetail messages."""

    def __init__(self, code, message, details=(), retry_after=0.0):
        super().__init__(message)
        self.code, self.message, self.details, self.retry_after = code, message, list(details), retry_after

    @property
    def field(self):
        """The request's field at fault, or ""."""
        return next((detail.field for detail in self.details if detail.field), "")

    @property
    def reason(self):
        return next((detail.reason for detail in self.details if detail.reason), "")

    def __str__(self):
        return f"{self.message} ({self.code})" + (f" in {self.field}" if self.field else "")


def method_types(method):
    """The classes of a method's request and response."""
    service, _, name = method.partition("/")
    try:
        found = descriptor_pool.Default().FindServiceByName(service).FindMethodByName(name)
    except KeyError:
        found = None
    if found is None:
        raise FamError("UNIMPLEMENTED", "no such method")
    symbols = symbol_database.Default()
    return symbols.GetSymbol(found.input_type.full_name), symbols.GetSymbol(found.output_type.full_name)


class Connection:
    """One connection with any number of calls in flight. Thread-safe."""

    def __init__(self, host, port, tls=None, timeout=5.0, server_name=""):
        sock = socket.create_connection((host, port), timeout)
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._socket = tls.wrap_socket(sock, server_hostname=server_name or host) if tls else sock
            self._socket.sendall(HELLO)
            if self._read(len(EXPECTED)) != EXPECTED:
                raise ConnectionError("the other side speaks no SP REP")
        except BaseException:
            sock.close()
            raise
        self._socket.settimeout(None)
        self._lock = threading.Lock()
        self._ids = itertools.count(random.getrandbits(30))
        self._waiting = {}  # request id -> future
        self._broken = None
        threading.Thread(target=self._receive, daemon=True).start()

    @property
    def is_open(self):
        return self._broken is None

    def close(self):
        self._break(ConnectionError("the connection was closed"))
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def send(self, request):
        """Sends an envelope; the future holds the Response, or a ConnectionError."""
        data = request.SerializeToString()
        if len(data) + 4 > REQUEST_MAX:
            raise FamError("INVALID_ARGUMENT", f"a request has at most {REQUEST_MAX} bytes")
        future = concurrent.futures.Future()
        with self._lock:
            if self._broken:
                raise self._broken
            request_id = 0x80000000 | (next(self._ids) & 0x7FFFFFFF)
            self._waiting[request_id] = future
            try:
                self._socket.sendall(struct.pack(">QI", len(data) + 4, request_id) + data)
            except OSError as error:
                self._waiting.pop(request_id, None)
                raise ConnectionError(str(error)) from error
        return future

    def _read(self, size):
        parts = []
        while size > 0:
            part = self._socket.recv(min(size, 1 << 16))
            if not part:
                raise ConnectionError("the connection ended")
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def _receive(self):
        try:
            while True:
                size, request_id = struct.unpack(">QI", self._read(12))
                if not 4 <= size <= RESPONSE_MAX:
                    raise ConnectionError("an answer of an impossible size")
                response = envelope_pb2.Response.FromString(self._read(size - 4))
                with self._lock:
                    future = self._waiting.pop(request_id, None)
                if future is not None:
                    future.set_result(response)
        except (OSError, DecodeError) as error:
            self._break(ConnectionError(str(error)))
        finally:
            self._socket.close()

    def _break(self, error):
        with self._lock:
            self._broken = self._broken or error
            waiting, self._waiting = self._waiting, {}
        for future in waiting.values():
            future.set_exception(error)


class Call:
    """A call that was sent."""

    def __init__(self, connection, call_id, token, future, response_type, deadline):
        self._connection, self._call_id, self._token = connection, call_id, token
        self._future, self._type, self._deadline = future, response_type, deadline

    def cancel(self):
        """Tells the server to stop. True when the call was still running; it then ends with CANCELLED."""
        payload = envelope_pb2.CancelRequest(call_id=self._call_id).SerializeToString()
        request = envelope_pb2.Request(method="fam.rpc.v1/Cancel", payload=payload, token=self._token)
        answer = self._connection.send(request).result(timeout=5)
        return envelope_pb2.CancelResponse.FromString(answer.payload).found

    def result(self):
        """The response message; FamError when the call failed or its time was up."""
        try:
            response = self._future.result(max(0.0, self._deadline - time.monotonic()))
        except concurrent.futures.TimeoutError:
            try:
                self.cancel()  # nobody waits any more: the server need not go on
            except (OSError, concurrent.futures.TimeoutError):
                pass
            raise FamError("DEADLINE_EXCEEDED", "the call's time was up") from None
        except ConnectionError as error:
            raise FamError("UNAVAILABLE", str(error)) from error
        if response.code != 0:
            name = CODES[response.code] if response.code < len(CODES) else "UNKNOWN"
            raise FamError(name, response.message, response.details, response.retry_after_ms / 1000)
        return self._type.FromString(response.payload)


class Client:
    """Calls to one server. `url` is tcp://host:port or tls+tcp://host:port; `tls` an ssl.SSLContext, `server_name` the name
    in the server's certificate when it is not the host. Thread-safe."""

    def __init__(self, url="tcp://127.0.0.1:7000", token="", tls=None, version="fam_client.py/1", server_name=""):
        scheme, _, address = url.partition("://")
        if scheme not in ("tcp", "tls+tcp"):
            raise ValueError("the URL must be tcp://host:port or tls+tcp://host:port")
        host, _, port = address.rpartition(":")
        self._address = (host.strip("[]"), int(port))
        self._tls = (tls or ssl.create_default_context()) if scheme == "tls+tcp" else None
        self._token, self._version, self._server_name = token, version, server_name
        self._lock = threading.Lock()
        self._connection = None
        self._call_ids = itertools.count(random.getrandbits(62) | 1)

    def close(self):
        with self._lock:
            if self._connection:
                self._connection.close()

    def _connect(self, timeout):
        with self._lock:
            if self._connection is None or not self._connection.is_open:
                self._connection = Connection(*self._address, tls=self._tls, timeout=max(0.05, min(timeout, 5.0)),
                                              server_name=self._server_name)
            return self._connection

    def start(self, method, request, timeout=DEFAULT_TIMEOUT, acting_user="", key="", reason="", consistency_token=""):
        """Sends a call and returns at once. One attempt, nothing is repeated."""
        _, response_type = method_types(method)
        try:
            connection = self._connect(timeout)
            deadline = time.monotonic() + timeout
            call_id = next(self._call_ids)
            envelope = envelope_pb2.Request(
                method=method, payload=request.SerializeToString(), timeout_ms=max(1, int(timeout * 1000)),
                token=self._token, acting_user_id=acting_user, reason=reason, call_id=call_id, idempotency_key=key,
                consistency_token=consistency_token, client_version=self._version)
            future = connection.send(envelope)
        except OSError as error:
            raise FamError("UNAVAILABLE", f"no connection: {error}") from error
        return Call(connection, call_id, self._token, future, response_type, deadline)

    def call(self, method, request, timeout=DEFAULT_TIMEOUT, read_only=False, **options):
        """Sends a call and waits for the response message. Repeats it when that is safe (it has a key, or changes nothing)
        and may help, at most three times in all and inside the deadline."""
        deadline = time.monotonic() + timeout
        for attempt in range(1, ATTEMPTS + 1):
            left = deadline - time.monotonic()
            try:
                return self.start(method, request, timeout=left, **options).result()
            except FamError as error:
                pause = error.retry_after + random.uniform(0, 0.1 * 2 ** attempt)
                safe = read_only or options.get("key")
                if (error.code not in ("UNAVAILABLE", "RESOURCE_EXHAUSTED", "ABORTED") or not safe or attempt == ATTEMPTS
                        or time.monotonic() + pause >= deadline):
                    raise
            time.sleep(pause)
        raise AssertionError("unreachable")


def call_json(client, method, text, **options):
    """The response as JSON, for a request as JSON (bytes)."""
    request = method_types(method)[0]()
    try:
        json_format.Parse(text.decode(), request)
    except (json_format.ParseError, UnicodeDecodeError) as error:
        raise FamError("INVALID_ARGUMENT", str(error)) from error
    return json_format.MessageToJson(client.call(method, request, **options), ensure_ascii=False)


def tls_of(environment):
    """The ssl.SSLContext that FAM_TLS_CA_FILE, FAM_TLS_CERT_FILE and FAM_TLS_KEY_FILE describe."""
    tls = ssl.create_default_context(cafile=environment.get("FAM_TLS_CA_FILE") or None)
    if environment.get("FAM_TLS_CERT_FILE"):
        tls.load_cert_chain(environment["FAM_TLS_CERT_FILE"], environment.get("FAM_TLS_KEY_FILE"))
    return tls


def main(arguments):
    if arguments not in (["methods"],) and not (arguments[:1] == ["call"] and len(arguments) in (2, 3)):
        print(__doc__.strip(), file=sys.stderr)
        return 2
    environment = os.environ.get
    url = environment("FAM_SERVERS", "tcp://127.0.0.1:7000").split(",")[0]
    client = Client(url, environment("FAM_TOKEN", ""), tls=tls_of(os.environ) if url.startswith("tls") else None,
                    server_name=environment("FAM_TLS_SERVER_NAME", ""))
    options = {"acting_user": environment("FAM_ACTING_USER", ""), "key": environment("FAM_IDEMPOTENCY_KEY", ""),
               "reason": environment("FAM_REASON", ""),
               "timeout": int(environment("FAM_TIMEOUT_MS", "0")) / 1000 or DEFAULT_TIMEOUT}
    try:
        if arguments[0] == "methods":
            request = method_types("fam.v1.OpsService/ListMethods")[0]()
            for method in client.call("fam.v1.OpsService/ListMethods", request, read_only=True).methods:
                print(f"{method.name:40} {method.summary}")
            return 0
        text = arguments[2].encode(errors="surrogateescape") if len(arguments) == 3 else b"{}"
        if text.startswith(b"@"):
            with open(text[1:], "rb") as file:
                text = file.read()
        print(call_json(client, arguments[1], text, **options))
        return 0
    except FamError as error:
        print(f"fam_client.py: {error}", file=sys.stderr)
        return 1
    finally:
        client.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
