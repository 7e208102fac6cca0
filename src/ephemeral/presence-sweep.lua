-- Returns how many people were due, and then the people to be saved, each with the last-seen time.

local users = redis.call('ZRANGEBYSCORE', due, '-inf', text(now), 'LIMIT', 0, sweepSize)
for _, user in ipairs(users) do person(user) end
settleAll()
return { #users, redis.call('ZRANGE', unsaved, 0, sweepSize - 1, 'WITHSCORES') }
