#include "translate/help.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "translate/help_data.h"

enum { LOOK_EVERY_MS = 1000, SHOWN_MAX = 6 };

extern const unsigned char fam_data_help_lines_tsv[], fam_data_help_steps_ru_tsv[], fam_data_help_steps_en_tsv[];
extern const size_t fam_data_help_lines_tsv_size, fam_data_help_steps_ru_tsv_size, fam_data_help_steps_en_tsv_size;

/* What tells one version of the file from the next. */
struct version {
    bool exists;
    off_t size;
    ino_t inode;
    struct timespec changed;
};

struct fam_help {
    struct fam_help_steps steps[FAM_HELP_LANGUAGES];
    char *path; /* of the replacing file, or NULL */
    pthread_mutex_t mutex;
    /* under the mutex: */
    struct fam_help_lines built_in, replaced;
    bool in_use; /* `replaced` is */
    struct version version;
    uint64_t looked_ms;
    bool looked;
    char error[256];
};

static enum fam_code read_built_in(struct fam_help *help, struct fam_status *status)
{
    enum fam_code code = fam_help_lines_read("help_lines.tsv", (const char *)fam_data_help_lines_tsv,
                                             fam_data_help_lines_tsv_size, &help->built_in, status);
    code = code != FAM_OK ? code
                          : fam_help_steps_read("help_steps_ru.tsv", (const char *)fam_data_help_steps_ru_tsv,
                                                fam_data_help_steps_ru_tsv_size, &help->steps[FAM_HELP_RU], status);
    return code != FAM_OK ? code
                          : fam_help_steps_read("help_steps_en.tsv", (const char *)fam_data_help_steps_en_tsv,
                                                fam_data_help_steps_en_tsv_size, &help->steps[FAM_HELP_EN], status);
}

/* Reads `size` bytes; false when the file is not so long or can't be read. */
static bool read_whole(int fd, char *buffer, size_t size)
{
    size_t done = 0;
    while (done < size) {
        ssize_t got = read(fd, buffer + done, size - done);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return false;
        }
        done += (size_t)got;
    }
    return true;
}

/* The file's new content; on any fault the lines in use stay and the error is kept. */
static void reload(struct fam_help *help, int fd, size_t size)
{
    struct fam_status status;
    struct fam_help_lines lines;
    char *text = size > FAM_HELP_FILE_MAX_BYTES ? NULL : malloc(size + 1);
    if (text == NULL || !read_whole(fd, text, size)) {
        (void)snprintf(help->error, sizeof help->error, "help_lines.tsv in FAM_DATA_DIR: can't be read or too large");
    } else if (fam_help_lines_read("help_lines.tsv in FAM_DATA_DIR", text, size, &lines, &status) != FAM_OK) {
        (void)snprintf(help->error, sizeof help->error, "%s", status.message);
    } else {
        fam_help_lines_done(&help->replaced);
        help->replaced = lines;
        help->in_use = true;
        help->error[0] = '\0';
    }
    free(text);
}

static void look(struct fam_help *help)
{
    uint64_t now_ms = fam_mono_ms();
    if (help->path == NULL || (help->looked && now_ms - help->looked_ms < LOOK_EVERY_MS)) {
        return;
    }
    help->looked = true;
    help->looked_ms = now_ms;
    struct stat facts;
    int fd = open(help->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    bool exists = fd >= 0 && fstat(fd, &facts) == 0;
    struct version version = {0};
    if (exists) {
        version = (struct version){true, facts.st_size, facts.st_ino, facts.st_mtim};
    }
    bool changed = version.exists != help->version.exists || version.size != help->version.size ||
                   version.inode != help->version.inode || version.changed.tv_sec != help->version.changed.tv_sec ||
                   version.changed.tv_nsec != help->version.changed.tv_nsec;
    if (changed) {
        help->version = version;
        if (!exists) {
            /* Taken away on purpose: back to what is compiled in. */
            help->in_use = false;
            help->error[0] = '\0';
        } else if (!S_ISREG(facts.st_mode)) {
            (void)snprintf(help->error, sizeof help->error, "help_lines.tsv in FAM_DATA_DIR: is not a regular file");
        } else {
            reload(help, fd, (size_t)facts.st_size);
        }
    }
    if (fd >= 0) {
        (void)close(fd);
    }
}

struct fam_help *fam_help_new(const char *data_dir, struct fam_status *status)
{
    struct fam_help *help = calloc(1, sizeof *help);
    if (help == NULL) {
        (void)fam_fail_memory(status);
        return NULL;
    }
    if (pthread_mutex_init(&help->mutex, NULL) != 0) {
        free(help);
        (void)fam_fail_memory(status);
        return NULL;
    }
    bool good = true;
    if (data_dir != NULL && data_dir[0] != '\0' && asprintf(&help->path, "%s/help_lines.tsv", data_dir) < 0) {
        help->path = NULL;
        good = false;
        (void)fam_fail_memory(status);
    }
    if (!good || read_built_in(help, status) != FAM_OK) {
        fam_help_free(help);
        return NULL;
    }
    (void)pthread_mutex_lock(&help->mutex);
    look(help);
    (void)pthread_mutex_unlock(&help->mutex);
    return help;
}

void fam_help_free(struct fam_help *help)
{
    if (help == NULL) {
        return;
    }
    for (size_t i = 0; i < FAM_HELP_LANGUAGES; i++) {
        fam_help_steps_done(&help->steps[i]);
    }
    fam_help_lines_done(&help->built_in);
    fam_help_lines_done(&help->replaced);
    free(help->path);
    (void)pthread_mutex_destroy(&help->mutex);
    free(help);
}

bool fam_help_last_error(struct fam_help *help, char *ret_message, size_t size)
{
    (void)pthread_mutex_lock(&help->mutex);
    look(help);
    bool any = help->error[0] != '\0';
    (void)snprintf(ret_message, size, "%s", help->error);
    (void)pthread_mutex_unlock(&help->mutex);
    return any;
}

struct choice {
    const struct fam_help_row *rows[SHOWN_MAX];
    size_t count;
    const char *emergency; /* the country's number */
};

static const char *country_key(const struct fam_help_lines *lines, const char *country)
{
    for (size_t i = 0; i < lines->count; i++) {
        if (strcmp(lines->rows[i].country, country) == 0) {
            return lines->rows[i].country;
        }
    }
    return fam_help_in_eu(country) ? "EU" : "*";
}

static unsigned order(const struct fam_help_row *row, Fam__V1__SafetyKind kind)
{
    bool first = row->emergency && kind == FAM__V1__SAFETY_KIND__SAFETY_KIND_MEDICAL_EMERGENCY;
    return first ? 0 : row->rank;
}

/* The same number for the same topics and ages: the newer verified_on counts, and of the same day the later row. */
static bool replaces(const struct fam_help_row *row, const struct fam_help_row *old)
{
    return strcmp(row->number, old->number) == 0 && strcmp(row->url, old->url) == 0 && row->ages == old->ages &&
           strcmp(row->topics, old->topics) == 0;
}

/* Puts a row in its place; what does not fit falls out at the end. */
static void put_row(struct choice *choice, const struct fam_help_row *row, Fam__V1__SafetyKind kind)
{
    for (size_t i = 0; i < choice->count; i++) {
        if (replaces(row, choice->rows[i])) {
            if (strcmp(row->verified_on, choice->rows[i]->verified_on) < 0) {
                return;
            }
            memmove(&choice->rows[i], &choice->rows[i + 1], (choice->count - i - 1) * sizeof choice->rows[0]);
            choice->count--;
            break;
        }
    }
    size_t at = choice->count;
    while (at > 0 && order(choice->rows[at - 1], kind) > order(row, kind)) {
        at--;
    }
    if (at == SHOWN_MAX) {
        return;
    }
    size_t kept = choice->count < SHOWN_MAX ? choice->count : SHOWN_MAX - 1;
    memmove(&choice->rows[at + 1], &choice->rows[at], (kept - at) * sizeof choice->rows[0]);
    choice->rows[at] = row;
    choice->count = kept + 1;
}

static bool is_same_line(const struct fam_help_row *row, const struct fam_help_row *other)
{
    return row->number[0] != '\0' ? strcmp(row->number, other->number) == 0
                                  : other->number[0] == '\0' && strcmp(row->url, other->url) == 0;
}

/* A number that stands once for its topic and once for all is shown once. */
static void drop_twins(struct choice *choice)
{
    size_t kept = 0;
    for (size_t i = 0; i < choice->count; i++) {
        bool twin = false;
        for (size_t k = 0; k < kept && !twin; k++) {
            twin = is_same_line(choice->rows[i], choice->rows[k]);
        }
        if (!twin) {
            choice->rows[kept++] = choice->rows[i];
        }
    }
    choice->count = kept;
}

/* `age`: a band, or FAM_HELP_ADULT. */
static void choose(const struct fam_help_lines *lines, const char *country, Fam__V1__SafetyKind kind, unsigned age,
                   struct choice *choice)
{
    const char *key = country_key(lines, country);
    const struct fam_help_row *emergency = NULL;
    *choice = (struct choice){.emergency = ""};
    for (size_t i = 0; i < lines->count; i++) {
        const struct fam_help_row *row = &lines->rows[i];
        if (strcmp(row->country, key) != 0 || (row->ages >> age & 1) == 0 || (row->kinds >> kind & 1) == 0) {
            continue;
        }
        if (row->emergency && (emergency == NULL || strcmp(row->verified_on, emergency->verified_on) >= 0)) {
            emergency = row;
        }
        if (!row->emergency) {
            put_row(choice, row, kind);
        }
    }
    /* Last, and always shown. The reader of the file has made sure that there is one. */
    if (emergency != NULL) {
        choice->count = choice->count == SHOWN_MAX ? SHOWN_MAX - 1 : choice->count;
        put_row(choice, emergency, kind);
        choice->emergency = emergency->number;
    }
    drop_twins(choice);
}

static bool copy_text(const char *text, char **ret_copy)
{
    *ret_copy = strdup(text);
    return *ret_copy != NULL;
}

/* `text` with {emergency} replaced. */
static bool copy_with_number(const char *text, const char *number, char **ret_copy)
{
    const char *mark = strstr(text, FAM_HELP_EMERGENCY);
    if (mark == NULL) {
        return copy_text(text, ret_copy);
    }
    const char *after = mark + strlen(FAM_HELP_EMERGENCY);
    if (asprintf(ret_copy, "%.*s%s%s", (int)(mark - text), text, number, after) < 0) {
        *ret_copy = NULL;
    }
    return *ret_copy != NULL;
}

static bool add_lines(Fam__V1__SafetyHelp *made, const struct choice *choice, enum fam_help_language language)
{
    made->lines = calloc(choice->count == 0 ? 1 : choice->count, sizeof *made->lines);
    if (made->lines == NULL) {
        return false;
    }
    for (size_t i = 0; i < choice->count; i++) {
        const struct fam_help_row *row = choice->rows[i];
        Fam__V1__HelpLine *line = malloc(sizeof *line);
        if (line == NULL) {
            return false;
        }
        fam__v1__help_line__init(line);
        made->lines[made->n_lines++] = line;
        if (!copy_text(row->name[language], &line->name) || !copy_text(row->number, &line->number) ||
            !copy_text(row->url, &line->url) || !copy_text(row->hours[language], &line->hours) ||
            !copy_text(row->source, &line->source) || !copy_text(row->verified_on, &line->verified_on)) {
            return false;
        }
    }
    return true;
}

/* The steps of this kind and age in their order, at the end of `into`, which has room for all of them. */
static bool add_steps(const struct fam_help_steps *steps, Fam__V1__SafetyKind kind, unsigned age, bool own, char **into,
                      size_t *count)
{
    for (size_t i = 0; i < steps->count; i++) {
        const struct fam_help_step *step = &steps->steps[i];
        if (step->kind != kind || step->own != own || (step->ages >> age & 1) == 0) {
            continue;
        }
        if (!copy_text(step->text, &into[*count])) {
            return false;
        }
        (*count)++;
    }
    return true;
}

/* What the child's words ask for, behind the writer's own help. */
static bool add_child_steps(Fam__V1__SafetyHelp *made, const struct fam_help_steps *steps, const char *emergency)
{
    made->child_steps = calloc(steps->count + 1, sizeof *made->child_steps);
    if (made->child_steps == NULL ||
        !copy_with_number(steps->first_step[made->kind], emergency, &made->child_steps[0])) {
        return false;
    }
    made->n_child_steps = 1;
    return add_steps(steps, made->kind, FAM__V1__AGE_BAND__AGE_BAND_UNSPECIFIED, false, made->child_steps,
                     &made->n_child_steps);
}

static bool add_also(Fam__V1__SafetyHelp *made, const struct fam_safety_hit *hit)
{
    made->kind = hit->kinds[0];
    if (hit->count == 1) {
        return true;
    }
    made->also = calloc(hit->count - 1, sizeof *made->also);
    if (made->also == NULL) {
        return false;
    }
    made->n_also = hit->count - 1;
    memcpy(made->also, hit->kinds + 1, made->n_also * sizeof *made->also);
    return true;
}

static bool fill(Fam__V1__SafetyHelp *made, const struct fam_help_steps *steps, const struct fam_safety_hit *hit,
                 const struct choice *choice, enum fam_help_language language, unsigned age)
{
    if (!add_also(made, hit)) {
        return false;
    }
    bool own = age == FAM_HELP_ADULT && steps->own_first_step[made->kind] != NULL;
    const char *first = own ? steps->own_first_step[made->kind] : steps->first_step[made->kind];
    unsigned band = age == FAM_HELP_ADULT ? FAM__V1__AGE_BAND__AGE_BAND_UNSPECIFIED : age;
    made->steps = calloc(steps->count, sizeof *made->steps);
    return made->steps != NULL && copy_text(steps->opening, &made->opening) &&
           copy_text(age == FAM_HELP_ADULT ? steps->own_privacy_note : steps->privacy_note, &made->privacy_note) &&
           copy_with_number(first, choice->emergency, &made->first_step) &&
           add_steps(steps, made->kind, band, own, made->steps, &made->n_steps) &&
           (!own || add_child_steps(made, steps, choice->emergency)) && add_lines(made, choice, language);
}

static const struct fam_help_lines *lines_in_use(const struct fam_help *help)
{
    return help->in_use ? &help->replaced : &help->built_in;
}

static enum fam_help_language shown_language(Fam__V1__Language language)
{
    return language == FAM__V1__LANGUAGE__LANGUAGE_EN ? FAM_HELP_EN : FAM_HELP_RU;
}

static enum fam_code make(struct fam_help *help, const struct fam_safety_hit *hit, const char *country,
                          Fam__V1__Language language, unsigned age, Fam__V1__SafetyHelp **ret_help,
                          struct fam_status *status)
{
    if (hit->count == 0 || hit->count > FAM_SAFETY_MAX_KINDS || (unsigned)hit->kinds[0] - 1u >= FAM_HELP_KINDS - 1u) {
        return fam_fail(status, FAM_INTERNAL, "help was asked for without a known kind of danger");
    }
    enum fam_help_language shown = shown_language(language);
    Fam__V1__SafetyHelp *made = malloc(sizeof *made);
    if (made == NULL) {
        return fam_fail_memory(status);
    }
    fam__v1__safety_help__init(made);
    (void)pthread_mutex_lock(&help->mutex);
    look(help);
    struct choice choice;
    choose(lines_in_use(help), country, hit->kinds[0], age, &choice);
    bool good = fill(made, &help->steps[shown], hit, &choice, shown, age);
    (void)pthread_mutex_unlock(&help->mutex);
    if (!good) {
        fam__v1__safety_help__free_unpacked(made, NULL);
        return fam_fail_memory(status);
    }
    *ret_help = made;
    return FAM_OK;
}

enum fam_code fam_help_make(struct fam_help *help, const struct fam_safety_hit *hit, const char *country,
                            Fam__V1__Language language, Fam__V1__AgeBand age_band, Fam__V1__SafetyHelp **ret_help,
                            struct fam_status *status)
{
    unsigned age = (unsigned)age_band <= FAM__V1__AGE_BAND__AGE_BAND_16_17 ? (unsigned)age_band
                                                                           : FAM__V1__AGE_BAND__AGE_BAND_UNSPECIFIED;
    return make(help, hit, country, language, age, ret_help, status);
}

enum fam_code fam_help_make_own(struct fam_help *help, const struct fam_safety_hit *hit, const char *country,
                                Fam__V1__Language language, Fam__V1__SafetyHelp **ret_help, struct fam_status *status)
{
    return make(help, hit, country, language, FAM_HELP_ADULT, ret_help, status);
}

/* Without its hours when they are long: a line that is cut would be worse. */
static void write_line(const struct fam_help_row *row, enum fam_help_language language,
                       struct fam_help_numbers *numbers)
{
    const char *number = row->number[0] != '\0' ? row->number : row->url, *hours = row->hours[language];
    int written = snprintf(numbers->line, sizeof numbers->line, "%s: %s (%s)", row->name[language], number, hours);
    if (hours[0] == '\0' || written < 0 || (size_t)written >= sizeof numbers->line) {
        (void)snprintf(numbers->line, sizeof numbers->line, "%s: %s", row->name[language], number);
    }
}

void fam_help_find_numbers(struct fam_help *help, const char *country, Fam__V1__Language language,
                           struct fam_help_numbers *ret_numbers)
{
    struct choice choice;
    *ret_numbers = (struct fam_help_numbers){.line = ""};
    (void)pthread_mutex_lock(&help->mutex);
    look(help);
    choose(lines_in_use(help), country, FAM__V1__SAFETY_KIND__SAFETY_KIND_PARENT_CRISIS, FAM_HELP_ADULT, &choice);
    const struct fam_help_row *best = NULL;
    for (size_t i = 0; i < choice.count && best == NULL; i++) {
        best = choice.rows[i]->emergency ? NULL : choice.rows[i];
    }
    if (best != NULL) {
        write_line(best, shown_language(language), ret_numbers);
    }
    (void)snprintf(ret_numbers->emergency, sizeof ret_numbers->emergency, "%s", choice.emergency);
    (void)pthread_mutex_unlock(&help->mutex);
}
