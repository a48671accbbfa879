/* sim_client.h: calls the control API of a simulator and reads what it tells. For tests and for the terminal chat.
 *
 * A client belongs to one thread. */
#ifndef FAM_SIM_SIM_CLIENT_H
#define FAM_SIM_SIM_CLIENT_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sim_client;

/* `base_url`, "http://127.0.0.1:8081", without a slash at the end. NULL when memory is short. */
struct sim_client *sim_client_new(const char *base_url);
void sim_client_free(struct sim_client *client);
/* GET and POST `path` ("/control/state"); a body is said to be JSON, though any bytes will do. Return the HTTP status,
 * 0 when there was no whole answer. *ret_body is the JSON that came (NULL: none); free it with cJSON_Delete. ret_body
 * may be NULL. */
int sim_client_get(struct sim_client *client, const char *path, long timeout_ms, cJSON **ret_body);
int sim_client_post(struct sim_client *client, const char *path, const void *body, size_t size, cJSON **ret_body);
int sim_client_post_form(struct sim_client *client, const char *path, const char *form, cJSON **ret_body);
/* A file as the field `name` of a multipart form, behind the fields of `form` ("a=1"). */
int sim_client_post_file(struct sim_client *client, const char *path, const char *form, const char *name,
                         const char *file_name, const void *data, size_t size, cJSON **ret_body);
/* The same with a JSON object, which is freed. */
int sim_client_post_json(struct sim_client *client, const char *path, cJSON *body, cJSON **ret_body);

enum sim_event_kind {
    SIM_EVENT_SENT,    /* a new message */
    SIM_EVENT_TEXT,    /* its text was replaced */
    SIM_EVENT_BUTTONS, /* only its buttons or its markup changed */
    SIM_EVENT_DELETED,
    SIM_EVENT_ANSWERED, /* a pressed button was answered; text is what pops up, "" for nothing */
};

/* Something that a person sees. Pointers lead into the JSON it was read from. */
struct sim_event {
    uint64_t seq;
    enum sim_event_kind kind;
    int64_t message_id;
    bool is_protected;
    const char *text;     /* never NULL */
    const cJSON *buttons; /* rows of {text, data | url}, or NULL */
};

/* The first event after `after` in the answer of /control/messages or /control/wait. False when there is none. */
bool sim_event_next(const cJSON *news, uint64_t after, struct sim_event *ret_event);
/* The buttons as "[label] [label]"; cut to size. Returns how many there are. */
int sim_event_buttons(const cJSON *buttons, char *ret_text, size_t size);

#endif
