/* command_words.h: options and arguments of the commands, each list ended by an entry without a name. Constants. */
#ifndef FAM_CTL_COMMAND_WORDS_H
#define FAM_CTL_COMMAND_WORDS_H

#include "command.h"

extern const struct fam_flag fam_dry_run_flags[];
extern const struct fam_flag fam_health_flags[];
extern const struct fam_flag fam_status_flags[];
extern const struct fam_flag fam_top_flags[];
extern const struct fam_argument fam_metrics_arguments[];
extern const struct fam_flag fam_token_create_flags[];
extern const struct fam_argument fam_token_create_arguments[];
extern const struct fam_argument fam_token_revoke_arguments[];
extern const struct fam_flag fam_token_revoke_flags[];
extern const struct fam_argument fam_translate_arguments[];
extern const struct fam_flag fam_translate_flags[];
extern const struct fam_flag fam_list_flags[];
extern const struct fam_flag fam_show_flags[];
extern const struct fam_flag fam_show_user_flags[];
extern const struct fam_flag fam_entry_list_flags[];
extern const struct fam_argument fam_family_arguments[];
extern const struct fam_argument fam_child_arguments[];
extern const struct fam_argument fam_feedback_arguments[];
extern const struct fam_flag fam_family_export_flags[];
extern const struct fam_flag fam_family_delete_flags[];
extern const struct fam_flag fam_feedback_flags[];
extern const struct fam_flag fam_broadcast_flags[];
extern const struct fam_flag fam_audit_flags[];
extern const struct fam_flag fam_call_flags[];
extern const struct fam_argument fam_call_arguments[];
extern const struct fam_argument fam_service_arguments[];
extern const struct fam_argument fam_describe_arguments[];
extern const struct fam_argument fam_user_arguments[];
extern const struct fam_argument fam_entry_arguments[];
extern const struct fam_argument fam_session_list_arguments[];
extern const struct fam_argument fam_session_arguments[];
extern const struct fam_argument fam_session_revoke_arguments[];
extern const struct fam_flag fam_session_show_flags[];
extern const struct fam_flag fam_session_revoke_flags[];
extern const struct fam_argument fam_breaker_arguments[];
extern const struct fam_argument fam_task_arguments[];
extern const struct fam_argument fam_tasks_arguments[];
extern const struct fam_argument fam_queue_type_arguments[];
extern const struct fam_flag fam_queue_list_flags[];
extern const struct fam_flag fam_queue_dead_flags[];
extern const struct fam_flag fam_queue_change_flags[];
extern const struct fam_flag fam_queue_pause_flags[];
extern const struct fam_flag fam_queue_drain_flags[];
extern const struct fam_flag fam_schedule_flags[];
extern const struct fam_flag fam_user_list_flags[];
extern const struct fam_argument fam_checkin_arguments[];
extern const struct fam_flag fam_checkin_send_flags[];
extern const struct fam_argument fam_report_arguments[];
extern const struct fam_flag fam_report_flags[];
extern const struct fam_flag fam_report_render_flags[];
extern const struct fam_flag fam_report_send_flags[];
extern const struct fam_flag fam_log_flags[];
extern const struct fam_argument fam_log_arguments[];
extern const struct fam_argument fam_log_level_arguments[];
extern const struct fam_argument fam_context_arguments[];
extern const struct fam_argument fam_context_show_arguments[];
extern const struct fam_argument fam_completion_arguments[];
extern const struct fam_argument fam_man_arguments[];
extern const struct fam_argument fam_notify_arguments[];
extern const struct fam_flag fam_notify_list_flags[];
extern const struct fam_flag fam_notify_resend_flags[];

#endif
