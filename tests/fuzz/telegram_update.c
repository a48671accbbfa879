/* An answer of getUpdates: cut into elements, each read or refused; what is read is sound; its texts can be shown. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "dialog/state.h"
#include "telegram/format.h"
#include "telegram/update.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void show(const char *text)
{
    struct fam_html html;
    const char *rest, *start;
    size_t part;
    fam_html_init(&html);
    fam_html_add(&html, text);
    fam_html_add_bold(&html, text);
    rest = fam_html_text(&html);
    for (const char *at = rest; (at = strchr(at, '<')); at++)
        if (strncmp(at, "<b>", 3) != 0 && strncmp(at, "</b>", 4) != 0)
            abort();
    while (fam_html_next_message(&rest, 100, &start, &part))
        if (part == 0 || !fam_utf8_valid(start, part))
            abort();
    fam_html_done(&html);
}

static void read_one(const char *json, size_t size)
{
    int64_t id;
    (void)!fam_update_scan_id(json, size, &id);
    struct fam_update *update = fam_update_parse(json, size);
    if (!update)
        return;
    if (update->update_id < 0 || update->from_id < 0 || !fam_utf8_valid(update->text, strlen(update->text)))
        abort();
    if (update->kind == FAM_UPDATE_MESSAGE && (update->chat_id == 0 || update->from_id == 0))
        abort();
    show(update->text);
    fam_update_free(update);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fam_span spans[16];
    struct fam_state state;
    char text[FAM_STATE_BYTES];
    size_t count = 0;
    /* A copy of the exact size, so that reading behind it is seen. */
    char *copy = malloc(size ? size : 1);
    if (!copy)
        return 0;
    if (size > 0)
        memcpy(copy, data, size);
    if (fam_updates_split(copy, size, spans, 16, &count))
        for (size_t i = 0; i < count; i++)
            read_one(spans[i].start, spans[i].size);
    read_one(copy, size);
    fam_state_parse(copy, size, &state);
    if (fam_state_format(&state, text) == 0)
        abort();
    free(copy);
    return 0;
}
