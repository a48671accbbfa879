"""What is on the dashboards; dashboards/generate makes Grafana's JSON of it.

An expression is written without the matchers that all have: the generator puts job and instance of the dashboard's
variables into each series of the programs, and $__rate_interval where [R] stands. Recorded series (slo:...) and ALERTS have
no instance and stay as they are.

    stat, gauge, graph, table (TITLE, UNIT, WHAT IT TELLS, (EXPRESSION, LEGEND)..., options)

Options: w, h (of a grid of 24 columns), alert (name of the alert whose page explains what to do), red (value from which the
panel is red; red_below: up to which), max, stacked.
"""


def panel(kind, title, unit, tells, *targets, **options):
    return {"kind": kind, "title": title, "unit": unit, "tells": tells, "targets": targets, **options}


def stat(*args, **options):
    return panel("stat", *args, **{"w": 4, "h": 4, **options})


def gauge(*args, **options):
    return panel("gauge", *args, **{"w": 6, "h": 7, **options})


def graph(*args, **options):
    return panel("timeseries", *args, **{"w": 12, "h": 8, **options})


def table(*args, **options):
    return panel("table", *args, **{"w": 12, "h": 8, **options})


def quantiles(name, by=""):
    group = f"le, {by}" if by else "le"
    legend = f" {{{{{by}}}}}" if by else ""
    return [(f"histogram_quantile({q}, sum by ({group}) (rate({name}_bucket[R])))", f"{label}{legend}")
            for q, label in (("0.50", "50th percentile"), ("0.95", "95th percentile"), ("0.99", "99th percentile"))]


ERROR_RATIO = ('sum(rate(family_emotions_translations_total{success="error"}[R])) '
               "/ sum(rate(family_emotions_translations_total[R]))")
# The greatest is the nearest to the truth where several servers run.
SPENT, BUDGET = "max(family_emotions_claude_spent_today_usd)", "max(family_emotions_claude_budget_day_usd)"

OVERVIEW = ("overview", "fam-overview", "Family Emotions: Overview", "Is it well? What needs somebody?", [
    ("Now", [
        stat("Programs that answer", "short", "Programs from which Prometheus gets metrics.",
             ("sum(up)", "up"), alert="ServiceDown", red_below=1),
        stat("PostgreSQL", "short", "1 while PostgreSQL answers the health check of every server.",
             ("min(family_emotions_db_up)", "up"), alert="DatabaseDown", red_below=0.5),
        stat("Redis", "short", "1 while Redis answers every server.",
             ("min(family_emotions_redis_up)", "up"), alert="RedisDown", red_below=0.5),
        stat("Since the last poll", "s", "Since Telegram last answered a poll of any bot; a poll takes 50 s at most.",
             ("time() - max(family_emotions_bot_last_poll_timestamp_seconds)", "age"), alert="BotNotPolling", red=120),
        stat("Oldest unanswered update", "s", "How long the oldest update that is not handled yet has been with a bot.",
             ("max(family_emotions_bot_oldest_update_age_seconds)", "age"), alert="BotUpdatesSloBurn", red=30),
        stat("Help lines missed", "short", "Emergencies in the time shown whose help line reached nobody. Must be 0.",
             ('sum(increase(family_emotions_bot_safety_messages_total{result="missed"}[$__range]))', "missed"),
             alert="SafetyLineMissed", red=0.01),
        table("Alerts", "short", "What Prometheus finds wrong at this moment; the Watchdog always stands here.",
              ('max by (alertname, severity, alertstate, instance) (ALERTS{service="family-emotions"})', ""), w=12),
        graph("Left of the promised", "percentunit", "Share of the error budget of 30 days that is left, by objective; "
              "below 0 the promise is broken. Needs 30 days of data to be exact.",
              ("slo:budget_left:ratio_30d", "{{slo}}"), alert="TranslationSloBurn"),
    ]),
    ("Calls", [
        graph("Calls by outcome", "reqps", "RPC calls finished a second, by code.",
              ("sum by (code) (rate(family_emotions_rpc_requests_total[R])) > 0", "{{code}}"), stacked=True),
        graph("Time of a call", "s", "From a call's arrival to its answer; Translate waits for Claude, so the tail is its.",
              *quantiles("family_emotions_rpc_request_duration_seconds")),
        graph("Calls under way", "short", "Being worked on, and waiting for a worker.",
              ("sum by (instance) (family_emotions_rpc_in_flight)", "in flight {{instance}}"),
              ("sum by (instance) (family_emotions_rpc_queued)", "queued {{instance}}")),
        graph("Connections", "short", "Open RPC connections; those refused at the bound and closed after long idleness, a minute.",
              ("sum by (instance) (family_emotions_rpc_connections)", "open {{instance}}"),
              ("sum(rate(family_emotions_rpc_connections_refused_total[R])) * 60", "refused a minute"),
              ("sum(rate(family_emotions_rpc_idle_closes_total[R])) * 60", "closed idle a minute")),
        graph("Methods", "reqps", "The ten methods called most.",
              ("topk(10, sum by (service, method) (rate(family_emotions_rpc_requests_total[R])))", "{{service}}/{{method}}")),
        graph("What is no call", "cps", "Messages that were no envelope, and HTTP pages asked for, by status.",
              ("sum(rate(family_emotions_rpc_bad_frames_total[R]))", "bad frames"),
              ("sum by (endpoint, status) (rate(family_emotions_http_requests_total[R])) > 0", "{{endpoint}} {{status}}")),
    ]),
    ("Processes", [
        graph("Processor", "percentunit", "Share of one core.",
              ("rate(process_cpu_seconds_total[R])", "{{job}} {{instance}}"), w=8),
        graph("Memory", "bytes", "Resident memory.", ("process_resident_memory_bytes", "{{job}} {{instance}}"), w=8),
        graph("Open descriptors", "short", "Files and sockets.", ("process_open_fds", "{{job}} {{instance}}"), w=8),
        gauge("Free disk", "percentunit", "Free share of the file system where the program's working folder lies.",
              ("family_emotions_disk_free_bytes / (family_emotions_disk_size_bytes > 0)", "{{job}} {{instance}}"),
              alert="DiskFull", red_below=0.1, max=1),
        graph("Log lines dropped", "short", "Since the start; above 0 the log is not complete.",
              ("family_emotions_log_dropped_lines", "{{job}} {{instance}}"), w=6, h=7),
        graph("Events for Sentry", "short", "By what became of them, over the interval; only what was sent can be read there.",
              ("sum by (result) (increase(family_emotions_sentry_events_total[R]))", "{{result}}"), w=6, h=7),
        graph("Time of a page", "s", "95th percentile of the HTTP pages of metrics and health.",
              ("histogram_quantile(0.95, sum by (le, endpoint) (rate(family_emotions_http_request_duration_seconds_bucket[R])))",
               "{{endpoint}}"), w=6, h=7),
        table("Versions", "dateTimeAsIso", "Which version runs where, and since when.",
              ("family_emotions_build_info * on (job, instance) group_left () process_start_time_seconds * 1000", ""), w=6, h=7),
    ]),
])

TRANSLATION = ("translation", "fam-translation", "Family Emotions: Translation and Claude", "How readings come about, and what they cost.", [
    ("Readings", [
        graph("Emotion translations rate", "reqps", "Translations answered a second, by success; a built-in reading is a success.",
              ("sum by (success) (rate(family_emotions_translations_total[R]))", "{{success}}"), alert="HighErrorRate"),
        graph("Response time percentiles", "s", "Time from request to answer of one translation.",
              *quantiles("family_emotions_translation_duration_seconds"), alert="HighResponseTime", red=10),
        gauge("Translation success rate", "percentunit", "Share of the translations in the time shown that were answered.",
              ('sum(increase(family_emotions_translations_total{success="success"}[$__range])) '
               "/ sum(increase(family_emotions_translations_total[$__range]))", "success"),
              alert="HighErrorRate", red_below=0.95, max=1),
        graph("Against the promise", "percentunit", "Share of translations that failed or took longer than 10 s, over one and six "
              "hours. 0.1 % is promised.", ('slo:bad:ratio_1h{slo="translation"}', "1 h"), ('slo:bad:ratio_6h{slo="translation"}', "6 h"),
              alert="TranslationSloBurn", w=9, h=7),
        graph("By engine", "reqps", "Readings made a second: by Claude, or by the rules inside the program.",
              ("sum by (engine) (rate(family_emotions_readings_total[R]))", "{{engine}}"), stacked=True, w=9, h=7),
        graph("Cache", "reqps", "Looks for a reading by Claude: found, not found, being made elsewhere or here.",
              ("sum by (result) (rate(family_emotions_cache_lookups_total[R]))", "{{result}}"), stacked=True),
        graph("Answers not fit to show", "cps", "Answers of Claude that the guard refused, by reason.",
              ("sum by (reason) (rate(family_emotions_guard_refusals_total[R]))", "{{reason}}"), stacked=True),
    ]),
    ("Claude", [
        graph("Requests by outcome", "reqps", "Each attempt by itself.",
              ('sum by (status) (rate(family_emotions_external_api_requests_total{service="claude"}[R])) > 0', "{{status}}"),
              stacked=True, alert="ClaudeAPIErrors"),
        graph("Time of a request", "s", "Of one attempt.",
              *quantiles('family_emotions_external_api_duration_seconds{service="claude"}')),
        graph("Questions by how they ended", "reqps", "Retries counted once.",
              ("sum by (result) (rate(family_emotions_claude_answers_total[R])) > 0", "{{result}}"), stacked=True),
        graph("Waiting", "short", "Requests that are with Claude, questions that wait, and requests repeated a minute.",
              ("sum(family_emotions_claude_in_flight)", "in flight"), ("sum(family_emotions_claude_queued)", "queued"),
              ("sum(rate(family_emotions_claude_retries_total[R])) * 60", "retries a minute")),
        graph("Breaker and pause", "short", "Breaker: 0 closed, 1 half-open, 2 open. Pause: 1 while nothing is sent after a 429.",
              ("family_emotions_claude_breaker_state", "breaker {{instance}}"), ("family_emotions_claude_paused", "pause {{instance}}"),
              alert="BreakerOpen"),
    ]),
    ("Money", [
        gauge("Budget used today", "percentunit", "Spent today (UTC) of FAM_CLAUDE_BUDGET_DAY. Without a budget it is empty.",
              (f"{SPENT} / ({BUDGET} > 0)", "used"), alert="ClaudeBudget", red=0.8, max=1),
        stat("Spent today", "currencyUSD", "What Claude has cost since midnight UTC.", (SPENT, "spent"), w=3, h=7, alert="ClaudeBudget"),
        stat("A reading by Claude", "currencyUSD", "Cost of one reading by Claude in the time shown, those of no use included.",
             ('sum(increase(family_emotions_claude_cost_usd_total[$__range])) '
              '/ sum(increase(family_emotions_readings_total{engine="claude"}[$__range]))', "cost"), w=3, h=7),
        graph("Cost", "currencyUSD", "What an hour costs at the speed of the moment, and today's sum.",
              ("sum(rate(family_emotions_claude_cost_usd_total[R])) * 3600", "an hour"), (SPENT, "today"),
              (f"{BUDGET} > 0", "budget"), h=7),
        graph("Tokens", "cps", "Tokens billed a second, by kind.",
              ("sum by (kind) (rate(family_emotions_claude_tokens_total[R]))", "{{kind}}"), stacked=True),
        graph("Prompt cache", "percentunit", "Share of the input tokens that were read from the cache at a tenth of the price. "
              "It falls when a constant text has changed.",
              ('sum(rate(family_emotions_claude_tokens_total{kind="cache_read"}[R])) '
               '/ sum(rate(family_emotions_claude_tokens_total{kind!="output"}[R]))', "cached")),
    ]),
])

SAFETY = ("safety", "fam-safety", "Family Emotions: Safety", "Emergencies: found, and the help line shown.", [
    ("Help lines", [
        stat("Missed", "short", "Emergencies in the time shown whose help line reached nobody. Must be 0.",
             ('sum(increase(family_emotions_bot_safety_messages_total{result="missed"}[$__range]))', "missed"),
             alert="SafetyLineMissed", red=0.01, w=6, h=6),
        stat("Shown", "short", "Help lines that Telegram took in the time shown.",
             ('sum(increase(family_emotions_bot_safety_messages_total{result="shown"}[$__range]))', "shown"), w=6, h=6),
        stat("Blocked", "short", "Help lines for parents who have blocked the bot.",
             ('sum(increase(family_emotions_bot_safety_messages_total{result="blocked"}[$__range]))', "blocked"), w=6, h=6),
        stat("Found", "short", "Phrases in the time shown in which the detector found a danger, from every client.",
             ("sum(increase(family_emotions_safety_hits_total[$__range]))", "found"), w=6, h=6),
        graph("What became of help lines", "cps", "Answers with a help line a second, by what became of them.",
              ("sum by (result) (rate(family_emotions_bot_safety_messages_total[R]))", "{{result}}"), alert="SafetyLineMissed"),
        graph("Found and shown", "short", "In an hour. Shown is less where other clients than the bot ask, more where an answer was "
              "sent again.", ("sum(increase(family_emotions_safety_hits_total[1h]))", "found"),
              ('sum(increase(family_emotions_bot_safety_messages_total{result="shown"}[1h]))', "shown")),
    ]),
    ("Dangers", [
        graph("By kind", "cps", "Dangers found a second, by the gravest kind of the phrase.",
              ("sum by (kind) (rate(family_emotions_safety_hits_total[R]))", "{{kind}}"), stacked=True),
        table("In seven days", "short", "How often each kind was found in the seven days before.",
              ("sum by (kind) (increase(family_emotions_safety_hits_total[7d]))", "")),
    ]),
])

BOT = ("bot", "fam-bot", "Family Emotions: Bot", "From Telegram to the answer.", [
    ("Updates", [
        stat("Since the last poll", "s", "Since Telegram last answered a poll of any bot; a poll takes 50 s at most.",
             ("time() - max(family_emotions_bot_last_poll_timestamp_seconds)", "age"), alert="BotNotPolling", red=120, w=6),
        stat("Oldest unanswered", "s", "How long the oldest update that is not handled yet has been with a bot.",
             ("max(family_emotions_bot_oldest_update_age_seconds)", "age"), alert="BotUpdatesSloBurn", red=30, w=6),
        stat("Chats being answered", "short", "Lanes that are busy, of FAM_LANES.", ("sum(family_emotions_bot_lanes_busy)", "busy"), w=6),
        stat("Servers connected", "short", "RPC servers that are connected and answer, as the bot with the fewest sees it.",
             ("min(family_emotions_rpc_client_servers_connected)", "servers"), alert="ServiceDown", red_below=0.5, w=6),
        graph("Updates", "cps", "Updates handled a second, by kind and result; poison is one that can't be read.",
              ("sum by (kind, result) (rate(family_emotions_bot_updates_total[R])) > 0", "{{kind}} {{result}}"), stacked=True),
        graph("Waiting", "s", "Age of the oldest update that is not handled, by bot.",
              ("family_emotions_bot_oldest_update_age_seconds", "{{instance}}"), alert="BotUpdatesSloBurn", red=30),
        graph("Against the promise", "percentunit", "Share of the time in which an update waited longer than 30 s. 0.5 % is promised.",
              ('slo:bad:ratio_1h{slo="bot_updates"}', "1 h"), ('slo:bad:ratio_6h{slo="bot_updates"}', "6 h"), alert="BotUpdatesSloBurn"),
        graph("Lanes", "short", "Chats that are being answered, by bot.", ("family_emotions_bot_lanes_busy", "{{instance}}")),
    ]),
    ("Telegram", [
        graph("Calls of the Bot API", "reqps", "By method and result.",
              ("sum by (method, result) (rate(family_emotions_bot_sends_total[R])) > 0", "{{method}} {{result}}")),
        graph("Requests by outcome", "reqps", "Each attempt by itself.",
              ('sum by (status) (rate(family_emotions_external_api_requests_total{service="telegram"}[R])) > 0', "{{status}}"), stacked=True),
        graph("Time of a request", "s", "That of getUpdates is mostly waiting.",
              *quantiles('family_emotions_external_api_duration_seconds{service="telegram"}')),
        graph("Flood waits", "cps", "Answers 429 from Telegram a second.",
              ("sum(rate(family_emotions_bot_flood_waits_total[R]))", "429")),
    ]),
    ("Calls to the servers", [
        graph("Second attempts", "cps", "Attempts after the first, attempts that left a server, and servers found stalled, a second.",
              ("sum(rate(family_emotions_rpc_client_retries_total[R]))", "retries"),
              ("sum(rate(family_emotions_rpc_client_failovers_total[R]))", "fail-overs"),
              ("sum(rate(family_emotions_rpc_client_stalls_total[R]))", "stalls")),
        graph("Servers connected", "short", "RPC servers that are connected and answer, by bot.",
              ("family_emotions_rpc_client_servers_connected", "{{instance}}")),
    ]),
])

DATABASE = ("database", "fam-database", "Family Emotions: Database and Redis", "What the servers stand on.", [
    ("There", [
        graph("PostgreSQL", "short", "1 while it answers the health check.", ("family_emotions_db_up", "{{instance}}"),
              alert="DatabaseDown", w=8, h=6, max=1),
        graph("Redis", "short", "1 while it answers.", ("family_emotions_redis_up", "{{instance}}"), alert="RedisDown", w=8, h=6, max=1),
        gauge("Pool in use", "percentunit", "Connections to PostgreSQL in use, of the pool's size.",
              ("family_emotions_db_connections_active / family_emotions_db_connections_max", "{{instance}}"),
              alert="DatabaseConnectionHigh", red=0.6, max=1, w=8, h=6),
    ]),
    ("Statements", [
        graph("Connections", "short", "In use, and the pool's size.",
              ("family_emotions_db_connections_active", "in use {{instance}}"), ("family_emotions_db_connections_max", "size {{instance}}"),
              alert="DatabaseConnectionHigh"),
        graph("Statements", "ops", "By operation and table, a second.",
              ("sum by (operation, table) (rate(family_emotions_db_query_duration_seconds_count[R])) > 0", "{{operation}} {{table}}")),
        graph("Time of a statement", "s", "Percentiles over all statements.", *quantiles("family_emotions_db_query_duration_seconds")),
        graph("Slowest statements", "s", "95th percentile, the ten slowest by operation and table.",
              ("topk(10, histogram_quantile(0.95, sum by (le, operation, table) "
               "(rate(family_emotions_db_query_duration_seconds_bucket[R]))))", "{{operation}} {{table}}")),
    ]),
    ("Recurring jobs", [
        graph("Since the last success", "s", "Of each job that runs there; since the start where none succeeded yet.",
              ("family_emotions:job_age:seconds and family_emotions_job_interval_seconds > 0", "{{job_name}} {{instance}}"),
              alert="JobTooOld"),
        table("Last begun", "dateTimeAsIso", "When each job last began, of those that run there.",
              ("(family_emotions_job_last_start_timestamp_seconds > 0) * 1000", "")),
    ]),
])

BUSINESS = ("business", "fam-business", "Family Emotions: Business", "What families do. No metric holds a word, a name or an id.", [
    ("Families", [
        stat("User registrations (24h)", "short", "Users who came in the 24 hours before.",
             ("sum(increase(family_emotions_user_registrations_total[1d]))", "users"), w=8, h=6, alert="LowUserActivity"),
        stat("Translations (24h)", "short", "Translations answered in the 24 hours before.",
             ('sum(increase(family_emotions_translations_total{success="success"}[1d]))', "translations"), w=8, h=6),
        stat("By Claude (24h)", "percentunit", "Share of the readings of the 24 hours before that Claude made.",
             ('sum(increase(family_emotions_readings_total{engine="claude"}[1d])) / sum(increase(family_emotions_readings_total[1d]))',
              "share"), w=8, h=6),
        stat("Active families", "short", "Families of which a parent was seen within 30 days.",
             ("max(family_emotions_active_families)", "families"), w=8, h=6),
        graph("Who stays", "percentunit", "Of those who came within the 30 days that ended 1, 7 or 30 days ago, the share that was seen so many days later.",
              ("max by (period) (family_emotions_user_retention_rate)", "{{period}}"), w=16, h=6, max=1),
        graph("Registrations by source", "short", "Users who came, in an hour.",
              ("sum by (source) (increase(family_emotions_user_registrations_total[1h]))", "{{source}}"), stacked=True, alert="LowUserActivity"),
        graph("Invitations", "short", "In an hour: made, used, revoked, and codes that were refused.",
              ("sum by (result) (increase(family_emotions_invites_total[1h]))", "{{result}}"), stacked=True),
        graph("Translations by age", "short", "In an hour; child is under 13.",
              ("sum by (child_age_group) (increase(family_emotions_translations_total[1h]))", "{{child_age_group}}"), stacked=True),
        graph("Translations by language", "short", "In an hour.",
              ("sum by (language) (increase(family_emotions_translations_total[1h]))", "{{language}}"), stacked=True),
        graph("Readings by engine", "short", "In an hour.",
              ("sum by (engine) (increase(family_emotions_readings_total[1h]))", "{{engine}}"), stacked=True),
        graph("Check-ins by hour", "short", "Check-ins that ended in an hour, by which one it was; missed ones count too.",
              ("sum by (type) (increase(family_emotions_checkins_completed_total[1h]))", "{{type}}"), stacked=True),
        graph("Check-ins by completion", "short", "The same by how many of the questions were answered, in percent; nobody is reminded of it.",
              ("sum by (completion_rate) (increase(family_emotions_checkins_completed_total[1h]))", "{{completion_rate}} %"), stacked=True),
    ]),
])

QUEUE = ("queue", "fam-queue", "Family Emotions: Queue and delivery", "Work for later, and messages on their way to parents.", [
    ("Tasks", [
        stat("Oldest waiting", "s", "How long the oldest task whose time has come has waited for a worker.",
             ("max(family_emotions_queue_oldest_seconds)", "age"), alert="QueueStalled", red=300, w=6),
        stat("Dead letters", "short", "Tasks that were given up and wait for an operator; none is ever deleted by itself.",
             ("sum(max by (queue_type) (family_emotions_queue_dead))", "dead"), alert="DeadLetters", red=1, w=6),
        stat("Stuck handlers", "short", "Handlers that go on after their time was up, over all processes.",
             ("sum(family_emotions_queue_stuck_handlers)", "stuck"), alert="HandlerStuck", red=1, w=6),
        stat("Schedule behind", "s", "How long what is due first has waited.",
             ("min(family_emotions_schedule_oldest_due_seconds)", "behind"), alert="ScheduleLate", red=120, w=6),
        graph("Not done", "short", "Tasks that are ready, wait for their time, or are being worked on, by type.",
              ("max by (queue_type) (family_emotions_queue_size)", "{{queue_type}}"), stacked=True),
        graph("Attempts", "ops", "Attempts at tasks a second, by how they ended.",
              ("sum by (result) (rate(family_emotions_queue_tasks_total[R]))", "{{result}}"), alert="DeadLetters"),
        graph("Waiting", "s", "The oldest task whose time has come, by type.",
              ("max by (queue_type) (family_emotions_queue_oldest_seconds)", "{{queue_type}}"), alert="QueueStalled", red=300),
        graph("Time of a handler", "s", "95th percentile of what a handler took for what it was given at once, by type.",
              ("histogram_quantile(0.95, sum by (le, queue_type) (rate(family_emotions_queue_processing_seconds_bucket[R])))",
               "{{queue_type}}")),
        graph("Read again", "short", "Entries that the built-in engine answered, taken up for Claude again, in an hour.",
              ("sum by (result) (increase(family_emotions_rereads_total[1h]))", "{{result}}"), stacked=True),
        graph("Schedule", "short", "Due times in an hour, by job and what became of them.",
              ("sum by (job_name, outcome) (increase(family_emotions_schedule_runs_total[1h]))", "{{job_name}} {{outcome}}"),
              alert="ScheduleLate"),
    ]),
    ("Delivery", [
        stat("Oldest due answer", "s", "How long the oldest better reading that is due has waited.",
             ('max(family_emotions_notification_oldest_due_seconds{lane="answers"})', "age"), alert="NotificationsLate", red=60, w=6),
        stat("Due", "short", "Notifications that are due and not delivered, of people who can be reached.",
             ("sum(max by (lane) (family_emotions_notifications_due))", "due"), alert="NotificationsLate", w=6),
        stat("Bots that lead", "short", "Processes that poll Telegram; one a bot.",
             ("sum(family_emotions_bot_leading)", "lead"), alert="BotNotPolling", red_below=0.5, w=6),
        stat("Perhaps shown twice", "short", "Notifications of the time shown that were leased again though a bot may have shown them.",
             ("sum(increase(family_emotions_notifications_maybe_twice_total[$__range]))", "twice"), w=6),
        graph("Delivered", "ops", "What bots said of notifications a second, by lane and result.",
              ("sum by (lane, result) (rate(family_emotions_notifications_total[R]))", "{{lane}} {{result}}")),
        graph("From due to shown", "s", "Until a bot says that it was shown.",
              *quantiles("family_emotions_notification_delivery_seconds"), alert="NotificationsLate"),
        graph("Waiting", "s", "The oldest that is due, by lane.",
              ("max by (lane) (family_emotions_notification_oldest_due_seconds)", "{{lane}}"), alert="NotificationsLate"),
        graph("At the bots", "short", "Leased and not shown yet, by bot; and calls of Lease that wait at the servers.",
              ("family_emotions_bot_delivery_waiting", "leased {{instance}}"), ("family_emotions_leases_waiting", "waiting {{instance}}")),
        graph("Attempts of the bots", "ops", "Attempts to show a notification a second, by what became of them.",
              ("sum by (result) (rate(family_emotions_bot_deliveries_total[R]))", "{{result}}")),
        graph("Lead", "short", "1 while the process polls Telegram; changes of the lead in an hour, as bots and as servers count them.",
              ("family_emotions_bot_leading", "leads {{instance}}"),
              ("sum(increase(family_emotions_bot_lead_changes_total[1h]))", "got or lost in an hour"),
              ("sum(increase(family_emotions_lead_changes_total[1h]))", "granted to another in an hour"), alert="BotNotPolling"),
    ]),
    ("Check-ins and reports", [
        stat("In time (24h)", "percentunit", "Share of the check-ins of the 24 hours before that were shown within two minutes. 99.5 % is promised.",
             ('sum(increase(family_emotions_checkins_sent_total{lateness="in_time"}[1d])) / sum(increase(family_emotions_checkins_sent_total[1d]))',
              "share"), alert="CheckinsSloBurn", red_below=0.995, w=6),
        stat("Report overdue", "s", "How long ago the weekly report was due that has waited longest to be made.",
             ("max(family_emotions_report_oldest_due_seconds)", "overdue"), alert="ReportTooOld", red=7200, w=6),
        stat("Last weekly report", "dateTimeAsIso", "When the last task of weekly reports ended well; 1970 before the first one.",
             ("max(family_emotions_report_last_made_timestamp_seconds) * 1000", "last"), alert="ReportTooOld", w=6),
        stat("Reports kept", "short", "Reports in the archive.", ("max(family_emotions_reports_kept)", "reports"), w=6),
        graph("Check-ins shown", "short", "In an hour, within two minutes of the due time or later; and those that nobody was shown.",
              ("sum by (lateness) (increase(family_emotions_checkins_sent_total[1h]))", "{{lateness}}"),
              ("sum by (reason) (increase(family_emotions_checkins_lost_total[1h]))", "lost: {{reason}}"),
              stacked=True, alert="CheckinsSloBurn"),
        graph("Left out", "short", "Check-ins and reminders in an hour, by the reason; a pause and quiet hours are wishes, late is ours.",
              ("sum by (reason) (increase(family_emotions_checkins_dropped_total[1h]))", "{{reason}}"), stacked=True, alert="CheckinsSloBurn"),
        graph("Not in time", "short", "Check-ins that were not shown within two minutes, or not at all, within one and six hours; 0.5 % of all is promised.",
              ('slo:bad:increase_1h{slo="checkins"}', "1 h"), ('slo:bad:increase_6h{slo="checkins"}', "6 h"), alert="CheckinsSloBurn"),
        graph("Reports made", "short", "In an hour, by period and by what they were made for.",
              ("sum by (period, source) (increase(family_emotions_reports_total[1h]))", "{{period}} {{source}}"), stacked=True,
              alert="ReportTooOld"),
        graph("Archive of reports", "bytes", "What it takes in the database, indexes included.",
              ("max(family_emotions_reports_bytes)", "archive")),
    ]),
    ("Kept as promised", [
        graph("Oldest personal row", "s", "Age of the oldest entry or disclosure that the last retention sweep left.",
              ("max(family_emotions_oldest_personal_row_age_seconds)", "age"), alert="JobTooOld"),
        graph("Overdue", "s", "By how much the oldest entry or disclosure is older than its family wants it kept.",
              ("max(family_emotions_overdue_personal_row_seconds)", "overdue"), alert="PersonalRowOverdue"),
        graph("Deleted", "short", "Rows that retention sweeps deleted in a day, by table.",
              ("sum by (table) (increase(family_emotions_retention_deleted_total[1d]))", "{{table}}"), stacked=True),
    ]),
])

BOARDS = [OVERVIEW, TRANSLATION, SAFETY, BOT, QUEUE, DATABASE, BUSINESS]
