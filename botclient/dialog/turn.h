/* turn.h: one update while it is being handled: who it is from, in which language, where the conversation stands; and
 * the few verbs that all conversations use. Private to dialog/. A turn belongs to one thread.
 *
 * Functions return FAM_OK or pass on the error of the server or the messenger; fam_dialog_handle decides what becomes
 * of the update then. */
#ifndef FAM_DIALOG_TURN_H
#define FAM_DIALOG_TURN_H

#include "dialog/dialog.h"
#include "dialog/state.h"
#include "fam/v1/family.pb-c.h"
#include "fam/v1/session.pb-c.h"
#include "fam/v1/translation.pb-c.h"

enum { FAM_PHRASE_CHARS = 2000, FAM_DETAIL_SIZE = 400 /* one line about somebody */ };

struct fam_dialog {
    struct fam_dialog_options options;
    struct fam_groups *groups;   /* chats that heard the sentence for groups */
    struct fam_exports *exports; /* how many files are being put together */
};

struct fam_turn {
    const struct fam_dialog *dialog;
    const struct fam_update *update;
    const struct fam_locale *locale;
    char request_id[64];         /* tg-<bot>-<update>: in the logs of the bot and the server */
    struct fam_callback pressed; /* of a callback */
    struct fam_backend_reply user_reply;
    const Fam__V1__User *user; /* NULL before fam_turn_begin */
    char user_id[FAM_UUID_TEXT_SIZE];
    bool has_session;  /* false: the server can't keep one at this moment */
    bool keep_pressed; /* the message with the pressed button stays: fam_turn_show sends a new one */
    bool owes_help;    /* an answer has a help line that nobody was shown yet */
    bool is_old;       /* the session says that this update was handled */
    char session_id[64];
    uint64_t version;
    int64_t last_update_id;
    struct fam_state state;
    char *draft;    /* a phrase that was not stored; NULL: none */
    uint64_t fence; /* of the lead that the turn began under; 0: there are no leads */
    bool is_alone;  /* nobody could tell who leads */
    struct fam_guard guard;
    struct fam_messenger messenger; /* what is sent goes through it; fam_turn_guard */
    struct fam_status *status;
};

/* Registers the person, loads the session. */
enum fam_code fam_turn_begin(struct fam_turn *turn);
/* Reads the person again after something about them changed. */
enum fam_code fam_turn_begin_again(struct fam_turn *turn);
/* Stores the session with this update as handled. ABORTED: somebody else went on meanwhile. */
enum fam_code fam_turn_commit(struct fam_turn *turn);
void fam_turn_done(struct fam_turn *turn);

/* guard.c */
/* Fills `guard` and `messenger`; the turn must not move from then on. */
void fam_turn_guard(struct fam_turn *turn);
/* ABORTED with the reason LEAD_LOST when the lead of this turn is held no more. */
enum fam_code fam_turn_check_lead(struct fam_turn *turn, struct fam_status *status);

/* A call for the person. `name` becomes part of the idempotency key; NULL: a call without a key. */
enum fam_code fam_turn_call(struct fam_turn *turn, enum fam_backend_method method, const char *name,
                            const ProtobufCMessage *request, struct fam_backend_reply *ret_reply);
/* The same for a button that brings about one effect however often its message is tapped: the key is made of the
 * person and the message, as a hash, for a key outlives its person. Only for messages that are used once. */
enum fam_code fam_turn_call_once(struct fam_turn *turn, enum fam_backend_method method, const char *name,
                                 const ProtobufCMessage *request, struct fam_backend_reply *ret_reply);
/* The same for nobody: the call names no acting user. */
enum fam_code fam_turn_call_for_nobody(struct fam_turn *turn, enum fam_backend_method method, const char *name,
                                       const ProtobufCMessage *request, struct fam_backend_reply *ret_reply);
/* UpdateUser, and what follows from it for the turn. Empty and unspecified: unchanged. */
enum fam_code fam_turn_change_user(struct fam_turn *turn, const Fam__V1__UpdateUserRequest *request);
enum fam_code fam_turn_update_user(struct fam_turn *turn, Fam__V1__Language language, const char *country);
/* The person's decision: 1 given, 0 refused or withdrawn, -1 never decided. */
int fam_turn_consent(const struct fam_turn *turn, Fam__V1__ConsentPurpose purpose);
/* Does the person consent to processing? */
bool fam_turn_may_store(const struct fam_turn *turn);
/* True while consent, country or the first child are open, as far as the user row tells. */
bool fam_turn_is_new(const struct fam_turn *turn);
void fam_turn_set_draft(struct fam_turn *turn, const char *text);

/* A message to the chat. ret_message_id may be NULL. */
enum fam_code fam_turn_send(struct fam_turn *turn, const struct fam_html *html, const struct fam_keyboard *keyboard,
                            int64_t *ret_message_id);
/* In place of the message whose button was pressed, else (or when that is gone) as a message. */
enum fam_code fam_turn_show(struct fam_turn *turn, const struct fam_html *html, const struct fam_keyboard *keyboard);
/* What became of an answer with a help line: "shown", "blocked", "missed". */
void fam_turn_count_help(const struct fam_turn *turn, const char *result);
/* The text of a key, without places and buttons. */
enum fam_code fam_turn_say(struct fam_turn *turn, const char *text);

/* Buttons are added left to right, three a row at most. Label too long: cut. */
void fam_turn_button(const struct fam_turn *turn, struct fam_keyboard *keyboard, const char *label, char action,
                     uint8_t argument, const struct fam_uuid *entry);
/* The same with all that a button can carry. */
void fam_turn_button_for(const struct fam_turn *turn, struct fam_keyboard *keyboard, const char *label,
                         const struct fam_callback *callback);
void fam_keyboard_end_row(struct fam_keyboard *keyboard);

/* onboarding.c */
enum fam_code fam_onboarding_start(struct fam_turn *turn);
/* The button under an answer: asks what is still open, below the answer. */
enum fam_code fam_onboarding_go(struct fam_turn *turn);
/* Asks what is still open, or ends the onboarding. */
enum fam_code fam_onboarding_next(struct fam_turn *turn);
enum fam_code fam_onboarding_language(struct fam_turn *turn);
enum fam_code fam_onboarding_country(struct fam_turn *turn);
enum fam_code fam_onboarding_consent(struct fam_turn *turn);
enum fam_code fam_onboarding_consent_ai(struct fam_turn *turn);
/* Text while the country is asked. False in *ret_taken: it is no country. */
enum fam_code fam_onboarding_country_text(struct fam_turn *turn, bool *ret_taken);
enum fam_code fam_onboarding_ask_country(struct fam_turn *turn);

/* children.c */
enum fam_code fam_children_list(struct fam_turn *turn);
enum fam_code fam_children_add(struct fam_turn *turn);
enum fam_code fam_children_ask_name(struct fam_turn *turn);
enum fam_code fam_children_name_text(struct fam_turn *turn, bool *ret_taken);
enum fam_code fam_children_no_name(struct fam_turn *turn);
enum fam_code fam_children_ask_birth(struct fam_turn *turn);
enum fam_code fam_children_birth_text(struct fam_turn *turn, bool *ret_taken);
enum fam_code fam_children_birth(struct fam_turn *turn);
/* The family; *ret_reply is empty when there is none (still FAM_OK). */
enum fam_code fam_children_family(struct fam_turn *turn, struct fam_backend_reply *ret_reply,
                                  Fam__V1__Family **ret_family);
/* "Маша", "ребёнок без имени", "ребёнок без имени 2" when the family has several. `family` may be NULL. */
void fam_children_name(const struct fam_locale *locale, const Fam__V1__Family *family, const Fam__V1__Child *child,
                       char ret_name[FAM_DETAIL_SIZE]);
/* "Маша, 7 лет", the name as above. */
void fam_children_describe(const struct fam_locale *locale, const Fam__V1__Family *family, const Fam__V1__Child *child,
                           char *ret_text, size_t size);

/* answer.c */
enum fam_code fam_answer_phrase(struct fam_turn *turn);
/* Too short to be what a child said where a question waits for a short answer and this is none. */
bool fam_answer_is_short(const char *text);
/* The draft again, now for the child of the onboarding. */
enum fam_code fam_answer_draft(struct fam_turn *turn, const Fam__V1__Child *child);
/* The last phrase in other words renews its answer; any other message is no phrase because it was edited. */
enum fam_code fam_answer_edited(struct fam_turn *turn);
enum fam_code fam_answer_age(struct fam_turn *turn);
enum fam_code fam_answer_child(struct fam_turn *turn);

/* emergency.c */
/* Does any part of this update's text call for help? The server is asked that, and who can't ask it fails: a question
 * that waits for a text takes none before this is known. */
enum fam_code fam_emergency_check(struct fam_turn *turn, bool *ret_has);
/* The same, and if so the help is sent, by the country of the person: for words of which no entry is made. */
enum fam_code fam_emergency_answer(struct fam_turn *turn, Fam__V1__WhoseWords whose, bool *ret_answered);
/* While the server can't tell who writes: help alone, if the words are an emergency. True when it was sent. */
bool fam_emergency_meanwhile(struct fam_turn *turn);

/* offer.c */
/* The question in the state is over, and these may be words for it: it is left, and a button offers to read them. */
enum fam_code fam_offer_late(struct fam_turn *turn);
/* Beside the buttons of a question that stays open: the same button. */
enum fam_code fam_offer_open(struct fam_turn *turn);
/* A message that is not the last phrase was edited: help if it is an emergency; the words of a check-in are changed
 * while it is open; an answer to another question stays as it was; of all others a button offers to read them. */
enum fam_code fam_offer_edited(struct fam_turn *turn);
/* That button. */
enum fam_code fam_offer_read(struct fam_turn *turn);

/* details.c */
enum fam_code fam_details_why(struct fam_turn *turn);
enum fam_code fam_details_activity(struct fam_turn *turn);
enum fam_code fam_details_more(struct fam_turn *turn);
enum fam_code fam_details_rate(struct fam_turn *turn);
enum fam_code fam_details_remove(struct fam_turn *turn);
/* The answer to a later question how it went (deliver.h). */
enum fam_code fam_details_follow_up(struct fam_turn *turn);
/* Does the pressed button belong to the draft that the session keeps? */
bool fam_details_is_draft(const struct fam_turn *turn);
/* The entry behind the pressed button: from the server, or read again from the draft. FAM_OK with an empty reply: it
 * is gone, and the person was told. */
enum fam_code fam_details_entry(struct fam_turn *turn, struct fam_backend_reply *ret_reply, Fam__V1__Entry **ret_entry);

/* settings.c */
enum fam_code fam_settings_help(struct fam_turn *turn);
enum fam_code fam_settings_cancel(struct fam_turn *turn);
enum fam_code fam_settings_ask_language(struct fam_turn *turn);

/* groups.c */
struct fam_groups *fam_groups_new(void) FAM_MUST_CHECK;
void fam_groups_free(struct fam_groups *groups);
/* Anything from a group: one kind sentence, once. */
enum fam_code fam_groups_handle(struct fam_turn *turn);

#endif
