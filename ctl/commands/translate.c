/* translate: one phrase, as a parent would send it. */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "base/uuid.h"
#include "commands/commands.h"
#include "commands/entry_view.h"
#include "ctl.h"
#include "fam/v1/translation.pb-c.h"
#include "words.h"

enum { PHRASE_CHARS = 2000, PHRASE_BYTES = 4 * PHRASE_CHARS + 1024 };

struct age_range {
    uint32_t oldest;
    Fam__V1__AgeBand band;
};

static Fam__V1__AgeBand band_of(uint32_t years)
{
    static const struct age_range ranges[] = {
        {3, FAM__V1__AGE_BAND__AGE_BAND_2_3},    {6, FAM__V1__AGE_BAND__AGE_BAND_4_6},
        {9, FAM__V1__AGE_BAND__AGE_BAND_7_9},    {12, FAM__V1__AGE_BAND__AGE_BAND_10_12},
        {15, FAM__V1__AGE_BAND__AGE_BAND_13_15}, {UINT32_MAX, FAM__V1__AGE_BAND__AGE_BAND_16_17},
    };
    size_t i = 0;
    while (years > ranges[i].oldest) {
        i++;
    }
    return ranges[i].band;
}

/* From the arguments, which are wiped so that process lists show it no longer, or from standard input. */
static enum fam_code read_phrase(struct fam_ctl *ctl, char phrase[PHRASE_BYTES + 1], struct fam_status *status)
{
    char *word = ctl->parsed->argument_count > 0 ? ctl->parsed->arguments[0] : NULL;
    size_t size = 0;
    if (word != NULL && strcmp(word, "-") != 0) {
        size = strnlen(word, PHRASE_BYTES);
        memcpy(phrase, word, size);
        sodium_memzero(word, strlen(word));
    } else {
        if (ctl->io->in_terminal) {
            fprintf(ctl->io->err, "What did the child say? End with Ctrl-D on a line of its own.\n");
        }
        size = fread(phrase, 1, PHRASE_BYTES, ctl->io->in);
        if (ferror(ctl->io->in)) {
            return fam_fail(status, FAM_UNKNOWN, "standard input can't be read");
        }
    }
    phrase[size] = '\0';
    if (!fam_utf8_valid(phrase, size)) {
        return fam_usage(status, "the phrase is not UTF-8 text");
    }
    fam_text_trim(phrase);
    if (phrase[0] == '\0') {
        return fam_usage(status, "the phrase is empty: give it on standard input");
    }
    if (size == PHRASE_BYTES || fam_utf8_length(phrase) > PHRASE_CHARS) {
        return fam_usage(status, "the phrase is longer than %d characters", PHRASE_CHARS);
    }
    return FAM_OK;
}

static enum fam_code check_flags(const struct fam_parsed *parsed, struct fam_status *status)
{
    const char *user = fam_parsed_value(parsed, "--user");
    const char *child = fam_parsed_value(parsed, "--child");
    if (child != NULL && fam_parsed_value(parsed, "--age") != NULL) {
        return fam_usage(status, "--child and --age are given: the child's age is known");
    }
    if (child != NULL && user == NULL) {
        return fam_usage(status, "--child needs --user, whose child it is");
    }
    if (user != NULL && fam_parsed_value(parsed, "--reason") == NULL) {
        return fam_usage(status, "--user needs --reason: acting for a user is audited");
    }
    return FAM_OK;
}

static int enum_flag(const struct fam_parsed *parsed, const char *flag, const ProtobufCEnumDescriptor *descriptor)
{
    const char *word = fam_parsed_value(parsed, flag);
    int value = 0;
    if (word == NULL || !fam_word_to_enum(descriptor, word, &value)) {
        return 0;
    }
    return value;
}

static void fill_request(const struct fam_parsed *parsed, char *phrase, Fam__V1__TranslateRequest *request)
{
    uint32_t age = fam_parsed_number(parsed, "--age", 0);
    request->phrase = phrase;
    if (age != 0) {
        request->age_band = band_of(age);
    }
    const char *child = fam_parsed_value(parsed, "--child");
    if (child != NULL) {
        request->child_id = (char *)child;
    }
    request->language = (Fam__V1__Language)enum_flag(parsed, "--language", &fam__v1__language__descriptor);
    request->place = (Fam__V1__Place)enum_flag(parsed, "--place", &fam__v1__place__descriptor);
}

enum fam_code fam_ctl_translate(struct fam_ctl *ctl, struct fam_status *status)
{
    char phrase[PHRASE_BYTES + 1];
    char key[FAM_CTL_KEY_SIZE];
    struct fam_uuid user_id;
    Fam__V1__TranslateRequest request = FAM__V1__TRANSLATE_REQUEST__INIT;
    struct fam_rpc_options options = fam_ctl_call(ctl);
    struct fam_rpc rpc;
    enum fam_code code = check_flags(ctl->parsed, status);
    if (code == FAM_OK) {
        code = read_phrase(ctl, phrase, status);
    }
    if (code == FAM_OK) {
        fill_request(ctl->parsed, phrase, &request);
        fam_ctl_key(key);
        options.idempotency_key = key;
        options.reason = fam_parsed_value(ctl->parsed, "--reason");
        if (fam_uuid_parse(fam_parsed_value(ctl->parsed, "--user"), &user_id)) {
            options.acting_user = &user_id;
        }
        fam_rpc_init(&rpc, &options);
        code = FAM_RPC(ctl->client, fam__v1__translation_service, translate, &rpc, &request, status);
        if (code == FAM_OK) {
            const Fam__V1__TranslateResponse *response = (const Fam__V1__TranslateResponse *)fam_rpc_response(&rpc);
            if (response->entry != NULL) {
                fam_entry_show(&ctl->out, response->entry);
            }
        }
        fam_rpc_done(&rpc);
    }
    sodium_memzero(phrase, sizeof(phrase));
    return code;
}
