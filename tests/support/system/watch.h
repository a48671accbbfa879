/* watch.h: Debian's Prometheus and Alertmanager on our files, watching a system of the test; what they say arrives at
 * an alert_sim.
 *
 * deploy/prometheus.yml gets the ports of the test and scrapes each 500 ms; rules and Alertmanager's configuration are
 * written by alerts/render and hastened by alerts/tests/hasten. Both programs listen on free ports and write below one
 * temporary folder. Whatever does not come up, or does not come in its time, fails the test. */
#ifndef FAM_TESTS_WATCH_H
#define FAM_TESTS_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/alert_sim.h"
#include "system.h"

struct watch {
    char dir[64];
    uint16_t prometheus_port, alertmanager_port;
    char url[64]; /* of Prometheus */
    struct proc prometheus, alertmanager;
    struct alert_sim *sim;
};

/* False when Prometheus or Alertmanager is not installed. */
bool watch_is_there(void);
/* The system and its bot must run. */
void watch_start(struct watch *watch, const struct system *system);
/* Also checks that no receiver got a body that its service would refuse. */
void watch_stop(struct watch *watch);
/* The value of the expression's first series; NaN when there is none. Letters that a URL can't hold are encoded. */
double watch_ask(const struct watch *watch, const char *expression);
/* The label alertname of each series that the expression has, separated by blanks. */
void watch_names(const struct watch *watch, const char *expression, char *ret_names, size_t size);
/* Until the expression has a series, or (`there` false) none; false when that did not come within `timeout_ms`. */
bool watch_wait(const struct watch *watch, const char *expression, bool there, int timeout_ms);
/* Until the alert has reached the receiver after `after`. */
void watch_expect(struct watch *watch, size_t after, enum alert_receiver receiver, const char *name, bool resolved);

#endif
