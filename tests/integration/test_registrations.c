/* New people are counted once, under what brought them. */
#include <criterion/criterion.h>

#include "fam/v1/family.pb-c.h"
#include "metrics/metrics.h"
#include "support/notify_node.h"

static struct store_fixture f;
static struct notify_node node;

static void start(void)
{
    store_fixture_start(&f);
    node_start(&node, f.pg.conninfo, 0);
}

static void stop(void)
{
    node_stop(&node);
    store_fixture_stop(&f);
}

TestSuite(registrations, .init = start, .fini = stop, .timeout = 120);

#define TELEGRAM FAM__V1__REGISTRATION_SOURCE__REGISTRATION_SOURCE_TELEGRAM
#define INVITE FAM__V1__REGISTRATION_SOURCE__REGISTRATION_SOURCE_INVITE
#define API FAM__V1__REGISTRATION_SOURCE__REGISTRATION_SOURCE_API
#define UNSAID FAM__V1__REGISTRATION_SOURCE__REGISTRATION_SOURCE_UNSPECIFIED

/* Was this person new? */
static bool comes(int64_t telegram_id, Fam__V1__RegistrationSource source)
{
    Fam__V1__RegisterUserRequest request = FAM__V1__REGISTER_USER_REQUEST__INIT;
    struct fam_status status = {0};
    struct fam_rpc rpc;
    request.telegram_id = telegram_id;
    request.source = source;
    fam_rpc_init(&rpc, NULL);
    cr_assert_eq(FAM_RPC(node.bot, fam__v1__family_service, register_user, &rpc, &request, &status), FAM_OK, "%s",
                 status.message);
    bool created = ((const Fam__V1__RegisterUserResponse *)fam_rpc_response(&rpc))->created;
    fam_rpc_done(&rpc);
    return created;
}

static void expect_counted(double telegram, double invite, double api)
{
    cr_expect_eq(fam_metrics_value(node.metrics, FAM_M_USER_REGISTRATIONS, FAM_LABELS("telegram")), telegram);
    cr_expect_eq(fam_metrics_value(node.metrics, FAM_M_USER_REGISTRATIONS, FAM_LABELS("invite")), invite);
    cr_expect_eq(fam_metrics_value(node.metrics, FAM_M_USER_REGISTRATIONS, FAM_LABELS("api")), api);
    cr_expect_eq(fam_metrics_value(node.metrics, FAM_M_USER_REGISTRATIONS, FAM_LABELS("other")), 0);
}

Test(registrations, each_counts_under_what_brought_the_person)
{
    expect_counted(0, 0, 0);
    cr_assert(comes(1, TELEGRAM));
    expect_counted(1, 0, 0);
    cr_assert(comes(2, INVITE));
    cr_assert(comes(3, INVITE));
    expect_counted(1, 2, 0);
    cr_assert(comes(4, API));
    expect_counted(1, 2, 1);
}

Test(registrations, without_a_word_of_it_somebody_comes_from_telegram)
{
    cr_assert(comes(1, UNSAID));
    expect_counted(1, 0, 0);
}

Test(registrations, who_comes_again_by_whatever_way_is_not_counted_again)
{
    cr_assert(comes(1, TELEGRAM));
    cr_assert_not(comes(1, TELEGRAM));
    cr_assert_not(comes(1, INVITE));
    cr_assert_not(comes(1, API));
    expect_counted(1, 0, 0);
}
