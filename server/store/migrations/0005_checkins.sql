-- Check-ins and reports: when somebody wants to be asked, what was answered, and what was made of it.

CREATE TABLE checkin_settings (
    user_id          uuid PRIMARY KEY REFERENCES users ON DELETE CASCADE,
    reminder_minutes smallint NOT NULL DEFAULT 0 CHECK (reminder_minutes IN (0, 10, 30)),
    quiet_from       time DEFAULT '22:00',
    quiet_until      time DEFAULT '07:00',
    paused_until     timestamptz,
    weekly_report    boolean NOT NULL DEFAULT true,
    updated_at       timestamptz NOT NULL DEFAULT now(),
    CHECK ((quiet_from IS NULL) = (quiet_until IS NULL))
);
COMMENT ON TABLE checkin_settings IS 'How a person wants to be asked; the times themselves are rows of schedules. No row: the defaults';

CREATE TABLE checkins (
    checkin_id   uuid PRIMARY KEY,
    user_id      uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    slot         text NOT NULL CHECK (slot IN ('morning', 'afternoon', 'evening', 'own', 'quick')),
    question_set text NOT NULL CHECK (question_set ~ '^[a-z0-9_]{1,32}$'),
    state        text NOT NULL DEFAULT 'sent' CHECK (state IN ('sent', 'started', 'completed', 'skipped', 'missed')),
    due_at       timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    finished_at  timestamptz,
    asked        smallint NOT NULL DEFAULT 0 CHECK (asked BETWEEN 0 AND 32),
    answered     smallint NOT NULL DEFAULT 0 CHECK (answered BETWEEN 0 AND 32),
    counted      boolean NOT NULL DEFAULT false,
    CHECK ((state IN ('sent', 'started')) = (finished_at IS NULL))
);
COMMENT ON TABLE checkins IS 'A few questions at one time; the answers are sealed, see checkin_answers';
COMMENT ON COLUMN checkins.counted IS 'Its end is in the metrics already: what is changed and finished anew is not counted twice';
CREATE INDEX checkins_user ON checkins (user_id, checkin_id DESC);
CREATE UNIQUE INDEX checkins_once ON checkins (user_id, slot, due_at);
CREATE INDEX checkins_open ON checkins (expires_at) WHERE finished_at IS NULL;
CREATE INDEX checkins_due ON checkins (due_at);

CREATE TABLE checkin_answers (
    checkin_id  uuid NOT NULL REFERENCES checkins ON DELETE CASCADE,
    question_id text NOT NULL CHECK (question_id ~ '^[a-z0-9_]{1,32}$'),
    position    smallint NOT NULL CHECK (position BETWEEN 0 AND 31),
    body        bytea NOT NULL,
    answered_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (checkin_id, question_id)
);
COMMENT ON TABLE checkin_answers IS 'What was answered, sealed under the key of the person';

CREATE TABLE reports (
    report_id  uuid PRIMARY KEY,
    user_id    uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    period     text NOT NULL CHECK (period IN ('week', 'month', 'quarter')),
    from_at    timestamptz NOT NULL,
    until_at   timestamptz NOT NULL,
    body       bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CHECK (from_at < until_at)
);
COMMENT ON TABLE reports IS 'The archive: what a reader was told of a period, sealed under the key of this reader';
CREATE INDEX reports_user ON reports (user_id, report_id DESC);
CREATE UNIQUE INDEX reports_once ON reports (user_id, period, until_at);
CREATE INDEX reports_created ON reports (created_at);

ALTER TABLE notifications DROP CONSTRAINT notifications_kind_check;
ALTER TABLE notifications ADD CONSTRAINT notifications_kind_check
    CHECK (kind IN ('better_reading', 'checkin', 'weekly_report', 'notice', 'follow_up', 'broadcast', 'checkin_reminder'));

ALTER TABLE notifications ADD COLUMN checkin_id uuid REFERENCES checkins ON DELETE CASCADE;
ALTER TABLE notifications ADD COLUMN due_at timestamptz;
COMMENT ON COLUMN notifications.checkin_id IS 'Of a check-in: its questions are put in when it is leased';
COMMENT ON COLUMN notifications.due_at IS 'Of a check-in: when it should be there, by the clock of its person';
CREATE INDEX notifications_checkin ON notifications (checkin_id) WHERE checkin_id IS NOT NULL;
