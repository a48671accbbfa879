/* translate_job.h: one phrase: who asks and about whom, safety, limit, reading, storage, and what is shown.
 *
 * What is never given up: a phrase with a safety hit is answered with help, whether the author's limit is reached, the
 * database is away, or Claude says that nothing is wrong. A hit waits for nobody. */
#ifndef FAM_SERVICES_TRANSLATE_JOB_H
#define FAM_SERVICES_TRANSLATE_JOB_H

#include "services/reply.h"
#include "services/services_private.h"
#include "store/correction_store.h"
#include "translate/reader.h"
#include "translate/translate.h"

/* An entry that its author says something new about: other words, or what it was. Borrowed by the job. */
struct fam_again {
    struct fam_entry before;                     /* as it was; the author's own */
    const Fam__V1__ReviseEntryRequest *revision; /* NULL: it is a correction */
    const Fam__V1__CorrectEntryRequest *correction;
};

struct fam_job {
    struct fam_services_context *context;
    struct fam_call *call;
    const Fam__V1__TranslateRequest *request;
    struct fam_mutation mutation;
    const struct fam_uuid *author; /* NULL: an operator or a service tries a phrase */
    struct fam_user user;
    struct fam_family family;
    const struct fam_child *child; /* of family; NULL: of no particular child */
    struct fam_reading_input input;
    const struct fam_again *again;  /* NULL: a new entry */
    struct fam_corrections learned; /* of this child, by this author */
    bool age_unknown;
    bool limited; /* one of the author's limit was taken */
    struct fam_safety_hit hit;
    struct fam_uuid entry_id; /* that a new entry will have */
    struct fam_entry entry;
    bool described;               /* entry's texts are the request's */
    bool replayed;                /* the key was used: entry_id names what was written then */
    struct fam_reader_wait *wait; /* NULL: Claude is not asked */
    bool asked;                   /* and has the question */
    bool slow;                    /* and did not answer in time */
    uint64_t started_us;
};

/* A zeroed job. Everything is borrowed: the request, and the mutation's texts, until fam_job_done. */
void fam_job_init(struct fam_job *job, struct fam_services_context *context, struct fam_call *call,
                  const Fam__V1__TranslateRequest *request, const struct fam_mutation *mutation);
/* The same for an entry that is there: the request is made from it. `again` is borrowed too. */
void fam_job_init_again(struct fam_job *job, struct fam_services_context *context, struct fam_call *call,
                        const Fam__V1__TranslateRequest *request, const struct fam_mutation *mutation,
                        const struct fam_again *again);
/* From a zeroed job on. After the call was answered, for a cancel hook may still use the job's wait before. */
void fam_job_done(struct fam_job *job);

/* What the interceptor's look-up found for the key, as in fam_call_replay. */
void fam_job_replay(struct fam_job *job, const void *ids, size_t size);
/* Everything up to the question whether Claude is asked. *ret_ask: fam_job_ask comes next, else fam_job_finish. On a
 * worker thread, like the next two; a failure is the job's answer. */
enum fam_code fam_job_prepare(struct fam_job *job, bool *ret_ask, struct fam_status *status) FAM_MUST_CHECK;
/* Makes job->wait, which may be cancelled from then on. False: the built-in engine answers; fam_job_finish. */
bool fam_job_open(struct fam_job *job, void (*ready)(void *context), void *context) FAM_MUST_CHECK;
/* True: `ready` follows, and the job may be gone. False: fam_job_finish. */
bool fam_job_ask(struct fam_job *job) FAM_MUST_CHECK;
/* Reads, stores, and shows. What is shown lives as long as job and reply. */
enum fam_code fam_job_finish(struct fam_job *job, struct fam_reply *reply, Fam__V1__Entry **ret_shown,
                             struct fam_status *status) FAM_MUST_CHECK;
/* A failure that is an answer: counted, and the limit given back. */
void fam_job_failed(struct fam_job *job, enum fam_code code);

#endif
