/* http_parse.h: takes one HTTP request out of received bytes. Used by http_sim.c only. No state, thread-safe. */
#ifndef FAM_SIM_HTTP_PARSE_H
#define FAM_SIM_HTTP_PARSE_H

#include <stdbool.h>
#include <stddef.h>

enum http_parse_result {
    HTTP_PARSE_MORE,  /* the request is not complete yet */
    HTTP_PARSE_DONE,  /* *ret_request is filled; free with http_parse_done() */
    HTTP_PARSE_ERROR, /* no HTTP: answer ret_request->error_status and close */
};

struct http_parsed {
    char *head;         /* owns method, target, query and the header lines */
    const char *method; /* all of these point into `head` */
    const char *path;
    const char *query;
    const char *headers;
    char *body;
    size_t body_size;
    size_t consumed; /* bytes taken from the input */
    bool keep_alive;
    bool expects_continue; /* with HTTP_PARSE_MORE too: the peer waits for "100 Continue" */
    int error_status;      /* 400, 413, 431, 500, 501 */
};

enum http_parse_result http_parse(const char *data, size_t size, struct http_parsed *ret_request);
void http_parse_done(struct http_parsed *request);
/* A header's value: its start within `headers` and its length, trimmed; false when absent. */
bool http_parse_header(const char *headers, const char *name, const char **ret_value, size_t *ret_size);

#endif
