/* Text from outside: whatever the bytes, UTF-8 is judged alike by every function, and normalising is stable. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    if (text == NULL) {
        return 0;
    }
    memcpy(text, data, size);
    text[size] = '\0';
    if (fam_utf8_valid(text, size)) {
        size_t cut = fam_utf8_cut(text, size / 2);
        if (cut > size / 2 || !fam_utf8_valid(text, cut) || fam_utf8_offset(text, fam_utf8_length(text)) != size ||
            fam_utf16_length(text) < fam_utf8_length(text)) {
            abort();
        }
        char *once = fam_text_normalise(text);
        if (once != NULL && !fam_utf8_valid(once, strlen(once))) {
            abort();
        }
        free(once);
        fam_text_trim(text);
        if (!fam_utf8_valid(text, strlen(text))) {
            abort();
        }
    }
    free(text);
    return 0;
}
