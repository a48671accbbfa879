/* The safety detector reads what parents write: any text, no crash, and every hit within its bounds. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "translate/safety.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* Building the dictionary takes longer than reading a phrase; it is never changed after that. */
    static struct fam_safety *safety;
    struct fam_status status = {0};
    struct fam_safety_hit hit = {0};
    if (safety == NULL) {
        safety = fam_safety_new(&status);
        if (safety == NULL) {
            abort();
        }
    }
    char *text = malloc(size + 1);
    if (text == NULL) {
        return 0;
    }
    memcpy(text, data, size);
    text[size] = '\0';
    if (fam_utf8_valid(text, size) && fam_safety_check(safety, text, &hit, &status) == FAM_OK &&
        hit.count > FAM_SAFETY_MAX_KINDS) {
        abort();
    }
    free(text);
    return 0;
}
