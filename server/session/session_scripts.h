/* session_scripts.h: the Lua scripts of session.c. Private to it.
 *
 * Each takes KEYS[1], the index `fam:{USER}:sessions`; ARGV[1], what a session's key begins with; ARGV[2], the time to
 * live in milliseconds. Each answers {word} or {word, id, client, version, created, last activity, state, last update,
 * draft}. Time is Redis's own, so that servers need not agree on it. */
#ifndef FAM_SESSION_SESSION_SCRIPTS_H
#define FAM_SESSION_SESSION_SCRIPTS_H

#define FAM_SESSION_LUA_COMMON                                                                                         \
    "local index, prefix, ttl = KEYS[1], ARGV[1], ARGV[2]\n"                                                           \
    "local function now()\n"                                                                                           \
    "  local t = redis.call('TIME')\n"                                                                                 \
    "  return string.format('%.0f', t[1] * 1000 + math.floor(t[2] / 1000))\n"                                          \
    "end\n"                                                                                                            \
    "local function touch(id)\n"                                                                                       \
    "  redis.call('HSET', prefix .. id, 'last_activity', now())\n"                                                     \
    "  redis.call('PEXPIRE', prefix .. id, ttl)\n"                                                                     \
    "  redis.call('PEXPIRE', index, ttl)\n"                                                                            \
    "end\n"                                                                                                            \
    "local function answer(word, id)\n"                                                                                \
    "  local s = redis.call('HMGET', prefix .. id, 'client', 'version', 'created', 'last_activity', 'state',\n"        \
    "                       'last_update_id')\n"                                                                       \
    "  local draft = redis.call('GET', prefix .. id .. ':draft') or ''\n"                                              \
    "  return {word, id, s[1] or '', s[2] or '', s[3] or '', s[4] or '', s[5] or '', s[6] or '', draft}\n"             \
    "end\n"

/* ARGV[3] client, ARGV[4] an id for a new one. The index is swept when it looks full: its entries outlive their
 * sessions as long as any session of the user is used. */
static const char create_script[] = FAM_SESSION_LUA_COMMON
    "local client, id = ARGV[3], ARGV[4]\n"
    "local live = redis.call('HGET', index, client)\n"
    "if live and redis.call('EXISTS', prefix .. live) == 1 then touch(live) return answer('live', live) end\n"
    "if redis.call('HLEN', index) >= 16 then\n"
    "  local all = redis.call('HGETALL', index)\n"
    "  for i = 1, #all, 2 do\n"
    "    if redis.call('EXISTS', prefix .. all[i + 1]) == 0 then redis.call('HDEL', index, all[i]) end\n"
    "  end\n"
    "  if redis.call('HLEN', index) >= 16 then return {'full'} end\n"
    "end\n"
    "redis.call('HSET', prefix .. id, 'client', client, 'version', 1, 'created', now(), 'last_update_id', 0)\n"
    "redis.call('HSET', index, client, id)\n"
    "touch(id)\n"
    "return answer('created', id)\n";

/* ARGV[3] id. */
static const char get_script[] =
    FAM_SESSION_LUA_COMMON "local id = ARGV[3]\n"
                           "if redis.call('EXISTS', prefix .. id) == 0 then return {'gone'} end\n"
                           "touch(id)\n"
                           "return answer('live', id)\n";

/* ARGV[3] id, [4] version seen, [5] state, [6] last update, [7] drop, keep or set, [8] the draft, [9] its time to
 * live. */
static const char update_script[] =
    FAM_SESSION_LUA_COMMON "local id = ARGV[3]\n"
                           "local key = prefix .. id\n"
                           "local version = redis.call('HGET', key, 'version')\n"
                           "if not version then return {'gone'} end\n"
                           "if version ~= ARGV[4] then return {'changed'} end\n"
                           "redis.call('HSET', key, 'state', ARGV[5], 'last_update_id', ARGV[6])\n"
                           "redis.call('HINCRBY', key, 'version', 1)\n"
                           "if ARGV[7] == 'set' then redis.call('SET', key .. ':draft', ARGV[8], 'PX', ARGV[9])\n"
                           "elseif ARGV[7] == 'drop' then redis.call('DEL', key .. ':draft') end\n"
                           "touch(id)\n"
                           "return answer('live', id)\n";

/* ARGV[3] id. */
static const char delete_script[] = FAM_SESSION_LUA_COMMON
    "local id = ARGV[3]\n"
    "local client = redis.call('HGET', prefix .. id, 'client')\n"
    "if client and redis.call('HGET', index, client) == id then redis.call('HDEL', index, client) end\n"
    "redis.call('DEL', prefix .. id, prefix .. id .. ':draft')\n"
    "return {'gone'}\n";

#endif
