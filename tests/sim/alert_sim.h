/* alert_sim.h: where Alertmanager's notifications arrive in tests.
 *
 * One HTTP server stands for all receivers: PagerDuty's Events API v2 (POST /v2/enqueue), Telegram's Bot API
 * (POST /bot<token>/sendMessage) and webhooks (POST /info, POST /watchdog). Each body is checked as the service would,
 * and further: a resolve must name a dedup_key that was triggered, Telegram's text must be HTML that Telegram takes.
 * What is good is kept as a notice; what is bad is answered with 400, counted, and the reason kept.
 *
 * A thread of its own serves on 127.0.0.1. All functions may be called from any thread. */
#ifndef FAM_SIM_ALERT_SIM_H
#define FAM_SIM_ALERT_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ALERT_SIM_KEY "0123456789abcdef0123456789abcdef"
#define ALERT_SIM_TOKEN "654321:ALERTS"
#define ALERT_SIM_CHAT "-1001234567890"

enum { ALERT_SIM_KEPT = 4096, ALERT_SIM_PROBLEM_SIZE = 200, ALERT_SIM_NAME_SIZE = 64 };

enum alert_receiver {
    ALERT_SIM_PAGERDUTY,
    ALERT_SIM_TELEGRAM,      /* with a sound */
    ALERT_SIM_TELEGRAM_MUTE, /* disable_notification */
    ALERT_SIM_INFO,
    ALERT_SIM_WATCHDOG,
    ALERT_SIM_RECEIVERS
};

/* One alert of one notification. */
struct alert_notice {
    enum alert_receiver receiver;
    char name[ALERT_SIM_NAME_SIZE]; /* alertname */
    bool resolved;
};

struct alert_sim;

/* NULL when it can't listen. */
struct alert_sim *alert_sim_start(void);
/* Stops and frees. Takes NULL. */
void alert_sim_stop(struct alert_sim *sim);
uint16_t alert_sim_port(const struct alert_sim *sim);

/* Notices so far: a number to count from. */
size_t alert_sim_now(struct alert_sim *sim);
/* Whether such a notice came after the first `after`. */
bool alert_sim_came(struct alert_sim *sim, size_t after, const struct alert_notice *wanted);
/* Until one came; false when the time was over. */
bool alert_sim_wait(struct alert_sim *sim, size_t after, const struct alert_notice *wanted, int timeout_ms);
/* The names of all that fired after `after` but the Watchdog, each once, separated by blanks. */
void alert_sim_fired(struct alert_sim *sim, size_t after, char *ret_names, size_t size);
/* Bodies that the service would refuse, and why the last one was; "" when none was. */
size_t alert_sim_refused(struct alert_sim *sim);
void alert_sim_problem(struct alert_sim *sim, char ret_problem[ALERT_SIM_PROBLEM_SIZE]);
/* The last notice's whole body of this receiver; malloc'ed; NULL when there is none. */
char *alert_sim_last(struct alert_sim *sim, enum alert_receiver receiver);

#endif
