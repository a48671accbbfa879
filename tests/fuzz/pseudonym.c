/* Whatever a parent types: what is hidden can be restored to the very bytes, and the hidden text holds no stray brace.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "translate/pseudonym.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct fam_pseudonymiser *pseudonymiser, const char *text)
{
    static const struct fam_known_name known[] = {
        {FAM_KNOWN_CHILD, "Маша"}, {FAM_KNOWN_OTHER_CHILD, "Jean-Luc"}, {FAM_KNOWN_PARENT, "Анна Петрова"}};
    struct fam_status status = {0};
    struct fam_secret hidden = {0};
    char *restored = NULL;
    struct fam_pseudonyms *pseudonyms = fam_pseudonyms_new(pseudonymiser, known, FAM_ARRAY_SIZE(known), &status);
    if (pseudonyms == NULL) {
        abort();
    }
    if (fam_pseudonyms_hide(pseudonyms, text, &hidden, &status) == FAM_OK) {
        const char *left = fam_secret_text(&hidden);
        if (fam_pseudonyms_restore(pseudonyms, left, &restored, &status) != FAM_OK || strcmp(restored, text) != 0) {
            abort();
        }
    }
    free(restored);
    restored = NULL;
    if (fam_pseudonyms_restore(pseudonyms, text, &restored, &status) == FAM_OK) { /* an answer may be any text, too */
        free(restored);
    }
    fam_secret_done(&hidden);
    fam_pseudonyms_free(pseudonyms);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct fam_pseudonymiser *pseudonymiser;
    struct fam_status status = {0};
    if (pseudonymiser == NULL) {
        pseudonymiser = fam_pseudonymiser_new(&status);
        if (pseudonymiser == NULL) {
            abort();
        }
    }
    char *text = malloc(size + 1);
    if (text == NULL) {
        return 0;
    }
    memcpy(text, data, size);
    text[size] = '\0';
    if (fam_utf8_valid(text, strlen(text))) {
        check(pseudonymiser, text);
    }
    free(text);
    return 0;
}
