/* play.h: one conversation while it is played; for stage.c. One thread each. */
#ifndef FAM_TESTS_PLAY_H
#define FAM_TESTS_PLAY_H

#include <stdbool.h>
#include <stdio.h>

#include "seen.h"
#include "stage.h"
#include "telegram_client.h"

enum { PLAY_PEOPLE = 5, PLAY_LABELS_MAX = 2000 };

/* The labels of the buttons that a person has seen, the oldest first: as written in the file, and as they are. */
struct play_labels {
    char *labels[PLAY_LABELS_MAX];
    size_t count;
};

struct play {
    struct stage *stage;
    struct script *script;
    struct script_step *step;
    size_t number;
    struct tg_sim sim;
    struct seen_rules rules;
    bool has_others; /* more people than A act in it */
    char who;
    const char *deed;
    FILE *out;         /* what is seen of this deed */
    int64_t update_id; /* of this deed; 0: none */
    bool refused;      /* by the simulator */
    bool only_last;    /* of what is seen of this deed */
    uint64_t seen[PLAY_PEOPLE];
    int64_t last_message[PLAY_PEOPLE];  /* of the person */
    int64_t shown_message[PLAY_PEOPLE]; /* of the bot */
    char code[128];                     /* of the newest invitation */
    struct fam_uuid users[PLAY_PEOPLE];
    bool knows[PLAY_PEOPLE]; /* users[] */
    struct play_labels written[PLAY_PEOPLE], found[PLAY_PEOPLE];
    struct tg_shown shown;
    char *error;
    size_t error_size;
};

/* Frees it. */
void play_done(struct play *play);
/* The deed with its places filled: {born 7}, {long 1001}, {code}, {user A}, {family A}, {entry A}. To be freed. */
char *play_fill(struct play *play, const char *deed);
/* Takes the buttons of a step into account. */
void play_remember(struct play *play, const char *expected, const char *seen);
/* The label that stands now where `label` stood when the file was written; the step's deed is changed to it. */
bool play_renew_label(struct play *play, char *label, size_t size);
/* What the database holds of the person, and how many questions to Claude hold a phrase: as a line. */
bool play_stored(struct play *play);
/* What was to come to the person at a later time is due now; false in *ret_comes: nothing was, which is written down.
 */
bool play_later(struct play *play, bool *ret_comes);
bool play_sent(struct play *play, const char *phrase);
/* famctl with these words, as the operator of the test's admin token; its output as lines. */
bool play_operator(struct play *play, const char *words);
/* The time of all check-ins that the person has not finished, or could still change, is over. */
bool play_over(struct play *play);
/* "checkin evening", "reminder evening", "report": what the schedule has for the person is due now. False: it has
 * nothing of that kind. */
bool play_due(struct play *play, const char *what);
/* "(a day passes)", "(5 days pass)": check-ins, entries and reports of the person lie so much further back. False: it
 * is none of these, or the database does not answer. */
bool play_days(struct play *play, const char *deed);
/* Retention has taken the person's reports. False: there was none. */
bool play_forget_reports(struct play *play);
/* What one person's deed tells another (kind "notice") has come, so that it is seen with that deed and not now and then
 * with the next one. False: it does not come. */
bool play_await_notices(struct play *play);
bool play_forget_sessions(struct system *system);
/* Redis runs again, and the server has seen it. */
bool play_start_redis(struct system *system);

#endif
