/* JSON from outside: what is taken can be walked, and a string goes out as valid JSON again. */
#include <cjson/cJSON.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cJSON *value = fam_json_parse((const char *)data, size, 8192);
    const char *text = fam_json_string(value, "text");
    int64_t number = 0;
    if (fam_json_i64(value, "id", &number) && (number >= INT64_C(1) << 53 || number <= -(INT64_C(1) << 53))) {
        abort();
    }
    if (text != NULL) {
        fam_auto(fam_buf_done) struct fam_buf buf = {0};
        fam_buf_add_text(&buf, "{\"text\":");
        fam_json_add_string(&buf, text);
        fam_buf_add_char(&buf, '}');
        cJSON *again = fam_json_parse(fam_buf_text(&buf), buf.size, 64 * 1024);
        if (again == NULL) {
            abort();
        }
        cJSON_Delete(again);
    }
    cJSON_Delete(value);
    return 0;
}
