/* facts.c: see facts.h. */
#include "report/facts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "store/column.h"
#include "store/entry_store.h"

enum { ENTRIES_FIRST = 64 };

#define DAY_MS ((int64_t)24 * 60 * 60 * 1000)

void fam_facts_done(struct fam_facts *facts)
{
    free(facts->entries);
    fam_checkin_moods_free(facts->moods, facts->mood_count);
    for (size_t i = 0; i < facts->child_count; i++) {
        fam_text_wipe(&facts->children[i].name);
    }
    memset(facts, 0, sizeof(*facts));
}

size_t fam_report_days(Fam__V1__ReportPeriod period)
{
    switch (period) {
    case FAM__V1__REPORT_PERIOD__REPORT_PERIOD_WEEK:
        return 7;
    case FAM__V1__REPORT_PERIOD__REPORT_PERIOD_MONTH:
        return 30;
    case FAM__V1__REPORT_PERIOD__REPORT_PERIOD_QUARTER:
        return FAM_REPORT_DAYS_MAX;
    default:
        return 0;
    }
}

static enum fam_code find_days(struct fam_store *store, const struct fam_report_order *order, struct fam_facts *facts,
                               struct fam_status *status)
{
    struct fam_local_day days[2 * FAM_REPORT_DAYS_MAX + 1];
    size_t count = fam_report_days(order->period);
    if (count == 0) {
        return fam_fail_field(status, "period", "period is week, month or quarter");
    }
    enum fam_code code =
        fam_local_days(store, facts->time_zone, order->at_ms, order->with_today, 2 * count, days, status);
    if (code != FAM_OK) {
        return code;
    }
    facts->day_count = count;
    memcpy(facts->before, days, count * sizeof(days[0]));
    memcpy(facts->days, days + count, count * sizeof(days[0]));
    facts->before_ms = days[0].start_ms;
    facts->from_ms = days[count].start_ms;
    facts->until_ms = days[2 * count].start_ms;
    return FAM_OK;
}

static enum fam_code take_children(const struct fam_family *family, struct fam_facts *facts, struct fam_status *status)
{
    for (size_t i = 0; i < family->child_count && i < FAM_CHILDREN_MAX; i++) {
        struct fam_fact_child *child = &facts->children[facts->child_count];
        child->child_id = family->children[i].child_id;
        child->name = strdup(family->children[i].name);
        if (child->name == NULL) {
            return fam_fail_memory(status);
        }
        facts->child_count++;
    }
    return FAM_OK;
}

static int child_of(const struct fam_facts *facts, const struct fam_entry *entry)
{
    for (size_t i = 0; entry->has_child && i < facts->child_count; i++) {
        if (fam_uuid_equal(&facts->children[i].child_id, &entry->child_id)) {
            return (int)i;
        }
    }
    return -1;
}

static Fam__V1__ResponseKind kind_of(const Fam__V1__Reading *reading, int32_t used)
{
    return used >= 1 && (size_t)used <= reading->n_responses ? reading->responses[used - 1]->kind
                                                             : FAM__V1__RESPONSE_KIND__RESPONSE_KIND_UNSPECIFIED;
}

/* Which kind of answer was used: of the reading that the chat shows, which may be older than the newest. */
static enum fam_code used_kind(struct fam_store *store, const struct fam_entry *entry, Fam__V1__ResponseKind *ret_kind,
                               struct fam_status *status)
{
    *ret_kind = kind_of(entry->reading, entry->used_response);
    if (!entry->has_delivery || entry->delivered_version == entry->reading->version || entry->used_response == 0) {
        return FAM_OK;
    }
    Fam__V1__Reading *shown = NULL;
    enum fam_code code =
        fam_entry_reading(store, &entry->user_id, &entry->entry_id, entry->delivered_version, &shown, status);
    if (code == FAM_OK) {
        *ret_kind = kind_of(shown, entry->used_response);
        fam__v1__reading__free_unpacked(shown, NULL);
    }
    return code == FAM_NOT_FOUND ? FAM_OK : code;
}

static enum fam_code take_entry(struct fam_store *store, const struct fam_user *user, const struct fam_entry *entry,
                                struct fam_facts *facts, struct fam_status *status)
{
    struct fam_fact_entry fact = {
        .at_ms = entry->created_at_ms, .child = child_of(facts, entry), .has_danger = entry->safety_count > 0};
    enum fam_code code = FAM_OK;
    /* Of a danger nothing is told, so nothing more is read of it. */
    if (fact.has_danger) {
        facts->entries[facts->entry_count++] = fact;
        return FAM_OK;
    }
    if (entry->reading->primary != NULL) {
        fact.emotion = entry->reading->primary->emotion;
        fact.intensity = entry->reading->primary->intensity;
    }
    if (fam_uuid_equal(&entry->user_id, &user->user_id)) {
        if (entry->has_correction && entry->corrected != FAM__V1__EMOTION__EMOTION_UNSPECIFIED) {
            fact.emotion = entry->corrected;
        }
        fact.is_rated = entry->has_rating;
        fact.helped = entry->helped;
        /* It is counted for a child alone, and costs a look into the database. */
        code = entry->has_rating && fact.child >= 0 ? used_kind(store, entry, &fact.used, status) : FAM_OK;
    }
    if (code == FAM_OK) {
        facts->entries[facts->entry_count++] = fact;
    }
    return code;
}

static enum fam_code make_room(struct fam_facts *facts, size_t *room, size_t count, struct fam_status *status)
{
    if (facts->entry_count + count <= *room) {
        return FAM_OK;
    }
    size_t wanted = *room * 2 > facts->entry_count + count ? *room * 2 : facts->entry_count + count;
    wanted = wanted < ENTRIES_FIRST ? ENTRIES_FIRST : wanted;
    struct fam_fact_entry *entries = realloc(facts->entries, wanted * sizeof(*entries));
    if (entries == NULL) {
        return fam_fail_memory(status);
    }
    facts->entries = entries;
    *room = wanted;
    return FAM_OK;
}

/* Newest first, page by page. */
static enum fam_code take_entries(struct fam_store *store, const struct fam_user *user, struct fam_facts *facts,
                                  struct fam_status *status)
{
    int64_t worked_ms = facts->until_ms - FAM_FACTS_WORKED_DAYS * DAY_MS;
    struct fam_uuid last;
    size_t room = 0;
    bool more = true;
    struct fam_entry_query query = {.user_id = &user->user_id,
                                    .of_family = true,
                                    .from_ms = facts->before_ms < worked_ms ? facts->before_ms : worked_ms,
                                    .until_ms = facts->until_ms,
                                    .limit = FAM_ENTRY_PAGE_MAX};
    enum fam_code code = FAM_OK;
    while (code == FAM_OK && more && facts->entry_count < FAM_FACTS_ENTRIES_MAX) {
        struct fam_entry *entries = NULL;
        size_t count = 0;
        code = fam_entry_scan(store, &query, &entries, &count, &more, status);
        if (code == FAM_OK) {
            code = make_room(facts, &room, count, status);
        }
        for (size_t i = 0; code == FAM_OK && i < count; i++) {
            code = take_entry(store, user, &entries[i], facts, status);
        }
        if (code == FAM_OK && count > 0) {
            last = entries[count - 1].entry_id;
            query.before = &last;
        }
        more = more && count > 0;
        fam_entries_free(entries, count);
    }
    return code;
}

enum fam_code fam_facts_gather(struct fam_store *store, const struct fam_report_order *order,
                               const struct fam_user *user, const struct fam_family *family,
                               struct fam_facts *ret_facts, struct fam_status *status)
{
    struct fam_facts *facts = ret_facts;
    bool has_zone = user->has_family && family->time_zone != NULL && family->time_zone[0] != '\0';
    facts->period = order->period;
    facts->language = user->language == FAM__V1__LANGUAGE__LANGUAGE_EN ? FAM__V1__LANGUAGE__LANGUAGE_EN
                                                                       : FAM__V1__LANGUAGE__LANGUAGE_RU;
    (void)snprintf(facts->time_zone, sizeof(facts->time_zone), "%s", has_zone ? family->time_zone : "UTC");
    enum fam_code code = find_days(store, order, facts, status);
    if (code == FAM_OK) {
        code = take_children(family, facts, status);
    }
    if (code == FAM_OK) {
        code = take_entries(store, user, facts, status);
    }
    if (code == FAM_OK) {
        code = fam_checkin_moods(store, order->user_id, facts->before_ms, facts->until_ms, &facts->moods,
                                 &facts->mood_count, status);
    }
    return code;
}
