/* signals.c: see signals.h. */
#include "base/signals.h"

#include <pthread.h>
#include <stdbool.h>

void fam_signals_block(sigset_t *ret_signals)
{
    (void)signal(SIGPIPE, SIG_IGN);
    (void)sigemptyset(ret_signals);
    (void)sigaddset(ret_signals, SIGTERM);
    (void)sigaddset(ret_signals, SIGINT);
    (void)sigaddset(ret_signals, SIGUSR1);
    (void)pthread_sigmask(SIG_BLOCK, ret_signals, NULL);
}

void fam_signals_wait_end(const sigset_t *signals, struct fam_log *log)
{
    bool verbose = false;
    enum fam_log_level before = FAM_LOG_INFO;
    for (;;) {
        int number = 0;
        if (sigwait(signals, &number) != 0) {
            continue; /* it was interrupted */
        }
        if (number != SIGUSR1) {
            break;
        }
        verbose = !verbose;
        enum fam_log_level wanted = verbose ? FAM_LOG_DEBUG : before;
        before = fam_log_set_level(log, wanted);
        FAM_LOG(log, FAM_LOG_WARN, "log", "the level was changed by a signal",
                FAM_STR("to", fam_log_level_name(wanted)));
    }
    (void)signal(SIGTERM, SIG_DFL);
    (void)signal(SIGINT, SIG_DFL);
    (void)pthread_sigmask(SIG_UNBLOCK, signals, NULL);
}
