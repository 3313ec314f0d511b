--[[ begin-load: a load of the shard's claims begins. Whatever Redis forgets after this, it forgets this too.
  KEYS[1] loads     hash    token -> startedAtMs
  ARGV[1] token     string  random, one per load
  ARGV[2] nowMs     integer real time
  ARGV[3] ttlMs     integer longer than any load
  Replies {'begun'} ]]
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return { 'begun' }
