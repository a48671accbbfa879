-- Work that is to be done later, and messages on their way to people.
--
-- Every task has its row here before Redis hears of it; Redis only orders and leases, and can be rebuilt from these
-- rows. A row whose state is `done` or `dead` is never run again by itself.

CREATE TABLE tasks (
    task_id      uuid PRIMARY KEY,
    type         text NOT NULL CHECK (type ~ '^[a-z][a-z0-9_]{0,63}$'),
    priority     smallint NOT NULL CHECK (priority BETWEEN 1 AND 4),
    state        text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'done', 'dead')),
    payload      bytea NOT NULL DEFAULT ''::bytea CHECK (octet_length(payload) <= 4096),
    user_id      uuid REFERENCES users ON DELETE CASCADE,
    unique_key   text CHECK (length(unique_key) BETWEEN 1 AND 128),
    attempts     smallint NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    max_attempts smallint NOT NULL DEFAULT 3 CHECK (max_attempts BETWEEN 1 AND 100),
    deaths       smallint NOT NULL DEFAULT 0 CHECK (deaths >= 0),
    not_before   timestamptz NOT NULL DEFAULT now(),
    waits_for    text NOT NULL DEFAULT '' CHECK (waits_for IN ('', 'due', 'retry', 'snooze', 'pause')),
    lease_token  uuid,
    leased_until timestamptz,
    worker       text CHECK (length(worker) <= 64),
    reason       text NOT NULL DEFAULT '' CHECK (length(reason) <= 200),
    created_at   timestamptz NOT NULL DEFAULT now(),
    finished_at  timestamptz,
    -- When not_before or leased_until was written: after now() only when the clock has gone back since.
    moved_at     timestamptz NOT NULL DEFAULT now(),
    CHECK ((state = 'queued') = (finished_at IS NULL)),
    CHECK ((lease_token IS NULL) = (leased_until IS NULL))
) WITH (fillfactor = 80);
COMMENT ON TABLE tasks IS 'Work for later: ids or sealed text only; the truth that the queue in Redis is rebuilt from';
CREATE UNIQUE INDEX tasks_unique_key ON tasks (unique_key) WHERE unique_key IS NOT NULL AND state = 'queued';
CREATE INDEX tasks_queued ON tasks (task_id) WHERE state = 'queued';
CREATE INDEX tasks_dead ON tasks (finished_at) WHERE state = 'dead';
CREATE INDEX tasks_done ON tasks (finished_at) WHERE state = 'done';
CREATE INDEX tasks_user ON tasks (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX tasks_paused ON tasks (type, task_id) WHERE state = 'queued' AND waits_for = 'pause';

CREATE TABLE task_attempts (
    task_id     uuid NOT NULL REFERENCES tasks ON DELETE CASCADE,
    ended_at    timestamptz NOT NULL,
    worker      text NOT NULL CHECK (length(worker) <= 64),
    outcome     text NOT NULL CHECK (outcome IN ('failed', 'died', 'snoozed', 'timed_out', 'dead')),
    reason      text NOT NULL DEFAULT '' CHECK (length(reason) <= 200),
    duration_ms integer NOT NULL DEFAULT 0 CHECK (duration_ms >= 0)
);
COMMENT ON TABLE task_attempts IS 'How attempts at a task ended that did not end well';
CREATE INDEX task_attempts_task ON task_attempts (task_id, ended_at);

CREATE TABLE queue_pauses (
    type        text PRIMARY KEY CHECK (length(type) <= 64),
    until       timestamptz,
    reason      text NOT NULL DEFAULT '' CHECK (length(reason) <= 200),
    paused_by   text NOT NULL,
    paused_at   timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE queue_pauses IS 'What is not to be run for now: a type of task, or * for all; without an end until it is resumed';

CREATE TABLE schedules (
    schedule_id  uuid PRIMARY KEY,
    job          text NOT NULL CHECK (job ~ '^[a-z][a-z0-9_]{0,63}$'),
    name         text NOT NULL DEFAULT '' CHECK (length(name) <= 64),
    family_id    uuid REFERENCES families ON DELETE CASCADE,
    user_id      uuid REFERENCES users ON DELETE CASCADE,
    every_ms     bigint CHECK (every_ms >= 1000),
    local_time   time,
    weekday      smallint CHECK (weekday BETWEEN 1 AND 7),
    time_zone    text CHECK (length(time_zone) BETWEEN 1 AND 64),
    late_ms      bigint NOT NULL DEFAULT 0 CHECK (late_ms >= 0),
    enabled      boolean NOT NULL DEFAULT true,
    next_at      timestamptz NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    CHECK ((every_ms IS NULL) <> (local_time IS NULL)),
    CHECK (local_time IS NULL OR time_zone IS NOT NULL OR family_id IS NOT NULL)
);
COMMENT ON TABLE schedules IS 'When a task of which type is due: each so many milliseconds, or at a local time, of a zone or of a family';
CREATE INDEX schedules_due ON schedules (next_at) WHERE enabled;
CREATE UNIQUE INDEX schedules_system ON schedules (job, name) WHERE family_id IS NULL AND user_id IS NULL;
CREATE UNIQUE INDEX schedules_family ON schedules (family_id, job, name) WHERE family_id IS NOT NULL AND user_id IS NULL;
CREATE UNIQUE INDEX schedules_person ON schedules (user_id, job, name) WHERE user_id IS NOT NULL;
CREATE INDEX schedules_family_id ON schedules (family_id) WHERE family_id IS NOT NULL;

CREATE TABLE job_runs (
    schedule_id uuid NOT NULL REFERENCES schedules ON DELETE CASCADE,
    due_at      timestamptz NOT NULL,
    task_id     uuid,
    handled_at  timestamptz NOT NULL DEFAULT now(),
    outcome     text NOT NULL CHECK (outcome IN ('queued', 'late', 'running')),
    PRIMARY KEY (schedule_id, due_at)
);
COMMENT ON TABLE job_runs IS 'Each due time of a schedule once: the task that it became, too late to be run, or the one before still waits';
CREATE INDEX job_runs_handled ON job_runs (handled_at);

ALTER TABLE users ADD COLUMN reachable boolean NOT NULL DEFAULT true;
ALTER TABLE users ADD COLUMN reachable_changed_at timestamptz;
COMMENT ON COLUMN users.reachable IS 'false: has blocked the bot; nothing is sent until it is true again';

CREATE TABLE notifications (
    notification_id uuid PRIMARY KEY,
    user_id         uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    lane            smallint NOT NULL CHECK (lane BETWEEN 1 AND 3),
    kind            text NOT NULL CHECK (kind IN ('better_reading', 'checkin', 'weekly_report')),
    state           text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'delivered', 'failed', 'expired')),
    entry_id        uuid REFERENCES emotion_entries ON DELETE CASCADE,
    reading_version integer,
    body            bytea,
    unique_key      text CHECK (length(unique_key) BETWEEN 1 AND 128),
    not_before      timestamptz NOT NULL DEFAULT now(),
    expires_at      timestamptz NOT NULL,
    attempts        integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    began           boolean NOT NULL DEFAULT false,
    leased          boolean NOT NULL DEFAULT false,
    lease_token     uuid,
    leased_at       timestamptz,
    leased_until    timestamptz,
    holder          text CHECK (length(holder) <= 64),
    message         bytea,
    reason          text NOT NULL DEFAULT '' CHECK (length(reason) <= 200),
    created_at      timestamptz NOT NULL DEFAULT now(),
    finished_at     timestamptz,
    CHECK ((state = 'queued') = (finished_at IS NULL)),
    CHECK ((lease_token IS NULL) = (leased_until IS NULL)),
    CHECK (NOT leased OR (lease_token IS NOT NULL AND state = 'queued')),
    CHECK ((entry_id IS NULL) = (reading_version IS NULL))
) WITH (fillfactor = 80);
COMMENT ON TABLE notifications IS 'What is to be told to whom, written with its cause; a bot leases, sends and acknowledges it';
CREATE INDEX notifications_due ON notifications (lane, not_before) WHERE state = 'queued';
COMMENT ON COLUMN notifications.leased IS 'Now; the token stays behind, so that a late or repeated answer is known';
CREATE UNIQUE INDEX notifications_one_a_person ON notifications (user_id) WHERE leased;
CREATE INDEX notifications_leased_until ON notifications (leased_until) WHERE leased;
CREATE INDEX notifications_queued ON notifications (user_id, lane, not_before) WHERE state = 'queued';
CREATE INDEX notifications_expiring ON notifications (expires_at) WHERE state = 'queued';
CREATE INDEX notifications_user ON notifications (user_id, notification_id);
CREATE INDEX notifications_entry ON notifications (entry_id) WHERE entry_id IS NOT NULL;
CREATE INDEX notifications_finished ON notifications (finished_at) WHERE finished_at IS NOT NULL;
CREATE UNIQUE INDEX notifications_unique_key ON notifications (unique_key) WHERE unique_key IS NOT NULL;

CREATE TABLE business_metrics (
    name        text PRIMARY KEY CHECK (name ~ '^[a-z][a-z0-9_]{0,63}$'),
    value       double precision NOT NULL,
    computed_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE business_metrics IS 'Numbers of the whole database, computed by a task now and then and shown by every server';

-- For retention, which looks for the oldest.
CREATE INDEX emotion_entries_created ON emotion_entries (created_at);
CREATE INDEX disclosures_created ON disclosures (created_at);
CREATE INDEX task_attempts_ended ON task_attempts (ended_at);

CREATE TABLE leads (
    scope      text PRIMARY KEY CHECK (length(scope) <= 80),
    holder     text NOT NULL CHECK (length(holder) BETWEEN 1 AND 64),
    fence      bigint NOT NULL CHECK (fence > 0),
    expires_at timestamptz NOT NULL,
    since      timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE leads IS 'Which process of a bot polls Telegram; the fence counts up with each change';

-- Local time. AT TIME ZONE is the only authority on it; sums are made in timestamps of UTC, whose days have 24 hours.

-- The moment at which a clock in `zone` shows `shown`. What clocks skip in spring: the moment at which they go on; what
-- they show twice in autumn: the first time.
CREATE FUNCTION local_moment(shown timestamp, zone text) RETURNS timestamptz LANGUAGE plpgsql STABLE AS $$
DECLARE
    moment timestamp := (shown AT TIME ZONE zone) AT TIME ZONE 'UTC';
    day_before timestamp := moment - INTERVAL '24 hours';
    -- by the offset of the day before: where clocks were put back in between, the first of the two
    first timestamp := day_before + (shown - ((day_before AT TIME ZONE 'UTC') AT TIME ZONE zone));
    seen timestamp := (moment AT TIME ZONE 'UTC') AT TIME ZONE zone;
BEGIN
    IF (first AT TIME ZONE 'UTC') AT TIME ZONE zone = shown THEN
        RETURN least(first, moment) AT TIME ZONE 'UTC';
    END IF;
    IF seen = shown THEN
        RETURN moment AT TIME ZONE 'UTC';
    END IF;
    -- `moment` is after the gap, not further than the gap is wide: its end is where the offset is first that of `moment`
    RETURN (SELECT min(m) FROM generate_series(moment - (seen - shown), moment, INTERVAL '1 minute') AS m
            WHERE ((m AT TIME ZONE 'UTC') AT TIME ZONE zone) - m = seen - moment) AT TIME ZONE 'UTC';
END $$;

-- The first moment after `after` at which it is `at` (on that day of the week; NULL: any) in `zone`. NULL: no such zone.
CREATE FUNCTION next_local_time(after timestamptz, at time, weekday integer, zone text) RETURNS timestamptz
LANGUAGE plpgsql STABLE AS $$
DECLARE
    day date;
    moment timestamptz;
BEGIN
    day := (after AT TIME ZONE zone)::date - 1;
    FOR i IN 0..16 LOOP
        IF weekday IS NULL OR extract(isodow FROM day) = weekday THEN
            moment := local_moment(day + at, zone);
            IF moment > after THEN
                RETURN moment;
            END IF;
        END IF;
        day := day + 1;
    END LOOP;
    RETURN NULL;
EXCEPTION WHEN invalid_parameter_value THEN
    RETURN NULL;
END $$;

-- The last such moment that is not after `until`.
CREATE FUNCTION last_local_time(until timestamptz, at time, weekday integer, zone text) RETURNS timestamptz
LANGUAGE plpgsql STABLE AS $$
DECLARE
    day date;
    moment timestamptz;
BEGIN
    day := (until AT TIME ZONE zone)::date + 1;
    FOR i IN 0..16 LOOP
        IF weekday IS NULL OR extract(isodow FROM day) = weekday THEN
            moment := local_moment(day + at, zone);
            IF moment <= until THEN
                RETURN moment;
            END IF;
        END IF;
        day := day - 1;
    END LOOP;
    RETURN NULL;
EXCEPTION WHEN invalid_parameter_value THEN
    RETURN NULL;
END $$;

-- Families that are there already get what new ones get: a report each Sunday at 10:00. The ids are of version 7.
INSERT INTO schedules (schedule_id, job, family_id, local_time, weekday, next_at)
SELECT overlay(overlay(replace(gen_random_uuid()::text, '-', '')
           PLACING lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000)::bigint), 12, '0') FROM 1 FOR 12)
           PLACING '7' FROM 13 FOR 1)::uuid,
       'generate_weekly_report', family_id, '10:00', 7,
       coalesce(next_local_time(now(), '10:00', 7, time_zone), next_local_time(now(), '10:00', 7, 'UTC'))
FROM families;
