/* export_tables.c: the tables of the export, in their order. A test derives from the schema that none is missing. */
#include "store/export_private.h"

/* The family of the person, NULL without. */
#define MY_FAMILY                                                                                                      \
    "(SELECT p.family_id FROM parents p JOIN families f USING (family_id) WHERE p.user_id = $1 "                       \
    "AND f.erased_at IS NULL ORDER BY p.created_at, p.parent_id LIMIT 1)"
#define NO_KEY ", NULL::bytea, NULL::uuid, '', NULL::uuid"
#define BEHIND(id_, part_) " AND (" id_ ", " part_ ") > ($2::uuid, $3::integer) ORDER BY 1, 2 LIMIT $4::bigint"
#define PLAIN(row_, sealed_) "(to_jsonb(" row_ ") - ARRAY[" sealed_ "])::text"

#define SHARED                                                                                                         \
    "FROM keys.entry_keys k JOIN emotion_entries e USING (entry_id) JOIN parents a ON a.family_id = k.family_id "      \
    "AND a.user_id = e.user_id "
#define SHARED_WHERE "WHERE k.family_id = " MY_FAMILY " AND e.user_id <> $1"

const struct fam_export_table fam_export_tables[] = {
    {.name = "users",
     .key = FAM_EXPORT_USER,
     .statement =
         {"export_users",
          "SELECT user_id, 0, " PLAIN(
              "u",
              "'telegram_hmac', 'telegram_sealed', 'name', 'erased_at'") ", user_id" NO_KEY
                                                                         ", telegram_sealed, name FROM users u WHERE "
                                                                         "user_id = $1 AND erased_at IS NULL" BEHIND(
                                                                             "user_id", "0"),
          "select", "users"},
     .columns = {{"users", "telegram_sealed", FAM_EXPORT_NUMBER}, {"users", "name", FAM_EXPORT_TEXT}}},
    {.name = "consents",
     .statement = {"export_consents",
                   "SELECT consent_id, 0, to_jsonb(c)::text, user_id" NO_KEY
                   " FROM consents c WHERE user_id = $1" BEHIND("consent_id", "0"),
                   "select", "consents"}},
    {.name = "families",
     .key = FAM_EXPORT_FAMILY,
     .statement = {"export_families",
                   "SELECT family_id, 0, " PLAIN(
                       "f", "'name', 'erased_at'") ", family_id" NO_KEY
                                                   ", name FROM families f WHERE family_id = " MY_FAMILY BEHIND(
                                                       "family_id", "0"),
                   "select", "families"},
     .columns = {{"families", "name", FAM_EXPORT_TEXT}}},
    {.name = "parents",
     .key = FAM_EXPORT_USER,
     .of_owner = true,
     .statement = {"export_parents",
                   "SELECT p.parent_id, 0, to_jsonb(p)::text, p.user_id" NO_KEY
                   ", u.name FROM parents p JOIN users u USING (user_id) WHERE p.family_id = " MY_FAMILY BEHIND(
                       "p.parent_id", "0"),
                   "select", "parents"},
     .columns = {{"users", "name", FAM_EXPORT_TEXT}}},
    {.name = "children",
     .key = FAM_EXPORT_FAMILY,
     .statement =
         {"export_children",
          "SELECT child_id, 0, " PLAIN(
              "c", "'name', 'birth', 'profile'") ", family_id" NO_KEY
                                                 ", name, birth, profile FROM children c WHERE family_id = " MY_FAMILY
                                                     BEHIND("child_id", "0"),
          "select", "children"},
     .columns = {{"children", "name", FAM_EXPORT_TEXT},
                 {"children", "birth", FAM_EXPORT_DATE},
                 {"children", "profile", FAM_EXPORT_PROFILE}}},
    {.name = "invites",
     .statement = {"export_invites",
                   "SELECT invite_id, 0, " PLAIN("i", "'code_hash'") ", created_by" NO_KEY
                                                                     " FROM invites i WHERE created_by = $1" BEHIND(
                                                                         "invite_id", "0"),
                   "select", "invites"}},
    {.name = "schedules",
     .statement = {"export_schedules",
                   "SELECT schedule_id, 0, to_jsonb(s)::text, schedule_id" NO_KEY " FROM schedules s "
                   "WHERE (user_id = $1 OR (user_id IS NULL AND family_id = " MY_FAMILY "))" BEHIND("schedule_id", "0"),
                   "select", "schedules"}},
    {.name = "emotion_entries",
     .key = FAM_EXPORT_ENTRY,
     .statement = {"export_entries",
                   "SELECT e.entry_id, 0, " PLAIN(
                       "e", "'phrase', 'context', 'safety'") ", e.user_id, k.wrapped_user, NULL::uuid, '', e.entry_id, "
                                                             "e.phrase, e.context, e.safety FROM emotion_entries e "
                                                             "LEFT JOIN keys.entry_keys k USING (entry_id) WHERE "
                                                             "e.user_id = $1" BEHIND("e.entry_id", "0"),
                   "select", "emotion_entries"},
     .columns = {{"emotion_entries", "phrase", FAM_EXPORT_TEXT},
                 {"emotion_entries", "context", FAM_EXPORT_CONTEXT},
                 {"emotion_entries", "safety", FAM_EXPORT_SAFETY}}},
    {.name = "readings",
     .key = FAM_EXPORT_ENTRY,
     .statement =
         {"export_readings",
          "SELECT r.entry_id, r.version, " PLAIN(
              "r",
              "'body'") ", e.user_id, k.wrapped_user, NULL::uuid, '', e.entry_id, r.body FROM readings r JOIN "
                        "emotion_entries e "
                        "USING (entry_id) LEFT JOIN keys.entry_keys k USING (entry_id) WHERE e.user_id = $1" BEHIND(
                            "r.entry_id", "r.version"),
          "select", "readings"},
     .columns = {{"readings", "body", FAM_EXPORT_READING}}},
    {.name = "deliveries",
     .key = FAM_EXPORT_ENTRY,
     .statement = {"export_deliveries",
                   "SELECT d.delivery_id, 0, " PLAIN(
                       "d",
                       "'chat'") ", e.user_id, k.wrapped_user, NULL::uuid, '', e.entry_id, d.chat FROM deliveries d "
                                 "JOIN emotion_entries e USING (entry_id) LEFT JOIN keys.entry_keys k USING (entry_id) "
                                 "WHERE e.user_id = $1" BEHIND("d.delivery_id", "0"),
                   "select", "deliveries"},
     .columns = {{"deliveries", "chat", FAM_EXPORT_CHAT}}},
    {.name = "ratings",
     .key = FAM_EXPORT_ENTRY,
     .statement = {"export_ratings",
                   "SELECT t.entry_id, 0, " PLAIN(
                       "t",
                       "'body'") ", e.user_id, k.wrapped_user, NULL::uuid, '', e.entry_id, t.body FROM ratings t JOIN "
                                 "emotion_entries e "
                                 "USING (entry_id) LEFT JOIN keys.entry_keys k USING (entry_id) WHERE t.user_id = $1 "
                                 "AND e.user_id = $1" BEHIND("t.entry_id", "0"),
                   "select", "ratings"},
     .columns = {{"ratings", "body", FAM_EXPORT_RATING}}},
    {.name = "corrections",
     .key = FAM_EXPORT_USER,
     .statement = {"export_corrections",
                   "SELECT correction_id, 0, " PLAIN(
                       "c", "'body'") ", user_id" NO_KEY
                                      ", body FROM corrections c WHERE user_id = $1" BEHIND("correction_id", "0"),
                   "select", "corrections"},
     .columns = {{"corrections", "body", FAM_EXPORT_CORRECTION}}},
    {.name = "shared_entries",
     .key = FAM_EXPORT_SHARED,
     .statement = {"export_shared_entries",
                   "SELECT e.entry_id, 0, jsonb_build_object('entry_id', e.entry_id, 'user_id', e.user_id, 'child_id', "
                   "e.child_id, 'language', e.language, 'created_at', e.created_at)::text, e.user_id, "
                   "k.wrapped_family, k.family_id, '', e.entry_id, e.phrase " SHARED SHARED_WHERE BEHIND("e.entry_id",
                                                                                                         "0"),
                   "select", "emotion_entries"},
     .columns = {{"emotion_entries", "phrase", FAM_EXPORT_TEXT}}},
    {.name = "shared_readings",
     .key = FAM_EXPORT_SHARED,
     .statement = {"export_shared_readings",
                   "SELECT e.entry_id, r.version, jsonb_build_object('entry_id', e.entry_id, 'version', r.version, "
                   "'engine', r.engine, 'created_at', r.created_at)::text, e.user_id, k.wrapped_family, k.family_id, "
                   "'', e.entry_id, r.body " SHARED "JOIN LATERAL (SELECT * FROM readings WHERE entry_id = e.entry_id "
                   "ORDER BY version DESC LIMIT 1) r ON true " SHARED_WHERE BEHIND("e.entry_id", "r.version"),
                   "select", "readings"},
     .columns = {{"readings", "body", FAM_EXPORT_READING}}},
    {.name = "disclosures",
     .key = FAM_EXPORT_USER,
     .statement = {"export_disclosures",
                   "SELECT disclosure_id, 0, " PLAIN(
                       "d", "'body'") ", user_id" NO_KEY
                                      ", body FROM disclosures d WHERE user_id = $1" BEHIND("disclosure_id", "0"),
                   "select", "disclosures"},
     .columns = {{"disclosures", "body", FAM_EXPORT_TEXT}}},
    {.name = "notifications",
     .key = FAM_EXPORT_USER,
     .statement =
         {"export_notifications",
          "SELECT notification_id, 0, jsonb_build_object('notification_id', notification_id, 'user_id', "
          "user_id, 'kind', kind, 'state', state, 'entry_id', entry_id, 'reading_version', reading_version, "
          "'checkin_id', checkin_id, 'due_at', due_at, "
          "'not_before', not_before, 'expires_at', expires_at, 'created_at', created_at, 'finished_at', "
          "finished_at)::text, user_id, NULL::bytea, NULL::uuid, kind, NULL::uuid, body, message FROM notifications "
          "WHERE user_id = $1" BEHIND("notification_id", "0"),
          "select", "notifications"},
     .columns = {{"notifications", "body", FAM_EXPORT_NOTIFICATION}, {"notifications", "message", FAM_EXPORT_CHAT}}},
    {.name = "checkin_settings",
     .statement = {"export_checkin_settings",
                   "SELECT user_id, 0, to_jsonb(s)::text, user_id" NO_KEY
                   " FROM checkin_settings s WHERE user_id = $1" BEHIND("user_id", "0"),
                   "select", "checkin_settings"}},
    {.name = "checkins",
     .key = FAM_EXPORT_USER,
     .statement =
         {"export_checkins",
          "SELECT checkin_id, 0, " PLAIN(
              "c", "'counted', 'asked', 'answered', 'answers'") ", user_id" NO_KEY
                                                                ", answers FROM checkins c WHERE user_id = $1" BEHIND(
                                                                    "checkin_id", "0"),
          "select", "checkins"},
     .columns = {{"checkins", "answers", FAM_EXPORT_ANSWERS}}},
    /* Of programs before checkins.answers. Those of one check-in are counted by their questions: several may have stood
       at one place. */
    {.name = "checkin_answers",
     .key = FAM_EXPORT_USER,
     .statement = {"export_checkin_answers",
                   "SELECT n.checkin_id, n.part, n.plain, n.user_id" NO_KEY ", n.body FROM (SELECT a.checkin_id, "
                   "(row_number() OVER (PARTITION BY a.checkin_id ORDER BY a.question_id))::integer AS part, " PLAIN(
                       "a", "'body', 'position'") " AS plain, c.user_id, a.body FROM checkin_answers a JOIN checkins c "
                                                  "USING (checkin_id) WHERE c.user_id = $1) n WHERE true" BEHIND(
                                                      "n.checkin_id", "n.part"),
                   "select", "checkin_answers"},
     .columns = {{"checkin_answers", "body", FAM_EXPORT_ANSWER}}},
    {.name = "reports",
     .key = FAM_EXPORT_USER,
     .statement = {"export_reports",
                   "SELECT report_id, 0, " PLAIN("r", "'body'") ", user_id" NO_KEY
                                                                ", body FROM reports r WHERE user_id = $1" BEHIND(
                                                                    "report_id", "0"),
                   "select", "reports"},
     .columns = {{"reports", "body", FAM_EXPORT_REPORT}}},
    {.name = "feedback",
     .key = FAM_EXPORT_USER,
     .statement = {"export_feedback",
                   "SELECT feedback_id, 0, " PLAIN("f", "'body'") ", user_id" NO_KEY
                                                                  ", body FROM feedback f WHERE user_id = $1" BEHIND(
                                                                      "feedback_id", "0"),
                   "select", "feedback"},
     .columns = {{"feedback", "body", FAM_EXPORT_TEXT}}},
    /* An operator may have named what is not the person's, and been refused: whose it is, nobody learns here. */
    {.name = "audit_log",
     .statement =
         {"export_audit",
          "SELECT audit_id, 0, jsonb_build_object('at', at, 'method', method, 'user_id', user_id, 'target_id', CASE "
          "WHEN "
          "target_id = $1 OR target_id = " MY_FAMILY " OR EXISTS (SELECT 1 FROM emotion_entries e WHERE e.entry_id = "
          "target_id AND e.user_id = $1) OR EXISTS (SELECT 1 FROM feedback f WHERE f.feedback_id = target_id AND "
          "f.user_id = $1) OR EXISTS (SELECT 1 FROM checkins k WHERE k.checkin_id = target_id AND k.user_id = $1) OR "
          "EXISTS (SELECT 1 FROM reports r WHERE r.report_id = target_id AND r.user_id = $1) THEN target_id "
          "END)::text, "
          "user_id" NO_KEY " FROM audit_log WHERE user_id = $1" BEHIND("audit_id", "0"),
          "select", "audit_log"}},
};
const size_t fam_export_tables_count = FAM_ARRAY_SIZE(fam_export_tables);
