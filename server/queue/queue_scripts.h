/* queue_scripts.h: the Lua scripts of the queue. Private to this room; docs/queue.md tells the keys.
 *
 * Each takes the same keys: KEYS[1] to [4] ready, [5] to [8] delayed, both by priority, low first; [9] leases, [10]
 * holds, [11] wake, [12] epoch, [13] workers; and ARGV[1], the offset of the clock in milliseconds. A member is the 16
 * bytes of a task's id. A hold is 16 bytes of token, the priority's digit, "1" when the task has been started, 15
 * digits of the claim's time in milliseconds, and the worker's name. Time is Redis's own, so that servers need not
 * agree on it. */
#ifndef FAM_QUEUE_QUEUE_SCRIPTS_H
#define FAM_QUEUE_QUEUE_SCRIPTS_H

/* mine(id): the hold, when its token is ARGV[2]. front(p): a score before all that are ready. ring(n): wakes n of those
 * that wait; what nobody waits for is kept to 16. */
#define FAM_QUEUE_LUA                                                                                                  \
    "local call = redis.call\n"                                                                                        \
    "local leases, holds, wake = KEYS[9], KEYS[10], KEYS[11]\n"                                                        \
    "local t = call('TIME')\n"                                                                                         \
    "local now = t[1] * 1000 + math.floor(t[2] / 1000) + ARGV[1]\n"                                                    \
    "local us = now * 1000 + t[2] % 1000\n"                                                                            \
    "local function epoch() return call('GET', KEYS[12]) or '' end\n"                                                  \
    "local function mine(id)\n"                                                                                        \
    "  local h = call('HGET', holds, id)\n"                                                                            \
    "  if h and #h > 33 and string.sub(h, 1, 16) == ARGV[2] then return h end\n"                                       \
    "end\n"                                                                                                            \
    "local function drop(id) call('ZREM', leases, id) call('HDEL', holds, id) end\n"                                   \
    "local function front(p)\n"                                                                                        \
    "  local head = call('ZRANGE', KEYS[p], 0, 0, 'WITHSCORES')\n"                                                     \
    "  return head[2] and math.min(head[2] - 1, us) or us\n"                                                           \
    "end\n"                                                                                                            \
    "local function ring(n)\n"                                                                                         \
    "  n = math.min(n, 16 - call('LLEN', wake))\n"                                                                     \
    "  for _ = 1, n do call('RPUSH', wake, '1') end\n"                                                                 \
    "end\n"                                                                                                            \
    "local function is_first(p, id) return call('ZRANGE', KEYS[4 + p], 0, 0)[1] == id end\n"

/* ARGV[2]: 32 bytes a task: id, priority's digit, 15 digits of due time in ms. */
static const char push_script[] =
    FAM_QUEUE_LUA "local list, fresh = ARGV[2], 0\n"
                  "for i = 1, #list, 32 do\n"
                  "  local id, p = string.sub(list, i, i + 15), tonumber(string.sub(list, i + 16, i + 16))\n"
                  "  local due = tonumber(string.sub(list, i + 17, i + 31))\n"
                  "  if call('HEXISTS', holds, id) == 0 then\n"
                  "    if due <= now then\n"
                  "      call('ZREM', KEYS[4 + p], id)\n"
                  "      fresh = fresh + call('ZADD', KEYS[p], 'NX', us + (i - 1) / 32, id)\n"
                  "    else\n"
                  "      call('ZREM', KEYS[p], id)\n"
                  "      call('ZADD', KEYS[4 + p], due, id)\n"
                  "      if is_first(p, id) then fresh = fresh + 1 end\n"
                  "    end\n"
                  "  end\n"
                  "end\n"
                  "if fresh > 0 then ring(fresh) end\n"
                  "return {epoch()}\n";

/* ARGV[2] token, [3] at most, [4] lease in ms, [5] worker, [6]: so few count as started at once. What is held already
 * is in two places: it stays with its holder. After a claim that leaves some, one more of those who wait is woken.
 * Answers {epoch, priority, expired?, ids …} or {epoch, 0, expired?, ms until the next is due or -1}. */
static const char claim_script[] =
    FAM_QUEUE_LUA "local max, lease = tonumber(ARGV[3]), tonumber(ARGV[4])\n"
                  "local late = #call('ZRANGEBYSCORE', leases, '-inf', now, 'LIMIT', 0, 1)\n"
                  "local next = -1\n"
                  "for p = 4, 1, -1 do\n"
                  "  local due = call('ZRANGEBYSCORE', KEYS[4 + p], '-inf', now, 'LIMIT', 0, 100)\n"
                  "  if #due > 0 then\n"
                  "    call('ZREM', KEYS[4 + p], unpack(due))\n"
                  "    for i, id in ipairs(due) do call('ZADD', KEYS[p], 'NX', us + i - 1, id) end\n"
                  "  end\n"
                  "  local taken = {}\n"
                  "  for _ = 1, 10 do\n"
                  "    local got = call('ZPOPMIN', KEYS[p], max - #taken)\n"
                  "    for i = 1, #got, 2 do\n"
                  "      if #got[i] == 16 and call('HEXISTS', holds, got[i]) == 0 then taken[#taken + 1] = got[i] end\n"
                  "    end\n"
                  "    if #got == 0 or #taken == max then break end\n"
                  "  end\n"
                  "  if #taken > 0 then\n"
                  "    local hold = ARGV[2] .. p .. (#taken <= tonumber(ARGV[6]) and '1' or '0') .. "
                  "string.format('%015.0f', now) .. ARGV[5]\n"
                  "    local until_ms, set = {}, {}\n"
                  "    for i, id in ipairs(taken) do\n"
                  "      until_ms[2 * i - 1], until_ms[2 * i] = now + lease, id\n"
                  "      set[2 * i - 1], set[2 * i] = id, hold\n"
                  "    end\n"
                  "    call('ZADD', leases, unpack(until_ms))\n"
                  "    call('HSET', holds, unpack(set))\n"
                  "    if call('EXISTS', KEYS[p]) == 1 then ring(1) end\n"
                  "    return {epoch(), p, late, unpack(taken)}\n"
                  "  end\n"
                  "  local first = call('ZRANGE', KEYS[4 + p], 0, 0, 'WITHSCORES')[2]\n"
                  "  if first and (next < 0 or first - now < next) then next = math.max(first - now, 0) end\n"
                  "end\n"
                  "return {epoch(), 0, late, next}\n";

/* ARGV[2] token, [3] ids. Answers {0, flags}: started; {1, flags}: something more urgent is ready; {2, flags}: of those
 * with the flag 1 the claim is lost. */
static const char start_script[] = FAM_QUEUE_LUA
    "local flags, found, lost, priority = {}, {}, false, 4\n"
    "for i = 1, #ARGV[3], 16 do\n"
    "  local id = string.sub(ARGV[3], i, i + 15)\n"
    "  local h = mine(id)\n"
    "  if h then\n"
    "    priority = math.min(priority, tonumber(string.sub(h, 17, 17)))\n"
    "    found[#found + 1] = id\n"
    "    found[#found + 1] = string.sub(h, 1, 17) .. '1' .. string.sub(h, 19)\n"
    "    flags[#flags + 1] = '0'\n"
    "  else lost = true flags[#flags + 1] = '1' end\n"
    "end\n"
    "flags = table.concat(flags)\n"
    "if lost then return {2, flags} end\n"
    "for p = priority + 1, 4 do\n"
    "  if call('EXISTS', KEYS[p]) == 1 or call('ZCOUNT', KEYS[4 + p], '-inf', now) > 0 then return {1, flags} end\n"
    "end\n"
    "call('HSET', holds, unpack(found))\n"
    "return {0, flags}\n";

/* ARGV[2] token, [3] ids. */
static const char finish_script[] = FAM_QUEUE_LUA "for i = 1, #ARGV[3], 16 do\n"
                                                  "  local id = string.sub(ARGV[3], i, i + 15)\n"
                                                  "  if mine(id) then drop(id) end\n"
                                                  "end\n"
                                                  "return {epoch()}\n";

/* ARGV[2] token, [3] 32 bytes a task as in a push, [4] the least delay in ms. */
static const char delay_script[] =
    FAM_QUEUE_LUA "local list, fresh = ARGV[3], 0\n"
                  "for i = 1, #list, 32 do\n"
                  "  local id = string.sub(list, i, i + 15)\n"
                  "  local due = math.max(tonumber(string.sub(list, i + 17, i + 31)), now + ARGV[4])\n"
                  "  local h = mine(id)\n"
                  "  if h then\n"
                  "    local p = tonumber(string.sub(h, 17, 17))\n"
                  "    drop(id)\n"
                  "    if due <= now then fresh = fresh + call('ZADD', KEYS[p], 'NX', us + (i - 1) / 32, id)\n"
                  "    else\n"
                  "      call('ZADD', KEYS[4 + p], due, id)\n"
                  "      if is_first(p, id) then fresh = fresh + 1 end\n"
                  "    end\n"
                  "  end\n"
                  "end\n"
                  "if fresh > 0 then ring(fresh) end\n"
                  "return {epoch()}\n";

/* ARGV[2] token, [3] ids, from the last one so that the first stands in front. */
static const char return_script[] = FAM_QUEUE_LUA "local fresh = 0\n"
                                                  "for i = #ARGV[3] - 15, 1, -16 do\n"
                                                  "  local id = string.sub(ARGV[3], i, i + 15)\n"
                                                  "  local h = mine(id)\n"
                                                  "  if h and (string.sub(h, 18, 18) == '0' or ARGV[4] == '1') then\n"
                                                  "    local p = tonumber(string.sub(h, 17, 17))\n"
                                                  "    drop(id)\n"
                                                  "    call('ZADD', KEYS[p], front(p), id)\n"
                                                  "    fresh = fresh + 1\n"
                                                  "  end\n"
                                                  "end\n"
                                                  "if fresh > 0 then ring(fresh) end\n"
                                                  "return {epoch()}\n";

/* ARGV[2] token, [3] ids, [4] lease in ms. Answers {flags}: 1 where the claim is still the token's. */
static const char extend_script[] = FAM_QUEUE_LUA
    "local flags = {}\n"
    "for i = 1, #ARGV[3], 16 do\n"
    "  local id = string.sub(ARGV[3], i, i + 15)\n"
    "  local h = mine(id)\n"
    "  flags[#flags + 1] = h and '1' or '0'\n"
    "  if h then\n"
    "    call('ZADD', leases, now + ARGV[4], id)\n"
    "    call('HSET', holds, id, string.sub(h, 1, 18) .. string.format('%015.0f', now) .. string.sub(h, 34))\n"
    "  end\n"
    "end\n"
    "return {table.concat(flags)}\n";

/* ARGV[2]: at most. Answers {id, hold or "", …} of leases that have run out. */
static const char expired_script[] =
    FAM_QUEUE_LUA "local answer = {}\n"
                  "for _, id in ipairs(call('ZRANGEBYSCORE', leases, '-inf', now, 'LIMIT', 0, ARGV[2])) do\n"
                  "  answer[#answer + 1] = id\n"
                  "  answer[#answer + 1] = call('HGET', holds, id) or ''\n"
                  "end\n"
                  "return answer\n";

/* ARGV[2]: ids, 1 to 200. Answers {now, then of each: places as bits (1 to 8 ready, 16 to 128 delayed, 256 lease, 512
 * hold), hold or "", the lease's score, the delayed one's}. */
static const char look_script[] = FAM_QUEUE_LUA
    "local ids, answer = {}, {now}\n"
    "for i = 1, #ARGV[2], 16 do ids[#ids + 1] = string.sub(ARGV[2], i, i + 15) end\n"
    "for i = 1, #ids do\n"
    "  answer[4 * i - 2], answer[4 * i - 1], answer[4 * i], answer[4 * i + 1] = 0, '', 0, 0\n"
    "end\n"
    "for k = 1, 9 do\n"
    "  for i, score in ipairs(call('ZMSCORE', KEYS[k], unpack(ids))) do\n"
    "    if score then\n"
    "      answer[4 * i - 2] = answer[4 * i - 2] + 2 ^ (k - 1)\n"
    "      if k == 9 then answer[4 * i] = tonumber(score) elseif k > 4 then answer[4 * i + 1] = tonumber(score) end\n"
    "    end\n"
    "  end\n"
    "end\n"
    "for i, h in ipairs(call('HMGET', holds, unpack(ids))) do\n"
    "  if h then answer[4 * i - 2], answer[4 * i - 1] = answer[4 * i - 2] + 512, h end\n"
    "end\n"
    "return answer\n";

/* ARGV[2]: 70 bytes a task: id; the places as they were seen, 4 digits, 9999: whatever; the token seen, zeros: none;
 * where it belongs: 0 nowhere, 1 ready with this score, 2 delayed, 3 leased to the token until the score (half a second
 * at least, lest clocks that differ make it spin), 4 ready in front; the priority; the score, 16 digits; the token.
 * Only what is still as it was seen is changed. Answers {flags}: 1 where it was. */
static const char repair_script[] = FAM_QUEUE_LUA
    "local list, flags, fresh = ARGV[2], {}, 0\n"
    "local nobody = string.rep('\\0', 16)\n"
    "local function places(id, h)\n"
    "  local sum = h and 512 or 0\n"
    "  for k = 1, 9 do if call('ZSCORE', KEYS[k], id) then sum = sum + 2 ^ (k - 1) end end\n"
    "  return sum\n"
    "end\n"
    "for i = 1, #list, 70 do\n"
    "  local id, seen = string.sub(list, i, i + 15), tonumber(string.sub(list, i + 16, i + 19))\n"
    "  local kind, p = string.sub(list, i + 36, i + 36), tonumber(string.sub(list, i + 37, i + 37))\n"
    "  local score, token = tonumber(string.sub(list, i + 38, i + 53)), string.sub(list, i + 54, i + 69)\n"
    "  local h = call('HGET', holds, id)\n"
    "  local holder = h and #h > 33 and string.sub(h, 1, 16) or nobody\n"
    "  if holder == string.sub(list, i + 20, i + 35) and (seen == 9999 or seen == places(id, h)) then\n"
    "    local ready, delayed = kind == '1' or kind == '4', kind == '2'\n"
    "    for q = 1, 4 do\n"
    "      if q ~= p or not ready then call('ZREM', KEYS[q], id) end\n"
    "      if q ~= p or not delayed then call('ZREM', KEYS[4 + q], id) end\n"
    "    end\n"
    "    if kind == '3' then\n"
    "      local started = holder == token and string.sub(h, 18, 18) or '0'\n"
    "      local worker = holder == token and string.sub(h, 34) or '?'\n"
    "      call('HSET', holds, id, token .. p .. started .. string.format('%015.0f', now) .. worker)\n"
    "      call('ZADD', leases, math.max(score, now + 500), id)\n"
    "    else drop(id) end\n"
    "    if kind == '4' then score = front(p) end\n"
    "    if ready then fresh = fresh + call('ZADD', KEYS[p], 'NX', score, id) end\n"
    "    if delayed then call('ZADD', KEYS[4 + p], score, id) if is_first(p, id) then fresh = fresh + 1 end end\n"
    "    flags[#flags + 1] = '1'\n"
    "  else flags[#flags + 1] = '0' end\n"
    "end\n"
    "if fresh > 0 then ring(fresh) end\n"
    "return {table.concat(flags)}\n";

/* ARGV[2]: 32 bytes a task as in a push. */
static const char forget_script[] = FAM_QUEUE_LUA "for i = 1, #ARGV[2], 32 do\n"
                                                  "  local id = string.sub(ARGV[2], i, i + 15)\n"
                                                  "  if call('HEXISTS', holds, id) == 0 then\n"
                                                  "    for k = 1, 8 do call('ZREM', KEYS[k], id) end\n"
                                                  "  end\n"
                                                  "end\n"
                                                  "return {epoch()}\n";

/* Answers what lies in each place. */
static const char sizes_script[] = FAM_QUEUE_LUA "local answer = {}\n"
                                                 "for k = 1, 9 do answer[k] = call('ZCARD', KEYS[k]) end\n"
                                                 "answer[10] = call('HLEN', holds)\n"
                                                 "return answer\n";

/* A sweep has ended: ARGV[2], the epoch that the sweeper knew. Answers {the new one}, above all before. */
static const char epoch_script[] =
    FAM_QUEUE_LUA "local e = math.max(t[1] * 1000000 + t[2], (tonumber(epoch()) or 0) + 1, ARGV[2] + 1)\n"
                  "e = string.format('%.0f', e)\n"
                  "call('SET', KEYS[12], e)\n"
                  "return {e}\n";

/* ARGV[2] a worker, [3] what it says of itself, "": it ends, [4] for so many ms it is believed. A value of the hash
 * workers begins with 15 digits, the time until which it holds. Who has been silent for longer is forgotten by the next
 * one that speaks; the key ends with its last worker. */
static const char announce_script[] =
    FAM_QUEUE_LUA "local key = KEYS[13]\n"
                  "if ARGV[3] == '' then call('HDEL', key, ARGV[2]) return {epoch()} end\n"
                  "call('HSET', key, ARGV[2], string.format('%015.0f', now + ARGV[4]) .. ARGV[3])\n"
                  "call('PEXPIRE', key, ARGV[4])\n"
                  "if call('HLEN', key) > 1 then\n"
                  "  local all = call('HGETALL', key)\n"
                  "  for i = 1, #all, 2 do\n"
                  "    if tonumber(string.sub(all[i + 1], 1, 15)) < now then call('HDEL', key, all[i]) end\n"
                  "  end\n"
                  "end\n"
                  "return {epoch()}\n";

/* ARGV[2]: at most. Answers {worker, what it says, …} of those that are believed. */
static const char roll_script[] =
    FAM_QUEUE_LUA "local all, answer = call('HGETALL', KEYS[13]), {}\n"
                  "for i = 1, #all, 2 do\n"
                  "  if tonumber(string.sub(all[i + 1], 1, 15)) >= now and #answer < 2 * ARGV[2] then\n"
                  "    answer[#answer + 1], answer[#answer + 2] = all[i], string.sub(all[i + 1], 16)\n"
                  "  end\n"
                  "end\n"
                  "return answer\n";

#endif
