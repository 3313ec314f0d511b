--[[ settle-slots: tells the copy what the log says of some slots (taken, confirmed, released, expired, withdrawn, repaired). A mark is
  replaced only by one of a newer revision, or of the same revision when the slot is pending: late and repeated news changes nothing.
  KEYS[1] copy     string  layout: copy-layout.ts      KEYS[2] pending  zset  slot -> taken at, ms
  ARGV[1..] slot, mark (1 free, 2 held, 3 reserved, 4 withdrawn), revision
  Replies {'settled'} {'not-loaded'} ]]
local HEADER, RECORD = 73, 17
local head = redis.call('GETRANGE', KEYS[1], 32, 35)
if #head < 4 then return { 'not-loaded' } end
local count = struct.unpack('>I4', head)
local records = HEADER + math.ceil(count / 8)
for i = 1, #ARGV, 3 do
  local slot, mark, revision = tonumber(ARGV[i]), tonumber(ARGV[i + 1]), tonumber(ARGV[i + 2])
  if slot >= 1 and slot <= count then
    local at = records + (slot - 1) * RECORD
    local state, known = struct.unpack('>BI4', redis.call('GETRANGE', KEYS[1], at, at + 4))
    local newer = revision > known - 1
    if state ~= 0 and (newer or (revision == known - 1 and redis.call('ZSCORE', KEYS[2], slot))) then
      redis.call('SETRANGE', KEYS[1], at, struct.pack('>BI4', mark, revision + 1))
      redis.call('SETBIT', KEYS[1], HEADER * 8 + slot - 1, mark == 1 and 1 or 0)
      redis.call('ZREM', KEYS[2], slot)
    end
  end
end
return { 'settled' }
