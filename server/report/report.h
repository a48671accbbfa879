/* report.h: from facts to a report: numbers, trends, sentences, and at most three steps.
 *
 * Nothing is claimed below the minimum counts that stand here and, with their reasons, in docs/reports.md. The same
 * facts always give the same report. Thread-safe; no state. */
#ifndef FAM_REPORT_REPORT_H
#define FAM_REPORT_REPORT_H

#include <stdbool.h>

#include "base/compiler.h"
#include "base/status.h"
#include "fam/v1/checkin.pb-c.h"
#include "report/facts.h"
#include "rpc/arena.h"

enum {
    FAM_REPORT_MOODS_MIN = 3,     /* check-ins for the mean of a period */
    FAM_REPORT_TREND_MOODS = 4,   /* check-ins in each of two periods, … */
    FAM_REPORT_TREND_DAYS = 3,    /* … on so many days, … */
    FAM_REPORT_TREND_TENTHS = 10, /* … that differ by so much: a whole point */
    FAM_REPORT_CHILD_TREND = 4,   /* a child's entries in each of two periods */
    FAM_REPORT_ENTRIES_MIN = 3,   /* entries before any emotion is called a main one */
    FAM_REPORT_EMOTION_MIN = 2,   /* of one emotion */
    FAM_REPORT_OFTEN = 3,         /* times of one thing, and half of all, before it needs attention */
    FAM_REPORT_RATED_MIN = 3,     /* ratings of one kind of answer for one child */
    FAM_REPORT_SLOT_MOODS = 4,    /* check-ins at one time of the day, and at the others */
    FAM_REPORT_SLOT_TENTHS = 20,  /* between them */
    FAM_REPORT_BEST_DAYS = 3,     /* days with a mood before one is the best */
    FAM_REPORT_HARD_MOOD = 4,     /* a day up to this is hard */
    FAM_REPORT_HARD_MEAN = 5,     /* a period up to this was not easy */
    FAM_REPORT_GOOD_MOOD = 7,     /* a day from this on is good */
    FAM_REPORT_SENTENCES = 3,
    FAM_REPORT_EMOTIONS = 5,
    FAM_REPORT_CHILD_EMOTIONS = 3,
    FAM_REPORT_CHILD_WORKED = 2,
    FAM_REPORT_QUOTE_CHARS = 120
};

/* *ret_report lives as long as the arena, and borrows from the facts; its id and time of making are not set. No words
 * of a check-in are in it: good_checkin_id names the one whose good moment it tells of. */
enum fam_code fam_report_of(const struct fam_facts *facts, struct fam_arena *arena, Fam__V1__Report **ret_report,
                            struct fam_status *status) FAM_MUST_CHECK;

/* Is it a feeling that one is glad of? */
bool fam_emotion_is_good(Fam__V1__Emotion emotion);

/* Makes a report for its reader and keeps it in the archive: once for a period and its end, where it takes the place of
 * the one before. Free with fam__v1__report__free_unpacked(report, NULL). NOT_FOUND: no such user. Consent is the
 * caller's to look at. */
enum fam_code fam_report_make(struct fam_store *store, const struct fam_report_order *order,
                              Fam__V1__Report **ret_report, struct fam_status *status) FAM_MUST_CHECK;
/* One of the archive as its reader sees it now, with the good moment while its check-in is there. Freed likewise.
 * NOT_FOUND. */
enum fam_code fam_report_show(struct fam_store *store, const struct fam_uuid *user_id, const struct fam_uuid *report_id,
                              Fam__V1__Report **ret_report, struct fam_status *status) FAM_MUST_CHECK;
/* Puts a good moment into the first place of `positive`, FAM_REPORT_QUOTE_CHARS of it at most; "" is none. The report's
 * memory is malloc()'s, as that of an unpacked one. */
enum fam_code fam_report_add_good(Fam__V1__Report *report, const char *good, struct fam_status *status) FAM_MUST_CHECK;
/* A week's report of the archive in short, as its notification names it: a packed WeekSummary; free() it. */
enum fam_code fam_report_week_pack(const Fam__V1__Report *report, void **ret_body, size_t *ret_size,
                                   struct fam_status *status) FAM_MUST_CHECK;

#endif
