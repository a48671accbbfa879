/* questions.c: see questions.h: finding and going; questions_read.c reads the files. */
#include "checkin/questions.h"

#include <stdint.h>
#include <string.h>

#include "checkin/questions_private.h"

const struct fam_checkin_set *fam_checkin_set_find(const struct fam_checkin_questions *questions, const char *name)
{
    for (size_t i = 0; i < questions->set_count; i++) {
        if (strcmp(questions->sets[i].name, name) == 0) {
            return &questions->sets[i];
        }
    }
    return NULL;
}

size_t fam_checkin_question_find(const struct fam_checkin_set *set, const char *id)
{
    for (size_t i = 0; i < set->count; i++) {
        if (strcmp(set->questions[i].id, id) == 0) {
            return i;
        }
    }
    return FAM_CHECKIN_END;
}

const struct fam_checkin_option *fam_checkin_option_find(const struct fam_checkin_question *question, const char *id)
{
    for (size_t i = 0; i < question->option_count; i++) {
        if (strcmp(question->options[i].id, id) == 0) {
            return &question->options[i];
        }
    }
    return NULL;
}

static size_t index_of(Fam__V1__Language language)
{
    return language == FAM__V1__LANGUAGE__LANGUAGE_EN ? FAM_CHECKIN_EN : FAM_CHECKIN_RU;
}

const char *fam_checkin_question_text(const struct fam_checkin_question *question, Fam__V1__Language language)
{
    return question->text[index_of(language)];
}

const char *fam_checkin_option_label(const struct fam_checkin_option *option, Fam__V1__Language language)
{
    return option->label[index_of(language)];
}

const char *fam_checkin_text(const struct fam_checkin_questions *questions, const char *key, Fam__V1__Language language)
{
    const char *text = fam_checkin_texts_find(&questions->texts[index_of(language)], key);
    return text == NULL ? "" : text;
}

static const struct fam_checkin_given *find_given(const struct fam_checkin_given *given, size_t count, const char *id)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(given[i].question_id, id) == 0) {
            return &given[i];
        }
    }
    return NULL;
}

/* False: not answered (in a way that the set knows). */
static bool follow(const struct fam_checkin_question *question, const struct fam_checkin_given *given, size_t *ret_next)
{
    *ret_next = question->next;
    if (given == NULL) {
        return false;
    }
    if (question->option_count == 0) {
        return true;
    }
    const struct fam_checkin_option *option = fam_checkin_option_find(question, given->option_id);
    if (option != NULL) {
        *ret_next = option->next;
    }
    return option != NULL;
}

/* Questions from each one to the end, by the shortest way. A question is followed by later ones alone. */
static void measure(const struct fam_checkin_set *set, bool several_children, size_t ret_rest[FAM_CHECKIN_END + 1])
{
    memset(ret_rest, 0, (FAM_CHECKIN_END + 1) * sizeof(*ret_rest));
    for (size_t i = set->count; i-- > 0;) {
        const struct fam_checkin_question *question = &set->questions[i];
        size_t least = question->option_count == 0 ? ret_rest[question->next] : SIZE_MAX;
        for (size_t j = 0; j < question->option_count; j++) {
            size_t rest = ret_rest[question->options[j].next];
            least = rest < least ? rest : least;
        }
        bool is_passed = question->kind == FAM__V1__QUESTION_KIND__QUESTION_KIND_CHILD && !several_children;
        ret_rest[i] = least + (is_passed ? 0 : 1);
    }
}

void fam_checkin_way_find(const struct fam_checkin_set *set, const struct fam_checkin_given *given, size_t given_count,
                          bool several_children, struct fam_checkin_way *ret_way)
{
    size_t rest[FAM_CHECKIN_END + 1];
    size_t at = 0;
    measure(set, several_children, rest);
    *ret_way = (struct fam_checkin_way){.is_complete = true};
    while (at < set->count && ret_way->is_complete) {
        const struct fam_checkin_question *question = &set->questions[at];
        size_t following = question->next;
        if (several_children || question->kind != FAM__V1__QUESTION_KIND__QUESTION_KIND_CHILD) {
            ret_way->is_complete = follow(question, find_given(given, given_count, question->id), &following);
            ret_way->questions[ret_way->count++] = at;
            ret_way->expected = ret_way->is_complete ? ret_way->count : ret_way->count - 1 + rest[at];
        }
        at = following;
    }
}

/* By enum CheckinSlot. */
static const struct {
    const char *set, *time;
} SLOTS[] = {
    {NULL, NULL},         {"morning", "08:00"}, {"afternoon", "14:00"},
    {"evening", "20:00"}, {"moment", NULL},     {"moment", NULL},
};

const char *fam_checkin_slot_set(Fam__V1__CheckinSlot slot)
{
    return (size_t)slot < FAM_ARRAY_SIZE(SLOTS) ? SLOTS[slot].set : NULL;
}

const char *fam_checkin_slot_time(Fam__V1__CheckinSlot slot)
{
    return (size_t)slot < FAM_ARRAY_SIZE(SLOTS) ? SLOTS[slot].time : NULL;
}

const char *fam_checkin_rate(size_t answered, size_t asked)
{
    if (answered == 0 || asked == 0) {
        return "0";
    }
    if (answered >= asked) {
        return "100";
    }
    return answered * 2 < asked ? "1-49" : "50-99";
}
