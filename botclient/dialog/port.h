/* port.h: what conversations need of the world: the RPC server and the messenger, as tables of functions.
 *
 * botclient/backend.c and botclient/sender.c fill them; tests bring their own. All functions block, with bounds of
 * their own, and are thread-safe. */
#ifndef FAM_DIALOG_PORT_H
#define FAM_DIALOG_PORT_H

#include <protobuf-c/protobuf-c.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"

/* The methods that the bot calls. */
enum fam_backend_method {
    FAM_BACKEND_REGISTER_USER,
    FAM_BACKEND_UPDATE_USER,
    FAM_BACKEND_CREATE_FAMILY,
    FAM_BACKEND_GET_FAMILY,
    FAM_BACKEND_ADD_CHILD,
    FAM_BACKEND_UPDATE_FAMILY,
    FAM_BACKEND_LEAVE_FAMILY,
    FAM_BACKEND_REMOVE_PARENT,
    FAM_BACKEND_CREATE_INVITE,
    FAM_BACKEND_LIST_INVITES,
    FAM_BACKEND_REVOKE_INVITE,
    FAM_BACKEND_PREVIEW_INVITE,
    FAM_BACKEND_JOIN_FAMILY,
    FAM_BACKEND_UPDATE_CHILD,
    FAM_BACKEND_REMOVE_CHILD,
    FAM_BACKEND_SUBMIT_FEEDBACK,
    FAM_BACKEND_SET_CONSENT,
    FAM_BACKEND_TRANSLATE,
    FAM_BACKEND_GET_ENTRY,
    FAM_BACKEND_RATE_ENTRY,
    FAM_BACKEND_LIST_ENTRIES,
    FAM_BACKEND_SEARCH_ENTRIES,
    FAM_BACKEND_CORRECT_ENTRY,
    FAM_BACKEND_REVISE_ENTRY,
    FAM_BACKEND_SHARE_ENTRY,
    FAM_BACKEND_DELETE_ENTRY,
    FAM_BACKEND_AGREE_FOLLOW_UP,
    FAM_BACKEND_PRIVACY_REPORT,
    FAM_BACKEND_EXPORT_FAMILY,
    FAM_BACKEND_DELETE_FAMILY,
    FAM_BACKEND_CREATE_SESSION,
    FAM_BACKEND_UPDATE_SESSION,
    FAM_BACKEND_RECORD_DELIVERY,
    FAM_BACKEND_SET_REACHABILITY,
    FAM_BACKEND_ACQUIRE_LEAD,
    FAM_BACKEND_LEASE,
    FAM_BACKEND_ACK,
    FAM_BACKEND_NACK,
    FAM_BACKEND_METHODS
};

/* The answer of one call; empty is {0}. Free with fam_backend_reply_done. */
struct fam_backend_reply {
    const ProtobufCMessage *message;
    void *owner;
    void (*release)(void *owner);
};

struct fam_backend_call {
    enum fam_backend_method method;
    const char *user_id;         /* acting user; "" or NULL: none */
    const char *idempotency_key; /* NULL: none */
    const char *request_id;      /* of everything that one update brings about, in the logs */
    const ProtobufCMessage *request;
    const atomic_bool *cancel; /* ends the call with CANCELLED soon after it becomes true; NULL: never */
};

struct fam_backend {
    void *context;
    /* Fills *ret_reply with FAM_OK only. UNAVAILABLE: the server, or what the method needs, is away. */
    enum fam_code (*call)(void *context, const struct fam_backend_call *call, struct fam_backend_reply *ret_reply,
                          struct fam_status *status);
    /* Is any server connected? */
    bool (*is_connected)(void *context);
};

void fam_backend_reply_done(struct fam_backend_reply *reply);

/* Of several processes of one bot one has the lead and handles updates (leader.h). */
enum fam_lead_role {
    FAM_LEAD_NONE,  /* another process leads, or it is not known who: nothing is handled */
    FAM_LEAD_HELD,  /* by this process */
    FAM_LEAD_ALONE, /* nobody can be asked who leads: emergencies are helped, nothing else is done */
};

struct fam_lead {
    void *context;
    /* At this moment, by the clock alone; *ret_fence is that of a held lead, else 0. */
    enum fam_lead_role (*role)(void *context, uint64_t *ret_fence);
    /* Is the lead of this fence still held? When its time is over, waits a few seconds for the server's word. */
    bool (*holds)(void *context, uint64_t fence);
    /* The server says that another process leads: asks anew before anything else is begun. */
    void (*doubt)(void *context);
};

/* Asked right before anything goes out to a person: is it still ours to send? */
struct fam_guard {
    void *context;
    bool (*may)(void *context);
};

enum { FAM_KEYBOARD_BUTTONS = 30, FAM_BUTTON_LABEL = 96, FAM_BUTTON_DATA = 65, FAM_BUTTONS_A_ROW = 3 };

struct fam_button {
    char label[FAM_BUTTON_LABEL];
    char data[FAM_BUTTON_DATA];
    bool starts_row;
};

struct fam_keyboard {
    struct fam_button buttons[FAM_KEYBOARD_BUTTONS];
    size_t count;
    bool ends_row; /* the next button starts a row */
};

struct fam_outgoing {
    int64_t chat_id;
    int64_t message_id;                  /* of an edit */
    int64_t reply_to;                    /* 0: none */
    const char *html;                    /* from a struct fam_html; any length: it is sent in parts when it has to be */
    const struct fam_keyboard *keyboard; /* under the last part; may be NULL */
    bool protect;                        /* can't be forwarded or saved */
    const struct fam_guard *guard;       /* NULL: none */
};

/* A file. `data` is borrowed. */
struct fam_document {
    int64_t chat_id;
    const char *file_name;    /* letters, digits, '.', '_', '-'; others become '_' */
    const char *content_type; /* "text/html" */
    const void *data;
    size_t size;                   /* 1 to FAM_DOCUMENT_BYTES */
    const struct fam_guard *guard; /* NULL: none */
};

enum { FAM_DOCUMENT_BYTES = 6 * 1024 * 1024, FAM_REMOVE_MESSAGES = 100 };

/* Errors of the messenger, by reason: "BLOCKED" (PERMISSION_DENIED: nothing reaches this person any more),
 * "NO_MESSAGE" (NOT_FOUND: what was to be edited or deleted is gone), "REJECTED" (INVALID_ARGUMENT), "FLOOD"
 * (RESOURCE_EXHAUSTED with retry_after_ms), "TELEGRAM" (UNAVAILABLE), "UNCLEAR" (UNAVAILABLE: it was sent, and nobody
 * knows whether it arrived; from notifiers alone), "STOPPING" (CANCELLED), "LEAD_LOST" (ABORTED: the guard refused). */
struct fam_messenger {
    void *context;
    /* *ret_message_id is that of the last part. */
    enum fam_code (*send)(void *context, const struct fam_outgoing *message, int64_t *ret_message_id,
                          struct fam_status *status);
    /* An edit that changes nothing is FAM_OK. What does not fit into one message is cut. */
    enum fam_code (*edit)(void *context, const struct fam_outgoing *message, struct fam_status *status);
    enum fam_code (*remove)(void *context, int64_t chat_id, int64_t message_id, struct fam_status *status);
    /* Up to FAM_REMOVE_MESSAGES at once; those that are gone already are passed over. */
    enum fam_code (*remove_all)(void *context, int64_t chat_id, const int64_t *message_ids, size_t count,
                                struct fam_status *status);
    enum fam_code (*send_document)(void *context, const struct fam_document *document, int64_t *ret_message_id,
                                   struct fam_status *status);
    /* Ends the clock on a button, with a short text or ""; an alert has to be closed by hand. Best effort. */
    void (*answer_callback)(void *context, const char *callback_id, const char *text, bool alert);
    /* "… is typing"; best effort, at once. */
    void (*typing)(void *context, int64_t chat_id);
    /* "… is sending a file"; the same. */
    void (*uploading)(void *context, int64_t chat_id);
};

#endif
