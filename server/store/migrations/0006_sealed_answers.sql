-- The answers of a check-in become one sealed value: which questions were answered, and how many there were, told a hard day
-- from others.

ALTER TABLE checkins ADD COLUMN answers bytea;
COMMENT ON COLUMN checkins.answers IS 'All that was answered, sealed under the key of the person and of one size however much was asked; NULL: nothing, or still in checkin_answers';
COMMENT ON COLUMN checkins.asked IS 'Of programs before answers were one value; 0 since';
COMMENT ON COLUMN checkins.answered IS 'Of programs before answers were one value; 0 since';
COMMENT ON TABLE checkin_answers IS 'Of programs before checkins.answers: read until retention has taken them, written no more';
