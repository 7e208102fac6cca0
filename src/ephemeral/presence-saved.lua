-- ARGV from 3 on: pairs of a user and the moment that is kept elsewhere now. One that has moved on meanwhile stays unsaved.

for i = 3, #ARGV, 2 do
  local user, moment = ARGV[i], ARGV[i + 1]
  if redis.call('ZSCORE', unsaved, user) == moment then
    redis.call('ZREM', unsaved, user)
    if redis.call('GET', stateKey(user)) == 'OFFLINE||' .. moment then
      redis.call('PEXPIRE', stateKey(user), savedForMs)
    end
  end
end
