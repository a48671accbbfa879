/* fake_server.h: a server of lib/rpc on a free port, with an OpsService, a TranslationService, a CheckinService and
 * more that say what a test wants to hear. It knows the tokens "admin" and "metrics". */
#ifndef FAM_TESTS_FAKE_CTL_SERVER_H
#define FAM_TESTS_FAKE_CTL_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fam/v1/checkin.pb-c.h"
#include "fam/v1/ops.pb-c.h"
#include "fam/v1/translation.pb-c.h"

/* The id of the one token, and of all else that has one. */
#define FAKE_TOKEN_ID "01935f6e-7c1a-7000-8000-00000000002a"

#define FAKE_SESSION_ID "q1Vb0m3Cw2WcYx5K7d0fZg"
/* A queue with one task, whose id is FAKE_TOKEN_ID. */
struct fake_queue_scene {
    /* What the next answers say. */
    int64_t matches;                          /* that a change finds; it changes 10,000 a call */
    int64_t running;                          /* one less at each look */
    bool is_idle, knows_nothing, lacks_redis; /* no worker is alive; the one that is runs no type; Redis is away */
    Fam__V1__TaskState task_state;            /* of the one that a list shows; unspecified: dead */
    bool lists_nothing;
    int64_t paused_until_ms; /* a pause that is in force and is kept, unless it is replaced; 0: none */
    /* What the last calls said. */
    Fam__V1__TaskState state;
    Fam__V1__Priority priority;
    char type[32], reason[32], page[64];
    size_t ids;
    int64_t older_than_ms, for_ms;
    int64_t retried, deleted;
    bool replaced;
    int changes, pauses, resumes, looks; /* calls that changed something; looks at the numbers */
    bool had_a_key;
};

/* A family with one user and one child, whose ids are FAKE_TOKEN_ID. */
struct fake_people_scene {
    bool export_breaks; /* in the middle of the next files */
    int rating;         /* of the one feedback */
    /* What the last calls said. */
    char reason[64], family[64], told[128];
    int counted, erased, broadcasts;
};

/* Two check-ins, on a page each, and one report. */
struct fake_checkin_scene {
    /* What the next answers say. */
    Fam__V1__NotSent not_sent;
    bool without_picture;
    /* What the last calls said. */
    char reason[64], report[40];
    Fam__V1__CheckinSlot slot;
    Fam__V1__ReportPeriod period;
    bool had_a_key, dry_run, picture;
    int sent; /* calls that sent something */
};

/* The test's; not while a call runs. */
struct fake_scene {
    struct fake_checkin_scene checkin;
    struct fake_queue_scene queue;
    struct fake_people_scene people;
    char setting[64]; /* FAM_SERVERS=tcp://…, for a client's environment */
    /* What the next answers say. */
    Fam__V1__HealthStatus health;
    bool resends_nothing; /* the one notification was delivered */
    /* What the last calls said. */
    char phrase[64];
    Fam__V1__AgeBand band;
    bool acted_for_a_user, had_a_key;
    int revoked, cleared, reset, drained;
    char log_level[8]; /* as it was set last */
    int scrapes;       /* of the metrics so far */
    int sessions_ended;
    int resent;
};

struct fake_server;

/* Sets *scene afresh and borrows it. Fails the test when the server can't start. */
struct fake_server *fake_server_start(struct fake_scene *scene);
void fake_server_stop(struct fake_server *fake);

#endif
