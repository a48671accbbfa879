#!/usr/bin/env python3
"""What examples/python/fam_client.py promises, against a running server: FAM_SERVERS, FAM_TOKEN (of a bot), FAM_ACTING_USER.

  client_test.py Calls      ordinary calls
  client_test.py Blocked    while the table of entries is locked, so that Translate does not come to its end
  client_test.py Tls        FAM_SERVERS is a tls+tcp:// that wants a certificate: FAM_TLS_CA_FILE, …_CERT_FILE, …_KEY_FILE,
                            …_SERVER_NAME
"""
import os
import socket
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "examples", "python"))
import fam_client  # noqa: E402
from fam.v1 import family_pb2, ops_pb2, translation_pb2  # noqa: E402

USER = os.environ["FAM_ACTING_USER"]
URL = os.environ["FAM_SERVERS"]
LIVE, HEALTH, TRANSLATE = "fam.v1.OpsService/Live", "fam.v1.OpsService/Health", "fam.v1.TranslationService/Translate"


class WithClient(unittest.TestCase):
    def setUp(self):
        self.client = fam_client.Client(URL, os.environ["FAM_TOKEN"])
        self.addCleanup(self.client.close)


class Relay:
    """Between client and server: hands on whole connections, cuts the first `cuts` after the request has gone through."""

    def __init__(self, test, cuts):
        host, _, port = URL.partition("://")[2].rpartition(":")
        self.server, self.cuts, self.accepted = (host, int(port)), cuts, 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        test.addCleanup(self.listener.close)
        self.url = f"tcp://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            self.accepted += 1
            threading.Thread(target=self.relay, args=(near, self.accepted <= self.cuts), daemon=True).start()

    def relay(self, near, cut):
        with near, socket.create_connection(self.server) as far:
            forth = threading.Thread(target=self.pump, args=(near, far, False), daemon=True)
            forth.start()
            self.pump(far, near, cut)
            forth.join()

    @staticmethod
    def pump(source, target, cut):
        seen = 0
        try:
            while data := source.recv(65536):
                seen += len(data)
                if cut and seen > 8:  # the answer, not the greeting: the server has done its work
                    break
                target.sendall(data)
        except OSError:
            pass
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


class Calls(WithClient):
    def test_many_calls_are_in_flight_on_one_connection(self):
        calls = [self.client.start(HEALTH if i % 2 else LIVE, ops_pb2.HealthRequest() if i % 2 else ops_pb2.LiveRequest())
                 for i in range(200)]
        answers = [call.result() for call in calls]
        for i, answer in enumerate(answers):
            self.assertIsInstance(answer, ops_pb2.HealthResponse if i % 2 else ops_pb2.LiveResponse)

    def test_errors_have_a_code_a_field_and_a_reason(self):
        with self.assertRaises(fam_client.FamError) as raised:
            self.client.call("fam.v1.FamilyService/AddChild", family_pb2.AddChildRequest(birth={"year": 5}), key="py-1",
                             acting_user=USER)
        self.assertEqual(("INVALID_ARGUMENT", "birth.year", "FIELD_VIOLATION"),
                         (raised.exception.code, raised.exception.field, raised.exception.reason))

    def test_a_message_that_is_too_large_is_refused_before_it_is_sent(self):
        with self.assertRaises(fam_client.FamError) as raised:
            self.client.call(TRANSLATE, translation_pb2.TranslateRequest(phrase="a" * 70000), key="py-2", acting_user=USER)
        self.assertEqual("INVALID_ARGUMENT", raised.exception.code)
        self.client.call(LIVE, ops_pb2.LiveRequest())

    def test_a_call_whose_answer_was_lost_is_repeated_without_a_second_effect(self):
        relay = Relay(self, cuts=1)
        client = fam_client.Client(relay.url, os.environ["FAM_TOKEN"])
        request = translation_pb2.TranslateRequest(phrase="Не хочу в школу")
        first = client.call(TRANSLATE, request, key="py-3", acting_user=USER)
        self.assertEqual(2, relay.accepted)
        again = self.client.call(TRANSLATE, request, key="py-3", acting_user=USER)
        self.assertEqual(first.entry.entry_id, again.entry.entry_id)
        listed = self.client.call("fam.v1.TranslationService/ListEntries", translation_pb2.ListEntriesRequest(), read_only=True,
                                  acting_user=USER)
        self.assertEqual(1, sum(entry.entry_id == first.entry.entry_id for entry in listed.entries))
        self.assertEqual(1, sum(entry.phrase == request.phrase for entry in listed.entries))
        client.close()

    def test_a_call_without_a_key_is_not_repeated(self):
        relay = Relay(self, cuts=9)
        client = fam_client.Client(relay.url, os.environ["FAM_TOKEN"])
        with self.assertRaises(fam_client.FamError) as raised:
            client.call(LIVE, ops_pb2.LiveRequest())
        self.assertEqual(("UNAVAILABLE", 1), (raised.exception.code, relay.accepted))
        with self.assertRaises(fam_client.FamError):
            client.call(LIVE, ops_pb2.LiveRequest(), read_only=True)
        self.assertEqual(1 + fam_client.ATTEMPTS, relay.accepted)
        client.close()

    def test_cancelling_what_has_ended_finds_nothing(self):
        call = self.client.start(LIVE, ops_pb2.LiveRequest())
        call.result()
        self.assertFalse(call.cancel())

    def test_no_server_is_unavailable(self):
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        with self.assertRaises(fam_client.FamError) as raised:
            fam_client.Client(f"tcp://127.0.0.1:{port}").call(LIVE, ops_pb2.LiveRequest())
        self.assertEqual("UNAVAILABLE", raised.exception.code)


class Tls(unittest.TestCase):
    def client(self, leave_out=(), server_name=None):
        tls = fam_client.tls_of({name: value for name, value in os.environ.items() if name not in leave_out})
        name = os.environ["FAM_TLS_SERVER_NAME"] if server_name is None else server_name
        client = fam_client.Client(URL, os.environ["FAM_TOKEN"], tls=tls, server_name=name)
        self.addCleanup(client.close)
        return client

    def assert_refused(self, client):
        with self.assertRaises(fam_client.FamError) as raised:
            client.call(LIVE, ops_pb2.LiveRequest(), timeout=20)
        self.assertEqual("UNAVAILABLE", raised.exception.code)

    def test_many_calls_are_in_flight_on_one_connection(self):
        client = self.client()
        for call in [client.start(HEALTH, ops_pb2.HealthRequest()) for _ in range(100)]:
            self.assertIsInstance(call.result(), ops_pb2.HealthResponse)

    def test_a_phrase_is_read(self):
        answer = self.client().call(TRANSLATE, translation_pb2.TranslateRequest(phrase="Нет!"), key="py-tls", acting_user=USER)
        self.assertEqual(3, len(answer.entry.reading.responses))

    def test_a_client_without_a_certificate_is_refused(self):
        self.assert_refused(self.client(leave_out=("FAM_TLS_CERT_FILE",)))

    def test_a_server_of_another_name_is_refused(self):
        self.assert_refused(self.client(server_name="elsewhere.test"))

    def test_a_server_of_an_unknown_ca_is_refused(self):
        self.assert_refused(self.client(leave_out=("FAM_TLS_CA_FILE",)))


class Blocked(WithClient):
    def start(self, key, timeout):
        return self.client.start(TRANSLATE, translation_pb2.TranslateRequest(phrase="Нет!"), key=key, acting_user=USER,
                                 timeout=timeout)

    def test_a_cancelled_call_ends_at_once(self):
        began = time.monotonic()
        call = self.start("py-b1", 20)
        found = False
        while not found and time.monotonic() - began < 5:  # until the call has arrived
            found = call.cancel()
        self.assertTrue(found)
        with self.assertRaises(fam_client.FamError) as raised:
            call.result()
        self.assertEqual("CANCELLED", raised.exception.code)
        self.assertLess(time.monotonic() - began, 5)

    def test_a_deadline_ends_a_call_and_no_other(self):
        began = time.monotonic()
        call = self.start("py-b2", 0.3)
        self.client.call(LIVE, ops_pb2.LiveRequest(), timeout=5)
        with self.assertRaises(fam_client.FamError) as raised:
            call.result()
        self.assertEqual("DEADLINE_EXCEEDED", raised.exception.code)
        self.assertLess(time.monotonic() - began, 3)


if __name__ == "__main__":
    unittest.main()
