--[[ read-session: everything the copy says of one session, for lists and for comparing it with the log.
  KEYS[1] copy  string  layout: copy-layout.ts      KEYS[2] pending  zset  slot -> taken at, ms
  ARGV[1] now ms (real)   ARGV[2] lease ms   ARGV[3] suspects at most
  Replies {'not-loaded'}
    {'session', suspects, epoch, revision, suspended, opensAtMs, endsAtMs, hospitalId, per slot: mark, revision, bookableUntil s, startsAt s, endsAt s} ]]
local HEADER, RECORD = 73, 17
local bytes = redis.call('GET', KEYS[1])
if not bytes then return { 'not-loaded' } end
local epoch, revision, opensAt, endsAt, count, suspended, hospital = struct.unpack('>ddddI4Bc36', bytes)
local suspects = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', tonumber(ARGV[1]) - tonumber(ARGV[2]), 'LIMIT', 0, ARGV[3])
local reply = { 'session', table.concat(suspects, ','), epoch, revision, suspended, opensAt, endsAt, (hospital:gsub(' +$', '')) }
for index = 0, count - 1 do
  local at = HEADER + math.ceil(count / 8) + index * RECORD
  local mark, known, bookableUntil, startsAt, slotEndsAt = struct.unpack('>BI4I4I4I4', bytes, at + 1)
  local n = #reply
  reply[n + 1], reply[n + 2], reply[n + 3], reply[n + 4], reply[n + 5] = mark, known - 1, bookableUntil, startsAt, slotEndsAt
end
return reply
