#!/usr/bin/env python3
"""The byte-exact examples of docs/rpc.md, against a running server.

  page_bytes.py PAGE HOST PORT

Blocks "```hex client" are sent in their order, each on the connection of the block "```hex client connects" before it; what a
block "```hex server" shows must come back to the byte. Of a line the hexadecimal pairs in front count; what follows two spaces
explains.
"""
import re
import socket
import sys


def blocks(page):
    with open(page, encoding="utf-8") as file:
        text = file.read()
    for kind, body in re.findall(r"^```hex (client connects|client|server)\n(.*?)^```$", text, re.M | re.S):
        pairs = [re.match(r"(?:[0-9a-f]{2}(?: |$))+", line.split("  ")[0]) for line in body.splitlines()]
        assert all(pairs), f"a line without bytes in {body!r}"
        yield kind, bytes.fromhex("".join(pair.group() for pair in pairs))


def receive(connection, size):
    data = b""
    while len(data) < size:
        part = connection.recv(size - len(data))
        if not part:
            break
        data += part
    return data


def main():
    page, host, port = sys.argv[1:]
    connection, seen = None, {"client connects": 0, "client": 0, "server": 0}
    for kind, data in blocks(page):
        seen[kind] += 1
        if kind == "client connects":
            connection = socket.create_connection((host, int(port)), 10)
        if kind == "server":
            found = receive(connection, len(data))
            assert found == data, f"the page has\n{data.hex(' ')}\nthe server said\n{found.hex(' ')}"
        else:
            connection.sendall(data)
    assert min(seen.values()) >= 1 and seen["server"] >= 4, f"too few examples: {seen}"
    connection.settimeout(0.2)
    try:
        rest = connection.recv(64)
    except socket.timeout:
        rest = b""
    assert rest == b"", f"the server said more: {rest.hex(' ')}"


main()
