/* What a family sees of each other's entries, and what an author does with them, by RPC. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "system.h"

/* Anna wrote and has a child, Boris is the other parent, Rita reads along, Dora belongs to nobody. */
struct home {
    struct system system;
    struct person anna, boris, rita, dora;
    int keys;
};

static char *borrow(const char *text)
{
    return (char *)(uintptr_t)text;
}

static void join(struct home *home, struct person *person, const char *role)
{
    char sql[400], family[FAM_UUID_TEXT_SIZE], user[FAM_UUID_TEXT_SIZE];
    fam_uuid_format(&home->anna.family_id, family);
    fam_uuid_format(&person->user_id, user);
    snprintf(sql, sizeof(sql),
             "INSERT INTO parents (parent_id, family_id, user_id, role) VALUES (gen_random_uuid(), '%s', '%s', '%s')",
             family, user, role);
    cr_assert(pg_server_sql(home->system.pg.conninfo, sql, NULL, 0));
    person->family_id = home->anna.family_id;
}

static void start(struct home *home)
{
    memset(home, 0, sizeof(*home));
    system_start(&home->system, NULL);
    home->anna = system_family(&home->system, 1, 7);
    home->boris = system_person(&home->system, 2);
    home->rita = system_person(&home->system, 3);
    home->dora = system_person(&home->system, 4);
    system_consent(&home->system, &home->boris, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_PROCESSING, true);
    join(home, &home->boris, "parent");
    join(home, &home->rita, "reader");
}

static void stop(struct home *home)
{
    system_stop(&home->system);
}

struct answer {
    enum fam_code code;
    struct fam_status status;
    struct fam_rpc_options options;
    struct fam_rpc rpc;
    char key[32];
};

static void answer_done(struct answer *answer)
{
    fam_rpc_done(&answer->rpc);
}

static void prepare(struct home *home, const struct person *person, struct answer *answer)
{
    memset(answer, 0, sizeof(*answer));
    snprintf(answer->key, sizeof(answer->key), "h%d", home->keys++);
    answer->options = (struct fam_rpc_options){.acting_user = &person->user_id, .idempotency_key = answer->key};
    fam_rpc_init(&answer->rpc, &answer->options);
}

#define CALL(home, person, answer, method, request)                                                                    \
    do {                                                                                                               \
        prepare(home, person, answer);                                                                                 \
        (answer)->code = FAM_RPC((home)->system.client, fam__v1__translation_service, method, &(answer)->rpc, request, \
                                 &(answer)->status);                                                                   \
    } while (0)

static void say(struct home *home, const struct person *person, const char *phrase, char ret_id[40])
{
    char key[32];
    struct fam_rpc rpc;
    struct fam_status status = {.message = ""};
    snprintf(key, sizeof(key), "say%d", home->keys++);
    cr_assert_eq(system_translate(&home->system, person, phrase, key, &rpc, &status), FAM_OK, "%s", status.message);
    snprintf(ret_id, 40, "%s", system_entry(&rpc)->entry_id);
    cr_assert_eq(strlen(ret_id), 36);
    fam_rpc_done(&rpc);
    nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL); /* ids of one millisecond have no order among them */
}

static enum fam_code share(struct home *home, const struct person *person, const char *id, bool shared, bool confirmed,
                           struct fam_status *ret_status)
{
    fam_auto(answer_done) struct answer answer;
    Fam__V1__ShareEntryRequest request = FAM__V1__SHARE_ENTRY_REQUEST__INIT;
    request.entry_id = borrow(id);
    request.shared = shared;
    request.confirmed = confirmed;
    CALL(home, person, &answer, share_entry, &request);
    if (ret_status != NULL) {
        *ret_status = answer.status;
    }
    if (answer.code == FAM_OK) {
        const Fam__V1__ShareEntryResponse *response =
            (const Fam__V1__ShareEntryResponse *)fam_rpc_response(&answer.rpc);
        cr_assert_eq((bool)response->entry->shared, shared);
    }
    return answer.code;
}

static enum fam_code get(struct home *home, const struct person *person, const char *id, struct answer *answer)
{
    Fam__V1__GetEntryRequest request = FAM__V1__GET_ENTRY_REQUEST__INIT;
    request.entry_id = borrow(id);
    CALL(home, person, answer, get_entry, &request);
    return answer->code;
}

static const Fam__V1__Entry *got(const struct answer *answer)
{
    return ((const Fam__V1__GetEntryResponse *)fam_rpc_response(&answer->rpc))->entry;
}

static enum fam_code see(struct home *home, const struct person *person, const char *id)
{
    fam_auto(answer_done) struct answer answer;
    return get(home, person, id, &answer);
}

/* Ids of a list, as many as there are pages. */
static size_t list(struct home *home, const struct person *person, Fam__V1__ListEntriesRequest *request,
                   char ret_ids[][40], size_t max)
{
    char token[64] = "";
    size_t count = 0;
    for (int page = 0; page < 50; page++) {
        fam_auto(answer_done) struct answer answer;
        request->page_token = token;
        CALL(home, person, &answer, list_entries, request);
        cr_assert_eq(answer.code, FAM_OK, "%s", answer.status.message);
        const Fam__V1__ListEntriesResponse *response =
            (const Fam__V1__ListEntriesResponse *)fam_rpc_response(&answer.rpc);
        for (size_t i = 0; i < response->n_entries && count < max; i++) {
            snprintf(ret_ids[count++], 40, "%s", response->entries[i]->entry_id);
        }
        if (response->next_page_token[0] == '\0') {
            return count;
        }
        snprintf(token, sizeof(token), "%s", response->next_page_token);
    }
    cr_assert_fail("a list without an end");
    return 0;
}

static size_t family_list(struct home *home, const struct person *person, char ret_ids[][40], size_t max)
{
    Fam__V1__ListEntriesRequest request = FAM__V1__LIST_ENTRIES_REQUEST__INIT;
    request.scope = FAM__V1__ENTRY_SCOPE__ENTRY_SCOPE_FAMILY;
    request.page_size = 2;
    return list(home, person, &request, ret_ids, max);
}

Test(e2e_history, an_entry_is_its_authors_alone_until_it_is_shared, .timeout = 180)
{
    struct home home;
    start(&home);
    char id[40], ids[20][40];
    say(&home, &home.anna, "Ненавижу школу!", id);
    cr_assert_eq(see(&home, &home.anna, id), FAM_OK);
    cr_assert_eq(see(&home, &home.boris, id), FAM_PERMISSION_DENIED);
    cr_assert_eq(see(&home, &home.rita, id), FAM_PERMISSION_DENIED);
    cr_assert_eq(family_list(&home, &home.boris, ids, 20), 0);

    cr_assert_eq(share(&home, &home.boris, id, true, true, NULL), FAM_PERMISSION_DENIED, "only its author shares it");
    cr_assert_eq(share(&home, &home.anna, id, true, false, NULL), FAM_OK);
    cr_assert_eq(see(&home, &home.boris, id), FAM_OK);
    cr_assert_eq(see(&home, &home.rita, id), FAM_OK);
    cr_assert_eq(see(&home, &home.dora, id), FAM_PERMISSION_DENIED);
    cr_assert_eq(family_list(&home, &home.boris, ids, 20), 1);
    cr_assert_eq(family_list(&home, &home.rita, ids, 20), 1);
    cr_assert_eq(family_list(&home, &home.dora, ids, 20), 0);

    cr_assert_eq(share(&home, &home.anna, id, false, false, NULL), FAM_OK);
    cr_assert_eq(see(&home, &home.boris, id), FAM_PERMISSION_DENIED);
    cr_assert_eq(family_list(&home, &home.boris, ids, 20), 0);
    cr_assert_eq(system_count(&home.system, "SELECT count(*) FROM keys.entry_keys WHERE wrapped_family IS NOT NULL"),
                 0);
    stop(&home);
}

Test(e2e_history, of_anothers_entry_nobody_sees_rating_correction_and_delivery_and_nobody_changes_it, .timeout = 180)
{
    struct home home;
    start(&home);
    char id[40];
    fam_auto(answer_done) struct answer seen;
    say(&home, &home.anna, "Ненавижу школу!", id);
    {
        fam_auto(answer_done) struct answer rated, corrected, foreign;
        Fam__V1__RateEntryRequest rate = FAM__V1__RATE_ENTRY_REQUEST__INIT;
        rate.entry_id = id;
        rate.helped = FAM__V1__HELPED__HELPED_NO;
        rate.comment = borrow("стало хуже");
        CALL(&home, &home.anna, &rated, rate_entry, &rate);
        cr_assert_eq(rated.code, FAM_OK, "%s", rated.status.message);
        Fam__V1__CorrectEntryRequest correct = FAM__V1__CORRECT_ENTRY_REQUEST__INIT;
        correct.entry_id = id;
        correct.emotion = FAM__V1__EMOTION__EMOTION_SHAME;
        correct.note = borrow("его дразнили");
        CALL(&home, &home.anna, &corrected, correct_entry, &correct);
        cr_assert_eq(corrected.code, FAM_OK, "%s", corrected.status.message);
        cr_assert_eq(share(&home, &home.anna, id, true, false, NULL), FAM_OK);
        CALL(&home, &home.boris, &foreign, rate_entry, &rate);
        cr_assert_eq(foreign.code, FAM_PERMISSION_DENIED);
    }
    cr_assert_eq(get(&home, &home.boris, id, &seen), FAM_OK, "%s", seen.status.message);
    const Fam__V1__Entry *entry = got(&seen);
    cr_assert_str_eq(entry->phrase, "Ненавижу школу!");
    cr_assert_not(entry->own);
    cr_assert(entry->shared);
    cr_assert(entry->rating == NULL && entry->correction == NULL && entry->delivery == NULL);
    fam_auto(answer_done) struct answer mine;
    cr_assert_eq(get(&home, &home.anna, id, &mine), FAM_OK);
    cr_assert(got(&mine)->own && got(&mine)->rating != NULL && got(&mine)->correction != NULL);
    cr_assert_str_eq(got(&mine)->correction->note, "его дразнили");
    stop(&home);
}

Test(e2e_history, what_may_hurt_is_asked_about_twice, .timeout = 180)
{
    struct home home;
    start(&home);
    char accuses[40], danger[40];
    struct fam_status status;
    say(&home, &home.anna, "Папа злой, не хочу к нему", accuses);
    say(&home, &home.anna, "Я не хочу жить", danger);
    cr_assert_eq(share(&home, &home.anna, accuses, true, false, &status), FAM_FAILED_PRECONDITION);
    cr_assert_str_eq(status.reason, "CONFIRM_SHARE");
    cr_assert_not_null(strstr(status.message, "member of the family"));
    cr_assert_eq(share(&home, &home.anna, danger, true, false, &status), FAM_FAILED_PRECONDITION);
    cr_assert_str_eq(status.reason, "CONFIRM_SHARE");
    cr_assert_not_null(strstr(status.message, "danger"));
    cr_assert_eq(see(&home, &home.boris, accuses), FAM_PERMISSION_DENIED);
    cr_assert_eq(share(&home, &home.anna, danger, true, true, NULL), FAM_OK);
    cr_assert_eq(see(&home, &home.boris, danger), FAM_OK);
    cr_assert_eq(share(&home, &home.anna, danger, false, false, NULL), FAM_OK, "hiding asks nothing");
    stop(&home);
}

Test(e2e_history, the_switch_shares_new_entries_but_none_with_a_danger_or_a_grown_up_in_it, .timeout = 180)
{
    struct home home;
    start(&home);
    char before[40], plain[40], danger[40], accuses[40];
    say(&home, &home.anna, "Скучно", before);
    cr_assert(pg_server_sql(home.system.pg.conninfo, "UPDATE users SET share_entries = true", NULL, 0));
    say(&home, &home.anna, "Ненавижу школу!", plain);
    say(&home, &home.anna, "Я не хочу жить", danger);
    say(&home, &home.anna, "папа меня бьёт", accuses);
    cr_assert_eq(see(&home, &home.boris, before), FAM_PERMISSION_DENIED, "the switch is about new entries");
    cr_assert_eq(see(&home, &home.boris, plain), FAM_OK);
    cr_assert_eq(see(&home, &home.boris, danger), FAM_PERMISSION_DENIED);
    cr_assert_eq(see(&home, &home.boris, accuses), FAM_PERMISSION_DENIED);
    stop(&home);
}

Test(e2e_history, who_leaves_takes_what_was_shared_along, .timeout = 180)
{
    struct home home;
    start(&home);
    char id[40], user[FAM_UUID_TEXT_SIZE], sql[200];
    say(&home, &home.boris, "Ненавижу школу!", id);
    cr_assert_eq(share(&home, &home.boris, id, true, false, NULL), FAM_OK);
    cr_assert_eq(see(&home, &home.anna, id), FAM_OK);
    fam_uuid_format(&home.boris.user_id, user);
    snprintf(sql, sizeof(sql), "DELETE FROM parents WHERE user_id = '%s'", user);
    cr_assert(pg_server_sql(home.system.pg.conninfo, sql, NULL, 0));
    cr_assert_eq(see(&home, &home.anna, id), FAM_PERMISSION_DENIED);
    cr_assert_eq(see(&home, &home.boris, id), FAM_OK, "it stays its author's");
    stop(&home);
}

Test(e2e_history, lists_are_filtered_and_pages_stay_where_they_are_while_entries_come, .timeout = 180)
{
    struct home home;
    start(&home);
    char a[5][40], b[40], ids[20][40];
    for (int i = 0; i < 5; i++) {
        say(&home, &home.anna, i % 2 == 0 ? "Ненавижу тебя!" : "Мне очень грустно", a[i]);
    }
    say(&home, &home.boris, "Мне очень грустно", b);
    cr_assert_eq(share(&home, &home.boris, b, true, false, NULL), FAM_OK);
    cr_assert_eq(family_list(&home, &home.anna, ids, 20), 6);
    cr_assert_str_eq(ids[0], b);
    cr_assert_str_eq(ids[1], a[4]);
    cr_assert_eq(family_list(&home, &home.boris, ids, 20), 1);

    Fam__V1__ListEntriesRequest sad = FAM__V1__LIST_ENTRIES_REQUEST__INIT;
    sad.scope = FAM__V1__ENTRY_SCOPE__ENTRY_SCOPE_FAMILY;
    sad.emotion = FAM__V1__EMOTION__EMOTION_SADNESS;
    sad.page_size = 1;
    cr_assert_eq(list(&home, &home.anna, &sad, ids, 20), 3);
    sad.scope = FAM__V1__ENTRY_SCOPE__ENTRY_SCOPE_OWN;
    cr_assert_eq(list(&home, &home.anna, &sad, ids, 20), 2);

    fam_auto(answer_done) struct answer third, page;
    cr_assert_eq(get(&home, &home.anna, a[2], &third), FAM_OK);
    Fam__V1__ListEntriesRequest later = FAM__V1__LIST_ENTRIES_REQUEST__INIT;
    later.from_ms = got(&third)->created_at_ms;
    cr_assert_eq(list(&home, &home.anna, &later, ids, 20), 3);
    Fam__V1__ListEntriesRequest earlier = FAM__V1__LIST_ENTRIES_REQUEST__INIT;
    earlier.until_ms = got(&third)->created_at_ms;
    cr_assert_eq(list(&home, &home.anna, &earlier, ids, 20), 2);

    Fam__V1__ListEntriesRequest first = FAM__V1__LIST_ENTRIES_REQUEST__INIT;
    first.page_size = 2;
    CALL(&home, &home.anna, &page, list_entries, &first);
    char token[64], newest[40];
    snprintf(token, sizeof(token), "%s",
             ((const Fam__V1__ListEntriesResponse *)fam_rpc_response(&page.rpc))->next_page_token);
    say(&home, &home.anna, "Ещё одна", newest);
    fam_auto(answer_done) struct answer next;
    first.page_token = token;
    CALL(&home, &home.anna, &next, list_entries, &first);
    const Fam__V1__ListEntriesResponse *second = (const Fam__V1__ListEntriesResponse *)fam_rpc_response(&next.rpc);
    cr_assert_eq(second->n_entries, 2);
    cr_assert_str_eq(second->entries[0]->entry_id, a[2]);
    cr_assert_str_eq(second->entries[1]->entry_id, a[1]);
    stop(&home);
}

static size_t search(struct home *home, const struct person *person, const char *query, char ret_first[40])
{
    fam_auto(answer_done) struct answer answer;
    Fam__V1__SearchEntriesRequest request = FAM__V1__SEARCH_ENTRIES_REQUEST__INIT;
    request.query = borrow(query);
    request.scope = FAM__V1__ENTRY_SCOPE__ENTRY_SCOPE_FAMILY;
    CALL(home, person, &answer, search_entries, &request);
    cr_assert_eq(answer.code, FAM_OK, "%s", answer.status.message);
    const Fam__V1__SearchEntriesResponse *response =
        (const Fam__V1__SearchEntriesResponse *)fam_rpc_response(&answer.rpc);
    snprintf(ret_first, 40, "%s", response->n_entries > 0 ? response->entries[0]->entry_id : "");
    return response->n_entries;
}

Test(e2e_history, a_search_finds_words_in_every_form_and_only_in_what_may_be_seen, .timeout = 180)
{
    struct home home;
    start(&home);
    char mine[40], theirs[40], first[40];
    say(&home, &home.anna, "Не пойду в бассейн!", mine);
    say(&home, &home.boris, "Опять про бассейны", theirs);
    cr_assert_eq(search(&home, &home.anna, "бассейна", first), 1);
    cr_assert_str_eq(first, mine);
    cr_assert_eq(search(&home, &home.boris, "бассейна", first), 1);
    cr_assert_str_eq(first, theirs);
    cr_assert_eq(share(&home, &home.anna, mine, true, false, NULL), FAM_OK);
    cr_assert_eq(search(&home, &home.boris, "бассейном", first), 2);
    cr_assert_eq(search(&home, &home.rita, "бассейном", first), 1);
    cr_assert_eq(search(&home, &home.dora, "бассейном", first), 0);
    stop(&home);
}

Test(e2e_history, a_deleted_entry_is_gone_with_its_key_and_deleting_it_again_is_no_error, .timeout = 180)
{
    struct home home;
    start(&home);
    char id[40], other[40];
    say(&home, &home.anna, "Ненавижу школу!", id);
    say(&home, &home.anna, "Скучно", other);
    cr_assert_eq(share(&home, &home.anna, id, true, false, NULL), FAM_OK);
    Fam__V1__DeleteEntryRequest request = FAM__V1__DELETE_ENTRY_REQUEST__INIT;
    request.entry_id = id;
    fam_auto(answer_done) struct answer foreign, first, again;
    CALL(&home, &home.boris, &foreign, delete_entry, &request);
    cr_assert_eq(foreign.code, FAM_OK, "as for one that is gone");
    cr_assert_eq(see(&home, &home.anna, id), FAM_OK, "but nothing happens to it");
    CALL(&home, &home.anna, &first, delete_entry, &request);
    cr_assert_eq(first.code, FAM_OK, "%s", first.status.message);
    CALL(&home, &home.anna, &again, delete_entry, &request);
    cr_assert_eq(again.code, FAM_OK, "%s", again.status.message);
    cr_assert_eq(see(&home, &home.anna, id), FAM_PERMISSION_DENIED);
    cr_assert_eq(see(&home, &home.boris, id), FAM_PERMISSION_DENIED);
    cr_assert_eq(see(&home, &home.anna, other), FAM_OK);
    cr_assert_eq(system_count(&home.system, "SELECT (SELECT count(*) FROM keys.entry_keys) + "
                                            "(SELECT count(*) FROM emotion_entries) + (SELECT count(*) FROM readings)"),
                 3);
    stop(&home);
}

Test(e2e_history, a_correction_gives_a_new_reading_and_shapes_the_next_ones_of_this_child_and_author, .timeout = 180)
{
    struct home home;
    start(&home);
    char id[40], next[40], theirs[40];
    fam_auto(answer_done) struct answer corrected, before, after, other, empty;
    say(&home, &home.anna, "Ненавижу тебя!", id);
    cr_assert_eq(get(&home, &home.anna, id, &before), FAM_OK);
    Fam__V1__Emotion was = got(&before)->reading->primary->emotion;
    cr_assert_neq(was, FAM__V1__EMOTION__EMOTION_JEALOUSY);
    Fam__V1__CorrectEntryRequest request = FAM__V1__CORRECT_ENTRY_REQUEST__INIT;
    request.entry_id = id;
    CALL(&home, &home.anna, &empty, correct_entry, &request);
    cr_assert_eq(empty.code, FAM_INVALID_ARGUMENT, "neither emotion nor note");
    request.emotion = FAM__V1__EMOTION__EMOTION_JEALOUSY;
    CALL(&home, &home.anna, &corrected, correct_entry, &request);
    cr_assert_eq(corrected.code, FAM_OK, "%s", corrected.status.message);
    const Fam__V1__Entry *entry = ((const Fam__V1__CorrectEntryResponse *)fam_rpc_response(&corrected.rpc))->entry;
    cr_assert_eq(entry->reading->version, 2);
    cr_assert_eq(entry->reading->primary->emotion, FAM__V1__EMOTION__EMOTION_JEALOUSY);
    cr_assert_eq(entry->correction->emotion, FAM__V1__EMOTION__EMOTION_JEALOUSY);

    say(&home, &home.anna, "Ненавижу тебя!", next);
    cr_assert_eq(get(&home, &home.anna, next, &after), FAM_OK);
    cr_assert_eq(got(&after)->reading->primary->emotion, FAM__V1__EMOTION__EMOTION_JEALOUSY);
    say(&home, &home.boris, "Ненавижу тебя!", theirs);
    cr_assert_eq(get(&home, &home.boris, theirs, &other), FAM_OK);
    cr_assert_eq(got(&other)->reading->primary->emotion, was, "the other parent's readings are as they were");
    stop(&home);
}

Test(e2e_history, other_words_are_read_anew_and_a_danger_in_them_hides_the_entry_and_stays, .timeout = 180)
{
    struct home home;
    start(&home);
    char id[40];
    say(&home, &home.anna, "Ненавижу школу!", id);
    cr_assert_eq(share(&home, &home.anna, id, true, false, NULL), FAM_OK);
    Fam__V1__ReviseEntryRequest request = FAM__V1__REVISE_ENTRY_REQUEST__INIT;
    request.entry_id = id;
    request.phrase = borrow("Мне очень грустно в школе");
    fam_auto(answer_done) struct answer plain, danger, calm, foreign;
    CALL(&home, &home.anna, &plain, revise_entry, &request);
    cr_assert_eq(plain.code, FAM_OK, "%s", plain.status.message);
    const Fam__V1__Entry *entry = ((const Fam__V1__ReviseEntryResponse *)fam_rpc_response(&plain.rpc))->entry;
    cr_assert_str_eq(entry->phrase, "Мне очень грустно в школе");
    cr_assert_eq(entry->reading->version, 2);
    cr_assert_eq(entry->reading->primary->emotion, FAM__V1__EMOTION__EMOTION_SADNESS);
    cr_assert(entry->shared);
    cr_assert_gt(entry->revised_at_ms, 0);

    CALL(&home, &home.boris, &foreign, revise_entry, &request);
    cr_assert_eq(foreign.code, FAM_PERMISSION_DENIED);
    request.phrase = borrow("Я не хочу жить");
    CALL(&home, &home.anna, &danger, revise_entry, &request);
    cr_assert_eq(danger.code, FAM_OK);
    entry = ((const Fam__V1__ReviseEntryResponse *)fam_rpc_response(&danger.rpc))->entry;
    cr_assert_not_null(entry->safety);
    cr_assert_not(entry->shared);
    cr_assert_eq(see(&home, &home.boris, id), FAM_PERMISSION_DENIED);

    request.phrase = borrow("Всё хорошо");
    CALL(&home, &home.anna, &calm, revise_entry, &request);
    cr_assert_eq(calm.code, FAM_OK);
    entry = ((const Fam__V1__ReviseEntryResponse *)fam_rpc_response(&calm.rpc))->entry;
    cr_assert_not_null(entry->safety, "what was found stays");
    cr_assert_eq(entry->reading->version, 4);
    stop(&home);
}
