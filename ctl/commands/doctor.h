/* doctor.h: what the two halves of doctor share: the checks of this machine, and those of the servers. One run, one
 * thread. */
#ifndef FAM_CTL_COMMANDS_DOCTOR_H
#define FAM_CTL_COMMANDS_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "ctl.h"

enum fam_finding { FAM_FINDING_OK, FAM_FINDING_WARN, FAM_FINDING_FAIL };
enum { FAM_DOCTOR_SERVERS = 16 };

struct fam_doctor {
    struct fam_ctl *ctl;
    size_t counts[3]; /* by finding */
    int exit_code;    /* of the first failure that has one of its own; 0: none */
    char *urls;       /* what the urls below point into */
    struct {
        const char *url;
        char version[32]; /* "" while it does not answer */
    } servers[FAM_DOCTOR_SERVERS];
    size_t server_count;
};

/* One line of the answer; `fix` is shown unless all is well. */
void fam_doctor_add(struct fam_doctor *doctor, enum fam_finding finding, const char *check, const char *fix,
                    const char *format, ...) FAM_PRINTF(5, 6);
/* Asks each server whether it is there, and one that is for everything else. Needs ctl->config. */
void fam_doctor_ask_servers(struct fam_doctor *doctor);
void fam_doctor_done(struct fam_doctor *doctor);

#endif
