/* chat_main.c: the program famchat. */
#include <curl/curl.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/chat.h"

static const char help_text[] =
    "Usage: famchat [OPTION]…\n"
    "A chat with the bot in the terminal, by a telegram-sim that runs already.\n"
    "\n"
    "  --url URL          of the simulator (default http://127.0.0.1:8081)\n"
    "  --chat ID          the number of the person and the chat (default 7001)\n"
    "  --name TEXT        the person's first name (default Parent)\n"
    "  --language CODE    ru or en, as the person's Telegram says (default ru)\n"
    "  --patience-ms N    how long the bot may take to answer a line (default 30000; without a terminal)\n"
    "  --settle-ms N      how long it must be quiet before an answer counts as whole (default 600)\n"
    "  --help             this text\n"
    "\n"
    "A line is what the parent says; [label] presses the newest button of that label; /help and other commands work;\n"
    "/quit or Ctrl-D leaves. When standard input is no terminal, lines are read to the end and each answer is printed\n"
    "without empty lines inside, its buttons as [label] on the last line, then an empty line; a replaced text is\n"
    "printed as a new answer. NO_COLOR turns colours off.\n"
    "\n"
    "Exit: 0 done, 1 a button that was not there, a silent bot or no simulator, 2 wrong usage.\n"
    "\n"
    "Examples:\n"
    "  famchat --url http://127.0.0.1:8081\n"
    "  printf 'I hate you!\\n[Why]\\n' | famchat --url http://127.0.0.1:8081 --language en\n";

static bool read_number(const char *text, int64_t low, int64_t high, int64_t *ret_number)
{
    char *end;
    long long value = strtoll(text, &end, 10);
    if (end == text || *end || value < low || value > high)
        return false;
    *ret_number = value;
    return true;
}

/* One option. False when its value is wrong. */
static bool apply(struct chat_options *options, int option, const char *value)
{
    int64_t number = 0;
    switch (option) {
    case 'u':
        options->url = value;
        return strncmp(value, "http://", 7) == 0 && strlen(value) < 200 && value[strlen(value) - 1] != '/';
    case 'c':
        return read_number(value, 1, (int64_t)1 << 52, &options->chat_id);
    case 'n':
        options->name = value;
        return value[0] != '\0';
    case 'l':
        options->language = value;
        return strcmp(value, "ru") == 0 || strcmp(value, "en") == 0;
    case 'p':
        if (!read_number(value, 1, 3600000, &number))
            return false;
        options->patience_ms = (long)number;
        return true;
    case 's':
        if (!read_number(value, 1, 60000, &number))
            return false;
        options->settle_ms = (long)number;
        return true;
    default:
        return false;
    }
}

/* The exit code when there is nothing to run, -1: run. */
static int read_arguments(int argc, char **argv, struct chat_options *options)
{
    static const struct option longs[] = {{"url", required_argument, NULL, 'u'},
                                          {"chat", required_argument, NULL, 'c'},
                                          {"name", required_argument, NULL, 'n'},
                                          {"language", required_argument, NULL, 'l'},
                                          {"patience-ms", required_argument, NULL, 'p'},
                                          {"settle-ms", required_argument, NULL, 's'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    int index = 0;
    for (int option; (option = getopt_long(argc, argv, "h", longs, &index)) != -1;) {
        if (option == 'h') {
            fputs(help_text, stdout);
            return 0;
        }
        if (option == '?') {
            fprintf(stderr, "Try famchat --help\n");
            return 2;
        }
        if (!apply(options, option, optarg)) {
            fprintf(stderr, "famchat: --%s does not take that value; see famchat --help\n", longs[index].name);
            return 2;
        }
    }
    if (optind == argc)
        return -1;
    fprintf(stderr, "famchat: it takes options only; try --help\n");
    return 2;
}

/* Escape codes only for a terminal that knows them and a person who wants them. */
static bool wants_colours(void)
{
    const char *no_color = getenv("NO_COLOR");
    const char *term = getenv("TERM");
    return (!no_color || !no_color[0]) && term && strcmp(term, "dumb") != 0 && isatty(STDOUT_FILENO);
}

int main(int argc, char **argv)
{
    struct chat chat;
    struct chat_options options = {.url = "http://127.0.0.1:8081",
                                   .chat_id = 7001,
                                   .name = "Parent",
                                   .language = "ru",
                                   .patience_ms = 30000,
                                   .settle_ms = 600};
    int exit_code = read_arguments(argc, argv, &options);
    if (exit_code >= 0)
        return exit_code;
    curl_global_init(CURL_GLOBAL_DEFAULT);
    exit_code = 1;
    if (chat_open(&chat, &options)) {
        if (isatty(STDIN_FILENO))
            exit_code = chat_run_terminal(&chat, wants_colours());
        else
            exit_code = chat_run_pipe(&chat, stdin, stdout);
    }
    chat_close(&chat);
    curl_global_cleanup();
    return exit_code;
}
