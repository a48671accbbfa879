/* crowd.h: a hundred callers who translate, each call with a phrase and a key of its own and repeated by nobody but the
 * client; and what they must leave behind. */
#ifndef FAM_TESTS_CROWD_H
#define FAM_TESTS_CROWD_H

#include <pthread.h>
#include <stdatomic.h>

#include "system.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { CROWD_PHRASES = 2 };
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
enum { CROWD_PHRASES = 2 };
#else
enum { CROWD_PHRASES = 5 };
#endif
#else
enum { CROWD_PHRASES = 5 };
#endif

enum { CROWD_CALLERS = 100, CROWD_DEADLINE_MS = 15000, CROWD_CALLS = CROWD_CALLERS * CROWD_PHRASES };

struct crowd_caller {
    struct fam_client *client;
    const struct person *person;
    int number;
    atomic_int *begun;
    int answered, failed;
    uint64_t longest_ms;
    char failure[320]; /* the last one */
};

struct crowd {
    struct crowd_caller callers[CROWD_CALLERS];
    pthread_t threads[CROWD_CALLERS];
    atomic_int begun;
};

/* Begins all of them, who share out the people. The same again makes the same calls. */
void crowd_start(struct crowd *crowd, struct fam_client *client, const struct person *people, size_t count);
/* Until they are in the middle of their work: everybody has had answers, and waits for the next. */
void crowd_wait_busy(struct crowd *crowd);
/* Until they have ended. Every call was answered with OK by its deadline, or the test fails and it says false. */
bool crowd_finish(struct crowd *crowd, const char *event);
/* Each phrase is in the database once, and its key was used once. */
void crowd_assert_written_once(struct system *system, const struct person *people, size_t count);
/* The number, below CROWD_CALLS, of the phrase that stands in `text`; CROWD_CALLS: none. */
size_t crowd_read_phrase(const char *text);

#endif
