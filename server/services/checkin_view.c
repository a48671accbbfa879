/* checkin_view.c: see checkin_view.h. */
#include "services/checkin_view.h"

#include <stdio.h>
#include <string.h>

#include "translate/translate.h"

enum fam_code fam_checkin_person_load(struct fam_services_context *context, const struct fam_call *call,
                                      struct fam_checkin_person *ret_person, struct fam_status *status)
{
    fam_auto(fam_user_done) struct fam_user user = {.name = NULL};
    memset(ret_person, 0, sizeof(*ret_person));
    ret_person->questions = context->questions;
    ret_person->translate = context->translate;
    enum fam_code code = fam_service_load_user(context, call, &user, status);
    if (code != FAM_OK) {
        return code;
    }
    ret_person->language = user.language;
    if (user.has_family) {
        code = fam_family_of_user(context->store, fam_call_acting_user(call), &ret_person->family, status);
        code = code == FAM_NOT_FOUND ? FAM_OK : code; /* has left it at this moment */
    }
    (void)snprintf(ret_person->country, sizeof(ret_person->country), "%s",
                   user.country[0] ? user.country : ret_person->family.country);
    return code;
}

void fam_checkin_person_done(struct fam_checkin_person *person)
{
    fam_family_done(&person->family);
}

bool fam_checkin_person_way(const struct fam_checkin_person *person, const struct fam_checkin *checkin,
                            const struct fam_checkin_set **ret_set, struct fam_checkin_way *ret_way)
{
    struct fam_checkin_given given[FAM_CHECKIN_ANSWERS_MAX];
    for (size_t i = 0; i < checkin->said_count; i++) {
        given[i] = (struct fam_checkin_given){.question_id = checkin->said[i].question_id,
                                              .option_id = checkin->said[i].option_id};
    }
    *ret_set = fam_checkin_set_find(person->questions, checkin->question_set);
    if (*ret_set != NULL) {
        fam_checkin_way_find(*ret_set, given, checkin->said_count, person->family.child_count > 1, ret_way);
    }
    return *ret_set != NULL;
}

static const struct fam_checkin_said *find_said(const struct fam_checkin *checkin, const char *question_id)
{
    for (size_t i = 0; checkin != NULL && i < checkin->said_count; i++) {
        if (strcmp(checkin->said[i].question_id, question_id) == 0) {
            return &checkin->said[i];
        }
    }
    return NULL;
}

static const char *child_label(const struct fam_checkin_person *person, const char *option_id)
{
    struct fam_uuid id;
    if (strcmp(option_id, FAM_CHECKIN_NO_CHILD) == 0) {
        return fam_checkin_text(person->questions, "child.none", person->language);
    }
    for (size_t i = 0; fam_uuid_parse(option_id, &id) && i < person->family.child_count; i++) {
        if (fam_uuid_equal(&person->family.children[i].child_id, &id)) {
            return person->family.children[i].name;
        }
    }
    return fam_checkin_text(person->questions, "child.gone", person->language);
}

static const char *label_of(const struct fam_checkin_person *person, const struct fam_checkin_question *question,
                            const struct fam_checkin_said *said)
{
    if (question->kind == FAM__V1__QUESTION_KIND__QUESTION_KIND_TEXT) {
        return said->text;
    }
    if (question->kind == FAM__V1__QUESTION_KIND__QUESTION_KIND_CHILD) {
        return child_label(person, said->option_id);
    }
    const struct fam_checkin_option *option = fam_checkin_option_find(question, said->option_id);
    return option == NULL ? "" : fam_checkin_option_label(option, person->language);
}

static Fam__V1__CheckinAnswer *reply_answer(struct fam_reply *reply, const struct fam_checkin_person *person,
                                            const struct fam_checkin_question *question,
                                            const struct fam_checkin_said *said)
{
    Fam__V1__CheckinAnswer *made = fam_reply_alloc(reply, sizeof(*made));
    if (made == NULL) {
        return NULL;
    }
    fam__v1__checkin_answer__init(made);
    made->question_id = fam_reply_text(reply, said->question_id);
    made->question = fam_reply_text(reply, fam_checkin_question_text(question, person->language));
    made->option_id = fam_reply_text(reply, said->option_id);
    made->answer = fam_reply_text(reply, label_of(person, question, said));
    return made;
}

static bool is_open(const struct fam_checkin *checkin)
{
    return checkin->state == FAM__V1__CHECKIN_STATE__CHECKIN_STATE_SENT ||
           checkin->state == FAM__V1__CHECKIN_STATE__CHECKIN_STATE_STARTED;
}

Fam__V1__Checkin *fam_reply_checkin(struct fam_reply *reply, const struct fam_checkin_person *person,
                                    const struct fam_checkin *checkin)
{
    const struct fam_checkin_set *set = NULL;
    struct fam_checkin_way way = {.count = 0};
    Fam__V1__Checkin *made = fam_reply_alloc(reply, sizeof(*made));
    if (made == NULL) {
        return NULL;
    }
    fam__v1__checkin__init(made);
    made->checkin_id = fam_reply_uuid(reply, &checkin->checkin_id);
    made->slot = checkin->slot;
    made->state = checkin->state;
    made->due_at_ms = checkin->due_at_ms;
    made->finished_at_ms = checkin->finished_at_ms;
    made->expires_at_ms = is_open(checkin) ? checkin->expires_at_ms : 0;
    if (!fam_checkin_person_way(person, checkin, &set, &way)) {
        return made;
    }
    made->asked = (int32_t)way.count;
    made->answers = fam_reply_alloc(reply, FAM_CHECKIN_ANSWERS_MAX * sizeof(*made->answers));
    /* All that was said, also what children who came or went meanwhile have taken off the way. */
    for (size_t i = 0; made->answers != NULL && i < checkin->said_count; i++) {
        size_t index = fam_checkin_question_find(set, checkin->said[i].question_id);
        if (index != FAM_CHECKIN_END) {
            made->answers[made->n_answers++] = reply_answer(reply, person, &set->questions[index], &checkin->said[i]);
        }
    }
    return made;
}

static Fam__V1__QuestionOption *reply_option(struct fam_reply *reply, const char *id, const char *label)
{
    Fam__V1__QuestionOption *made = fam_reply_alloc(reply, sizeof(*made));
    if (made == NULL) {
        return NULL;
    }
    fam__v1__question_option__init(made);
    made->option_id = fam_reply_text(reply, id);
    made->label = fam_reply_text(reply, label);
    return made;
}

static void reply_children(struct fam_reply *reply, const struct fam_checkin_person *person, Fam__V1__Question *made)
{
    made->options = fam_reply_alloc(reply, (person->family.child_count + 1) * sizeof(*made->options));
    for (size_t i = 0; made->options != NULL && i < person->family.child_count; i++) {
        char id[FAM_UUID_TEXT_SIZE];
        fam_uuid_format(&person->family.children[i].child_id, id);
        made->options[made->n_options++] = reply_option(reply, id, person->family.children[i].name);
    }
    if (made->options != NULL) {
        made->options[made->n_options++] =
            reply_option(reply, FAM_CHECKIN_NO_CHILD, child_label(person, FAM_CHECKIN_NO_CHILD));
    }
}

Fam__V1__Question *fam_reply_question(struct fam_reply *reply, const struct fam_checkin_person *person,
                                      const struct fam_checkin_question *question, const struct fam_checkin *checkin)
{
    const struct fam_checkin_said *said = find_said(checkin, question->id);
    Fam__V1__Question *made = fam_reply_alloc(reply, sizeof(*made));
    if (made == NULL) {
        return NULL;
    }
    fam__v1__question__init(made);
    made->question_id = fam_reply_text(reply, question->id);
    made->kind = question->kind;
    made->text = fam_reply_text(reply, fam_checkin_question_text(question, person->language));
    made->may_skip = question->may_skip;
    if (question->kind == FAM__V1__QUESTION_KIND__QUESTION_KIND_CHILD) {
        reply_children(reply, person, made);
    } else {
        made->options = fam_reply_alloc(reply, FAM_CHECKIN_OPTIONS_MAX * sizeof(*made->options));
    }
    for (size_t i = 0; made->options != NULL && i < question->option_count; i++) {
        const struct fam_checkin_option *option = &question->options[i];
        made->options[made->n_options++] =
            reply_option(reply, option->id, fam_checkin_option_label(option, person->language));
    }
    if (said != NULL) {
        made->answer_option = fam_reply_text(reply, said->option_id);
        made->answer_text = fam_reply_text(reply, said->text);
    }
    return made;
}

static const char *kind_words_key(const struct fam_checkin *checkin)
{
    const struct fam_checkin_said *mood = find_said(checkin, FAM_CHECKIN_MOOD);
    if (checkin->state == FAM__V1__CHECKIN_STATE__CHECKIN_STATE_SKIPPED) {
        return "kind.skipped";
    }
    if (checkin->state == FAM__V1__CHECKIN_STATE__CHECKIN_STATE_MISSED) {
        return "kind.missed";
    }
    switch (mood == NULL ? '3' : mood->option_id[0]) {
    case '1':
    case '2':
        return "kind.hard";
    case '4':
    case '5':
        return "kind.good";
    default:
        return "kind.mixed";
    }
}

/* "{line}" and "{emergency}" in a text, in place of whom one can call. */
static char *with_numbers(struct fam_reply *reply, const char *text, const struct fam_help_numbers *numbers)
{
    static const char line[] = "{line}", emergency[] = "{emergency}";
    char words[2048];
    size_t size = 0;
    while (*text && size + sizeof(numbers->line) < sizeof(words)) {
        bool is_line = strncmp(text, line, sizeof(line) - 1) == 0;
        bool is_emergency = strncmp(text, emergency, sizeof(emergency) - 1) == 0;
        if (!is_line && !is_emergency) {
            words[size++] = *text++;
            continue;
        }
        const char *number = is_line ? numbers->line : numbers->emergency;
        memcpy(words + size, number, strlen(number));
        size += strlen(number);
        text += is_line ? sizeof(line) - 1 : sizeof(emergency) - 1;
    }
    words[size] = '\0';
    return fam_reply_text(reply, words);
}

char *fam_reply_kind_words(struct fam_reply *reply, const struct fam_checkin_person *person,
                           const struct fam_checkin *checkin)
{
    struct fam_help_numbers numbers;
    fam_translate_numbers(person->translate, person->country, person->language, &numbers);
    return with_numbers(reply, fam_checkin_text(person->questions, kind_words_key(checkin), person->language),
                        &numbers);
}
