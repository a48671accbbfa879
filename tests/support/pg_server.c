/* pg_server.c: see pg_server.h. */
#include "pg_server.h"

#include <dirent.h>
#include <inttypes.h>
#include <libpq-fe.h>
#include <limits.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { START_MS = 30000, NO_TCP_PORT = 5432, CHILDREN_MAX = 256 };

static const char superuser[] = "postgres";

/* As root the folder goes to the user whom the server runs as. */
static bool give_to_postgres(const char *path)
{
    const struct passwd *entry = geteuid() == 0 ? getpwnam(superuser) : NULL;
    if (geteuid() != 0)
        return true;
    return entry && chown(path, entry->pw_uid, entry->pw_gid) == 0;
}

static bool wait_exit(struct proc *proc)
{
    for (int i = 0; i < START_MS / 10 && proc_is_running(proc); i++)
        usleep(10000);
    return proc_stop(proc, SIGKILL, 1000) == 0;
}

static bool init_db(const char *dir, const char *data)
{
    struct proc proc = {0};
    const char *const argv[] = {"initdb",
                                "-D",
                                data,
                                "-E",
                                "UTF8",
                                "--locale=C.UTF-8",
                                "-A",
                                "trust",
                                "-U",
                                superuser,
                                "-N",
                                "--wal-segsize=1",
                                "--no-instructions",
                                NULL};
    return give_to_postgres(dir) && proc_start(&proc, dir, "initdb", argv, NULL, superuser) && wait_exit(&proc);
}

static bool copy(const char *from, const char *to)
{
    const char *const argv[] = {"cp", "-a", "--reflink=auto", from, to, NULL};
    return proc_run(argv, NULL, NULL, NULL, 0) == 0;
}

/* A template's folder: by user, by the version of the programs, and by what was done to it ("": initdb alone). */
static bool template_path(const char *name, char *ret_path, size_t size)
{
    char found[256], initdb[PATH_MAX];
    static const char debian[] = "/usr/lib/postgresql/";
    if (!proc_find_program("initdb", found, sizeof(found)) || !realpath(found, initdb))
        return false;
    long version = strncmp(initdb, debian, sizeof(debian) - 1) == 0 ? strtol(initdb + sizeof(debian) - 1, NULL, 10) : 0;
    int length = snprintf(ret_path, size, "%s/pg-template-%u-%ld%s", FAM_BIN_DIR, (unsigned)geteuid(), version, name);
    return length > 0 && (size_t)length < size;
}

/* Keeps `data` for the next test. Several tests may do this at once: the rename of a whole copy settles it. */
static void keep_template(const char *path, const char *data)
{
    char mine[512];
    snprintf(mine, sizeof(mine), "%s.%d", path, (int)getpid());
    const char *const argv[] = {"rm", "-rf", mine, NULL};
    if (!copy(data, mine) || rename(mine, path) != 0)
        (void)proc_run(argv, NULL, NULL, NULL, 0);
}

/* False: there is none of this name, or it can't be read. */
static bool copy_template(struct pg_server *server, const char *name)
{
    char path[400];
    struct stat info;
    return template_path(name, path, sizeof(path)) && stat(path, &info) == 0 && copy(path, server->data);
}

static bool make_data(struct pg_server *server)
{
    char path[400];
    if (!template_path("", path, sizeof(path)))
        return false;
    if (copy_template(server, ""))
        return true;
    if (!init_db(server->dir, server->data))
        return false;
    keep_template(path, server->data);
    return true;
}

static bool answers(void *context)
{
    const struct pg_server *server = context;
    return PQping(server->conninfo) == PQPING_OK;
}

bool pg_server_restart(struct pg_server *server)
{
    char port[16], sockets[160];
    snprintf(port, sizeof(port), "%u", server->port ? (unsigned)server->port : NO_TCP_PORT);
    snprintf(sockets, sizeof(sockets), "unix_socket_directories=%s", server->dir);
    const char *const argv[] = {"postgres",
                                "-D",
                                server->data,
                                "-p",
                                port,
                                "-c",
                                server->port ? "listen_addresses=127.0.0.1" : "listen_addresses=",
                                "-c",
                                sockets,
                                "-c",
                                "fsync=off",
                                "-c",
                                "full_page_writes=off",
                                "-c",
                                "shared_buffers=16MB",
                                "-c",
                                "max_connections=100",
                                "-c",
                                "autovacuum=off",
                                "-c",
                                "jit=off",
                                NULL};
    pg_server_halt(server);
    if (!proc_start(&server->proc, server->dir, "postgres", argv, NULL, superuser))
        return false;
    if (proc_wait_until(answers, server, START_MS))
        return true;
    pg_server_kill(server);
    return false;
}

static void name_addresses(struct pg_server *server)
{
    unsigned port = server->port ? server->port : NO_TCP_PORT;
    snprintf(server->conninfo, sizeof(server->conninfo), "host=%s port=%u user=%s dbname=postgres", server->dir, port,
             superuser);
    snprintf(server->url, sizeof(server->url), "postgresql://%s@/postgres?host=%s&port=%u", superuser, server->dir,
             port);
    if (server->port)
        snprintf(server->tcp_url, sizeof(server->tcp_url), "postgresql://%s@127.0.0.1:%u/postgres", superuser, port);
}

/* The data are there, or are made anew when `template` is NULL or there is none of this name. */
static bool start(struct pg_server *server, bool with_tcp, const char *template, bool *ret_found)
{
    memset(server, 0, sizeof(*server));
    *ret_found = false;
    if (!proc_tmpdir(server->dir, sizeof(server->dir)))
        return false;
    snprintf(server->data, sizeof(server->data), "%s/data", server->dir);
    bool made = give_to_postgres(server->dir);
    *ret_found = made && template && copy_template(server, template);
    made = made && (*ret_found || make_data(server));
    /* The port was free a moment ago: someone else may have been faster. */
    for (int i = 0; made && i < 3; i++) {
        server->port = with_tcp ? proc_free_port() : 0;
        name_addresses(server);
        if (pg_server_restart(server))
            return true;
    }
    pg_server_stop(server);
    return false;
}

bool pg_server_start(struct pg_server *server, bool with_tcp)
{
    bool found = false;
    return start(server, with_tcp, NULL, &found);
}

/* FNV-1a over all files, so that a changed migration has a template of its own. False: they can't be read. */
static bool name_schema(char ret_name[32])
{
    struct dirent **names = NULL;
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    int count = scandir(FAM_SOURCE_DIR "/server/store/migrations", &names, NULL, alphasort);
    bool good = count > 0;
    for (int i = 0; i < count; i++) {
        char path[PATH_MAX];
        snprintf(path, sizeof(path), FAM_SOURCE_DIR "/server/store/migrations/%s", names[i]->d_name);
        char *text = names[i]->d_name[0] == '.' ? NULL : proc_read_file(path);
        good = good && (text || names[i]->d_name[0] == '.');
        for (const char *at = text; at && *at; at++)
            hash = (hash ^ (unsigned char)*at) * UINT64_C(0x100000001b3);
        free(text);
        free(names[i]);
    }
    free(names);
    snprintf(ret_name, 32, "-%016" PRIx64, hash);
    return good;
}

bool pg_server_start_migrated(struct pg_server *server, bool *ret_found)
{
    char name[32];
    return name_schema(name) && start(server, false, name, ret_found);
}

bool pg_server_keep_migrated(struct pg_server *server)
{
    char name[32], path[400];
    if (!name_schema(name) || !template_path(name, path, sizeof(path)))
        return false;
    /* Copying files is half of what a test costs, and half of the files are these databases', which nobody needs. */
    static const char *const smaller[] = {"UPDATE pg_database SET datistemplate = false",
                                          "DROP DATABASE IF EXISTS template0", "DROP DATABASE IF EXISTS template1"};
    for (size_t i = 0; i < sizeof(smaller) / sizeof(smaller[0]); i++)
        if (!pg_server_sql(server->conninfo, smaller[i], NULL, 0))
            return false;
    pg_server_halt(server);
    keep_template(path, server->data);
    return pg_server_restart(server);
}

void pg_server_halt(struct pg_server *server)
{
    /* Fast shutdown: sessions are cut, everything is written. */
    (void)proc_stop(&server->proc, SIGINT, 10000);
}

static pid_t parent_of(const char *pid)
{
    char path[64], line[512];
    long parent = 0;
    snprintf(path, sizeof(path), "/proc/%.20s/stat", pid);
    FILE *file = fopen(path, "re");
    if (!file)
        return 0;
    if (fgets(line, sizeof(line), file)) {
        /* "PID (NAME) STATE PARENT …", and the name may hold anything. */
        const char *after = strrchr(line, ')');
        if (after && strlen(after) > 4)
            parent = strtol(after + 4, NULL, 10);
    }
    fclose(file);
    return (pid_t)parent;
}

/* The processes of the server, without the first one. */
static size_t children_of(pid_t pid, pid_t ret_children[CHILDREN_MAX])
{
    size_t count = 0;
    DIR *dir = opendir("/proc");
    for (const struct dirent *entry; dir && count < CHILDREN_MAX && (entry = readdir(dir));)
        if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' && parent_of(entry->d_name) == pid)
            ret_children[count++] = (pid_t)strtol(entry->d_name, NULL, 10);
    if (dir)
        closedir(dir);
    return count;
}

static void signal_all(struct pg_server *server, int signal_number)
{
    pid_t children[CHILDREN_MAX];
    if (server->proc.pid <= 0)
        return;
    /* The first one stops before the others are listed, so that it starts no more of them. */
    if (signal_number != SIGCONT)
        kill(server->proc.pid, SIGSTOP);
    size_t count = children_of(server->proc.pid, children);
    for (size_t i = 0; i < count; i++)
        kill(children[i], signal_number);
    kill(server->proc.pid, signal_number);
}

void pg_server_kill(struct pg_server *server)
{
    pid_t children[CHILDREN_MAX];
    size_t count = 0;
    if (server->proc.pid <= 0)
        return;
    /* Its processes become ours when it dies: somebody has to reap them. */
    (void)prctl(PR_SET_CHILD_SUBREAPER, 1);
    kill(server->proc.pid, SIGSTOP);
    count = children_of(server->proc.pid, children);
    signal_all(server, SIGKILL);
    (void)proc_stop(&server->proc, SIGKILL, 5000);
    for (size_t i = 0; i < count; i++)
        (void)waitpid(children[i], NULL, 0);
    (void)prctl(PR_SET_CHILD_SUBREAPER, 0);
}

void pg_server_stop(struct pg_server *server)
{
    /* Immediate shutdown: it ends its processes and reaps them, without writing anything. */
    signal_all(server, SIGCONT);
    (void)proc_stop(&server->proc, SIGQUIT, 10000);
    if (server->dir[0])
        proc_rmtree(server->dir);
    memset(server, 0, sizeof(*server));
}

void pg_server_pause(struct pg_server *server)
{
    signal_all(server, SIGSTOP);
}

void pg_server_resume(struct pg_server *server)
{
    signal_all(server, SIGCONT);
}

static void ignore_notice(void *context, const PGresult *result)
{
    (void)context;
    (void)result;
}

bool pg_server_create_db(struct pg_server *server, const char *name, char *ret_conninfo, size_t size)
{
    char sql[160];
    snprintf(sql, sizeof(sql), "CREATE DATABASE %s", name);
    int length = snprintf(ret_conninfo, size, "host=%s port=%u user=%s dbname=%s", server->dir,
                          server->port ? (unsigned)server->port : NO_TCP_PORT, superuser, name);
    return length > 0 && (size_t)length < size && pg_server_sql(server->conninfo, sql, NULL, 0);
}

bool pg_server_sql(const char *conninfo, const char *sql, char *ret_value, size_t size)
{
    PGconn *conn = PQconnectdb(conninfo);
    PQsetNoticeReceiver(conn, ignore_notice, NULL);
    PGresult *result = PQstatus(conn) == CONNECTION_OK ? PQexec(conn, sql) : NULL;
    ExecStatusType kind = PQresultStatus(result);
    bool good = kind == PGRES_TUPLES_OK || kind == PGRES_COMMAND_OK;
    bool has_row = good && PQntuples(result) > 0 && PQnfields(result) > 0;
    if (size)
        snprintf(ret_value, size, "%s", !good ? PQerrorMessage(conn) : has_row ? PQgetvalue(result, 0, 0) : "");
    PQclear(result);
    PQfinish(conn);
    return good;
}
