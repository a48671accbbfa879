/* chat_terminal.c: the chat on a terminal; see chat.h. Line-based: the terminal stays as it is. */
#include <curl/curl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/json.h"
#include "sim/chat.h"

enum { LISTEN_MS = 700, LARGEST_NEWS = 16 * 1024 * 1024 };

struct terminal {
    struct chat *chat;
    bool colours;
    bool typing_shown;
    CURLM *multi;
    CURL *listener;
    bool listening;
    struct fam_buf news;
    char url[512];
    char line[CHAT_MAX_LINE];
    size_t line_size;
};

static const char *paint(const struct terminal *terminal, const char *code)
{
    return terminal->colours ? code : "";
}

static void prompt(const struct terminal *terminal)
{
    printf("%s> %s", paint(terminal, "\033[1;32m"), paint(terminal, "\033[0m"));
    fflush(stdout);
}

static void clear_line(const struct terminal *terminal)
{
    fputs(terminal->colours ? "\r\033[K" : "\n", stdout);
}

static void show_event(const struct terminal *terminal, const struct sim_event *event)
{
    char buttons[CHAT_MAX_BUTTONS];
    const char *dim = paint(terminal, "\033[2m");
    const char *plain = paint(terminal, "\033[0m");
    if (event->kind == SIM_EVENT_DELETED)
        printf("  %s(the bot deleted a message)%s\n", dim, plain);
    else if (event->kind == SIM_EVENT_ANSWERED && event->text[0])
        chat_print_text(stdout, event->text, "  * ");
    if (event->kind == SIM_EVENT_DELETED || event->kind == SIM_EVENT_ANSWERED)
        return;
    if (event->kind == SIM_EVENT_TEXT)
        printf("  %s(replaced)%s\n", dim, plain);
    if (event->kind != SIM_EVENT_BUTTONS)
        chat_print_text(stdout, event->text, "  ");
    if (sim_event_buttons(event->buttons, buttons, sizeof(buttons)) > 0) {
        fputs(paint(terminal, "\033[36m"), stdout);
        chat_print_text(stdout, buttons, "  ");
        fputs(plain, stdout);
    }
    putchar('\n');
}

static size_t on_news(char *data, size_t size, size_t count, void *context)
{
    struct fam_buf *news = context;
    fam_buf_add(news, data, size * count);
    return news->failed ? 0 : size * count;
}

static void listen_more(struct terminal *terminal)
{
    fam_buf_clear(&terminal->news);
    snprintf(terminal->url, sizeof(terminal->url),
             "%s/control/wait?chat_id=%" PRId64 "&after=%" PRIu64 "&timeout_ms=%d", terminal->chat->options.url,
             terminal->chat->options.chat_id, terminal->chat->seen, LISTEN_MS);
    curl_easy_setopt(terminal->listener, CURLOPT_URL, terminal->url);
    curl_easy_setopt(terminal->listener, CURLOPT_PROTOCOLS_STR, "http");
    curl_easy_setopt(terminal->listener, CURLOPT_PROXY, "");
    curl_easy_setopt(terminal->listener, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(terminal->listener, CURLOPT_TIMEOUT_MS, LISTEN_MS + 10000L);
    curl_easy_setopt(terminal->listener, CURLOPT_WRITEFUNCTION, on_news);
    curl_easy_setopt(terminal->listener, CURLOPT_WRITEDATA, &terminal->news);
    terminal->listening = curl_multi_add_handle(terminal->multi, terminal->listener) == CURLM_OK;
}

static void show_typing(struct terminal *terminal, bool typing)
{
    if (!terminal->colours || typing == terminal->typing_shown)
        return;
    clear_line(terminal);
    terminal->typing_shown = typing;
    if (typing) {
        printf("  \033[2mthe bot is typing…\033[0m");
        fflush(stdout);
    } else {
        prompt(terminal);
    }
}

/* What came with a finished listening. False when the simulator is gone. */
static bool take_news(struct terminal *terminal)
{
    struct sim_event event;
    int64_t seq = 0;
    bool any = false;
    cJSON *news = cJSON_ParseWithLength(fam_buf_text(&terminal->news), terminal->news.size);
    bool good = fam_json_i64(news, "seq", &seq);
    while (good && sim_event_next(news, terminal->chat->seen, &event)) {
        if (!any)
            clear_line(terminal);
        any = true;
        terminal->typing_shown = false;
        show_event(terminal, &event);
        terminal->chat->seen = event.seq;
    }
    if (good && (uint64_t)seq > terminal->chat->seen)
        terminal->chat->seen = (uint64_t)seq;
    if (any)
        prompt(terminal);
    if (good)
        show_typing(terminal, fam_json_bool(news, "typing"));
    cJSON_Delete(news);
    return good;
}

static bool finish_listening(struct terminal *terminal)
{
    int left = 0;
    bool good = true;
    for (CURLMsg *message; (message = curl_multi_info_read(terminal->multi, &left));) {
        if (message->msg != CURLMSG_DONE)
            continue;
        good = message->data.result == CURLE_OK;
        curl_multi_remove_handle(terminal->multi, terminal->listener);
        terminal->listening = false;
        good = good && take_news(terminal);
    }
    return good;
}

/* Says every whole line that was typed. False: leave. */
static bool take_lines(struct terminal *terminal)
{
    ssize_t got =
        read(STDIN_FILENO, terminal->line + terminal->line_size, sizeof(terminal->line) - 1 - terminal->line_size);
    if (got <= 0)
        return false;
    terminal->line_size += (size_t)got;
    char *end;
    while ((end = memchr(terminal->line, '\n', terminal->line_size))) {
        int64_t update_id;
        size_t used = (size_t)(end - terminal->line) + 1;
        *end = '\0';
        if (strcmp(terminal->line, "/quit") == 0)
            return false;
        if (chat_say(terminal->chat, terminal->line, &update_id) == CHAT_UNREACHABLE)
            return false;
        terminal->chat->failed = false; /* the person saw it */
        terminal->line_size -= used;
        memmove(terminal->line, terminal->line + used, terminal->line_size);
        prompt(terminal);
    }
    if (terminal->line_size == sizeof(terminal->line) - 1)
        terminal->line_size = 0;
    return true;
}

static bool run_once(struct terminal *terminal)
{
    int running = 0;
    struct curl_waitfd input = {.fd = STDIN_FILENO, .events = CURL_WAIT_POLLIN};
    if (!terminal->listening)
        listen_more(terminal);
    if (curl_multi_perform(terminal->multi, &running) != CURLM_OK)
        return false;
    if (!finish_listening(terminal)) {
        fprintf(stderr, "\nfamchat: the simulator is gone\n");
        terminal->chat->failed = true;
        return false;
    }
    if (!terminal->listening)
        return true;
    if (curl_multi_poll(terminal->multi, &input, 1, 1000, NULL) != CURLM_OK)
        return false;
    return input.revents == 0 || take_lines(terminal);
}

int chat_run_terminal(struct chat *chat, bool colours)
{
    struct terminal *terminal = calloc(1, sizeof(*terminal));
    if (!terminal)
        return 1;
    terminal->chat = chat;
    terminal->colours = colours;
    terminal->multi = curl_multi_init();
    terminal->listener = curl_easy_init();
    fam_buf_init(&terminal->news, LARGEST_NEWS);
    bool good = terminal->multi && terminal->listener;
    if (good) {
        printf("Write what your child said; [label] presses a button; /help asks the bot; /quit or Ctrl-D leaves.\n\n");
        prompt(terminal);
    }
    while (good && run_once(terminal)) {
    }
    if (terminal->listening)
        curl_multi_remove_handle(terminal->multi, terminal->listener);
    curl_easy_cleanup(terminal->listener);
    curl_multi_cleanup(terminal->multi);
    fam_buf_done(&terminal->news);
    free(terminal);
    printf("%s\n", colours ? "\033[0m" : "");
    return good && !chat->failed ? 0 : 1;
}
