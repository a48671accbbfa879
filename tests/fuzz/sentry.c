/* What comes from outside on the way to Sentry: its header of rate limits, and the setting with its address. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "net/http_client.h"
#include "net/sentry.h"
#include "net/sentry_dsn.h"

enum { DAY_MS = 24 * 60 * 60 * 1000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fam_sentry_dsn dsn;
    struct fam_status status = {.code = FAM_OK};
    char header[FAM_HTTP_VALUE_SIZE];
    char *text = malloc(size + 1);
    if (text == NULL) {
        return 0;
    }
    memcpy(text, data, size);
    text[size] = '\0';
    size_t length = strnlen(text, sizeof(header) - 1);
    memcpy(header, text, length);
    header[length] = '\0';
    assert(fam_sentry_limit_ms(header, sizeof(header)) <= DAY_MS);
    if (fam_sentry_dsn_parse(text, true, &dsn, &status) == FAM_OK) {
        /* What was taken has no byte that could end a header or a URL. */
        assert(strpbrk(fam_secret_text(&dsn.key), "\r\n ,=") == NULL);
        assert(strpbrk(fam_secret_text(&dsn.url), "\r\n ?#@") == NULL);
        fam_sentry_dsn_done(&dsn);
    } else {
        assert(status.code == FAM_INVALID_ARGUMENT);
    }
    free(text);
    return 0;
}
