/* commands.h: what each command does: one call or a few, and an answer in ctl->out.
 *
 * On success a command returns FAM_OK and may set ctl->exit_code; on failure it fills *status. None of them prints. */
#ifndef FAM_CTL_COMMANDS_COMMANDS_H
#define FAM_CTL_COMMANDS_COMMANDS_H

#include "base/status.h"

struct fam_ctl;

enum fam_code fam_ctl_health(struct fam_ctl *ctl, struct fam_status *status);
enum fam_code fam_ctl_info(struct fam_ctl *ctl, struct fam_status *status);
enum fam_code fam_ctl_db_status(struct fam_ctl *ctl, struct fam_status *status);
enum fam_code fam_ctl_db_migrate(struct fam_ctl *ctl, struct fam_status *status);
enum fam_code fam_ctl_token_create(struct fam_ctl *ctl, struct fam_status *status);
enum fam_code fam_ctl_token_list(struct fam_ctl *ctl, struct fam_status *status);
enum fam_code fam_ctl_token_revoke(struct fam_ctl *ctl, struct fam_status *status);
enum fam_code fam_ctl_translate(struct fam_ctl *ctl, struct fam_status *status);
enum fam_code fam_ctl_methods(struct fam_ctl *ctl, struct fam_status *status);
enum fam_code fam_ctl_describe(struct fam_ctl *ctl, struct fam_status *status);
enum fam_code fam_ctl_call_method(struct fam_ctl *ctl, struct fam_status *status);
enum fam_code fam_ctl_user_list(struct fam_ctl *ctl, struct fam_status *status);
enum fam_code fam_ctl_user_show(struct fam_ctl *ctl, struct fam_status *status);
enum fam_code fam_ctl_family_list(struct fam_ctl *ctl, struct fam_status *status);
enum fam_code fam_ctl_family_show(struct fam_ctl *ctl, struct fam_status *status);
enum fam_code fam_ctl_family_export(struct fam_ctl *ctl, struct fam_status *status);
enum fam_code fam_ctl_family_delete(struct fam_ctl *ctl, struct fam_status *status);
enum fam_code fam_ctl_child_list(struct fam_ctl *ctl, struct fam_status *status);
enum fam_code fam_ctl_child_show(struct fam_ctl *ctl, struct fam_status *status);
enum fam_code fam_ctl_feedback_list(struct fam_ctl *ctl, struct fam_status *status);
enum fam_code fam_ctl_feedback_show(struct fam_ctl *ctl, struct fam_status *status);
enum fam_code fam_ctl_retention(struct fam_ctl *ctl, struct fam_status *status);
enum fam_code fam_ctl_stats(struct fam_ctl *ctl, struct fam_status *status);
enum fam_code fam_ctl_broadcast(struct fam_ctl *ctl, struct fam_status *status);
enum fam_code fam_ctl_entry_list(struct fam_ctl *ctl, struct fam_status *status);
enum fam_code fam_ctl_entry_show(struct fam_ctl *ctl, struct fam_status *status);
enum fam_code fam_ctl_session_list(struct fam_ctl *ctl, struct fam_status *status);
enum fam_code fam_ctl_session_show(struct fam_ctl *ctl, struct fam_status *status);
enum fam_code fam_ctl_session_revoke(struct fam_ctl *ctl, struct fam_status *status);
enum fam_code fam_ctl_audit_list(struct fam_ctl *ctl, struct fam_status *status);
enum fam_code fam_ctl_cache_stats(struct fam_ctl *ctl, struct fam_status *status);
enum fam_code fam_ctl_cache_clear(struct fam_ctl *ctl, struct fam_status *status);
enum fam_code fam_ctl_claude_usage(struct fam_ctl *ctl, struct fam_status *status);
enum fam_code fam_ctl_claude_limits(struct fam_ctl *ctl, struct fam_status *status);
enum fam_code fam_ctl_claude_breaker(struct fam_ctl *ctl, struct fam_status *status);
enum fam_code fam_ctl_queue_stats(struct fam_ctl *ctl, struct fam_status *status);
enum fam_code fam_ctl_queue_list(struct fam_ctl *ctl, struct fam_status *status);
enum fam_code fam_ctl_queue_show(struct fam_ctl *ctl, struct fam_status *status);
enum fam_code fam_ctl_queue_dead(struct fam_ctl *ctl, struct fam_status *status);
enum fam_code fam_ctl_queue_retry(struct fam_ctl *ctl, struct fam_status *status);
enum fam_code fam_ctl_queue_delete(struct fam_ctl *ctl, struct fam_status *status);
enum fam_code fam_ctl_queue_pause(struct fam_ctl *ctl, struct fam_status *status);
enum fam_code fam_ctl_queue_resume(struct fam_ctl *ctl, struct fam_status *status);
enum fam_code fam_ctl_queue_drain(struct fam_ctl *ctl, struct fam_status *status);
enum fam_code fam_ctl_queue_top(struct fam_ctl *ctl, struct fam_status *status);
enum fam_code fam_ctl_notify_list(struct fam_ctl *ctl, struct fam_status *status);
enum fam_code fam_ctl_notify_resend(struct fam_ctl *ctl, struct fam_status *status);
enum fam_code fam_ctl_schedule_list(struct fam_ctl *ctl, struct fam_status *status);
enum fam_code fam_ctl_schedule_show(struct fam_ctl *ctl, struct fam_status *status);
enum fam_code fam_ctl_checkin_list(struct fam_ctl *ctl, struct fam_status *status);
enum fam_code fam_ctl_checkin_show(struct fam_ctl *ctl, struct fam_status *status);
enum fam_code fam_ctl_checkin_send(struct fam_ctl *ctl, struct fam_status *status);
enum fam_code fam_ctl_report_list(struct fam_ctl *ctl, struct fam_status *status);
enum fam_code fam_ctl_report_show(struct fam_ctl *ctl, struct fam_status *status);
enum fam_code fam_ctl_report_render(struct fam_ctl *ctl, struct fam_status *status);
enum fam_code fam_ctl_report_send(struct fam_ctl *ctl, struct fam_status *status);
enum fam_code fam_ctl_status(struct fam_ctl *ctl, struct fam_status *status);
enum fam_code fam_ctl_slo(struct fam_ctl *ctl, struct fam_status *status);
enum fam_code fam_ctl_top(struct fam_ctl *ctl, struct fam_status *status);
enum fam_code fam_ctl_metrics_get(struct fam_ctl *ctl, struct fam_status *status);
enum fam_code fam_ctl_log_level(struct fam_ctl *ctl, struct fam_status *status);
enum fam_code fam_ctl_drain(struct fam_ctl *ctl, struct fam_status *status);
enum fam_code fam_ctl_doctor(struct fam_ctl *ctl, struct fam_status *status);
enum fam_code fam_ctl_logs(struct fam_ctl *ctl, struct fam_status *status);
enum fam_code fam_ctl_context_list(struct fam_ctl *ctl, struct fam_status *status);
enum fam_code fam_ctl_context_show(struct fam_ctl *ctl, struct fam_status *status);
enum fam_code fam_ctl_context_use(struct fam_ctl *ctl, struct fam_status *status);
enum fam_code fam_ctl_completion(struct fam_ctl *ctl, struct fam_status *status);
enum fam_code fam_ctl_man(struct fam_ctl *ctl, struct fam_status *status);

/* health.c, for status: adds the whole's status and the checks to the answer, and sets the exit code by --fail-on. */
enum fam_code fam_ctl_add_checks(struct fam_ctl *ctl, struct fam_status *status);

#endif
