#include "raw_peer.h"

#include <arpa/inet.h>
#include <endian.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static bool write_all(int fd, const void *data, size_t size)
{
    const char *at = data;
    while (size > 0) {
        ssize_t wrote = send(fd, at, size, MSG_NOSIGNAL);
        if (wrote <= 0) {
            return false;
        }
        at += wrote;
        size -= (size_t)wrote;
    }
    return true;
}

static bool read_all(int fd, void *data, size_t size)
{
    char *at = data;
    while (size > 0) {
        ssize_t got = recv(fd, at, size, 0);
        if (got <= 0) {
            return false;
        }
        at += got;
        size -= (size_t)got;
    }
    return true;
}

int raw_peer_connect(const char *url)
{
    unsigned port = 0;
    if (sscanf(url, "tcp://127.0.0.1:%u", &port) != 1) {
        return -1;
    }
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval timeout = {.tv_sec = 5};
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
    const int yes = 1; /* a message is written in pieces */
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    const uint8_t hello[8] = {0, 'S', 'P', 0, 0, 0x30, 0, 0};
    uint8_t theirs[8];
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0 || !write_all(fd, hello, sizeof(hello)) ||
        !read_all(fd, theirs, sizeof(theirs)) || memcmp(theirs, "\0SP\0\0\x31\0\0", 8) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

bool raw_peer_send(int fd, uint32_t request_id, const void *data, size_t size)
{
    uint64_t length = htobe64(size + 4);
    uint32_t id = htonl(request_id | 0x80000000u);
    return write_all(fd, &length, sizeof(length)) && write_all(fd, &id, sizeof(id)) && write_all(fd, data, size);
}

bool raw_peer_call(int fd, uint32_t request_id, const Fam__Rpc__V1__Request *request)
{
    size_t size = fam__rpc__v1__request__get_packed_size(request);
    uint8_t *bytes = malloc(size + 1);
    if (bytes == NULL) {
        return false;
    }
    fam__rpc__v1__request__pack(request, bytes);
    bool sent = raw_peer_send(fd, request_id, bytes, size);
    free(bytes);
    return sent;
}

Fam__Rpc__V1__Response *raw_peer_reply(int fd, uint32_t *ret_request_id)
{
    uint64_t length = 0;
    uint32_t id = 0;
    if (!read_all(fd, &length, sizeof(length)) || be64toh(length) < 4 || be64toh(length) > (1u << 20) ||
        !read_all(fd, &id, sizeof(id))) {
        return NULL;
    }
    size_t size = (size_t)be64toh(length) - 4;
    uint8_t *bytes = malloc(size + 1);
    Fam__Rpc__V1__Response *response = NULL;
    if (bytes != NULL && read_all(fd, bytes, size)) {
        response = fam__rpc__v1__response__unpack(NULL, size, bytes);
    }
    free(bytes);
    *ret_request_id = ntohl(id) & 0x7fffffffu;
    return response;
}
