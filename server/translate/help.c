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

/* The same number for the same topics: the newer verified_on counts, and of the same day the later row. */
static bool replaces(const struct fam_help_row *row, const struct fam_help_row *old)
{
    return strcmp(row->number, old->number) == 0 && strcmp(row->url, old->url) == 0 &&
           (strcmp(row->topics, old->topics) == 0);
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

/* A number that stands once for its topic and once for all is shown once. */
static void drop_twins(struct choice *choice)
{
    size_t kept = 0;
    for (size_t i = 0; i < choice->count; i++) {
        bool twin = false;
        for (size_t k = 0; k < kept && !twin; k++) {
            twin = choice->rows[i]->number[0] != '\0' && strcmp(choice->rows[i]->number, choice->rows[k]->number) == 0;
        }
        if (!twin) {
            choice->rows[kept++] = choice->rows[i];
        }
    }
    choice->count = kept;
}

static void choose(const struct fam_help_lines *lines, const char *country, Fam__V1__SafetyKind kind,
                   Fam__V1__AgeBand age_band, struct choice *choice)
{
    const char *key = country_key(lines, country);
    const struct fam_help_row *emergency = NULL;
    *choice = (struct choice){.emergency = ""};
    for (size_t i = 0; i < lines->count; i++) {
        const struct fam_help_row *row = &lines->rows[i];
        if (strcmp(row->country, key) != 0 || (row->ages >> age_band & 1) == 0 || (row->kinds >> kind & 1) == 0) {
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

static bool add_steps(Fam__V1__SafetyHelp *made, const struct fam_help_steps *steps, Fam__V1__AgeBand age_band)
{
    made->steps = calloc(steps->count, sizeof *made->steps);
    if (made->steps == NULL) {
        return false;
    }
    for (size_t i = 0; i < steps->count; i++) {
        const struct fam_help_step *step = &steps->steps[i];
        if (step->kind != made->kind || (step->ages >> age_band & 1) == 0) {
            continue;
        }
        if (!copy_text(step->text, &made->steps[made->n_steps])) {
            return false;
        }
        made->n_steps++;
    }
    return true;
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
                 const struct choice *choice, enum fam_help_language language, Fam__V1__AgeBand age_band)
{
    return add_also(made, hit) && copy_text(steps->opening, &made->opening) &&
           copy_text(steps->privacy_note, &made->privacy_note) &&
           copy_with_number(steps->first_step[made->kind], choice->emergency, &made->first_step) &&
           add_steps(made, steps, age_band) && add_lines(made, choice, language);
}

enum fam_code fam_help_make(struct fam_help *help, const struct fam_safety_hit *hit, const char *country,
                            Fam__V1__Language language, Fam__V1__AgeBand age_band, Fam__V1__SafetyHelp **ret_help,
                            struct fam_status *status)
{
    if (hit->count == 0 || hit->count > FAM_SAFETY_MAX_KINDS || (unsigned)hit->kinds[0] - 1u >= FAM_HELP_KINDS - 1u) {
        return fam_fail(status, FAM_INTERNAL, "help was asked for without a known kind of danger");
    }
    enum fam_help_language shown = language == FAM__V1__LANGUAGE__LANGUAGE_EN ? FAM_HELP_EN : FAM_HELP_RU;
    Fam__V1__AgeBand band =
        (unsigned)age_band <= FAM__V1__AGE_BAND__AGE_BAND_16_17 ? age_band : FAM__V1__AGE_BAND__AGE_BAND_UNSPECIFIED;
    Fam__V1__SafetyHelp *made = malloc(sizeof *made);
    if (made == NULL) {
        return fam_fail_memory(status);
    }
    fam__v1__safety_help__init(made);
    (void)pthread_mutex_lock(&help->mutex);
    look(help);
    struct choice choice;
    choose(help->in_use ? &help->replaced : &help->built_in, country, hit->kinds[0], band, &choice);
    bool good = fill(made, &help->steps[shown], hit, &choice, shown, band);
    (void)pthread_mutex_unlock(&help->mutex);
    if (!good) {
        fam__v1__safety_help__free_unpacked(made, NULL);
        return fam_fail_memory(status);
    }
    *ret_help = made;
    return FAM_OK;
}
