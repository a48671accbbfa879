/* left.h: what a change left alone of those that were named, and why. */
#ifndef FAM_CTL_LEFT_H
#define FAM_CTL_LEFT_H

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>
#include <stdint.h>

#include "ctl.h"

enum { FAM_LEFT_MAX = 100, FAM_LEFT_STATES = 8 };

/* Of the command's arguments, in their order: the state that each was in before, 0: it is not there. */
struct fam_left {
    int states[FAM_LEFT_MAX];
};
/* Keeps the state of what is called `id`. */
void fam_left_note(struct fam_left *left, const struct fam_ctl *ctl, const char *id, int state);

/* What to say of each state; NULL: one that is changed. */
struct fam_left_words {
    const ProtobufCEnumDescriptor *states;
    const char *why[FAM_LEFT_STATES]; /* [0]: there is none */
    int already;                      /* the state that a change leads to: it is told, and no failure; 0: none */
    const char *rest;                 /* of those that could have been changed and were not */
};
/* A table "left" of those that were not changed when `done` is less than were named; the exit code is then 1, unless
 * they had been what the change makes of them already. */
void fam_left_show(struct fam_ctl *ctl, const struct fam_left *left, const struct fam_left_words *words, int64_t done);

#endif
