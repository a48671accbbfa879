/* questions_read.c: the data files of the check-ins, read and checked; see questions.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "checkin/questions_private.h"

extern const unsigned char fam_data_checkin_sets_tsv[], fam_data_checkin_ru_locale[], fam_data_checkin_en_locale[];

static const char SETS_FILE[] = "checkin_sets.tsv";
static const char *const TEXT_FILES[FAM_CHECKIN_LANGUAGES] = {"checkin_ru.locale", "checkin_en.locale"};

enum { COLUMNS_MAX = 5, KEY_SIZE = 2 * FAM_CHECKIN_ID_SIZE, TEXT_MAX = 300, LABEL_MAX = 40 };

/* What comes after a question, until the set is complete: the name of a later one. */
struct links {
    char question[FAM_CHECKIN_QUESTIONS_MAX][FAM_CHECKIN_ID_SIZE];
    char option[FAM_CHECKIN_QUESTIONS_MAX][FAM_CHECKIN_OPTIONS_MAX][FAM_CHECKIN_ID_SIZE];
};

struct reading {
    struct fam_checkin_questions *questions;
    struct fam_checkin_set *set; /* NULL: none has begun */
    struct links links;          /* of that set */
    unsigned line;
    char *columns[COLUMNS_MAX];
    size_t column_count;
    struct fam_status *status;
};

static enum fam_code faulty(const struct reading *reading, const char *what, const char *item)
{
    return fam_fail(reading->status, FAM_INTERNAL, "%s, line %u: %s \"%.40s\"", SETS_FILE, reading->line, what, item);
}

const char *fam_checkin_texts_find(const struct fam_checkin_texts *texts, const char *key)
{
    for (size_t i = 0; i < texts->count; i++) {
        if (strcmp(texts->keys[i], key) == 0) {
            return texts->values[i];
        }
    }
    return NULL;
}

static enum fam_code read_texts(const char *file, const char *data, struct fam_checkin_texts *texts,
                                struct fam_status *status)
{
    texts->data = strdup(data);
    if (texts->data == NULL) {
        return fam_fail_memory(status);
    }
    if (!fam_utf8_valid(data, strlen(data))) {
        return fam_fail(status, FAM_INTERNAL, "%s: is not UTF-8", file);
    }
    unsigned line = 0;
    for (char *rest = texts->data, *at = strsep(&rest, "\n"); at != NULL; at = strsep(&rest, "\n")) {
        line++;
        if (at[0] == '\0' || at[0] == '#') {
            continue;
        }
        char *equals = strstr(at, " = ");
        if (equals == NULL || equals[3] == '\0' || texts->count == FAM_CHECKIN_TEXTS_MAX) {
            return fam_fail(status, FAM_INTERNAL, "%s, line %u: not \"key = text\", or too many", file, line);
        }
        *equals = '\0';
        if (fam_checkin_texts_find(texts, at) != NULL || fam_utf8_length(equals + 3) > TEXT_MAX) {
            return fam_fail(status, FAM_INTERNAL, "%s, line %u: is there twice, or too long", file, line);
        }
        texts->keys[texts->count] = at;
        texts->values[texts->count++] = equals + 3;
    }
    return FAM_OK;
}

static bool copy_id(const char *from, char ret_id[FAM_CHECKIN_ID_SIZE])
{
    size_t size = strspn(from, "abcdefghijklmnopqrstuvwxyz0123456789_");
    if (size == 0 || from[size] != '\0' || size >= FAM_CHECKIN_ID_SIZE) {
        return false;
    }
    memcpy(ret_id, from, size + 1);
    return true;
}

/* In all languages, "SET.KEY" before "KEY". */
static enum fam_code find_texts(const struct reading *reading, const char *key, size_t most,
                                const char *ret_texts[FAM_CHECKIN_LANGUAGES])
{
    char special[KEY_SIZE + FAM_CHECKIN_ID_SIZE];
    (void)snprintf(special, sizeof(special), "%s.%s", reading->set->name, key);
    for (size_t i = 0; i < FAM_CHECKIN_LANGUAGES; i++) {
        const struct fam_checkin_texts *texts = &reading->questions->texts[i];
        const char *found = fam_checkin_texts_find(texts, special);
        ret_texts[i] = found != NULL ? found : fam_checkin_texts_find(texts, key);
        if (ret_texts[i] == NULL || fam_utf8_length(ret_texts[i]) > most) {
            return fam_fail(reading->status, FAM_INTERNAL, "%s: has no text, or too long a one, of %s", TEXT_FILES[i],
                            special);
        }
    }
    return FAM_OK;
}

/* *ret_next of a question that comes after number `index`. */
static enum fam_code resolve(const struct reading *reading, const char *name, size_t index, size_t *ret_next)
{
    *ret_next = strcmp(name, "end") == 0 ? FAM_CHECKIN_END : fam_checkin_question_find(reading->set, name);
    if (*ret_next == FAM_CHECKIN_END && strcmp(name, "end") != 0) {
        return faulty(reading, "no such question in the set before:", name);
    }
    return *ret_next > index ? FAM_OK : faulty(reading, "the way leads back to", name);
}

/* A scale or choice has options, the others none; each leads to a later question. */
static enum fam_code end_question(struct reading *reading, size_t index)
{
    struct fam_checkin_question *question = &reading->set->questions[index];
    bool wants_options = question->kind == FAM__V1__QUESTION_KIND__QUESTION_KIND_SCALE ||
                         question->kind == FAM__V1__QUESTION_KIND__QUESTION_KIND_CHOICE;
    if (wants_options != (question->option_count >= 2)) {
        return faulty(reading, "has too few options, or should have none:", question->id);
    }
    enum fam_code code = resolve(reading, reading->links.question[index], index, &question->next);
    for (size_t i = 0; code == FAM_OK && i < question->option_count; i++) {
        const char *link = reading->links.option[index][i];
        code =
            resolve(reading, link[0] == '-' ? reading->links.question[index] : link, index, &question->options[i].next);
    }
    return code;
}

static enum fam_code end_set(struct reading *reading)
{
    enum fam_code code = FAM_OK;
    if (reading->set == NULL) {
        return FAM_OK;
    }
    if (reading->set->count == 0) {
        return faulty(reading, "asks nothing:", reading->set->name);
    }
    for (size_t i = 0; code == FAM_OK && i < reading->set->count; i++) {
        code = end_question(reading, i);
    }
    return code;
}

static enum fam_code read_set(struct reading *reading)
{
    struct fam_checkin_questions *questions = reading->questions;
    const char *name = reading->columns[1];
    enum fam_code code = end_set(reading);
    if (code != FAM_OK) {
        return code;
    }
    if (questions->set_count == FAM_CHECKIN_SETS_MAX || fam_checkin_set_find(questions, name) != NULL) {
        return faulty(reading, "is there twice, or one too many:", name);
    }
    reading->set = &questions->sets[questions->set_count];
    memset(&reading->links, 0, sizeof(reading->links));
    if (!copy_id(name, reading->set->name)) {
        return faulty(reading, "is no name:", name);
    }
    questions->set_count++;
    return FAM_OK;
}

static Fam__V1__QuestionKind kind_named(const char *word)
{
    static const char *const KINDS[] = {"", "scale", "choice", "child", "text"};
    for (size_t i = 1; i < FAM_ARRAY_SIZE(KINDS); i++) {
        if (strcmp(KINDS[i], word) == 0) {
            return (Fam__V1__QuestionKind)i;
        }
    }
    return FAM__V1__QUESTION_KIND__QUESTION_KIND_UNSPECIFIED;
}

static enum fam_code read_question(struct reading *reading)
{
    struct fam_checkin_set *set = reading->set;
    char *const *columns = reading->columns;
    if (set == NULL || set->count == FAM_CHECKIN_QUESTIONS_MAX ||
        fam_checkin_question_find(set, columns[1]) != FAM_CHECKIN_END) {
        return faulty(reading, "is of no set, there twice, or one too many:", columns[1]);
    }
    struct fam_checkin_question *question = &set->questions[set->count];
    question->kind = kind_named(columns[2]);
    question->may_skip = strcmp(columns[3], "may") == 0;
    if (question->kind == FAM__V1__QUESTION_KIND__QUESTION_KIND_UNSPECIFIED ||
        (!question->may_skip && strcmp(columns[3], "must") != 0) || !copy_id(columns[1], question->id) ||
        !copy_id(columns[4], reading->links.question[set->count])) {
        return faulty(reading, "is no question:", columns[1]);
    }
    set->count++;
    return find_texts(reading, question->id, TEXT_MAX, question->text);
}

static enum fam_code read_option(struct reading *reading)
{
    struct fam_checkin_set *set = reading->set;
    struct fam_checkin_question *question = set == NULL || set->count == 0 ? NULL : &set->questions[set->count - 1];
    char *const *columns = reading->columns;
    if (question == NULL || question->option_count == FAM_CHECKIN_OPTIONS_MAX ||
        fam_checkin_option_find(question, columns[1]) != NULL) {
        return faulty(reading, "is of no question, there twice, or one too many:", columns[1]);
    }
    struct fam_checkin_option *option = &question->options[question->option_count];
    char *link = reading->links.option[set->count - 1][question->option_count];
    if (strcmp(columns[2], "-") == 0) {
        link[0] = '-';
    } else if (!copy_id(columns[2], link)) {
        return faulty(reading, "leads nowhere:", columns[1]);
    }
    if (!copy_id(columns[1], option->id)) {
        return faulty(reading, "is no option:", columns[1]);
    }
    question->option_count++;
    char key[KEY_SIZE];
    (void)snprintf(key, sizeof(key), "%s.%s", question->id, option->id);
    return find_texts(reading, key, LABEL_MAX, option->label);
}

static enum fam_code read_line(struct reading *reading, char *line)
{
    static const struct {
        const char *word;
        size_t columns;
        enum fam_code (*read)(struct reading *reading);
    } RECORDS[] = {{"set", 2, read_set}, {"question", 5, read_question}, {"option", 3, read_option}};
    reading->column_count = 0;
    while (line != NULL && reading->column_count < COLUMNS_MAX) {
        reading->columns[reading->column_count++] = strsep(&line, "\t");
    }
    for (size_t i = 0; i < FAM_ARRAY_SIZE(RECORDS); i++) {
        if (strcmp(RECORDS[i].word, reading->columns[0]) == 0 && reading->column_count == RECORDS[i].columns &&
            line == NULL) {
            return RECORDS[i].read(reading);
        }
    }
    return faulty(reading, "is no record:", reading->columns[0]);
}

static enum fam_code read_sets(struct fam_checkin_questions *questions, const char *data, struct fam_status *status)
{
    struct reading reading = {.questions = questions, .status = status};
    char *copy = strdup(data);
    enum fam_code code = copy == NULL ? fam_fail_memory(status) : FAM_OK;
    for (char *rest = copy, *line = NULL; code == FAM_OK && (line = strsep(&rest, "\n")) != NULL;) {
        reading.line++;
        code = line[0] == '\0' || line[0] == '#' ? FAM_OK : read_line(&reading, line);
    }
    code = code == FAM_OK ? end_set(&reading) : code;
    free(copy);
    return code;
}

/* Each hour has its set, and each set the scale that reports read. */
static enum fam_code check(const struct fam_checkin_questions *questions, struct fam_status *status)
{
    for (int slot = FAM__V1__CHECKIN_SLOT__CHECKIN_SLOT_MORNING; slot <= FAM__V1__CHECKIN_SLOT__CHECKIN_SLOT_QUICK;
         slot++) {
        const char *name = fam_checkin_slot_set((Fam__V1__CheckinSlot)slot);
        const struct fam_checkin_set *set = fam_checkin_set_find(questions, name);
        if (set == NULL || fam_checkin_question_find(set, FAM_CHECKIN_MOOD) != 0 ||
            set->questions[0].kind != FAM__V1__QUESTION_KIND__QUESTION_KIND_SCALE) {
            return fam_fail(status, FAM_INTERNAL, "%s: needs a set %s that begins with the scale %s", SETS_FILE, name,
                            FAM_CHECKIN_MOOD);
        }
    }
    static const char *const KEYS[] = {"child.none", "child.gone",   "kind.hard",  "kind.mixed",
                                       "kind.good",  "kind.skipped", "kind.missed"};
    for (size_t i = 0; i < FAM_CHECKIN_LANGUAGES * FAM_ARRAY_SIZE(KEYS); i++) {
        const char *key = KEYS[i / FAM_CHECKIN_LANGUAGES];
        if (fam_checkin_texts_find(&questions->texts[i % FAM_CHECKIN_LANGUAGES], key) == NULL) {
            return fam_fail(status, FAM_INTERNAL, "%s: has no text of %s", TEXT_FILES[i % FAM_CHECKIN_LANGUAGES], key);
        }
    }
    return FAM_OK;
}

struct fam_checkin_questions *fam_checkin_questions_read(const struct fam_checkin_files *files,
                                                         struct fam_status *status)
{
    struct fam_checkin_questions *questions = calloc(1, sizeof(*questions));
    if (questions == NULL) {
        (void)fam_fail_memory(status);
        return NULL;
    }
    const char *const data[FAM_CHECKIN_LANGUAGES] = {files->ru, files->en};
    enum fam_code code = FAM_OK;
    for (size_t i = 0; code == FAM_OK && i < FAM_CHECKIN_LANGUAGES; i++) {
        code = read_texts(TEXT_FILES[i], data[i], &questions->texts[i], status);
    }
    if (code == FAM_OK) {
        code = read_sets(questions, files->sets, status);
    }
    if (code == FAM_OK) {
        code = check(questions, status);
    }
    if (code != FAM_OK) {
        fam_checkin_questions_free(questions);
        return NULL;
    }
    return questions;
}

struct fam_checkin_questions *fam_checkin_questions_new(struct fam_status *status)
{
    /* Embedded files end with a NUL. */
    const struct fam_checkin_files files = {.sets = (const char *)fam_data_checkin_sets_tsv,
                                            .ru = (const char *)fam_data_checkin_ru_locale,
                                            .en = (const char *)fam_data_checkin_en_locale};
    return fam_checkin_questions_read(&files, status);
}

void fam_checkin_questions_free(struct fam_checkin_questions *questions)
{
    if (questions == NULL) {
        return;
    }
    for (size_t i = 0; i < FAM_CHECKIN_LANGUAGES; i++) {
        free(questions->texts[i].data);
    }
    free(questions);
}
