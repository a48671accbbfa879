/* What a foreign or a hostile client sends. After each abuse a good call still gets its answer. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "echo_server.h"
#include "fam/test/v1/echo.pb-c.h"
#include "raw_peer.h"

static Fam__Rpc__V1__Response *call_bytes(int fd, const void *data, size_t size)
{
    uint32_t id = 0;
    cr_assert(raw_peer_send(fd, 7, data, size));
    Fam__Rpc__V1__Response *response = raw_peer_reply(fd, &id);
    cr_assert_eq(id, 7);
    cr_assert_not_null(response);
    return response;
}

static Fam__Rpc__V1__Response *call_request(int fd, Fam__Rpc__V1__Request *request)
{
    uint32_t id = 0;
    cr_assert(raw_peer_call(fd, 9, request));
    Fam__Rpc__V1__Response *response = raw_peer_reply(fd, &id);
    cr_assert_eq(id, 9);
    cr_assert_not_null(response);
    return response;
}

static Fam__Rpc__V1__Request echo_request(void *payload, size_t size)
{
    Fam__Rpc__V1__Request request = FAM__RPC__V1__REQUEST__INIT;
    request.method = (char *)(uintptr_t) "fam.test.v1.EchoService/Echo";
    request.token = (char *)(uintptr_t) "fam_bot";
    request.payload = (ProtobufCBinaryData){.len = size, .data = payload};
    return request;
}

static void assert_answer(int fd, Fam__Rpc__V1__Request *request, uint32_t code, const char *field)
{
    Fam__Rpc__V1__Response *response = call_request(fd, request);
    cr_assert_eq(response->code, code, "code %u: %s", response->code, response->message);
    if (field != NULL) {
        cr_assert_eq(response->n_details, 1);
        cr_assert_str_eq(response->details[0]->field, field);
    }
    fam__rpc__v1__response__free_unpacked(response, NULL);
}

static void assert_still_serves(int fd)
{
    uint8_t payload[] = {0x0a, 2, 'o', 'k'};
    Fam__Rpc__V1__Request request = echo_request(payload, sizeof(payload));
    assert_answer(fd, &request, 0, NULL);
}

struct peer {
    struct echo_server *echo;
    int fd;
};

static struct peer start(void)
{
    struct peer peer = {.echo = echo_server_start(8, 2)};
    peer.fd = raw_peer_connect(echo_server_url(peer.echo));
    cr_assert_geq(peer.fd, 0);
    return peer;
}

static void stop(struct peer peer)
{
    assert_still_serves(peer.fd);
    close(peer.fd);
    echo_server_stop(peer.echo);
}

Test(rpc_frames, what_is_no_envelope_is_answered_with_invalid_argument)
{
    struct peer peer = start();
    const char *frames[] = {"",
                            "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
                            "GET / HTTP/1.1\r\n\r\n",
                            "\x0a\x7fshort",
                            "\x0a\x02\xc3\x28",
                            "\x0b",
                            "\x00\x00"};
    const size_t sizes[] = {0, 11, 18, 7, 4, 1, 2};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        Fam__Rpc__V1__Response *response = call_bytes(peer.fd, frames[i], sizes[i]);
        cr_assert_eq(response->code, FAM_INVALID_ARGUMENT, "frame %zu", i);
        fam__rpc__v1__response__free_unpacked(response, NULL);
        assert_still_serves(peer.fd);
    }
    stop(peer);
}

Test(rpc_frames, random_bytes_never_harm)
{
    struct peer peer = start();
    unsigned seed = 42;
    for (int round = 0; round < 300; round++) {
        uint8_t bytes[200];
        size_t size = (size_t)rand_r(&seed) % sizeof(bytes);
        for (size_t i = 0; i < size; i++) {
            bytes[i] = (uint8_t)rand_r(&seed);
        }
        Fam__Rpc__V1__Response *response = call_bytes(peer.fd, bytes, size);
        cr_assert_neq(response->code, 0);
        fam__rpc__v1__response__free_unpacked(response, NULL);
    }
    stop(peer);
}

Test(rpc_frames, an_unknown_method_is_unimplemented)
{
    struct peer peer = start();
    Fam__Rpc__V1__Request request = echo_request(NULL, 0);
    request.method = (char *)(uintptr_t) "fam.test.v1.EchoService/Nothing";
    assert_answer(peer.fd, &request, FAM_UNIMPLEMENTED, NULL);
    stop(peer);
}

Test(rpc_frames, an_oversized_message_ends_the_connection_and_nothing_else)
{
    struct peer peer = start();
    int rude = raw_peer_connect(echo_server_url(peer.echo));
    cr_assert_geq(rude, 0);
    size_t size = 1 << 20;
    void *big = calloc(1, size);
    (void)raw_peer_send(rude, 1, big, size);
    uint32_t id = 0;
    cr_assert_null(raw_peer_reply(rude, &id));
    close(rude);
    free(big);
    stop(peer);
}

Test(rpc_frames, a_peer_that_says_something_else_than_hello_is_dropped)
{
    struct peer peer = start();
    for (int i = 0; i < 20; i++) {
        int rude = raw_peer_connect(echo_server_url(peer.echo));
        cr_assert_geq(rude, 0);
        cr_assert_gt(write(rude, "\xff\xff\xff\xff\xff\xff\xff\xff\xff", 9), 0);
        close(rude);
    }
    stop(peer);
}

Test(rpc_frames, envelope_fields_are_checked)
{
    struct peer peer = start();
    uint8_t payload[] = {0x0a, 2, 'o', 'k'};
    Fam__Rpc__V1__Request request = echo_request(payload, sizeof(payload));
    request.request_id = (char *)(uintptr_t) "two words";
    assert_answer(peer.fd, &request, FAM_INVALID_ARGUMENT, "request_id");
    request = echo_request(payload, sizeof(payload));
    request.timeout_ms = 600001;
    assert_answer(peer.fd, &request, FAM_INVALID_ARGUMENT, "timeout_ms");
    request = echo_request(payload, sizeof(payload));
    request.acting_user_id = (char *)(uintptr_t) "me";
    assert_answer(peer.fd, &request, FAM_INVALID_ARGUMENT, "acting_user_id");
    request = echo_request(payload, sizeof(payload));
    request.idempotency_key = (char *)(uintptr_t) "a b";
    assert_answer(peer.fd, &request, FAM_INVALID_ARGUMENT, "idempotency_key");
    stop(peer);
}

Test(rpc_frames, the_request_id_comes_back)
{
    struct peer peer = start();
    uint8_t payload[] = {0x0a, 2, 'o', 'k'};
    Fam__Rpc__V1__Request request = echo_request(payload, sizeof(payload));
    request.request_id = (char *)(uintptr_t) "abc-123";
    Fam__Rpc__V1__Response *response = call_request(peer.fd, &request);
    cr_assert_str_eq(response->request_id, "abc-123");
    fam__rpc__v1__response__free_unpacked(response, NULL);
    request.request_id = (char *)(uintptr_t) "";
    response = call_request(peer.fd, &request);
    cr_assert_gt(strlen(response->request_id), 8);
    fam__rpc__v1__response__free_unpacked(response, NULL);
    stop(peer);
}

struct bad_payload {
    const char *what;
    const char *field;
    const char *bytes;
    size_t size;
};

static const struct bad_payload BAD_PAYLOADS[] = {
    {"invalid UTF-8", "text", "\x0a\x02\xc3\x28", 4},
    {"NUL in a string", "text", "\x0a\x03\x61\x00\x62", 5},
    {"a text that is too long", "text",
     "\x0a\x15"
     "123456789012345678901",
     23},
    {"an unknown enum value", "colour", "\x18\x4d", 2},
    {"a number below its range", "number", "\x20\x01", 2},
    {"a number above its range", "number", "\x20\x12", 2},
    {"a negative number", "number", "\x20\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11},
    {"a required field of a message inside", "inner.name", "\x2a\x02\x10\x05", 4},
    {"invalid UTF-8 inside", "name", "\x2a\x04\x0a\x02\xc3\x28", 6},
    {"too many elements", "more",
     "\x32\x03\x0a\x01"
     "a\x32\x03\x0a\x01"
     "b\x32\x03\x0a\x01"
     "c",
     15},
    {"bytes that are too long", "blob",
     "\x3a\x05"
     "12345",
     7},
};

Test(rpc_frames, a_request_that_breaks_a_rule_names_the_field)
{
    struct peer peer = start();
    for (size_t i = 0; i < sizeof(BAD_PAYLOADS) / sizeof(BAD_PAYLOADS[0]); i++) {
        uint8_t bytes[64];
        memcpy(bytes, BAD_PAYLOADS[i].bytes, BAD_PAYLOADS[i].size);
        Fam__Rpc__V1__Request request = echo_request(bytes, BAD_PAYLOADS[i].size);
        Fam__Rpc__V1__Response *response = call_request(peer.fd, &request);
        cr_assert_eq(response->code, FAM_INVALID_ARGUMENT, "%s", BAD_PAYLOADS[i].what);
        cr_assert_eq(response->n_details, 1, "%s", BAD_PAYLOADS[i].what);
        cr_assert_str_eq(response->details[0]->field, BAD_PAYLOADS[i].field, "%s", BAD_PAYLOADS[i].what);
        fam__rpc__v1__response__free_unpacked(response, NULL);
    }
    stop(peer);
}

Test(rpc_frames, a_payload_that_asks_for_too_much_memory_is_refused)
{
    struct peer peer = start();
    /* 30,000 empty messages: 60 kB on the wire, some megabytes when unpacked. */
    size_t size = 60000;
    uint8_t *bytes = malloc(size);
    cr_assert_not_null(bytes);
    for (size_t i = 0; i < size; i += 2) {
        bytes[i] = 0x32;
        bytes[i + 1] = 0;
    }
    Fam__Rpc__V1__Request request = echo_request(bytes, size);
    assert_answer(peer.fd, &request, FAM_INVALID_ARGUMENT, NULL);
    free(bytes);
    stop(peer);
}

Test(rpc_frames, a_lost_connection_cancels_its_calls)
{
    struct peer peer = start();
    int gone = raw_peer_connect(echo_server_url(peer.echo));
    cr_assert_geq(gone, 0);
    uint8_t payload[] = {0x0a, 2, 'o', 'k', 0x10, 0xb0, 0xea, 0x01};
    Fam__Rpc__V1__Request request = echo_request(payload, sizeof(payload));
    cr_assert(raw_peer_call(gone, 1, &request));
    uint64_t start_ms = fam_mono_ms();
    while (echo_server_parked(peer.echo) == 0 && fam_mono_ms() - start_ms < 5000) {
        usleep(2000);
    }
    cr_assert_eq(fam_server_calls_in_flight(echo_server_rpc(peer.echo)), 1);
    close(gone);
    while (echo_server_cancels(peer.echo) == 0 && fam_mono_ms() - start_ms < 5000) {
        usleep(2000);
    }
    cr_assert_eq(echo_server_cancels(peer.echo), 1);
    stop(peer);
}

Test(rpc_frames, an_expired_call_is_not_started)
{
    struct echo_server *echo = echo_server_start(8, 1);
    int fd = raw_peer_connect(echo_server_url(echo));
    cr_assert_geq(fd, 0);
    uint8_t payload[] = {0x0a, 2, 'o', 'k', 0x10, 0xb0, 0xea, 0x01};
    Fam__Rpc__V1__Request request = echo_request(payload, sizeof(payload));
    request.timeout_ms = 50;
    assert_answer(fd, &request, FAM_DEADLINE_EXCEEDED, NULL);
    assert_still_serves(fd);
    close(fd);
    echo_server_stop(echo);
}

Test(rpc_frames, a_cancel_names_a_call_of_the_same_connection_only)
{
    struct peer peer = start();
    int other = raw_peer_connect(echo_server_url(peer.echo));
    cr_assert_geq(other, 0);
    uint8_t payload[] = {0x0a, 2, 'o', 'k', 0x10, 0x90, 0x4e}; /* parked for 10 s */
    Fam__Rpc__V1__Request request = echo_request(payload, sizeof(payload));
    request.call_id = 77;
    cr_assert(raw_peer_call(peer.fd, 5, &request));
    uint64_t start_ms = fam_mono_ms();
    while (echo_server_parked(peer.echo) == 0 && fam_mono_ms() - start_ms < 5000) {
        usleep(2000);
    }
    uint8_t cancel_payload[9] = {0x09, 77};
    Fam__Rpc__V1__Request cancel = echo_request(cancel_payload, sizeof(cancel_payload));
    cancel.method = (char *)(uintptr_t) "fam.rpc.v1/Cancel";
    Fam__Rpc__V1__Response *response = call_request(other, &cancel);
    cr_assert_eq(response->code, 0);
    cr_assert_eq(response->payload.len, 0, "found must be false on another connection");
    fam__rpc__v1__response__free_unpacked(response, NULL);
    cr_assert(raw_peer_call(peer.fd, 6, &cancel));
    bool cancelled = false;
    bool found = false;
    for (int i = 0; i < 2; i++) {
        uint32_t id = 0;
        response = raw_peer_reply(peer.fd, &id);
        cr_assert_not_null(response);
        cancelled = cancelled || (id == 5 && response->code == FAM_CANCELLED);
        found = found || (id == 6 && response->code == 0 && response->payload.len > 0);
        fam__rpc__v1__response__free_unpacked(response, NULL);
    }
    cr_assert(cancelled && found);
    close(other);
    stop(peer);
}
