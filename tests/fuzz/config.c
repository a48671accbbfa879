/* Configuration: lines of NAME=value. Whatever they hold, loading ends, an error is readable text, and what is taken
 * can be printed and split. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/config.h"
#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LINES_MAX = 16 };

/* A file is opened by name, so the fuzzer must not choose one. */
static bool names_a_file(const char *line)
{
    const char *equals = strchr(line, '=');
    return equals != NULL && equals - line > 5 && memcmp(equals - 5, "_FILE", 5) == 0;
}

static void check_taken(enum fam_program program, struct fam_config *config)
{
    char host[256];
    uint16_t port = 0;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (!fam_config_split_address(config->http_listen, host, sizeof(host), &port) ||
        !fam_config_split_address(config->bot_http_listen, host, sizeof(host), &port) || config->workers == 0) {
        abort();
    }
    if (out != NULL) {
        fam_config_print(program, config, out);
        (void)fclose(out);
        if (!fam_utf8_valid(text, size)) {
            abort();
        }
        free(text);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum fam_program programs[] = {FAM_PROGRAM_SERVER, FAM_PROGRAM_BOT, FAM_PROGRAM_CTL};
    char *lines[LINES_MAX + 1] = {NULL};
    char *text = malloc(size + 1);
    if (text == NULL || size == 0) {
        free(text);
        return 0;
    }
    memcpy(text, data, size);
    text[size] = '\0';
    size_t count = 0;
    char *rest = text + 1;
    for (char *line; count < LINES_MAX && (line = strsep(&rest, "\n")) != NULL;) {
        if (!names_a_file(line)) {
            lines[count++] = line;
        }
    }
    struct fam_config config;
    struct fam_status status = {0};
    enum fam_program program = programs[data[0] % FAM_ARRAY_SIZE(programs)];
    if (fam_config_load(program, lines, &config, &status) == FAM_OK) {
        check_taken(program, &config);
        fam_config_done(&config);
    } else if (status.message[0] == '\0' || !fam_utf8_valid(status.message, strlen(status.message))) {
        abort();
    }
    free(text);
    return 0;
}
