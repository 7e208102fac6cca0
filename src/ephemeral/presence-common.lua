-- Shared by all scripts: this text stands before each of them. A script runs alone in Redis, so exactly one process finds
-- each change, and the script announces it in the same step. All keys have one hash tag, so that Redis Cluster keeps them
-- together. The numbers of presence.ts stand before this text as locals, and the
-- command by which changes are announced.
--
-- KEYS: the sorted set of people who are due, and that of people whose last-seen time is not saved. The names of the other
-- keys are made from the first. A device is `kind|said|active at|expires at|session`, the published state is
-- `status|kind|last-seen time`.

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
  if d.said ~= 'OFFLINE' then p.seen = math.max(p.seen, d.expires - lifeMs) end
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
      local idleAt = d.active + idleAfterMs
      d.status = d.said
      if d.said == 'ONLINE' and idleAt <= now then d.status = 'AWAY' end
      local next = d.status == 'ONLINE' and math.min(d.expires, idleAt) or d.expires
      dueAt = math.min(dueAt or next, next)
      if d.status == 'OFFLINE' then
        -- The device said that it is gone. It is kept only so that its socket does not bring it back.
      elseif d.status ~= status and (d.status == 'ONLINE' or status == 'OFFLINE') then
        status, newest, newestId = d.status, d, id
      elseif d.status == status and (d.active > newest.active or (d.active == newest.active and id < newestId)) then
        newest, newestId = d, id
      end
    end
  end
  local kind = newest and newest.kind or ''
  for _, d in pairs(p.devices) do
    if newest and d.status == status and d.kind == p.kind and d.active >= newest.active - steadyMs then kind = p.kind end
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
    redis.call('PEXPIRE', devicesKey(user), keptMs)
  end
  if #gone > 0 then redis.call('HDEL', devicesKey(user), unpack(gone)) end
  if dueAt then redis.call('ZADD', due, text(dueAt), user) else redis.call('ZREM', due, user) end

  local state = status .. '|' .. kind .. '|' .. (p.seen > 0 and text(p.seen) or '')
  if state ~= (p.state or 'OFFLINE||') then
    redis.call('SET', stateKey(user), state, 'PX', keptMs)
    if status == 'OFFLINE' and p.seen > 0 then redis.call('ZADD', unsaved, text(p.seen), user) end
  elseif status ~= 'OFFLINE' then
    redis.call('PEXPIRE', stateKey(user), keptMs)
  end
  if status ~= p.status or kind ~= p.kind then told[#told + 1] = user end
end

local function settleAll()
  for _, user in ipairs(order) do settle(user) end
  for _, key in ipairs({ due, unsaved }) do redis.call('PEXPIRE', key, keptMs) end
  if #told > 0 then redis.call(publish, topic, cjson.encode(told)) end
end
