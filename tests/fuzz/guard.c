/* Any answer: it is refused with a reason, or becomes a whole reading. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "translate/guard.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct fam_guard *guard;
    struct fam_status status = {0};
    Fam__V1__Reading *reading = NULL;
    Fam__V1__SafetyKind risk[FAM_SAFETY_MAX_KINDS];
    size_t count = 0;
    if (guard == NULL) {
        guard = fam_guard_new(&status);
        if (guard == NULL) {
            abort();
        }
    }
    Fam__V1__Language language = size % 2 == 0 ? FAM__V1__LANGUAGE__LANGUAGE_RU : FAM__V1__LANGUAGE__LANGUAGE_EN;
    enum fam_code code =
        fam_guard_check(guard, (const char *)data, size, language, "v", &reading, risk, &count, &status);
    if (code == FAM_OK) {
        if (reading->n_responses != 3 || reading->n_needs == 0 || reading->primary == NULL ||
            count > FAM_SAFETY_MAX_KINDS || strlen(reading->going_on) == 0) {
            abort();
        }
        fam__v1__reading__free_unpacked(reading, NULL);
    } else if (strncmp(status.reason, "GUARD_", 6) != 0 && code != FAM_RESOURCE_EXHAUSTED) {
        abort();
    }
    return 0;
}
