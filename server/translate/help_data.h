/* help_data.h: the data files of the help, read and checked: help lines, steps. Internal to help.c.
 *
 * The heads of data/help_lines.tsv and data/help_steps_ru.tsv describe the columns. Everything is checked when it is
 * read, also that what a phone shows first can't grow too long, so that making help can't fail for its data. */
#ifndef FAM_TRANSLATE_HELP_DATA_H
#define FAM_TRANSLATE_HELP_DATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"
#include "fam/v1/types.pb-c.h"

enum {
    FAM_HELP_OPENING_MAX = 60, /* characters, as all of these */
    FAM_HELP_FIRST_STEP_MAX = 140,
    FAM_HELP_NAME_MAX = 50,
    FAM_HELP_NUMBER_MAX = 24,
    FAM_HELP_EMERGENCY_MAX = 12,
    FAM_HELP_LINES_MAX = 2000,
    FAM_HELP_FILE_MAX_BYTES = 1 << 20,
    FAM_HELP_KINDS = 11, /* of the proto, with unspecified */
    FAM_HELP_ADULT = 7,  /* bit of the writers themselves in ages, behind the bands of the proto */
    FAM_HELP_LANGUAGES = 2,
};

enum fam_help_language { FAM_HELP_RU, FAM_HELP_EN };

struct fam_help_row {
    const char *country; /* "RU", "EU", "*" */
    uint32_t kinds;      /* bit for each kind */
    uint32_t ages;       /* bit for each band; bit 0: age unknown; FAM_HELP_ADULT */
    bool emergency;
    unsigned rank;
    const char *number, *url, *source, *verified_on, *topics;
    const char *name[FAM_HELP_LANGUAGES], *hours[FAM_HELP_LANGUAGES];
};

struct fam_help_lines {
    char *text; /* the file, cut into columns; the rows point into it */
    struct fam_help_row *rows;
    size_t count;
};

/* `size` bytes of UTF-8. INTERNAL names the faulty line. */
enum fam_code fam_help_lines_read(const char *file, const char *text, size_t size, struct fam_help_lines *ret_lines,
                                  struct fam_status *status) FAM_MUST_CHECK;
void fam_help_lines_done(struct fam_help_lines *lines);

struct fam_help_step {
    Fam__V1__SafetyKind kind;
    uint32_t ages;
    bool own; /* for writers, of themselves */
    const char *text;
};

struct fam_help_steps {
    char *text;
    const char *opening, *privacy_note, *own_privacy_note;
    const char *first_step[FAM_HELP_KINDS];     /* with {emergency} */
    const char *own_first_step[FAM_HELP_KINDS]; /* the same for writers, of themselves; NULL: first_step serves both */
    struct fam_help_step *steps;
    size_t count;
};

enum fam_code fam_help_steps_read(const char *file, const char *text, size_t size, struct fam_help_steps *ret_steps,
                                  struct fam_status *status) FAM_MUST_CHECK;
void fam_help_steps_done(struct fam_help_steps *steps);

/* Is it a member of the European Union? */
bool fam_help_in_eu(const char *country);

#define FAM_HELP_EMERGENCY "{emergency}"

#endif
