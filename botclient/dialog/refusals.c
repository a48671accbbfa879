/* What the server does not allow, in words; and the few things that all conversations about people begin with. */
#include <stdio.h>
#include <string.h>

#include "dialog/people.h"
#include "dialog/zones.h"

enum { MINUTE_MS = 60000, HOURS_FROM_MINUTES = 90, DAY_MS = 86400000 };

/* The first row that fits; "" fits every reason. */
static const struct {
    enum fam_code code;
    const char *reason;
    const char *key;
} refusals[] = {
    {FAM_PERMISSION_DENIED, "READS_ONLY", FAM_KEY("refused.reads_only")},
    {FAM_FAILED_PRECONDITION, "CONSENT_REQUIRED", FAM_KEY("refused.consent")},
    {FAM_FAILED_PRECONDITION, "LAST_PARENT", FAM_KEY("family.last_parent")},
    {FAM_FAILED_PRECONDITION, "INVITES_MAX", FAM_KEY("invite.full")},
    {FAM_FAILED_PRECONDITION, "HAS_FAMILY", FAM_KEY("invite.has_family")},
    {FAM_FAILED_PRECONDITION, "CHILDREN_MAX", FAM_KEY("children.full")},
    {FAM_PERMISSION_DENIED, "", FAM_KEY("refused.gone")},
    {FAM_FAILED_PRECONDITION, "", FAM_KEY("refused.gone")},
    {FAM_NOT_FOUND, "", FAM_KEY("refused.gone")},
};

enum fam_code fam_people_show(struct fam_turn *turn, const char *text, const struct fam_keyboard *keyboard)
{
    fam_auto(fam_html_done) struct fam_html html = {0};
    fam_html_init(&html);
    fam_html_add(&html, text);
    return fam_turn_show(turn, &html, keyboard);
}

/* The clock of the family, "18:40"; false without a family, or beyond a day. */
static bool reset_clock(struct fam_turn *turn, uint32_t wait_ms, char ret_clock[FAM_MOMENT_SIZE])
{
    fam_auto(fam_backend_reply_done) struct fam_backend_reply reply = {0};
    Fam__V1__Family *family = NULL;
    struct fam_status before = *turn->status;
    bool known = false;
    if (!turn->user->family_id[0] || wait_ms >= DAY_MS) {
        return false;
    }
    if (fam_children_family(turn, &reply, &family) == FAM_OK && family) {
        /* The minute that has begun is over by then. */
        int64_t at_ms = turn->dialog->options.wall_ms() + wait_ms + MINUTE_MS;
        known = fam_zone_clock(family->time_zone, at_ms, ret_clock);
    }
    *turn->status = before;
    return known;
}

enum fam_code fam_people_say_limit(struct fam_turn *turn, uint32_t wait_ms)
{
    char number[32], wait[FAM_MOMENT_SIZE], clock[FAM_MOMENT_SIZE], text[512];
    uint32_t minutes = wait_ms / MINUTE_MS + 1;
    bool in_hours = minutes > HOURS_FROM_MINUTES;
    uint32_t count = in_hours ? (minutes + 59) / 60 : minutes;
    if (reset_clock(turn, wait_ms, clock)) {
        const struct fam_arg at[] = {{"clock", clock}};
        fam_locale_format(wait, sizeof(wait), T(turn->locale, "limit.clock"), at, 1);
    } else {
        snprintf(number, sizeof(number), "%u", count);
        const struct fam_arg numbers[] = {{"n", number}};
        fam_locale_format(wait, sizeof(wait),
                          in_hours ? fam_locale_plural(turn->locale, "limit.hours", count)
                                   : fam_locale_plural(turn->locale, "limit.minutes", count),
                          numbers, 1);
    }
    const struct fam_arg args[] = {{"wait", wait}};
    fam_locale_format(text, sizeof(text), T(turn->locale, "limit.reached"), args, 1);
    return fam_turn_say(turn, text);
}

enum fam_code fam_people_refused(struct fam_turn *turn, enum fam_code code)
{
    if (code == FAM_RESOURCE_EXHAUSTED && strncmp(turn->status->reason, "LIMIT_", 6) == 0) {
        return fam_people_say_limit(turn, turn->status->retry_after_ms);
    }
    for (size_t i = 0; i < FAM_ARRAY_SIZE(refusals); i++) {
        if (refusals[i].code == code &&
            (!refusals[i].reason[0] || strcmp(refusals[i].reason, turn->status->reason) == 0)) {
            fam_state_leave(&turn->state);
            return fam_people_show(turn, fam_locale_text(turn->locale, refusals[i].key), NULL);
        }
    }
    return code;
}

bool fam_people_can_ask(struct fam_turn *turn, enum fam_code *ret_code)
{
    *ret_code = FAM_OK;
    if (turn->has_session) {
        return true;
    }
    *ret_code = fam_people_show(turn, T(turn->locale, "error.later"), NULL);
    return false;
}

enum fam_code fam_people_family(struct fam_turn *turn, struct fam_backend_reply *ret_reply,
                                Fam__V1__Family **ret_family)
{
    enum fam_code code = fam_children_family(turn, ret_reply, ret_family);
    if (code != FAM_OK || *ret_family) {
        return code;
    }
    fam_state_leave(&turn->state);
    turn->keep_pressed = true;
    if (fam_turn_consent(turn, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_PROCESSING) == 1) {
        return fam_onboarding_next(turn);
    }
    code = fam_turn_say(turn, T(turn->locale, "family.consent_first"));
    return code == FAM_OK ? fam_onboarding_start(turn) : code;
}

const Fam__V1__Parent *fam_people_self(const struct fam_turn *turn, const Fam__V1__Family *family)
{
    for (size_t i = 0; i < family->n_parents; i++) {
        if (strcmp(family->parents[i]->user_id, turn->user_id) == 0) {
            return family->parents[i];
        }
    }
    return NULL;
}

bool fam_people_may_change(const struct fam_turn *turn, const Fam__V1__Family *family)
{
    const Fam__V1__Parent *self = fam_people_self(turn, family);
    return self && self->role == FAM__V1__PARENT_ROLE__PARENT_ROLE_PARENT;
}
