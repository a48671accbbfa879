#include "raw_server.h"

#include <arpa/inet.h>
#include <endian.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fam/rpc/v1/envelope.pb-c.h"

enum { CONNECTIONS_MAX = 16, MESSAGE_MAX = 1 << 16, METHODS_MAX = 16, TURN_MS = 2 };

struct raw_server {
    int listener;
    int connections[CONNECTIONS_MAX];
    size_t count;
    char url[64];
    atomic_bool mute, stop;
    atomic_bool is_mute; /* as the thread sees it */
    pthread_t thread;
    pthread_mutex_t lock;
    struct {
        char name[128];
        unsigned answered;
    } methods[METHODS_MAX];
};

static bool read_all(int fd, void *data, size_t size)
{
    return size == 0 || recv(fd, data, size, MSG_WAITALL) == (ssize_t)size;
}

static void count(struct raw_server *server, const char *method)
{
    pthread_mutex_lock(&server->lock);
    size_t i = 0;
    while (i < METHODS_MAX - 1 && server->methods[i].name[0] != '\0' && strcmp(server->methods[i].name, method) != 0) {
        i++;
    }
    snprintf(server->methods[i].name, sizeof(server->methods[i].name), "%s", method);
    server->methods[i].answered++;
    pthread_mutex_unlock(&server->lock);
}

/* Reads one request and answers it: a length, the request's id, and an envelope of no bytes, which means OK. */
static bool serve_one(struct raw_server *server, int fd)
{
    static uint8_t bytes[MESSAGE_MAX];
    uint64_t length = 0;
    if (!read_all(fd, &length, sizeof(length)) || be64toh(length) < 4 || be64toh(length) > sizeof(bytes) ||
        !read_all(fd, bytes, (size_t)be64toh(length))) {
        return false;
    }
    Fam__Rpc__V1__Request *request = fam__rpc__v1__request__unpack(NULL, (size_t)be64toh(length) - 4, bytes + 4);
    if (request != NULL) {
        count(server, request->method);
        fam__rpc__v1__request__free_unpacked(request, NULL);
    }
    uint8_t reply[12] = {0, 0, 0, 0, 0, 0, 0, 4};
    memcpy(reply + 8, bytes, 4);
    return send(fd, reply, sizeof(reply), MSG_NOSIGNAL) == (ssize_t)sizeof(reply);
}

static void accept_one(struct raw_server *server)
{
    static const uint8_t hello[8] = {0, 'S', 'P', 0, 0, 0x31, 0, 0};
    uint8_t theirs[8];
    int fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0) {
        return;
    }
    bool good = server->count < CONNECTIONS_MAX && send(fd, hello, sizeof(hello), MSG_NOSIGNAL) == 8 &&
                read_all(fd, theirs, sizeof(theirs));
    if (good) {
        server->connections[server->count++] = fd;
    } else {
        close(fd);
    }
}

static void *serve(void *arg)
{
    struct raw_server *server = arg;
    while (!atomic_load(&server->stop)) {
        struct pollfd fds[CONNECTIONS_MAX + 1] = {{.fd = server->listener, .events = POLLIN}};
        bool mute = atomic_load(&server->mute);
        atomic_store(&server->is_mute, mute);
        for (size_t i = 0; i < server->count; i++) {
            fds[i + 1] = (struct pollfd){.fd = server->connections[i], .events = POLLIN};
        }
        if (mute || poll(fds, (nfds_t)server->count + 1, TURN_MS) <= 0) {
            usleep(mute ? TURN_MS * 1000 : 0);
            continue;
        }
        for (size_t i = server->count; i > 0; i--) {
            if (fds[i].revents != 0 && !serve_one(server, server->connections[i - 1])) {
                close(server->connections[i - 1]);
                server->connections[i - 1] = server->connections[--server->count];
            }
        }
        if (fds[0].revents != 0) {
            accept_one(server);
        }
    }
    return NULL;
}

struct raw_server *raw_server_start(void)
{
    struct raw_server *server = calloc(1, sizeof(*server));
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    if (server == NULL || (server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) < 0 ||
        bind(server->listener, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        listen(server->listener, CONNECTIONS_MAX) != 0 ||
        getsockname(server->listener, (struct sockaddr *)&address, &size) != 0 ||
        pthread_mutex_init(&server->lock, NULL) != 0 || pthread_create(&server->thread, NULL, serve, server) != 0) {
        fprintf(stderr, "raw server: can't start\n");
        abort();
    }
    snprintf(server->url, sizeof(server->url), "tcp://127.0.0.1:%u", ntohs(address.sin_port));
    return server;
}

void raw_server_stop(struct raw_server *server)
{
    atomic_store(&server->stop, true);
    pthread_join(server->thread, NULL);
    for (size_t i = 0; i < server->count; i++) {
        close(server->connections[i]);
    }
    close(server->listener);
    pthread_mutex_destroy(&server->lock);
    free(server);
}

const char *raw_server_url(const struct raw_server *server)
{
    return server->url;
}

void raw_server_mute(struct raw_server *server, bool mute)
{
    atomic_store(&server->mute, mute);
    while (atomic_load(&server->is_mute) != mute) {
        usleep(1000);
    }
}

unsigned raw_server_answered(struct raw_server *server, const char *method)
{
    unsigned answered = 0;
    pthread_mutex_lock(&server->lock);
    for (size_t i = 0; i < METHODS_MAX; i++) {
        answered += strcmp(server->methods[i].name, method) == 0 ? server->methods[i].answered : 0;
    }
    pthread_mutex_unlock(&server->lock);
    return answered;
}
