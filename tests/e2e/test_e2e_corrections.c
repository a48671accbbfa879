/* "Not like that", with Claude: what the author said goes along with the questions about this child, and with nobody
 * else's. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "claude_world.h"
#include "fam/v1/ops.pb-c.h"

static char *borrow(const char *text)
{
    return (char *)(uintptr_t)text;
}

static void ask(struct claude_world *world, const struct person *person, const char *phrase, const char *key,
                char ret_id[40])
{
    struct fam_rpc rpc;
    struct fam_status status = {.message = ""};
    cr_assert_eq(system_translate(&world->system, person, phrase, key, &rpc, &status), FAM_OK, "%s", status.message);
    cr_assert_eq(system_entry(&rpc)->reading->engine, FAM__V1__ENGINE__ENGINE_CLAUDE);
    snprintf(ret_id, 40, "%s", system_entry(&rpc)->entry_id);
    fam_rpc_done(&rpc);
}

static int64_t cached(struct claude_world *world)
{
    struct fam_client *admin = system_client(&world->system, world->system.admin_token);
    Fam__V1__GetCacheStatsRequest request = FAM__V1__GET_CACHE_STATS_REQUEST__INIT;
    struct fam_status status = {.message = ""};
    struct fam_rpc rpc;
    fam_rpc_init(&rpc, NULL);
    cr_assert_eq(FAM_RPC(admin, fam__v1__ops_service, get_cache_stats, &rpc, &request, &status), FAM_OK, "%s",
                 status.message);
    int64_t entries = (int64_t)((const Fam__V1__GetCacheStatsResponse *)fam_rpc_response(&rpc))->entries;
    fam_rpc_done(&rpc);
    fam_client_free(admin);
    return entries;
}

static int64_t disclosed(struct claude_world *world, const char *entry_id)
{
    char query[160];
    snprintf(query, sizeof(query), "SELECT count(*) FROM disclosures WHERE entry_id = '%s'", entry_id);
    return system_count(&world->system, query);
}

Test(e2e_corrections, what_the_author_said_goes_along_without_names_and_with_no_other_familys_question, .timeout = 180)
{
    struct claude_world world;
    claude_world_start(&world, NULL);
    system_pause_rereads(&world.system);
    struct person parent = system_family(&world.system, 4200, 7), other = system_family(&world.system, 4201, 7);
    struct fam_status status = {.message = ""};
    struct fam_rpc rpc;
    char id[40], next[40], theirs[40];
    ask(&world, &parent, "Ненавижу тебя!", "a", id);

    Fam__V1__CorrectEntryRequest request = FAM__V1__CORRECT_ENTRY_REQUEST__INIT;
    request.entry_id = id;
    request.emotion = FAM__V1__EMOTION__EMOTION_JEALOUSY;
    request.note = borrow("он ревнует к малышу, звонить Зинаиде Петровне +7 916 123-45-67");
    const struct fam_rpc_options options = {.acting_user = &parent.user_id, .idempotency_key = "c"};
    fam_rpc_init(&rpc, &options);
    cr_assert_eq(FAM_RPC(world.system.client, fam__v1__translation_service, correct_entry, &rpc, &request, &status),
                 FAM_OK, "%s", status.message);
    const Fam__V1__Entry *entry = ((const Fam__V1__CorrectEntryResponse *)fam_rpc_response(&rpc))->entry;
    cr_assert_eq(entry->reading->engine, FAM__V1__ENGINE__ENGINE_CLAUDE);
    cr_assert_eq(entry->reading->version, 2);
    fam_rpc_done(&rpc);
    cr_assert_eq(cl_found(&world.claude, "ревнует"), 1, "the note was asked with");
    cr_assert_eq(cl_found(&world.claude, "Зинаид"), 0);
    cr_assert_eq(cl_found(&world.claude, "123-45-67"), 0);

    /* The same words again: not from the cache, for now something is known of this child. */
    ask(&world, &parent, "Ненавижу тебя!", "d", next);
    cr_assert_eq(cl_found(&world.claude, "ревнует"), 2);
    int64_t asked = claude_world_asked(&world);
    ask(&world, &other, "Ненавижу тебя!", "e", theirs);
    cr_assert_eq(cl_found(&world.claude, "ревнует"), 2, "nobody else's question");
    cr_assert_eq(claude_world_asked(&world), asked, "the first answer serves others as before");

    /* What is deleted is not kept as an answer that only its author could get, either, nor as what was sent. */
    int64_t kept = cached(&world), sent = system_count(&world.system, "SELECT count(*) FROM disclosures");
    cr_assert_eq(disclosed(&world, next), 1);
    Fam__V1__DeleteEntryRequest delete = FAM__V1__DELETE_ENTRY_REQUEST__INIT;
    delete.entry_id = next;
    const struct fam_rpc_options deletion = {.acting_user = &parent.user_id, .idempotency_key = "x"};
    fam_rpc_init(&rpc, &deletion);
    cr_assert_eq(FAM_RPC(world.system.client, fam__v1__translation_service, delete_entry, &rpc, &delete, &status),
                 FAM_OK, "%s", status.message);
    fam_rpc_done(&rpc);
    cr_assert_eq(cached(&world), kept - 1);
    cr_assert_eq(disclosed(&world, next), 0, "the record of what was sent holds the words, and goes with them");
    cr_assert_eq(system_count(&world.system, "SELECT count(*) FROM disclosures"), sent - 1, "that of others stays");
    claude_world_stop(&world);
}
