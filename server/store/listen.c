/* listen.c: see listen.h. */
#include "store/listen.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "store/db_private.h"

struct fam_listen {
    struct fam_pool *pool; /* of one: it knows how to connect, and how often to try */
    struct fam_db *db;     /* NULL: away */
    char sql[80];          /* LISTEN … */
};

struct fam_listen *fam_listen_new(const struct fam_pool_options *pool, const char *channel, struct fam_status *status)
{
    struct fam_listen *listen = calloc(1, sizeof(*listen));
    if (listen == NULL) {
        (void)fam_fail_memory(status);
        return NULL;
    }
    struct fam_pool_options one = *pool;
    one.size = 1;
    one.uncounted = true;
    (void)snprintf(listen->sql, sizeof(listen->sql), "LISTEN %s", channel);
    listen->pool = fam_pool_new(&one, status);
    if (listen->pool == NULL) {
        free(listen);
        return NULL;
    }
    return listen;
}

void fam_listen_free(struct fam_listen *listen)
{
    if (listen == NULL) {
        return;
    }
    if (listen->db != NULL) {
        listen->db->broken = true; /* not to be used for anything else */
        fam_pool_put(listen->pool, listen->db);
    }
    fam_pool_free(listen->pool);
    free(listen);
}

enum fam_code fam_listen_get(struct fam_listen *listen, struct fam_db **ret_db, bool *ret_fresh,
                             struct fam_status *status)
{
    *ret_fresh = false;
    if (listen->db != NULL && !listen->db->broken && PQstatus(listen->db->conn) == CONNECTION_OK) {
        *ret_db = listen->db;
        return FAM_OK;
    }
    if (listen->db != NULL) {
        listen->db->broken = true;
    }
    fam_pool_put(listen->pool, listen->db);
    listen->db = NULL;
    enum fam_code code = fam_pool_get(listen->pool, &listen->db, status);
    if (code == FAM_OK) {
        code = fam_db_script(listen->db, listen->sql, 0, status);
    }
    if (code != FAM_OK) {
        fam_pool_put(listen->pool, listen->db);
        listen->db = NULL;
        return code;
    }
    *ret_db = listen->db;
    *ret_fresh = true;
    return FAM_OK;
}

/* What libpq has read already; our own notices come back to us, and mean nothing. */
static bool take_notices(struct fam_db *db)
{
    bool heard = false;
    for (PGnotify *notice = PQnotifies(db->conn); notice != NULL; notice = PQnotifies(db->conn)) {
        heard = heard || notice->be_pid != PQbackendPID(db->conn);
        PQfreemem(notice);
    }
    return heard;
}

bool fam_listen_wait(struct fam_listen *listen, int wake_fd, uint32_t timeout_ms)
{
    struct fam_db *db = listen->db;
    /* Notices that came along with the answer to a statement. */
    if (db != NULL && take_notices(db)) {
        return true;
    }
    struct pollfd fds[2] = {{.fd = wake_fd, .events = POLLIN},
                            {.fd = db != NULL ? PQsocket(db->conn) : -1, .events = POLLIN}};
    if (poll(fds, 2, timeout_ms > 60000 ? 60000 : (int)timeout_ms) <= 0) {
        return false;
    }
    if (fds[0].revents != 0) {
        uint64_t count = 0;
        (void)!read(wake_fd, &count, sizeof(count));
    }
    if (db == NULL || fds[1].revents == 0) {
        return false;
    }
    if (!PQconsumeInput(db->conn) || PQstatus(db->conn) != CONNECTION_OK) {
        db->broken = true;
        return false;
    }
    return take_notices(db);
}
