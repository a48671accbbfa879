#include "traces.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "pg_server.h"

/* A function in the database's temporary schema would be gone with its connection. */
static const char FUNCTION[] =
    "CREATE OR REPLACE FUNCTION traces_of(id uuid) RETURNS text LANGUAGE plpgsql AS $$ "
    "DECLARE c record; n bigint; places text := ''; test text; BEGIN "
    "FOR c IN SELECT table_schema, table_name, column_name, udt_name FROM information_schema.columns "
    "JOIN information_schema.tables USING (table_schema, table_name) "
    "WHERE table_schema IN ('public', 'keys') AND table_type = 'BASE TABLE' "
    "AND udt_name IN ('uuid', 'text', '_text', 'bytea') ORDER BY 1, 2, 3 LOOP "
    "test := CASE c.udt_name WHEN 'uuid' THEN format('%I = $1', c.column_name) "
    "WHEN 'bytea' THEN format('position(uuid_send($1) IN %I) > 0', c.column_name) "
    "ELSE format('position($1::text IN %I::text) > 0', c.column_name) END; "
    "EXECUTE format('SELECT count(*) FROM %I.%I WHERE %s', c.table_schema, c.table_name, test) INTO n USING id; "
    "IF n > 0 THEN places := places || CASE places WHEN '' THEN '' ELSE ' ' END || "
    "CASE c.table_schema WHEN 'public' THEN '' ELSE c.table_schema || '.' END || c.table_name || '.' || c.column_name; "
    "END IF; END LOOP; RETURN places; END $$; ";

void traces_of(const char *conninfo, const struct fam_uuid *id, char *ret_places, size_t size)
{
    char sql[sizeof(FUNCTION) + 128], text[FAM_UUID_TEXT_SIZE];
    fam_uuid_format(id, text);
    snprintf(sql, sizeof(sql), "%sSELECT traces_of('%s')", FUNCTION, text);
    cr_assert(pg_server_sql(conninfo, sql, ret_places, size), "%s", ret_places);
}

void traces_missing(const char *conninfo, const struct fam_uuid *user_id, char *ret_tables, size_t size)
{
    char sql[sizeof(FUNCTION) + 1024], text[FAM_UUID_TEXT_SIZE];
    fam_uuid_format(user_id, text);
    snprintf(sql, sizeof(sql),
             "%sSELECT coalesce(string_agg(t, ' '), '') FROM (SELECT DISTINCT CASE table_schema WHEN 'public' THEN '' "
             "ELSE 'keys.' END || table_name AS t FROM information_schema.columns WHERE table_schema IN ('public', "
             "'keys') AND column_name IN ('user_id', 'created_by') AND udt_name = 'uuid' ORDER BY 1) x "
             "WHERE NOT position(t || '.' IN traces_of('%s')) > 0",
             FUNCTION, text);
    cr_assert(pg_server_sql(conninfo, sql, ret_tables, size), "%s", ret_tables);
}
