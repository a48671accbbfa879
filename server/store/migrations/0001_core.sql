-- The tables of people, entries and answers, and the schema of their keys.
--
-- Sealed columns are bytea and end up unreadable without the schema `keys`, which is left out of row dumps. No foreign
-- key joins `keys` to the rest: rows and keys are dumped and restored apart, and at different times.

CREATE SCHEMA keys;
COMMENT ON SCHEMA keys IS 'Wrapped keys: destroying one destroys what it sealed. Dumped apart from the rows.';

CREATE TABLE keys.hmac_keys (
    purpose    text PRIMARY KEY CHECK (purpose IN ('lookup', 'cache', 'derive', 'idempotency')),
    wrapped    bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE keys.hmac_keys IS 'Random HMAC keys by purpose, wrapped by the master key; made once';

CREATE TABLE keys.user_keys (
    user_id    uuid PRIMARY KEY,
    wrapped    bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE keys.user_keys IS 'One key for each user, wrapped by the master key';

CREATE TABLE keys.family_keys (
    family_id  uuid PRIMARY KEY,
    wrapped    bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE keys.family_keys IS 'One key for each family, wrapped by the master key';

CREATE TABLE keys.entry_keys (
    entry_id       uuid PRIMARY KEY,
    user_id        uuid NOT NULL,
    wrapped_user   bytea NOT NULL,
    family_id      uuid,
    wrapped_family bytea,
    created_at     timestamptz NOT NULL DEFAULT now(),
    CHECK ((family_id IS NULL) = (wrapped_family IS NULL))
);
COMMENT ON TABLE keys.entry_keys IS 'One key for each entry, wrapped by its author''s key; while shared by the family''s too';
CREATE INDEX entry_keys_user ON keys.entry_keys (user_id);

CREATE TABLE users (
    user_id         uuid PRIMARY KEY,
    telegram_hmac   bytea NOT NULL UNIQUE CHECK (octet_length(telegram_hmac) = 32),
    telegram_sealed bytea NOT NULL,
    language        text NOT NULL CHECK (language IN ('ru', 'en')),
    country         text NOT NULL DEFAULT '' CHECK (country ~ '^([A-Z]{2})?$'),
    name            bytea,
    source          text NOT NULL CHECK (source IN ('telegram', 'invite', 'api')),
    created_at      timestamptz NOT NULL DEFAULT now(),
    last_seen_at    timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE users IS 'Somebody who writes to the bot';

CREATE TABLE families (
    family_id  uuid PRIMARY KEY,
    name       bytea NOT NULL,
    country    text NOT NULL DEFAULT '' CHECK (country ~ '^([A-Z]{2})?$'),
    time_zone  text NOT NULL CHECK (length(time_zone) BETWEEN 1 AND 64),
    created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE families IS 'Parents and children who belong together';
CREATE INDEX families_created ON families (created_at);

CREATE TABLE parents (
    parent_id  uuid PRIMARY KEY,
    family_id  uuid NOT NULL REFERENCES families,
    user_id    uuid NOT NULL REFERENCES users,
    role       text NOT NULL CHECK (role IN ('parent', 'reader')),
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (family_id, user_id)
);
COMMENT ON TABLE parents IS 'Membership of a user in a family';
CREATE INDEX parents_user ON parents (user_id);

CREATE TABLE children (
    child_id        uuid PRIMARY KEY,
    family_id       uuid NOT NULL REFERENCES families,
    name            bytea,
    birth           bytea,
    profile_version integer NOT NULL DEFAULT 1 CHECK (profile_version > 0),
    created_at      timestamptz NOT NULL DEFAULT now(),
    removed_at      timestamptz,
    CHECK (removed_at IS NOT NULL OR (name IS NOT NULL AND birth IS NOT NULL))
);
COMMENT ON TABLE children IS 'A child; a removed one stays as an empty row while entries name it';
CREATE INDEX children_family ON children (family_id);

CREATE TABLE consents (
    consent_id   uuid PRIMARY KEY,
    user_id      uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    purpose      text NOT NULL CHECK (purpose IN ('processing', 'ai', 'notifications')),
    granted      boolean NOT NULL,
    text_version text NOT NULL CHECK (length(text_version) <= 32),
    changed_at   timestamptz NOT NULL
);
COMMENT ON TABLE consents IS 'Every decision of a person for a purpose; the latest counts, none is changed';
CREATE INDEX consents_user ON consents (user_id, purpose, changed_at DESC);

CREATE TABLE emotion_entries (
    entry_id   uuid PRIMARY KEY,
    user_id    uuid NOT NULL REFERENCES users,
    family_id  uuid REFERENCES families,
    child_id   uuid REFERENCES children,
    phrase     bytea NOT NULL,
    context    bytea NOT NULL,
    safety     bytea NOT NULL,
    language   text NOT NULL CHECK (language IN ('ru', 'en')),
    created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE emotion_entries IS 'What a child said or did, as its author told it';
CREATE INDEX emotion_entries_author ON emotion_entries (user_id, entry_id DESC);
CREATE INDEX emotion_entries_child ON emotion_entries (child_id, user_id, entry_id DESC) WHERE child_id IS NOT NULL;
CREATE INDEX emotion_entries_family ON emotion_entries (family_id) WHERE family_id IS NOT NULL;

CREATE TABLE readings (
    entry_id       uuid NOT NULL REFERENCES emotion_entries ON DELETE CASCADE,
    version        integer NOT NULL CHECK (version > 0),
    engine         text NOT NULL CHECK (engine IN ('offline', 'claude')),
    prompt_version text NOT NULL CHECK (length(prompt_version) <= 64),
    body           bytea NOT NULL,
    created_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (entry_id, version)
);
COMMENT ON TABLE readings IS 'What an engine read in an entry; a better reading is a new version';

CREATE TABLE deliveries (
    delivery_id     uuid PRIMARY KEY,
    entry_id        uuid NOT NULL REFERENCES emotion_entries ON DELETE CASCADE,
    chat            bytea NOT NULL,
    reading_version integer NOT NULL,
    created_at      timestamptz NOT NULL,
    FOREIGN KEY (entry_id, reading_version) REFERENCES readings ON DELETE CASCADE
);
COMMENT ON TABLE deliveries IS 'Which message of which chat showed which reading; the latest counts';
CREATE INDEX deliveries_entry ON deliveries (entry_id, created_at DESC);

CREATE TABLE ratings (
    entry_id   uuid NOT NULL REFERENCES emotion_entries ON DELETE CASCADE,
    user_id    uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    body       bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (entry_id, user_id)
);
COMMENT ON TABLE ratings IS 'Did it help? One for each entry and person';
CREATE INDEX ratings_user ON ratings (user_id);

CREATE TABLE idempotency_keys (
    scope        text NOT NULL,
    method       text NOT NULL,
    key          text NOT NULL,
    request_hmac bytea NOT NULL CHECK (octet_length(request_hmac) = 32),
    user_id      uuid REFERENCES users ON DELETE CASCADE,
    result       bytea NOT NULL CHECK (octet_length(result) <= 64),
    created_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (scope, method, key)
);
COMMENT ON TABLE idempotency_keys IS 'Calls that had their effect, with the ids of it; kept for 48 hours';
CREATE INDEX idempotency_keys_created ON idempotency_keys (created_at);
CREATE INDEX idempotency_keys_user ON idempotency_keys (user_id) WHERE user_id IS NOT NULL;

CREATE TABLE api_tokens (
    token_id      uuid PRIMARY KEY,
    role          text NOT NULL CHECK (role IN ('bot', 'service', 'admin', 'metrics')),
    name          text NOT NULL CHECK (name ~ '^[A-Za-z0-9_.-]{1,64}$'),
    scope         text NOT NULL,
    hash          bytea NOT NULL UNIQUE CHECK (octet_length(hash) = 32),
    methods       text[] NOT NULL DEFAULT '{}',
    personal_text boolean NOT NULL DEFAULT false,
    created_at    timestamptz NOT NULL DEFAULT now(),
    last_used_at  timestamptz,
    revoked_at    timestamptz
);
COMMENT ON TABLE api_tokens IS 'Bearer tokens of programs and operators, as hashes';

CREATE TABLE audit_log (
    audit_id   uuid PRIMARY KEY,
    at         timestamptz NOT NULL DEFAULT now(),
    principal  text NOT NULL,
    method     text NOT NULL,
    user_id    uuid,
    target_id  uuid,
    reason     text NOT NULL DEFAULT '',
    request_id text NOT NULL DEFAULT ''
);
COMMENT ON TABLE audit_log IS 'What operators and services did; only ever appended to';
CREATE INDEX audit_log_at ON audit_log (at);
CREATE INDEX audit_log_user ON audit_log (user_id) WHERE user_id IS NOT NULL;

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'table % is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$;
COMMENT ON FUNCTION refuse_change() IS 'Trigger of the append-only tables';

CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE ON audit_log
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_log_no_truncate BEFORE TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER consents_no_update BEFORE UPDATE ON consents
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER readings_no_update BEFORE UPDATE ON readings
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
