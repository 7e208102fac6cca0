-- Applies changes: changeWidth values for each, from ARGV[3] on, in the order of toValues in redis.ts.

local function makeRoom(p)
  if p.count < maxDevices then return end
  local oldest, oldestId
  for id, d in pairs(p.devices) do
    if not oldest or d.expires < oldest.expires then oldest, oldestId = d, id end
  end
  remove(p, oldestId)
end

for i = 3, #ARGV, changeWidth do
  local type, user, session, id, kind, idle, says, silent = unpack(ARGV, i, i + changeWidth - 1)
  local p = person(user)
  local d = p.devices[id]
  local expires = now - (tonumber(silent) or 0) + lifeMs
  if type == 'SIGN' and expires <= now then
    -- The device has been silent for too long, so this does not count as a sign.
  elseif type == 'SIGN' then
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
    d.expires, d.session = math.max(d.expires or 0, expires), session
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
