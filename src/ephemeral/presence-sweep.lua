-- Answers how many were due, and then who is to be saved, each with the moment.

local users = redis.call('ZRANGEBYSCORE', due, '-inf', text(now), 'LIMIT', 0, sweepSize)
for _, user in ipairs(users) do person(user) end
settleAll()
return { #users, redis.call('ZRANGE', unsaved, 0, sweepSize - 1, 'WITHSCORES') }
