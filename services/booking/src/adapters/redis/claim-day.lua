--[[ claim-day: a booking claims an appointment day of a patient, unless the day is full. A repeat meets its own claim first.
  KEYS[1] loaded    string  epoch; missing: nothing is known about this shard
  KEYS[2] claims    hash    `<bookingId>|<date>|<dayMoves>` -> takenAtMs
  ARGV[1] field     string  the claim
  ARGV[2] date      string  YYYY-MM-DD
  ARGV[3] limit     integer claims per day, at least 1
  ARGV[4] nowMs     integer real time
  ARGV[5] ttlMs     integer outlives the loaded mark
  Replies {'not-loaded'} {'exists', takenAtMs} {'limit', field, takenAtMs, ...} {'claimed'} ]]
if redis.call('EXISTS', KEYS[1]) == 0 then return { 'not-loaded' } end
local known = redis.call('HGETALL', KEYS[2])
local inTheWay = { 'limit' }
for i = 1, #known, 2 do
  if known[i] == ARGV[1] then return { 'exists', known[i + 1] } end
  if string.sub(known[i], 38, 47) == ARGV[2] then
    inTheWay[#inTheWay + 1] = known[i]
    inTheWay[#inTheWay + 1] = known[i + 1]
  end
end
if (#inTheWay - 1) / 2 >= tonumber(ARGV[3]) then return inTheWay end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[4])
redis.call('PEXPIRE', KEYS[2], ARGV[5])
return { 'claimed' }
