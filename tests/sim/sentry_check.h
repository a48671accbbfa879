/* sentry_check.h: is a request what Sentry takes? Used by sentry_sim.c only. No state, thread-safe. */
#ifndef FAM_SIM_SENTRY_CHECK_H
#define FAM_SIM_SENTRY_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "sim/http_sim.h"

struct sentry_checked {
    const char *event; /* within the request's body */
    size_t event_size;
    char id[40];
    int status;        /* of the refusal: 400, 401, 404 */
    char problem[160]; /* plain ASCII; what Sentry would say */
};

/* False: *ret_checked has status and problem. */
bool sentry_check(const struct http_sim_request *request, const char *path, const char *key,
                  struct sentry_checked *ret_checked);

#endif
