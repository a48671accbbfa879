/* not_sent.c: see not_sent.h. */
#include "commands/not_sent.h"

#include "words.h"

static const char *explained(Fam__V1__NotSent not_sent)
{
    switch (not_sent) {
    case FAM__V1__NOT_SENT__NOT_SENT_NO_CONSENT:
        return "This person has not consented to processing and to messages, which both are needed.";
    case FAM__V1__NOT_SENT__NOT_SENT_UNREACHABLE:
        return "This person has blocked the bot.";
    case FAM__V1__NOT_SENT__NOT_SENT_PAUSED:
        return "This person has made a pause.";
    case FAM__V1__NOT_SENT__NOT_SENT_QUIET:
        return "It is within this person's quiet hours.";
    case FAM__V1__NOT_SENT__NOT_SENT_WAITS:
        return "One waits for this person already.";
    default:
        return "Nothing was sent.";
    }
}

void fam_ctl_show_sent(struct fam_ctl *ctl, Fam__V1__NotSent not_sent, const char *notification_id)
{
    bool dry_run = fam_ctl_is_dry_run(ctl), sent = not_sent == FAM__V1__NOT_SENT__NOT_SENT_UNSPECIFIED;
    char why[FAM_WORD_SIZE];
    fam_word_from_enum(&fam__v1__not_sent__descriptor, (int)not_sent, why);
    fam_out_field(&ctl->out, "sent", dry_run ? "Would be sent" : "Sent", FAM_YES_NO(sent));
    fam_out_field(&ctl->out, "not_sent", "Why not", FAM_TEXT(why));
    fam_out_field(&ctl->out, "notification_id", "Notification", FAM_TEXT(notification_id));
    if (!sent) {
        fam_out_note(&ctl->out, explained(not_sent));
        ctl->exit_code = dry_run ? FAM_EXIT_DONE : FAM_EXIT_FAILED;
    } else if (dry_run) {
        fam_out_note(&ctl->out, "Nothing was changed.");
    }
}
