/* redis_server.c: see redis_server.h. */
#include "redis_server.h"

#include <dirent.h>
#include <hiredis/hiredis.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { START_MS = 10000 };

struct redisReply *redis_server_command(struct redis_server *server, const char *command)
{
    struct timeval limit = {.tv_sec = 10};
    char *words[32];
    const char *argv[32];
    int count = 0;
    char *text = strdup(command), *rest = NULL;
    redisContext *context = redisConnectUnixWithTimeout(server->socket_path, limit);
    redisReply *reply = NULL;
    for (char *word = text ? strtok_r(text, " ", &rest) : NULL; word && count < 32; word = strtok_r(NULL, " ", &rest))
        words[count++] = word;
    for (int i = 0; i < count; i++)
        argv[i] = words[i];
    if (context && !context->err && count && redisSetTimeout(context, limit) == REDIS_OK)
        reply = redisCommandArgv(context, count, argv, NULL);
    if (context)
        redisFree(context);
    free(text);
    return reply;
}

static bool answers(void *context)
{
    redisReply *reply = redis_server_command(context, "PING");
    bool pong = reply && reply->type == REDIS_REPLY_STATUS;
    if (reply)
        freeReplyObject(reply);
    return pong;
}

/* appendfsync no: each write is handed to the kernel before its reply, so that a kill of the process loses nothing;
 * everysec may hold writes back for two seconds. */
bool redis_server_restart(struct redis_server *server)
{
    char port[16];
    snprintf(port, sizeof(port), "%u", (unsigned)server->port);
    const char *const argv[] = {"redis-server",
                                "--port",
                                port,
                                "--bind",
                                "127.0.0.1",
                                "--unixsocket",
                                server->socket_path,
                                "--unixsocketperm",
                                "777",
                                "--dir",
                                server->dir,
                                "--appendonly",
                                "yes",
                                "--appendfsync",
                                "no",
                                "--save",
                                "",
                                "--maxmemory-policy",
                                "noeviction",
                                "--enable-debug-command",
                                "yes",
                                "--daemonize",
                                "no",
                                NULL};
    redis_server_kill(server);
    if (!proc_start(&server->proc, server->dir, "redis", argv, NULL, NULL))
        return false;
    if (proc_wait_until(answers, server, START_MS))
        return true;
    redis_server_kill(server);
    return false;
}

bool redis_server_start(struct redis_server *server, bool with_tcp)
{
    memset(server, 0, sizeof(*server));
    if (!proc_tmpdir(server->dir, sizeof(server->dir)))
        return false;
    snprintf(server->socket_path, sizeof(server->socket_path), "%s/redis.sock", server->dir);
    snprintf(server->url, sizeof(server->url), "unix://%s?db=0", server->socket_path);
    /* The port was free a moment ago: someone else may have been faster. */
    for (int i = 0; i < 3; i++) {
        if (with_tcp) {
            server->port = proc_free_port();
            snprintf(server->tcp_url, sizeof(server->tcp_url), "redis://127.0.0.1:%u/0", (unsigned)server->port);
        }
        if (redis_server_restart(server))
            return true;
    }
    redis_server_stop(server);
    return false;
}

void redis_server_kill(struct redis_server *server)
{
    (void)proc_stop(&server->proc, SIGKILL, 5000);
}

void redis_server_stop(struct redis_server *server)
{
    redis_server_kill(server);
    if (server->dir[0])
        proc_rmtree(server->dir);
    memset(server, 0, sizeof(*server));
}

void redis_server_pause(struct redis_server *server)
{
    if (server->proc.pid > 0)
        kill(server->proc.pid, SIGSTOP);
}

void redis_server_resume(struct redis_server *server)
{
    if (server->proc.pid > 0)
        kill(server->proc.pid, SIGCONT);
}

static bool file_contains(const char *path, const char *text)
{
    FILE *file = fopen(path, "re");
    size_t length = strlen(text), used = 0;
    char *data = NULL;
    bool found = false;
    if (file && fseek(file, 0, SEEK_END) == 0 && ftell(file) > 0) {
        size_t size = (size_t)ftell(file);
        rewind(file);
        data = malloc(size);
        used = data ? fread(data, 1, size, file) : 0;
        found = used && memmem(data, used, text, length);
    }
    if (file)
        fclose(file);
    free(data);
    return found;
}

bool redis_server_contains(struct redis_server *server, const char *text)
{
    char folder[128];
    bool found = false;
    /* BGREWRITEAOF leaves a dump of all keys beside the log; here the plain log says it all, uncompressed. */
    snprintf(folder, sizeof(folder), "%s/appendonlydir", server->dir);
    DIR *dir = opendir(folder);
    for (const struct dirent *entry; dir && (entry = readdir(dir));) {
        char path[512];
        snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        found = found || (entry->d_name[0] != '.' && file_contains(path, text));
    }
    if (dir)
        closedir(dir);
    return found;
}
