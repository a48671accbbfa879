-- Families as people live in them: invitations, switches, profiles, corrections, feedback; and what erasing needs.

ALTER TABLE users ADD COLUMN share_entries boolean NOT NULL DEFAULT false;
ALTER TABLE users ADD COLUMN follow_up boolean NOT NULL DEFAULT true;
ALTER TABLE users ADD COLUMN erased_at timestamptz;
COMMENT ON COLUMN users.erased_at IS 'set: everything of this person is being deleted; for every query the person is not there any more';

ALTER TABLE families ADD COLUMN no_ai boolean NOT NULL DEFAULT false;
ALTER TABLE families ADD COLUMN retention_days integer CHECK (retention_days BETWEEN 1 AND 3650);
ALTER TABLE families ADD COLUMN erased_at timestamptz;

ALTER TABLE children ADD COLUMN profile bytea;
COMMENT ON COLUMN children.profile IS 'Traits and special needs, sealed; NULL: nothing was told';

ALTER TABLE emotion_entries ADD COLUMN revised_at timestamptz;

CREATE TABLE invites (
    invite_id  uuid PRIMARY KEY,
    family_id  uuid NOT NULL REFERENCES families ON DELETE CASCADE,
    created_by uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    role       text NOT NULL CHECK (role IN ('parent', 'reader')),
    code_hash  bytea NOT NULL UNIQUE CHECK (octet_length(code_hash) = 32),
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    used_at    timestamptz,
    revoked_at timestamptz
);
COMMENT ON TABLE invites IS 'A way into a family for one person, once; the code itself is stored nowhere';
CREATE INDEX invites_family ON invites (family_id);
CREATE INDEX invites_creator ON invites (created_by);

CREATE TABLE corrections (
    correction_id uuid PRIMARY KEY,
    user_id       uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    child_id      uuid REFERENCES children,
    entry_id      uuid REFERENCES emotion_entries ON DELETE SET NULL,
    body          bytea NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE corrections IS 'What the author said that it was; shapes the next readings of this child for this author';
CREATE INDEX corrections_author ON corrections (user_id, child_id, correction_id DESC);
CREATE INDEX corrections_entry ON corrections (entry_id) WHERE entry_id IS NOT NULL;
CREATE INDEX corrections_child ON corrections (child_id) WHERE child_id IS NOT NULL;

CREATE TABLE feedback (
    feedback_id uuid PRIMARY KEY,
    user_id     uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    rating      smallint NOT NULL DEFAULT 0 CHECK (rating BETWEEN 0 AND 5),
    body        bytea NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE feedback IS 'What people tell the operators, sealed under their own key';
CREATE INDEX feedback_user ON feedback (user_id);
CREATE INDEX feedback_created ON feedback (created_at);

CREATE TABLE broadcasts (
    broadcast_id uuid PRIMARY KEY,
    created_by   text NOT NULL CHECK (length(created_by) <= 80),
    text_ru      text NOT NULL DEFAULT '' CHECK (length(text_ru) <= 2000),
    text_en      text NOT NULL DEFAULT '' CHECK (length(text_en) <= 2000),
    recipients   bigint NOT NULL DEFAULT 0,
    created_at   timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE broadcasts IS 'What operators told everybody; no personal text';

ALTER TABLE notifications DROP CONSTRAINT notifications_kind_check;
ALTER TABLE notifications ADD CONSTRAINT notifications_kind_check
    CHECK (kind IN ('better_reading', 'checkin', 'weekly_report', 'notice', 'follow_up', 'broadcast'));

-- Of somebody who is erased the audit log keeps who looked, when and why, and forgets at whom.
CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.user_id IS NULL AND NEW.target_id IS NULL
        AND (NEW.audit_id, NEW.at, NEW.principal, NEW.method, NEW.reason, NEW.request_id)
            IS NOT DISTINCT FROM (OLD.audit_id, OLD.at, OLD.principal, OLD.method, OLD.reason, OLD.request_id) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'table % is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$;
COMMENT ON FUNCTION refuse_audit_change() IS 'Trigger of the audit log: its ids may be forgotten, nothing else changes';
DROP TRIGGER audit_log_append_only ON audit_log;
CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE ON audit_log
    FOR EACH ROW EXECUTE FUNCTION refuse_audit_change();
CREATE INDEX audit_log_target ON audit_log (target_id) WHERE target_id IS NOT NULL;
CREATE INDEX users_erased ON users (erased_at) WHERE erased_at IS NOT NULL;
CREATE INDEX families_erased ON families (erased_at) WHERE erased_at IS NOT NULL;

CREATE INDEX entry_keys_family ON keys.entry_keys (family_id, entry_id DESC) WHERE family_id IS NOT NULL;

CREATE INDEX children_removed ON children (removed_at) WHERE removed_at IS NOT NULL;
CREATE INDEX invites_expires ON invites (expires_at);
