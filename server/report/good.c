/* good.c: the good moment that a report tells of. Its words are kept with the check-in alone, so that no report of the
 * archive has them longer; see report.h. */
#include <protobuf-c/protobuf-c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "report/report.h"
#include "report/words.h"
#include "store/checkin_store.h"
#include "store/column.h"
#include "store/report_store.h"

enum { ARENA_BYTES = 16 * 1024 };

/* The words, cut at a space where they are long. NULL: memory is short. */
static const char *quote(struct fam_words *words, const char *text)
{
    size_t size = strlen(text), cut = fam_utf8_offset(text, FAM_REPORT_QUOTE_CHARS);
    while (cut < size && cut > 0 && text[cut] != ' ' && text[cut - 1] != ' ') {
        cut--;
    }
    cut = cut == 0 ? fam_utf8_offset(text, FAM_REPORT_QUOTE_CHARS) : cut;
    char *made = fam_arena_alloc(words->arena, cut + sizeof(" …"));
    if (made == NULL) {
        return NULL;
    }
    memcpy(made, text, cut);
    made[cut] = '\0';
    fam_text_trim(made);
    for (char *at = made; *at != '\0'; at++) {
        *at = *at == '\n' || *at == '\r' || *at == '\t' ? ' ' : *at;
    }
    if (cut < size) {
        (void)snprintf(made + strlen(made), sizeof(" …"), "…");
    }
    return made;
}

/* In front of the others. The report owns the sentence from then on. */
static bool put_first(Fam__V1__Report *report, char *sentence)
{
    char **list = realloc(report->positive, (report->n_positive + 1) * sizeof(*list));
    if (list == NULL) {
        return false;
    }
    memmove(list + 1, list, report->n_positive * sizeof(*list));
    list[0] = sentence;
    report->positive = list;
    report->n_positive++;
    return true;
}

enum fam_code fam_report_add_good(Fam__V1__Report *report, const char *good, struct fam_status *status)
{
    if (good[0] == '\0') {
        return FAM_OK;
    }
    struct fam_arena *arena = malloc(sizeof(*arena));
    if (arena == NULL) {
        return fam_fail_memory(status);
    }
    fam_arena_init(arena, ARENA_BYTES);
    struct fam_words words = {.language = report->language, .arena = arena};
    const struct fam_word_value values[] = {{"words", quote(&words, good)}};
    const char *said = values[0].value != NULL ? fam_words_say(&words, "positive.good", values, 1) : NULL;
    char *sentence = said != NULL && !words.failed ? strdup(said) : NULL;
    fam_arena_done(arena);
    free(arena);
    if (sentence != NULL && !put_first(report, sentence)) {
        fam_text_wipe(&sentence);
    }
    return sentence != NULL ? FAM_OK : fam_fail_memory(status);
}

static const char *good_of(const struct fam_checkin *checkin)
{
    for (size_t i = 0; i < checkin->said_count; i++) {
        if (strcmp(checkin->said[i].question_id, "good") == 0) {
            return checkin->said[i].text;
        }
    }
    return "";
}

/* Takes the name of the check-in out, and puts its words in, if there are any. */
static enum fam_code fill(struct fam_store *store, const struct fam_uuid *user_id, Fam__V1__Report *report,
                          struct fam_status *status)
{
    fam_auto(fam_checkin_done) struct fam_checkin checkin = {0};
    struct fam_uuid checkin_id;
    if (!fam_uuid_parse(report->good_checkin_id, &checkin_id)) {
        return FAM_OK;
    }
    free(report->good_checkin_id);
    report->good_checkin_id = (char *)(uintptr_t)protobuf_c_empty_string;
    enum fam_code code = fam_checkin_get(store, user_id, &checkin_id, &checkin, status);
    if (code == FAM_OK) {
        code = fam_report_add_good(report, good_of(&checkin), status);
    }
    return code == FAM_NOT_FOUND ? FAM_OK : code;
}

enum fam_code fam_report_show(struct fam_store *store, const struct fam_uuid *user_id, const struct fam_uuid *report_id,
                              Fam__V1__Report **ret_report, struct fam_status *status)
{
    Fam__V1__Report *report = NULL;
    *ret_report = NULL;
    enum fam_code code = fam_report_get(store, user_id, report_id, &report, status);
    if (code == FAM_OK) {
        code = fill(store, user_id, report, status);
        if (code == FAM_OK) {
            *ret_report = report;
        } else {
            fam__v1__report__free_unpacked(report, NULL);
        }
    }
    return code;
}
