/* http_parse.c: see http_parse.h. */
#include "sim/http_parse.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "sim/http_sim.h"

bool http_parse_header(const char *headers, const char *name, const char **ret_value, size_t *ret_size)
{
    size_t length = strlen(name);
    for (const char *line = headers; *line;) {
        const char *end = strstr(line, "\r\n");
        if (!end)
            return false;
        if ((size_t)(end - line) > length && line[length] == ':' && strncasecmp(line, name, length) == 0) {
            const char *value = line + length + 1;
            while (value < end && (*value == ' ' || *value == '\t'))
                value++;
            while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
                end--;
            *ret_value = value;
            *ret_size = (size_t)(end - value);
            return true;
        }
        line = end + 2;
    }
    return false;
}

static bool header_has(const char *headers, const char *name, const char *word)
{
    const char *value;
    size_t size;
    size_t length = strlen(word);
    if (!http_parse_header(headers, name, &value, &size))
        return false;
    for (size_t i = 0; i + length <= size; i++)
        if (strncasecmp(value + i, word, length) == 0)
            return true;
    return false;
}

static enum http_parse_result fail(struct http_parsed *request, int status)
{
    http_parse_done(request);
    request->error_status = status;
    return HTTP_PARSE_ERROR;
}

/* "GET /path?query HTTP/1.1" in place. */
static bool split_request_line(struct http_parsed *request, char *line_end)
{
    char *target = memchr(request->head, ' ', (size_t)(line_end - request->head));
    if (!target || target == request->head)
        return false;
    *target++ = '\0';
    char *version = memchr(target, ' ', (size_t)(line_end - target));
    if (!version || *target != '/')
        return false;
    *version++ = '\0';
    if (strcmp(version, "HTTP/1.1") != 0 && strcmp(version, "HTTP/1.0") != 0)
        return false;
    request->keep_alive = version[7] == '1';
    char *query = strchr(target, '?');
    if (query)
        *query++ = '\0';
    request->method = request->head;
    request->path = target;
    request->query = query ? query : "";
    return true;
}

static bool parse_length(const char *text, size_t size, int base, size_t *ret_length)
{
    size_t value = 0;
    if (size == 0 || size > 15)
        return false;
    for (size_t i = 0; i < size; i++) {
        int digit = -1;
        if (text[i] >= '0' && text[i] <= '9')
            digit = text[i] - '0';
        else if (base == 16 && ((text[i] | 32) >= 'a' && (text[i] | 32) <= 'f'))
            digit = (text[i] | 32) - 'a' + 10;
        if (digit < 0)
            return false;
        value = value * (size_t)base + (size_t)digit;
    }
    *ret_length = value;
    return true;
}

/* Skips the trailer after the last chunk: header lines up to an empty one. */
static enum http_parse_result skip_trailer(const char *data, size_t size, size_t at, struct http_parsed *request)
{
    while (at < size) {
        const char *end = memmem(data + at, size - at, "\r\n", 2);
        if (!end)
            break;
        bool last = end == data + at;
        at = (size_t)(end - data) + 2;
        if (last) {
            request->consumed = at;
            request->body[request->body_size] = '\0';
            return HTTP_PARSE_DONE;
        }
    }
    if (size - at > HTTP_SIM_MAX_HEADERS)
        return fail(request, 431);
    http_parse_done(request);
    return HTTP_PARSE_MORE;
}

static enum http_parse_result parse_chunks(const char *data, size_t size, size_t at, struct http_parsed *request)
{
    request->body = malloc(size - at + 1);
    if (!request->body)
        return fail(request, 500);
    while (at < size) {
        const char *end = memmem(data + at, size - at, "\r\n", 2);
        if (!end) {
            if (size - at > 256)
                return fail(request, 400);
            break;
        }
        const char *stop = memchr(data + at, ';', (size_t)(end - (data + at)));
        size_t length = 0;
        if (!parse_length(data + at, (size_t)((stop ? stop : end) - (data + at)), 16, &length))
            return fail(request, 400);
        at = (size_t)(end - data) + 2;
        if (length == 0)
            return skip_trailer(data, size, at, request);
        if (length > HTTP_SIM_MAX_BODY || request->body_size + length > HTTP_SIM_MAX_BODY)
            return fail(request, 413);
        if (size - at < length + 2)
            break;
        memcpy(request->body + request->body_size, data + at, length);
        request->body_size += length;
        if (memcmp(data + at + length, "\r\n", 2) != 0)
            return fail(request, 400);
        at += length + 2;
    }
    http_parse_done(request);
    return HTTP_PARSE_MORE;
}

static enum http_parse_result parse_body(const char *data, size_t size, size_t at, struct http_parsed *request)
{
    const char *value;
    size_t value_size;
    size_t length = 0;
    if (http_parse_header(request->headers, "Transfer-Encoding", &value, &value_size)) {
        if (value_size != 7 || strncasecmp(value, "chunked", 7) != 0)
            return fail(request, 501);
        return parse_chunks(data, size, at, request);
    }
    if (http_parse_header(request->headers, "Content-Length", &value, &value_size)) {
        if (!parse_length(value, value_size, 10, &length))
            return fail(request, 400);
        if (length > HTTP_SIM_MAX_BODY)
            return fail(request, 413);
    }
    if (size - at < length) {
        http_parse_done(request);
        return HTTP_PARSE_MORE;
    }
    request->body = malloc(length + 1);
    if (!request->body)
        return fail(request, 500);
    memcpy(request->body, data + at, length);
    request->body[length] = '\0';
    request->body_size = length;
    request->consumed = at + length;
    return HTTP_PARSE_DONE;
}

enum http_parse_result http_parse(const char *data, size_t size, struct http_parsed *ret_request)
{
    memset(ret_request, 0, sizeof(*ret_request));
    size_t skip = 0;
    while (skip + 1 < size && data[skip] == '\r' && data[skip + 1] == '\n')
        skip += 2;
    const char *end = size > skip ? memmem(data + skip, size - skip, "\r\n\r\n", 4) : NULL;
    if (!end)
        return size - skip > HTTP_SIM_MAX_HEADERS ? fail(ret_request, 431) : HTTP_PARSE_MORE;
    size_t head_size = (size_t)(end - data) + 2 - skip;
    if (head_size > HTTP_SIM_MAX_HEADERS)
        return fail(ret_request, 431);
    if (memchr(data + skip, '\0', head_size))
        return fail(ret_request, 400);
    ret_request->head = strndup(data + skip, head_size);
    if (!ret_request->head)
        return fail(ret_request, 500);
    char *line_end = strstr(ret_request->head, "\r\n");
    *line_end = '\0';
    ret_request->headers = line_end + 2;
    if (!split_request_line(ret_request, line_end))
        return fail(ret_request, 400);
    if (header_has(ret_request->headers, "Connection", "close"))
        ret_request->keep_alive = false;
    bool expects = header_has(ret_request->headers, "Expect", "100-continue");
    enum http_parse_result result = parse_body(data, size, (size_t)(end - data) + 4, ret_request);
    ret_request->expects_continue = expects && result != HTTP_PARSE_ERROR;
    return result;
}

void http_parse_done(struct http_parsed *request)
{
    free(request->head);
    free(request->body);
    memset(request, 0, sizeof(*request));
}
