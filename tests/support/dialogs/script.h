/* script.h: a conversation with the bot as a plain file: what people do, and what they see of it.
 *
 *     # A phrase and how it went
 *     : given known
 *
 *     > Ненавижу тебя!
 *     < Что происходит. …
 *     |
 *     | Что можно сказать
 *     + [Почему 1] [Почему 2]
 *
 *     > [Помогло]
 *     ~ …
 *
 * A deed begins with ">" ("B>" for a second person, up to D; "G>" in a group, "O>" for an operator's famctl); more
 * lines of the same deed begin so, too. All other lines of a block are what was seen. docs/testing.md has the whole
 * format.
 *
 * Reading and writing only; no thread shares a script. */
#ifndef FAM_TESTS_SCRIPT_H
#define FAM_TESTS_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum { SCRIPT_STEPS_MAX = 160, SCRIPT_GIVEN_MAX = 4 };

struct script_step {
    char *before;   /* comments that stand in front of it, whole lines */
    char who;       /* 'A' to 'D', 'G', 'O' */
    char *deed;     /* several lines of text are one deed */
    char *expected; /* whole lines, as they stand in the file */
};

struct script {
    char path[512];
    char name[128];                   /* of the file, without ".dialog" */
    char *head;                       /* title, comments, settings: whole lines */
    char *tail;                       /* comments at the end */
    char language[16];                /* of the people's phones */
    char given[SCRIPT_GIVEN_MAX][64]; /* conversations that these people have had before */
    size_t given_count;
    bool with_claude; /* Claude is there */
    bool with_kills;  /* it is played once more, and bot and server are killed before each deed */
    struct script_step steps[SCRIPT_STEPS_MAX];
    size_t count;
};

/* NULL when the file can't be read or is no script; ret_error then says where and why. Free with script_free. */
struct script *script_read(const char *path, const char *language, char *ret_error, size_t size);
void script_free(struct script *script);
/* Does the deed touch everybody (a restart, a lost Redis)? */
bool script_is_to_all(const char *deed);
/* Has it such a deed? Then it must run alone. */
bool script_is_alone(const struct script *script);
/* What stands before the first step; then each step, its seen lines being `seen` instead of what was expected. */
void script_write_head(const struct script *script, FILE *out);
void script_write_step(const struct script *script, size_t step, const char *seen, FILE *out);
void script_write_tail(const struct script *script, FILE *out);
/* The labels of buttons in seen lines of one person: calls `found` for each, in order; stops when it says false. */
void script_labels(const char *lines, char who, bool (*found)(void *context, const char *label), void *context);

#endif
