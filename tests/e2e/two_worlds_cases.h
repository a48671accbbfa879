/* two_worlds_cases.h: what B and C may ask for, method by method, as JSON; see test_e2e_two_worlds.c.
 *
 * Variables: ${FAMILY} ${CHILD} ${OTHER} (B or C) ${A_PARENT} (A's membership), ${SHARED} an entry that A shares,
 * ${PRIVATE} one that A keeps, ${DELETED} one that A has deleted, in world 2 ids that never were; ${OWN} an entry of
 * the one who asks. They are asked in this order: what takes people out of the family stands at the end. */
#ifndef FAM_TESTS_TWO_WORLDS_CASES_H
#define FAM_TESTS_TWO_WORLDS_CASES_H

#include <stddef.h>

struct two_worlds_case {
    const char *method; /* without "fam.v1." */
    const char *request;
};

#define T "TranslationService/"
#define F "FamilyService/"
#define N "NotificationService/"
#define S "SessionService/"

static const struct two_worlds_case CASES[] = {
    {F "GetUser", "{}"},
    {F "RegisterUser", "{\"telegramId\": \"${TELEGRAM}\", \"language\": \"LANGUAGE_RU\"}"},
    {F "GetFamily", "{}"},
    {F "GetConsents", "{}"},
    {F "ListInvites", "{}"},
    {F "PreviewInvite", "{\"code\": \"AAAAAAAAAAAAAAAAAAAAAA\"}"},
    {F "JoinFamily", "{\"code\": \"AAAAAAAAAAAAAAAAAAAAAA\"}"},
    {F "GetPrivacyReport", "{}"},
    {F "GetPrivacyReport", "{\"pageSize\": 1, \"pageToken\": \"${PRIVATE}\"}"},
    {F "ExportFamily", "{\"format\": 1}"},
    {F "ExportFamily", "{\"format\": 2}"},
    {T "ListEntries", "{}"},
    {T "ListEntries", "{\"scope\": \"ENTRY_SCOPE_OWN\"}"},
    {T "ListEntries", "{\"scope\": \"ENTRY_SCOPE_FAMILY\"}"},
    {T "ListEntries", "{\"scope\": \"ENTRY_SCOPE_FAMILY\", \"pageSize\": 1}"},
    {T "ListEntries", "{\"scope\": \"ENTRY_SCOPE_FAMILY\", \"pageSize\": 2, \"pageToken\": \"${SHARED}\"}"},
    {T "ListEntries", "{\"scope\": \"ENTRY_SCOPE_FAMILY\", \"pageSize\": 2, \"pageToken\": \"${PRIVATE}\"}"},
    {T "ListEntries", "{\"scope\": \"ENTRY_SCOPE_FAMILY\", \"childId\": \"${CHILD}\"}"},
    {T "ListEntries", "{\"scope\": \"ENTRY_SCOPE_FAMILY\", \"emotion\": \"EMOTION_FEAR\", \"pageSize\": 1}"},
    {T "ListEntries", "{\"scope\": \"ENTRY_SCOPE_FAMILY\", \"emotion\": \"EMOTION_ANGER\"}"},
    {T "ListEntries", "{\"scope\": \"ENTRY_SCOPE_FAMILY\", \"emotion\": \"EMOTION_JEALOUSY\"}"},
    {T "ListEntries", "{\"scope\": \"ENTRY_SCOPE_FAMILY\", \"fromMs\": \"1\", \"untilMs\": \"4000000000000\"}"},
    {T "ListEntries", "{\"childId\": \"${CHILD}\"}"},
    {T "SearchEntries", "{\"query\": \"папа\", \"scope\": \"ENTRY_SCOPE_FAMILY\"}"},
    {T "SearchEntries", "{\"query\": \"бьёт\", \"scope\": \"ENTRY_SCOPE_FAMILY\", \"pageSize\": 1}"},
    {T "SearchEntries", "{\"query\": \"школа\", \"scope\": \"ENTRY_SCOPE_FAMILY\"}"},
    {T "SearchEntries", "{\"query\": \"школа\", \"scope\": \"ENTRY_SCOPE_FAMILY\", \"pageSize\": 1}"},
    {T "SearchEntries", "{\"query\": \"ревнует\", \"scope\": \"ENTRY_SCOPE_FAMILY\", \"childId\": \"${CHILD}\"}"},
    {T "SearchEntries", "{\"query\": \"школа\", \"pageToken\": \"${PRIVATE}\", \"scope\": \"ENTRY_SCOPE_FAMILY\"}"},
    {T "GetEntry", "{\"entryId\": \"${SHARED}\"}"},
    {T "GetEntry", "{\"entryId\": \"${PRIVATE}\"}"},
    {T "GetEntry", "{\"entryId\": \"${DELETED}\"}"},
    {T "GetEntry", "{\"entryId\": \"${OWN}\"}"},
    {T "RateEntry", "{\"entryId\": \"${PRIVATE}\", \"helped\": \"HELPED_YES\"}"},
    {T "RateEntry", "{\"entryId\": \"${SHARED}\", \"helped\": \"HELPED_YES\"}"},
    {T "RateEntry", "{\"entryId\": \"${OWN}\", \"helped\": \"HELPED_NO\", \"comment\": \"нет\"}"},
    {T "AgreeFollowUp", "{\"entryId\": \"${PRIVATE}\"}"},
    {T "AgreeFollowUp", "{\"entryId\": \"${SHARED}\"}"},
    {T "AgreeFollowUp", "{\"entryId\": \"${OWN}\"}"},
    {T "CorrectEntry", "{\"entryId\": \"${PRIVATE}\", \"emotion\": \"EMOTION_SHAME\"}"},
    {T "CorrectEntry", "{\"entryId\": \"${SHARED}\", \"emotion\": \"EMOTION_SHAME\"}"},
    {T "ReviseEntry", "{\"entryId\": \"${PRIVATE}\", \"phrase\": \"Другое\"}"},
    {T "ReviseEntry", "{\"entryId\": \"${OWN}\", \"phrase\": \"Мне страшно\"}"},
    {T "ShareEntry", "{\"entryId\": \"${PRIVATE}\", \"shared\": true, \"confirmed\": true}"},
    {T "ShareEntry", "{\"entryId\": \"${PRIVATE}\"}"},
    {T "ShareEntry", "{\"entryId\": \"${OWN}\", \"shared\": true, \"confirmed\": true}"},
    {T "DeleteEntry", "{\"entryId\": \"${PRIVATE}\"}"},
    {T "DeleteEntry", "{\"entryId\": \"${SHARED}\"}"},
    {T "Translate", "{\"phrase\": \"папа меня бьёт\", \"childId\": \"${CHILD}\"}"},
    {T "Translate", "{\"phrase\": \"Ненавижу тебя!\", \"childId\": \"${CHILD}\"}"},
    {T "Translate", "{\"phrase\": \"Мне страшно\"}"},
    {T "Translate", "{\"phrase\": \"Мне страшно\", \"childId\": \"${PRIVATE}\"}"},
    {T "Translate", "{\"phrase\": \"Не хочу к нему\", \"childId\": \"${CHILD}\"}"}, /* as A did, in private */
    {T "Translate", "{\"phrase\": \"Не хочу к нему\", \"childId\": \"${CHILD}\"}"}, /* again: now from the cache */
    {F "GetPrivacyReport", "{}"},
    {F "ExportFamily", "{\"format\": 1}"},
    {F "ExportFamily", "{\"format\": 2}"},
    {T "TranslateBatch", "{\"items\": [{\"phrase\": \"папа меня бьёт\"}]}"},
    {T "CorrectEntry", "{\"entryId\": \"${OWN}\", \"emotion\": \"EMOTION_SADNESS\"}"},
    {N "RecordDelivery",
     "{\"entryId\": \"${PRIVATE}\", \"chatId\": \"1\", \"messageId\": \"7\", \"readingVersion\": 1}"},
    {N "RecordDelivery",
     "{\"entryId\": \"${SHARED}\", \"chatId\": \"1\", \"messageId\": \"7\", \"readingVersion\": 1}"},
    {N "RecordDelivery", "{\"entryId\": \"${OWN}\", \"chatId\": \"1\", \"messageId\": \"7\", \"readingVersion\": 1}"},
    {S "CreateSession", "{\"client\": \"worlds\"}"},
    {S "ListSessions", "{}"},
    {S "GetSession", "{\"sessionId\": \"no-such-session\"}"},
    {S "UpdateSession", "{\"sessionId\": \"no-such-session\", \"version\": \"1\"}"},
    {S "DeleteSession", "{\"sessionId\": \"no-such-session\"}"},
    {S "DeleteAllSessions", "{}"},
    {F "UpdateUser", "{\"name\": \"Другое имя\"}"},
    {F "UpdateFamily", "{\"name\": \"Другие\"}"},
    {F "CreateFamily", "{\"name\": \"Ещё одна\"}"},
    {F "CreateInvite", "{\"role\": \"PARENT_ROLE_READER\"}"},
    {F "RevokeInvite", "{\"inviteId\": \"${PRIVATE}\"}"},
    {F "UpdateChild", "{\"childId\": \"${CHILD}\", \"name\": \"Мишенька\"}"},
    {F "AddChild", "{\"name\": \"Ася\", \"birth\": {\"year\": 2020}}"},
    {F "SetConsent", "{\"purpose\": \"CONSENT_PURPOSE_NOTIFICATIONS\", \"granted\": true}"},
    {F "SetReachability", "{\"reachable\": true}"},
    {F "SubmitFeedback", "{\"text\": \"Спасибо\"}"},
    {F "RemoveChild", "{\"childId\": \"${CHILD}\"}"},
    {T "ListEntries", "{\"scope\": \"ENTRY_SCOPE_FAMILY\"}"},
    {F "GetFamily", "{}"},
    {F "RemoveParent", "{\"parentId\": \"${A_PARENT}\"}"},
    {T "ListEntries", "{\"scope\": \"ENTRY_SCOPE_FAMILY\"}"},
    {F "GetFamily", "{}"},
    {F "LeaveFamily", "{}"},
    {T "ListEntries", "{\"scope\": \"ENTRY_SCOPE_FAMILY\"}"},
    {F "DeleteFamily", "{\"confirm\": \"DELETE\"}"},
    {F "GetFamily", "{}"},
};

/* Methods that a bot may call, but not for a person: what they answer is the bot's own. */
static const char *const NOT_FOR_PEOPLE[] = {N "Lease", N "Ack", N "Nack", S "AcquireLead", "OpsService/"};

#endif
