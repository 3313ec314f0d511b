--[[ take-slots: hands out slots of one session to the requests of one tick, in order. A slot handed out stays pending until settled;
  pending ones older than the lease are reported as suspects. Mode `withdraw` looks neither at the session's state nor at the clock.
  KEYS[1] copy     string  layout: copy-layout.ts      KEYS[2] pending  zset  slot -> taken at, ms
  ARGV[1] now ms (platform clock)   ARGV[2] now ms (real)   ARGV[3] lease ms   ARGV[4] suspects at most
  ARGV[5] ttl ms   ARGV[6] mode `sell` or `withdraw`        ARGV[7..] slot (0: first free), mark (2 held, 3 reserved, 4 withdrawn)
  Replies {'not-loaded'} {'suspended', suspects} {'not-open', suspects, opensAtMs} {'session-over', suspects}
    {'session', suspects, epoch, hospitalId, reply per request …}, each
    {'taken', slot, revision, startsAt s, endsAt s} {'slot-unknown'} {'slot-taken', mark} {'sold-out'} ]]
local HEADER, RECORD = 73, 17
local head = redis.call('GETRANGE', KEYS[1], 0, HEADER - 1)
if #head < HEADER then return { 'not-loaded' } end
local epoch, _, opensAt, endsAt, count, suspended, hospital = struct.unpack('>ddddI4Bc36', head)
local now, sell = tonumber(ARGV[1]), ARGV[6] == 'sell'
local suspects = table.concat(
  redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', tonumber(ARGV[2]) - tonumber(ARGV[3]), 'LIMIT', 0, ARGV[4]), ',')
if sell and suspended == 1 then return { 'suspended', suspects } end
if sell and now < opensAt then return { 'not-open', suspects, opensAt } end
if sell and now >= endsAt then return { 'session-over', suspects } end

local bitmapBytes = math.ceil(count / 8)
local records = HEADER + bitmapBytes
local function read(index)
  return struct.unpack('>BI4I4I4I4', redis.call('GETRANGE', KEYS[1], records + index * RECORD, records + (index + 1) * RECORD - 1))
end
local function nextFree(index)
  while index < count and index % 8 ~= 0 do
    if redis.call('GETBIT', KEYS[1], HEADER * 8 + index) == 1 then return index end
    index = index + 1
  end
  if index >= count then return nil end
  local bit = redis.call('BITPOS', KEYS[1], 1, HEADER + index / 8, HEADER + bitmapBytes - 1)
  if bit < 0 then return nil end
  return bit - HEADER * 8
end

local reply, taken = { 'session', suspects, epoch, (hospital:gsub(' +$', '')) }, {}
local function take(index, mark, revision, startsAt, slotEndsAt)
  redis.call('SETRANGE', KEYS[1], records + index * RECORD, string.char(mark))
  redis.call('SETBIT', KEYS[1], HEADER * 8 + index, 0)
  taken[#taken + 1] = ARGV[2]
  taken[#taken + 1] = index + 1
  return { 'taken', index + 1, revision - 1, startsAt, slotEndsAt }
end
local from = 0 -- Everything before it is not free, or past.
local function takeFirst(mark)
  local index = nextFree(from)
  while index do
    local _, revision, bookableUntil, startsAt, slotEndsAt = read(index)
    from = index + 1
    if not sell or now < bookableUntil * 1000 then return take(index, mark, revision, startsAt, slotEndsAt) end
    index = nextFree(from)
  end
  from = count
  return { 'sold-out' }
end
local function takeCertain(slot, mark)
  if slot < 1 or slot > count then return { 'slot-unknown' } end
  local state, revision, bookableUntil, startsAt, slotEndsAt = read(slot - 1)
  if state == 0 then return { 'slot-unknown' } end
  if state ~= 1 or (sell and now >= bookableUntil * 1000) then return { 'slot-taken', state } end
  return take(slot - 1, mark, revision, startsAt, slotEndsAt)
end
for i = 7, #ARGV, 2 do
  local slot, mark = tonumber(ARGV[i]), tonumber(ARGV[i + 1])
  reply[#reply + 1] = slot == 0 and takeFirst(mark) or takeCertain(slot, mark)
end
if #taken > 0 then
  redis.call('ZADD', KEYS[2], unpack(taken))
  redis.call('PEXPIRE', KEYS[2], ARGV[5])
  redis.call('PEXPIRE', KEYS[1], ARGV[5])
end
return reply
