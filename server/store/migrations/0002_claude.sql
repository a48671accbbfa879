-- What leaves this machine, and what it costs.

CREATE TABLE disclosures (
    disclosure_id  uuid PRIMARY KEY,
    user_id        uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    entry_id       uuid,
    recipient      text NOT NULL CHECK (recipient IN ('anthropic')),
    model          text NOT NULL CHECK (length(model) <= 64),
    prompt_version text NOT NULL CHECK (length(prompt_version) <= 64),
    body           bytea NOT NULL,
    created_at     timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE disclosures IS 'What was sent to whom; no foreign key to the entry, which may be written later, or never';
CREATE INDEX disclosures_user ON disclosures (user_id, disclosure_id DESC);

CREATE TABLE claude_usage (
    day                date NOT NULL,
    model              text NOT NULL CHECK (length(model) <= 64),
    requests           bigint NOT NULL DEFAULT 0 CHECK (requests >= 0),
    input_tokens       bigint NOT NULL DEFAULT 0 CHECK (input_tokens >= 0),
    cache_write_tokens bigint NOT NULL DEFAULT 0 CHECK (cache_write_tokens >= 0),
    cache_read_tokens  bigint NOT NULL DEFAULT 0 CHECK (cache_read_tokens >= 0),
    output_tokens      bigint NOT NULL DEFAULT 0 CHECK (output_tokens >= 0),
    cost_micro_usd     bigint NOT NULL DEFAULT 0 CHECK (cost_micro_usd >= 0),
    PRIMARY KEY (day, model)
);
COMMENT ON TABLE claude_usage IS 'Calls, tokens and cost by day (UTC) and model';

CREATE TRIGGER disclosures_no_update BEFORE UPDATE ON disclosures
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
