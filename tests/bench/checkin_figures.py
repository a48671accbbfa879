"""The part of scripts/bench about check-ins: ten thousand families are due in the same minute while parents type."""

import threading
import time

FAMILIES = 10000
TYPING = 20  # phrases a second
DUE_IN = 3  # seconds
RUSH = 8  # seconds
PATIENCE = 180  # seconds


def people_sql(user, families):
    """So many people like this one, each with a family of their own and quiet hours at another time of day. Nothing of
    theirs is opened on the way to delivery, so the copies' seals need not open."""
    def number(kind):
        return f"('0000001{kind}-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid"

    rows = f"generate_series(1, {families}) n"
    return f"""
INSERT INTO users (user_id, telegram_hmac, telegram_sealed, language, country, name, source)
  SELECT {number(1)}, sha256(('c' || n)::bytea), telegram_sealed, language, country, name, source FROM users, {rows}
  WHERE user_id = '{user}';
INSERT INTO families (family_id, name, country, time_zone)
  SELECT {number(2)}, f.name, f.country, f.time_zone FROM families f JOIN parents p USING (family_id), {rows}
  WHERE p.user_id = '{user}';
INSERT INTO parents (parent_id, family_id, user_id, role)
  SELECT {number(3)}, {number(2)}, {number(1)}, role FROM parents, {rows} WHERE user_id = '{user}';
INSERT INTO consents (consent_id, user_id, purpose, granted, text_version, changed_at)
  SELECT gen_random_uuid(), {number(1)}, purpose, true, '1', now()
  FROM unnest(ARRAY['processing', 'notifications']) purpose, {rows};
INSERT INTO checkin_settings (user_id, quiet_from, quiet_until)
  SELECT user_id, ((now() + INTERVAL '6 hours') AT TIME ZONE f.time_zone)::time,
         ((now() + INTERVAL '14 hours') AT TIME ZONE f.time_zone)::time
  FROM parents JOIN families f USING (family_id) WHERE user_id::text LIKE '00000011-%';
ANALYZE;
"""


def due_sql():
    """All of them at one moment, a few seconds from now."""
    return f"""
INSERT INTO schedules (schedule_id, job, name, family_id, user_id, local_time, late_ms, next_at)
  SELECT gen_random_uuid(), 'send_checkin', 'own', family_id, user_id, '12:00', 7200000,
         now() + INTERVAL '{DUE_IN} seconds'
  FROM parents WHERE user_id::text LIKE '00000011-%';
"""


def sent(sql):
    return int(sql("SELECT count(*) FROM notifications WHERE kind = 'checkin'"))


def bench_checkins(bench, results, token, quick):
    """`bench` is the module of scripts/bench: its programs, its load, its SQL."""
    bench.say("check-ins that are due in the same minute")
    with bench.Claude() as claude, bench.Server(env=claude.env) as server:
        def type_for(seconds, rate=None):
            return bench.load(server, token, "run", bench.FIRST, 64, seconds, 8, *([rate] if rate else []))

        users = bench.load(server, token, "seed", bench.FIRST, 64)
        type_for(2)
        add_checkins(results, quick, bench.sql, type_for, users[0])


def add_checkins(results, quick, sql, type_for, user):
    families = FAMILIES // 10 if quick else FAMILIES
    sql(people_sql(user, families))
    before = type_for(5 if quick else 15, TYPING)
    during = {}
    sql(due_sql())
    time.sleep(DUE_IN)  # who types is asked in the rush alone, which lasts longer than this
    typing = threading.Thread(target=lambda: during.update(type_for(1 if quick else RUSH, TYPING)))
    typing.start()
    end = time.monotonic() + PATIENCE
    while sent(sql) < families and time.monotonic() < end:
        time.sleep(0.5)
    typing.join()
    count = sent(sql)
    seconds = float(sql("SELECT coalesce(extract(epoch FROM max(created_at) - min(due_at)), 0) FROM notifications "
                        "WHERE kind = 'checkin'"))
    note = f"{count} of {families} families"
    if count < families:
        results.add("checkins_seconds", PATIENCE, note + ": not all came")
    else:
        results.add("checkins_seconds", seconds, note)
    results.add("checkins_typing_ratio", during["p50_us"] / before["p50_us"],
                f"p50 {during['p50_us'] / 1000:.1f} ms meanwhile, {before['p50_us'] / 1000:.1f} ms before; p99 "
                f"{during['p99_us'] / 1000:.1f} and {before['p99_us'] / 1000:.1f} ms, at {TYPING} phrases a second")
    results.more["checkins"] = {"before": before, "during": during, "seconds": seconds, "families": families}
