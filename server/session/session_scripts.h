/* session_scripts.h: the Lua scripts of session.c. Private to it.
 *
 * Each takes KEYS[1], the index `fam:{USER}:sessions`; ARGV[1], what a session's key begins with; ARGV[2], the time to
 * live in milliseconds. A field NAME of a session is the hash field "f:NAME". Time is Redis's own, so that servers need
 * not agree on it. What one session's script answers is {word} or {word, id, client, version, created, last activity,
 * state, last update, draft, {name, value, …}}. */
#ifndef FAM_SESSION_SESSION_SCRIPTS_H
#define FAM_SESSION_SESSION_SCRIPTS_H

/* The index lives as long as the longest of its sessions. */
#define FAM_SESSION_LUA_COMMON                                                                                         \
    "local index, prefix, ttl = KEYS[1], ARGV[1], ARGV[2]\n"                                                           \
    "local function now()\n"                                                                                           \
    "  local t = redis.call('TIME')\n"                                                                                 \
    "  return string.format('%.0f', t[1] * 1000 + math.floor(t[2] / 1000))\n"                                          \
    "end\n"                                                                                                            \
    "local function touch(id)\n"                                                                                       \
    "  redis.call('HSET', prefix .. id, 'last_activity', now())\n"                                                     \
    "  redis.call('PEXPIRE', prefix .. id, ttl)\n"                                                                     \
    "  if redis.call('PTTL', index) < tonumber(ttl) then redis.call('PEXPIRE', index, ttl) end\n"                      \
    "end\n"                                                                                                            \
    "local function drop(id) redis.call('DEL', prefix .. id, prefix .. id .. ':draft') end\n"                          \
    "local function answer(word, id)\n"                                                                                \
    "  local all, s, fields = redis.call('HGETALL', prefix .. id), {}, {}\n"                                           \
    "  for i = 1, #all, 2 do\n"                                                                                        \
    "    if string.sub(all[i], 1, 2) ~= 'f:' then s[all[i]] = all[i + 1]\n"                                            \
    "    else\n"                                                                                                       \
    "      fields[#fields + 1] = string.sub(all[i], 3)\n"                                                              \
    "      fields[#fields + 1] = all[i + 1]\n"                                                                         \
    "    end\n"                                                                                                        \
    "  end\n"                                                                                                          \
    "  local draft = redis.call('GET', prefix .. id .. ':draft') or ''\n"                                              \
    "  return {word, id, s.client or '', s.version or '', s.created or '', s.last_activity or '', s.state or '',\n"    \
    "          s.last_update_id or '', draft, fields}\n"                                                               \
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

/* ARGV[3] id, [4] merge or set, [5] version seen, [6] fence, [7] fields (each: a byte with the name's length, the name,
 * four little-endian bytes with the value's length, the value; an empty value removes the field); with set also [8]
 * state, [9] last update, [10] drop, keep or set, [11] the draft, [12] its time to live. All that may refuse comes
 * before the first write; the first write is the one that a damaged session fails at. */
static const char update_script[] = FAM_SESSION_LUA_COMMON
    "local id, merge, fence, packed = ARGV[3], ARGV[4] == 'merge', tonumber(ARGV[6]), ARGV[7]\n"
    "local key = prefix .. id\n"
    "local seen = redis.call('HMGET', key, 'version', 'fence')\n"
    "if not seen[1] then return {'gone'} end\n"
    "if fence > 0 and fence < (tonumber(seen[2]) or 0) then return {'fenced'} end\n"
    "if not merge and seen[1] ~= ARGV[5] then return {'changed'} end\n"
    "local set, cut, kept, count, at = {}, {}, {}, 0, 1\n"
    "while at <= #packed do\n"
    "  local name, value\n"
    "  name, value, at = struct.unpack('<Bc0I4c0', packed, at)\n"
    "  if value == '' then cut['f:' .. name] = true else set['f:' .. name] = value end\n"
    "end\n"
    "for _, name in ipairs(redis.call('HKEYS', key)) do\n"
    "  if string.sub(name, 1, 2) == 'f:' and not set[name] and not cut[name] then count = count + 1 end\n"
    "end\n"
    "for _ in pairs(set) do count = count + 1 end\n"
    "if count > 32 then return {'crowded'} end\n"
    "redis.call('HINCRBY', key, 'version', 1)\n"
    "if fence > 0 then redis.call('HSET', key, 'fence', ARGV[6]) end\n"
    "for name, value in pairs(set) do redis.call('HSET', key, name, value) end\n"
    "for name in pairs(cut) do redis.call('HDEL', key, name) end\n"
    "if not merge then\n"
    "  redis.call('HSET', key, 'state', ARGV[8], 'last_update_id', ARGV[9])\n"
    "  if ARGV[10] == 'set' then redis.call('SET', key .. ':draft', ARGV[11], 'PX', ARGV[12])\n"
    "  elseif ARGV[10] == 'drop' then redis.call('DEL', key .. ':draft') end\n"
    "end\n"
    "touch(id)\n"
    "return answer('live', id)\n";

/* ARGV[3] id. */
static const char delete_script[] = FAM_SESSION_LUA_COMMON
    "local id = ARGV[3]\n"
    "local client = redis.call('HGET', prefix .. id, 'client')\n"
    "if client and redis.call('HGET', index, client) == id then redis.call('HDEL', index, client) end\n"
    "drop(id)\n"
    "return {'gone'}\n";

/* Answers {'all', {id, client, version, created, last activity, last update, name, …}, …}: no value of a field, and not
 * a byte of what is sealed, leaves Redis for it. */
static const char list_script[] = FAM_SESSION_LUA_COMMON
    "local found = {'all'}\n"
    "for _, id in ipairs(redis.call('HVALS', index)) do\n"
    "  local s = redis.call('HMGET', prefix .. id, 'client', 'version', 'created', 'last_activity', 'last_update_id')\n"
    "  if s[1] then\n"
    "    local one = {id, s[1], s[2] or '', s[3] or '', s[4] or '', s[5] or ''}\n"
    "    for _, name in ipairs(redis.call('HKEYS', prefix .. id)) do\n"
    "      if string.sub(name, 1, 2) == 'f:' then one[#one + 1] = string.sub(name, 3) end\n"
    "    end\n"
    "    found[#found + 1] = one\n"
    "  end\n"
    "end\n"
    "return found\n";

/* ARGV[3] count or end. Answers {'all', how many were live}. */
static const char delete_all_script[] = FAM_SESSION_LUA_COMMON "local live, ending = 0, ARGV[3] == 'end'\n"
                                                               "for _, id in ipairs(redis.call('HVALS', index)) do\n"
                                                               "  live = live + redis.call('EXISTS', prefix .. id)\n"
                                                               "  if ending then drop(id) end\n"
                                                               "end\n"
                                                               "if ending then redis.call('DEL', index) end\n"
                                                               "return {'all', live}\n";

#endif
