--[[ check-claim: is the claim still there?
  KEYS[1] claims    hash    `<bookingId>|<date>|<dayMoves>` -> takenAtMs
  ARGV[1] field     string  the claim
  Replies {'held'} {'gone'} ]]
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 1 then return { 'held' } end
return { 'gone' }
