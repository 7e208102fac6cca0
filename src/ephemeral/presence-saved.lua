-- ARGV from 3 on: pairs of a user and a last-seen time that the database has now. If the time changed meanwhile, it stays
-- unsaved.

for i = 3, #ARGV, 2 do
  local user, moment = ARGV[i], ARGV[i + 1]
  if redis.call('ZSCORE', unsaved, user) == moment then
    redis.call('ZREM', unsaved, user)
    if redis.call('GET', stateKey(user)) == 'OFFLINE||' .. moment then
      redis.call('PEXPIRE', stateKey(user), savedForMs)
    end
  end
end
