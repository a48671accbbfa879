/* tg_multipart.c: multipart/form-data (RFC 7578), as the service takes files; see tg_state.h. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/text.h"
#include "sim/tg_state.h"

enum { LONGEST_BOUNDARY = 70, MOST_PARTS = 64, LONGEST_HEAD = 4096, LONGEST_VALUE = 256 };

struct part {
    char name[LONGEST_VALUE];
    char file_name[LONGEST_VALUE]; /* "" for a plain field */
    char type[LONGEST_VALUE];
    const char *data;
    size_t size;
};

static bool read_boundary(const char *content_type, char ret_boundary[LONGEST_BOUNDARY + 5])
{
    const char *start = strcasestr(content_type, "boundary=");
    if (!start)
        return false;
    start += strlen("boundary=");
    if (*start == '"')
        start++;
    size_t size = strcspn(start, "\";, ");
    if (size == 0 || size > LONGEST_BOUNDARY)
        return false;
    snprintf(ret_boundary, LONGEST_BOUNDARY + 5, "\r\n--%.*s", (int)size, start);
    return true;
}

/* The value of `key="…"` in a header line. */
static void read_parameter(const char *head, const char *key, char ret_value[LONGEST_VALUE])
{
    char wanted[32];
    snprintf(wanted, sizeof(wanted), "; %s=\"", key);
    ret_value[0] = '\0';
    const char *start = strcasestr(head, wanted);
    if (!start)
        return;
    start += strlen(wanted);
    size_t size = strcspn(start, "\"\r\n");
    snprintf(ret_value, LONGEST_VALUE, "%.*s", (int)size, start);
}

static bool read_head(const char *data, size_t size, struct part *part)
{
    char head[LONGEST_HEAD];
    if (size >= sizeof(head))
        return false;
    memcpy(head, data, size);
    head[size] = '\0';
    read_parameter(head, "name", part->name);
    read_parameter(head, "filename", part->file_name);
    part->type[0] = '\0';
    const char *type = strcasestr(head, "Content-Type:");
    if (type) {
        type += strlen("Content-Type:");
        type += strspn(type, " ");
        snprintf(part->type, sizeof(part->type), "%.*s", (int)strcspn(type, ";\r\n"), type);
    }
    return part->name[0] != '\0';
}

static bool add_field(cJSON *args, const struct part *part)
{
    struct fam_buf text = {0};
    fam_buf_add(&text, part->data, part->size);
    bool good = !text.failed && fam_utf8_valid(fam_buf_text(&text), text.size) &&
                cJSON_AddStringToObject(args, part->name, fam_buf_text(&text));
    fam_buf_done(&text);
    return good;
}

static uint32_t big_endian(const unsigned char *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

/* What the first bytes of a PNG tell: the signature, and the IHDR chunk that has to follow. */
static void add_picture(cJSON *file, const struct part *part)
{
    static const unsigned char start[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n', 0, 0, 0, 13, 'I', 'H', 'D', 'R'};
    const unsigned char *bytes = (const unsigned char *)part->data;
    if (part->size < sizeof(start) + 8 || memcmp(bytes, start, sizeof(start)) != 0)
        return;
    cJSON_AddBoolToObject(file, "is_image", 1);
    cJSON_AddNumberToObject(file, "width", big_endian(bytes + sizeof(start)));
    cJSON_AddNumberToObject(file, "height", big_endian(bytes + sizeof(start) + 4));
}

static bool add_file(cJSON *args, const struct part *part)
{
    struct fam_buf text = {0};
    cJSON *file = cJSON_AddObjectToObject(args, part->name);
    if (!file)
        return false;
    tg_put_text(file, "file_name", part->file_name);
    tg_put_text(file, "mime_type", part->type);
    cJSON_AddNumberToObject(file, "file_size", (double)part->size); /* read again here, so no raw number */
    add_picture(file, part);
    if (part->size <= TG_KEPT_FILE) {
        fam_buf_add(&text, part->data, part->size);
        if (!text.failed && fam_utf8_valid(fam_buf_text(&text), text.size))
            tg_put_text(file, "text", fam_buf_text(&text));
        fam_buf_done(&text);
    }
    return true;
}

/* From `*at`, which is behind a boundary, to the next one. */
static bool read_part(const char **at, const char *end, const char *boundary, struct part *part)
{
    if (end - *at < 2 || memcmp(*at, "\r\n", 2) != 0)
        return false;
    const char *start = *at + 2;
    const char *blank = memmem(start, (size_t)(end - start), "\r\n\r\n", 4);
    if (!blank || !read_head(start, (size_t)(blank - start), part))
        return false;
    part->data = blank + 4;
    const char *next = memmem(part->data - 2, (size_t)(end - part->data + 2), boundary, strlen(boundary));
    if (!next)
        return false;
    part->size = next < part->data ? 0 : (size_t)(next - part->data);
    *at = next + strlen(boundary);
    return true;
}

bool tg_args_multipart(cJSON *args, const char *content_type, const char *body, size_t size, struct tg_error *error)
{
    char boundary[LONGEST_BOUNDARY + 5];
    const char *end = body + size;
    if (!read_boundary(content_type, boundary))
        return tg_fail(error, 400, "Bad Request: boundary is missing");
    size_t first = strlen(boundary) - 2; /* the first one has no line end before it */
    if (size < first || memcmp(body, boundary + 2, first) != 0)
        return tg_fail(error, 400, "Bad Request: can't parse multipart form");
    const char *at = body + first;
    for (int count = 0; count < MOST_PARTS; count++) {
        struct part part;
        if (end - at >= 2 && memcmp(at, "--", 2) == 0)
            return true;
        if (!read_part(&at, end, boundary, &part))
            break;
        if (!(part.file_name[0] ? add_file(args, &part) : add_field(args, &part)))
            return tg_fail(error, 400, "Bad Request: strings must be encoded in UTF-8");
    }
    return tg_fail(error, 400, "Bad Request: can't parse multipart form");
}
