--[[ drop-claims: give claims back. Unknown ones are nothing.
  KEYS[1] claims    hash    `<bookingId>|<date>|<dayMoves>` -> takenAtMs
  ARGV[1..] field   string  the claims
  Replies {'dropped', count} ]]
local count = 0
for i = 1, #ARGV do count = count + redis.call('HDEL', KEYS[1], ARGV[i]) end
return { 'dropped', count }
