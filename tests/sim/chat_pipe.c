/* chat_pipe.c: the chat without a terminal; see chat.h.
 *
 * A line's answer is whole when the bot has confirmed the update, something has come, the bot no longer types, and it
 * has been quiet for a moment, so that a text replaced soon after is printed as well. Each of these waits is bounded.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/json.h"
#include "sim/chat.h"

enum { LONGEST_SETTLE_MS = 5000, TYPING_STEP_MS = 250 };

struct answer {
    int64_t update_id;
    bool confirmed;
    bool answered;
    bool typing;
    uint64_t last_ms; /* of the last news */
};

static void print_event(FILE *out, const struct sim_event *event)
{
    char buttons[CHAT_MAX_BUTTONS];
    bool shown = event->kind == SIM_EVENT_SENT || event->kind == SIM_EVENT_TEXT ||
                 (event->kind == SIM_EVENT_ANSWERED && event->text[0]);
    if (!shown)
        return;
    chat_print_text(out, event->text, "");
    if (sim_event_buttons(event->buttons, buttons, sizeof(buttons)) > 0)
        chat_print_text(out, buttons, "");
    fputc('\n', out);
    fflush(out);
}

/* Asks for news for at most `wait_ms` and prints them. False when the simulator is gone. */
static bool listen_once(struct chat *chat, struct answer *answer, long wait_ms, FILE *out)
{
    char path[256];
    cJSON *news = NULL;
    struct sim_event event;
    int64_t seq = 0;
    int64_t confirmed = 0;
    snprintf(path, sizeof(path),
             "/control/wait?chat_id=%" PRId64 "&after=%" PRIu64 "&confirmed=%" PRId64 "&timeout_ms=%ld",
             chat->options.chat_id, chat->seen, answer->confirmed ? 0 : answer->update_id, wait_ms);
    int status = sim_client_get(chat->client, path, wait_ms + 10000, &news);
    if (status != 200 || !fam_json_i64(news, "seq", &seq) || !fam_json_i64(news, "confirmed", &confirmed)) {
        fprintf(stderr, "famchat: the simulator is gone\n");
        cJSON_Delete(news);
        return false;
    }
    while (sim_event_next(news, chat->seen, &event)) {
        print_event(out, &event);
        chat->seen = event.seq;
        answer->answered = true;
        answer->last_ms = fam_mono_ms();
    }
    if ((uint64_t)seq > chat->seen)
        chat->seen = (uint64_t)seq;
    answer->confirmed = answer->confirmed || confirmed >= answer->update_id;
    answer->typing = fam_json_bool(news, "typing");
    cJSON_Delete(news);
    return true;
}

/* How long to listen next; 0: the answer is whole. */
static long next_wait_ms(const struct chat *chat, const struct answer *answer, uint64_t start_ms)
{
    uint64_t now_ms = fam_mono_ms();
    long waited_ms = (long)(now_ms - start_ms);
    long quiet_ms = (long)(now_ms - answer->last_ms);
    if (!answer->answered)
        return waited_ms < chat->options.patience_ms ? chat->options.patience_ms - waited_ms : 0;
    bool settled = answer->confirmed && !answer->typing;
    long needed_ms = settled ? chat->options.settle_ms : LONGEST_SETTLE_MS;
    if (quiet_ms >= needed_ms)
        return 0;
    return answer->typing && needed_ms - quiet_ms > TYPING_STEP_MS ? TYPING_STEP_MS : needed_ms - quiet_ms;
}

/* False when the bot stays silent or the simulator is gone. */
static bool await_answer(struct chat *chat, int64_t update_id, FILE *out)
{
    struct answer answer = {.update_id = update_id};
    uint64_t start_ms = fam_mono_ms();
    for (long wait_ms; (wait_ms = next_wait_ms(chat, &answer, start_ms)) > 0;)
        if (!listen_once(chat, &answer, wait_ms, out))
            return false;
    if (!answer.answered)
        fprintf(stderr, "famchat: the bot did not answer within %ld s\n", chat->options.patience_ms / 1000);
    return answer.answered;
}

enum line { LINE_GOOD, LINE_LONG, LINE_NUL, LINE_END };

/* One line, whatever its length: what does not fit is passed over, so that its rest is no line of its own. */
static enum line read_line(FILE *in, char line[CHAT_MAX_LINE])
{
    size_t size = 0;
    enum line kind = LINE_GOOD;
    int c = getc(in);
    if (c == EOF)
        return LINE_END;
    for (; c != EOF && c != '\n'; c = getc(in)) {
        if (c == '\0')
            kind = LINE_NUL;
        else if (size + 1 < CHAT_MAX_LINE)
            line[size++] = (char)c;
        else if (kind == LINE_GOOD)
            kind = LINE_LONG;
    }
    line[size] = '\0';
    return kind;
}

int chat_run_pipe(struct chat *chat, FILE *in, FILE *out)
{
    char line[CHAT_MAX_LINE];
    for (enum line kind; (kind = read_line(in, line)) != LINE_END;) {
        int64_t update_id = 0;
        if (kind != LINE_GOOD) {
            fprintf(stderr, kind == LINE_NUL ? "famchat: a line holds a NUL: it is left out\n"
                                             : "famchat: a line is too long: it is left out\n");
            chat->failed = true;
            continue;
        }
        enum chat_said said = chat_say(chat, line, &update_id);
        if (said == CHAT_UNREACHABLE)
            return 1;
        if (said == CHAT_SAID && !await_answer(chat, update_id, out))
            return 1;
    }
    return chat->failed || ferror(in) ? 1 : 0;
}
