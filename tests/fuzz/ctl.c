/* What famctl reads: lines of logs, and the file of contexts. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "context.h"
#include "logs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fam_auto(fam_buf_done) struct fam_buf shown = {0};
    fam_auto(fam_contexts_done) struct fam_contexts contexts = {.count = 0};
    struct fam_status status = {.message = ""};
    const struct fam_log_filter filter = {.level = FAM_LOG_DEBUG, .request_id = "", .since = ""};
    fam_log_show((const char *)data, size, &filter, false, false, &shown);
    for (size_t i = 0; i + 1 < shown.size; i++) {
        if ((unsigned char)shown.data[i] < 0x20) {
            abort(); /* what a terminal obeys came through */
        }
    }
    if (fam_contexts_parse((const char *)data, size, "contexts", &contexts, &status) == FAM_OK &&
        contexts.current[0] != '\0' && fam_contexts_find(&contexts, contexts.current) == NULL) {
        abort();
    }
    return 0;
}
