import { idleAfterMs, lifeMs, maxDevices, savedForMs, steadyMs, sweepSize } from './presence.ts'

/** Milliseconds after which Redis may forget what no process looks after any more. */
const keptMs = 7 * 24 * 3_600_000

/*
 * The rules in Redis' own language: a script sees and changes everything at once, so that of all processes exactly one
 * finds each change, and tells of it in the same step. All keys have one hash tag: Redis Cluster keeps them together.
 *
 * KEYS: the sorted set of who is due, and that of whose last moment is not saved. The others are named after the first.
 * A device is `kind|said|active at|expires at|session`, what is published is `status|kind|last moment`.
 */
const common = `
local due, unsaved = KEYS[1], KEYS[2]
local prefix = string.sub(due, 1, -4)
local topic = ARGV[1]
local now = tonumber(ARGV[2])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end

local function text(ms) return string.format('%.0f', ms) end
local function stateKey(user) return prefix .. 'state:' .. user end
local function devicesKey(user) return prefix .. 'devices:' .. user end

local people, order, told = {}, {}, {}

local function person(user)
  local p = people[user]
  if p then return p end
  p = { devices = {}, count = 0, dirty = {}, seen = 0, status = 'OFFLINE', kind = '' }
  local flat = redis.call('HGETALL', devicesKey(user))
  for i = 1, #flat, 2 do
    local kind, said, active, expires, session = string.match(flat[i + 1], '^(%u+)|(%u+)|(%d+)|(%d+)|(.*)$')
    p.devices[flat[i]] = { kind = kind, said = said, active = tonumber(active), expires = tonumber(expires), session = session }
    p.count = p.count + 1
  end
  local state = redis.call('GET', stateKey(user))
  if state then
    local status, kind, seen = string.match(state, '^(%u+)|(%u*)|(%d*)$')
    p.state, p.status, p.kind, p.seen = state, status, kind, tonumber(seen) or 0
  end
  people[user] = p
  order[#order + 1] = user
  return p
end

local function remove(p, id)
  local d = p.devices[id]
  if d.said ~= 'OFFLINE' then p.seen = math.max(p.seen, d.expires - ${lifeMs}) end
  p.devices[id] = nil
  p.dirty[id] = true
  p.count = p.count - 1
end

local function settle(user)
  local p = people[user]
  local status, dueAt, newest, newestId = 'OFFLINE', nil, nil, nil
  for id, d in pairs(p.devices) do
    if d.expires <= now then
      remove(p, id)
    else
      local idleAt = d.active + ${idleAfterMs}
      d.status = d.said
      if d.said == 'ONLINE' and idleAt <= now then d.status = 'AWAY' end
      local next = d.status == 'ONLINE' and math.min(d.expires, idleAt) or d.expires
      dueAt = math.min(dueAt or next, next)
      if d.status == 'OFFLINE' then
        -- It only stands there so that its socket does not bring it back.
      elseif d.status ~= status and (d.status == 'ONLINE' or status == 'OFFLINE') then
        status, newest, newestId = d.status, d, id
      elseif d.status == status and (d.active > newest.active or (d.active == newest.active and id < newestId)) then
        newest, newestId = d, id
      end
    end
  end
  local kind = newest and newest.kind or ''
  for _, d in pairs(p.devices) do
    if newest and d.status == status and d.kind == p.kind and d.active >= newest.active - ${steadyMs} then kind = p.kind end
  end

  local set, gone = {}, {}
  for id in pairs(p.dirty) do
    local d = p.devices[id]
    if d then
      set[#set + 1] = id
      set[#set + 1] = d.kind .. '|' .. d.said .. '|' .. text(d.active) .. '|' .. text(d.expires) .. '|' .. d.session
    else
      gone[#gone + 1] = id
    end
  end
  if #set > 0 then
    redis.call('HSET', devicesKey(user), unpack(set))
    redis.call('PEXPIRE', devicesKey(user), ${keptMs})
  end
  if #gone > 0 then redis.call('HDEL', devicesKey(user), unpack(gone)) end
  if dueAt then redis.call('ZADD', due, text(dueAt), user) else redis.call('ZREM', due, user) end

  local state = status .. '|' .. kind .. '|' .. (p.seen > 0 and text(p.seen) or '')
  if state ~= (p.state or 'OFFLINE||') then
    redis.call('SET', stateKey(user), state, 'PX', ${keptMs})
    if status == 'OFFLINE' and p.seen > 0 then redis.call('ZADD', unsaved, text(p.seen), user) end
  elseif status ~= 'OFFLINE' then
    redis.call('PEXPIRE', stateKey(user), ${keptMs})
  end
  if status ~= p.status or kind ~= p.kind then told[#told + 1] = user end
end

local function settleAll()
  for _, user in ipairs(order) do settle(user) end
  for _, key in ipairs({ due, unsaved }) do redis.call('PEXPIRE', key, ${keptMs}) end
  if #told > 0 then redis.call('PUBLISH', topic, cjson.encode(told)) end
end
`

/** Values of each change in the arguments of `apply`: type, user, session, device, kind, idle, says. */
export const changeWidth = 7

export const apply = `${common}
local function makeRoom(p)
  if p.count < ${maxDevices} then return end
  local oldest, oldestId
  for id, d in pairs(p.devices) do
    if not oldest or d.expires < oldest.expires then oldest, oldestId = d, id end
  end
  remove(p, oldestId)
end

for i = 3, #ARGV, ${changeWidth} do
  local type, user, session, id, kind, idle, says = unpack(ARGV, i, i + ${changeWidth - 1})
  local p = person(user)
  local d = p.devices[id]
  if type == 'SIGN' then
    local used = tonumber(idle) and now - tonumber(idle)
    if d and d.expires <= now then
      remove(p, id)
      d = nil
    end
    if not d then
      makeRoom(p)
      d = { kind = kind, said = 'ONLINE', active = used or now }
      p.devices[id] = d
      p.count = p.count + 1
    end
    if says == 'HERE' then
      if d.said == 'OFFLINE' then d.said = 'ONLINE' end
    elseif says ~= '' then
      d.said, d.kind = says, kind
    end
    d.active = math.max(d.active, used or 0)
    d.expires, d.session = now + ${lifeMs}, session
    p.dirty[id] = true
  elseif type == 'LEFT' then
    if d and d.said ~= 'OFFLINE' then
      p.seen = now
      d.said = 'OFFLINE'
      p.dirty[id] = true
    end
  elseif type == 'FORGET' then
    for other in pairs(p.devices) do remove(p, other) end
    p.state, p.seen = nil, 0
    redis.call('DEL', stateKey(user))
    redis.call('ZREM', unsaved, user)
  else
    for other, o in pairs(p.devices) do
      if o.session == session then
        if type == 'USED' then
          o.active = now
          p.dirty[other] = true
        else
          remove(p, other)
        end
      end
    end
  end
end
settleAll()
`

/** Answers how many were due, and then who is to be saved, each with the moment. */
export const sweep = `${common}
local users = redis.call('ZRANGEBYSCORE', due, '-inf', text(now), 'LIMIT', 0, ${sweepSize})
for _, user in ipairs(users) do person(user) end
settleAll()
return { #users, redis.call('ZRANGE', unsaved, 0, ${sweepSize - 1}, 'WITHSCORES') }
`

/** A moment that has moved on meanwhile stays unsaved. */
export const saved = `${common}
for i = 3, #ARGV, 2 do
  local user, moment = ARGV[i], ARGV[i + 1]
  if redis.call('ZSCORE', unsaved, user) == moment then
    redis.call('ZREM', unsaved, user)
    if redis.call('GET', stateKey(user)) == 'OFFLINE||' .. moment then
      redis.call('PEXPIRE', stateKey(user), ${savedForMs})
    end
  end
end
`
