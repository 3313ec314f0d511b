--[[ finish-load: write what the log says, unless the shard is loaded already or was forgotten since the load began.
  Claims in flight stay as they are.
  KEYS[1] loaded    string  epoch
  KEYS[2] loads     hash    token -> startedAtMs
  KEYS[3..] claims  hash    `<bookingId>|<date>|<dayMoves>` -> takenAtMs; one key per patient
  ARGV[1] token     string  of begin-load
  ARGV[2] epoch     integer log position that the claims cover
  ARGV[3] markTtlMs integer life of the loaded mark
  ARGV[4] ttlMs     integer life of claims, longer
  ARGV[5..]         for each patient key: how many claims, then the claims
  Replies {'loaded'} {'already'} {'lost'} ]]
if redis.call('EXISTS', KEYS[1]) == 1 then return { 'already' } end
if redis.call('HDEL', KEYS[2], ARGV[1]) == 0 then return { 'lost' } end
local at = 5
for k = 3, #KEYS do
  local count = tonumber(ARGV[at])
  for i = at + 1, at + count do redis.call('HSETNX', KEYS[k], ARGV[i], 0) end
  redis.call('PEXPIRE', KEYS[k], ARGV[4])
  at = at + count + 1
end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return { 'loaded' }
