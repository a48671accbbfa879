#include "report.h"

#include <inttypes.h>
#include <stdio.h>

enum { SHOWN_MAX = 16, TEXT_SIZE = 160, NAME_SIZE = 16 };

static void describe(const struct fam_sentry_frame *frame, char ret_text[TEXT_SIZE])
{
    if (frame->line > 0) {
        (void)snprintf(ret_text, TEXT_SIZE, "%.80s %.64s:%d", frame->function, frame->file, frame->line);
    } else if (frame->function[0] != '\0') {
        (void)snprintf(ret_text, TEXT_SIZE, "%.80s %.64s", frame->function, frame->module);
    } else {
        (void)snprintf(ret_text, TEXT_SIZE, "0x%" PRIx64 " %.64s", frame->address, frame->module);
    }
}

void fam_crash_report(struct fam_log *log, const struct fam_crash_record *record, const struct fam_stack *stack)
{
    char texts[SHOWN_MAX][TEXT_SIZE];
    char names[SHOWN_MAX][NAME_SIZE];
    struct fam_field fields[SHOWN_MAX + 4];
    size_t count = 0;
    fields[count++] = FAM_STR("signal", fam_crash_signal_name(record->head.signal));
    fields[count++] = FAM_STR("cause", fam_crash_code_name(record->head.signal, record->head.code));
    fields[count++] = FAM_STR("thread", record->head.thread);
    fields[count++] = FAM_U64("frames", stack->count);
    for (size_t i = 0; i < stack->count && i < SHOWN_MAX; i++) {
        describe(&stack->frames[i], texts[i]);
        (void)snprintf(names[i], sizeof(names[i]), "frame_%zu", i);
        fields[count++] = FAM_STR(names[i], texts[i]);
    }
    fam_log_write(log, FAM_LOG_ERROR, "crash", "the program crashed", fields, count);
}
