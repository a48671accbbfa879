/* famctl: the operators' tool. See docs/famctl.md and famctl --help. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/crash.h"
#include "ctl.h"

static bool wants_colour(void)
{
    const char *no_colour = getenv("NO_COLOR");
    const char *term = getenv("TERM");
    return isatty(STDOUT_FILENO) && (no_colour == NULL || no_colour[0] == '\0') && term != NULL && term[0] != '\0' &&
           strcmp(term, "dumb") != 0;
}

static size_t terminal_width(void)
{
    struct winsize size = {0};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) {
        return 0;
    }
    return size.ws_col;
}

int main(int argc, char **argv)
{
    /* A reader that goes away is seen by write(), which then fails. */
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR) {
        return FAM_EXIT_FAILED;
    }
    /* Without famcrash beside it a crash is not reported; nothing else is different. */
    struct fam_status no_crash;
    bool reported = fam_crash_install("famctl", &no_crash) == FAM_OK;
    (void)reported;
    struct fam_ctl_io io = {.in = stdin,
                            .out = stdout,
                            .err = stderr,
                            .in_terminal = isatty(STDIN_FILENO) == 1,
                            .style = {.colour = wants_colour(), .width = terminal_width()}};
    return fam_ctl_run(argc, argv, environ, &io);
}
