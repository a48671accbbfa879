/* ledger.c: see ledger.h. */
#include "family/ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "store/store.h"

enum { LOCK_TRIES = 100, LOCK_PAUSE_NS = 20000000, TIME_SIZE = 25 };

static enum fam_code fail(struct fam_status *status, const char *step, int error)
{
    return fam_fail_reason(status, FAM_FAILED_PRECONDITION, "LEDGER", 0,
                           "the erasure ledger (FAM_LEDGER_FILE) can't be written: %s: %s; nothing was erased", step,
                           strerror(error));
}

static void format_now(char ret_text[TIME_SIZE])
{
    int64_t now_ms = fam_wall_ms();
    time_t seconds = (time_t)(now_ms / 1000);
    struct tm utc;
    (void)gmtime_r(&seconds, &utc);
    size_t used = strftime(ret_text, TIME_SIZE, "%Y-%m-%dT%H:%M:%S", &utc);
    (void)snprintf(ret_text + used, TIME_SIZE - used, ".%03dZ", (int)(now_ms % 1000));
}

/* Nobody holds it for longer than a write and a sync take. */
static bool lock(int fd)
{
    for (int i = 0; i < LOCK_TRIES; i++) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
            return true;
        }
        if (errno != EWOULDBLOCK && errno != EINTR) {
            return false;
        }
        (void)nanosleep(&(struct timespec){.tv_nsec = LOCK_PAUSE_NS}, NULL);
    }
    return false;
}

/* The name of a new file is on the disk with its folder only. */
static bool sync_folder(const char *path)
{
    char folder[4096];
    const char *slash = strrchr(path, '/');
    size_t size = slash == NULL ? 0 : (size_t)(slash - path);
    if (size >= sizeof(folder)) {
        errno = ENAMETOOLONG;
        return false;
    }
    (void)snprintf(folder, sizeof(folder), "%.*s", (int)size, path);
    const char *name = slash == NULL ? "." : size == 0 ? "/" : folder;
    int fd = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool synced = fd >= 0 && fsync(fd) == 0;
    int error = errno;
    if (fd >= 0) {
        (void)close(fd);
    }
    errno = error;
    return synced;
}

static bool write_all(int fd, const char *data, size_t size)
{
    size_t written = 0;
    while (written < size) {
        ssize_t now = write(fd, data + written, size - written);
        if (now < 0 && errno != EINTR) {
            return false;
        }
        written += now > 0 ? (size_t)now : 0;
    }
    return true;
}

/* All of the text, durable; or the file as it was. */
static enum fam_code append_locked(int fd, const char *path, const struct fam_buf *text, struct fam_status *status)
{
    struct stat info;
    if (!lock(fd)) {
        return fail(status, "lock", errno);
    }
    if (fstat(fd, &info) != 0) {
        return fail(status, "stat", errno);
    }
    if (!S_ISREG(info.st_mode)) {
        return fail(status, "it is no file", EINVAL);
    }
    if (!write_all(fd, (const char *)text->data, text->size) || fsync(fd) != 0 ||
        (info.st_size == 0 && !sync_folder(path))) {
        int error = errno;
        /* What was half written must not stand before the next line; if even that fails, a reader stops there. */
        int cut = ftruncate(fd, info.st_size);
        return fail(status, cut == 0 ? "write" : "write, and it could not be cut back", error);
    }
    return FAM_OK;
}

static enum fam_code append(const struct fam_ledger *ledger, const struct fam_buf *text, struct fam_status *status)
{
    if (text->failed) {
        return fam_fail_memory(status);
    }
    if (ledger->path == NULL || ledger->path[0] == '\0') {
        return fail(status, "it has no name", EINVAL);
    }
    /* Not through a FIFO, which would wait for a reader. */
    int fd = open(ledger->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (fd < 0) {
        return fail(status, "open", errno);
    }
    enum fam_code code = append_locked(fd, ledger->path, text, status);
    if (close(fd) != 0 && code == FAM_OK) {
        code = fail(status, "close", errno);
    }
    return code;
}

enum fam_code fam_ledger_hmac(struct fam_store *store, const struct fam_erase_subject *subject,
                              char ret_text[FAM_LEDGER_HMAC_SIZE], struct fam_status *status)
{
    unsigned char input[32], hmac[FAM_HMAC_SIZE];
    const char *prefix = subject->is_family ? "ledger:family:" : "ledger:user:";
    size_t size = strlen(prefix);
    /* NOLINTNEXTLINE(bugprone-not-null-terminated-result): bytes with a size, no text */
    memcpy(input, prefix, size);
    memcpy(input + size, subject->id.bytes, sizeof(subject->id.bytes));
    enum fam_code code = fam_store_hmac(store, FAM_HMAC_LOOKUP, input, size + sizeof(subject->id.bytes), hmac, status);
    if (code == FAM_OK) {
        (void)sodium_bin2hex(ret_text, FAM_LEDGER_HMAC_SIZE, hmac, sizeof(hmac));
    }
    return code;
}

enum fam_code fam_ledger_erase(const struct fam_ledger *ledger, const struct fam_uuid *receipt_id,
                               const struct fam_erase_subject *subjects, size_t count, struct fam_status *status)
{
    fam_auto(fam_buf_done) struct fam_buf text = {.data = NULL};
    char now[TIME_SIZE], receipt[FAM_UUID_TEXT_SIZE];
    format_now(now);
    fam_uuid_format(receipt_id, receipt);
    for (size_t i = 0; i < count; i++) {
        char hmac[FAM_LEDGER_HMAC_SIZE];
        enum fam_code code = fam_ledger_hmac(ledger->store, &subjects[i], hmac, status);
        if (code != FAM_OK) {
            return code;
        }
        fam_buf_addf(&text, "fam1 erase %s %s %s %s\n", now, receipt, subjects[i].is_family ? "family" : "user", hmac);
    }
    return append(ledger, &text, status);
}

enum fam_code fam_ledger_void(const struct fam_ledger *ledger, const struct fam_uuid *receipt_id,
                              struct fam_status *status)
{
    fam_auto(fam_buf_done) struct fam_buf text = {.data = NULL};
    char now[TIME_SIZE], receipt[FAM_UUID_TEXT_SIZE];
    format_now(now);
    fam_uuid_format(receipt_id, receipt);
    fam_buf_addf(&text, "fam1 void %s %s\n", now, receipt);
    return append(ledger, &text, status);
}
