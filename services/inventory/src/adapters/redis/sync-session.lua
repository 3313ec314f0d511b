--[[ sync-session: brings a session's status and supply up to a newer revision of its stream. A session that is not loaded keeps a marker
  for a while, so that a loader that is under way with an older supply cannot win.
  KEYS[1] copy    string  layout: copy-layout.ts
  KEYS[2] marker  string  newest session revision announced while the session was not loaded
  ARGV[1] session revision   ARGV[2] suspended 0 or 1   ARGV[3] opens at ms (0: open)   ARGV[4] ends at ms   ARGV[5] marker ttl ms
  ARGV[6..] slot, bookable until s, starts at s, ends at s
  Replies {'synced'} {'older'} {'noted'} ]]
local HEADER, RECORD = 73, 17
local revision = tonumber(ARGV[1])
local head = redis.call('GETRANGE', KEYS[1], 0, HEADER - 1)
if #head < HEADER then
  local known = tonumber(redis.call('GET', KEYS[2]) or '-1')
  redis.call('SET', KEYS[2], string.format('%d', math.max(revision, known)), 'PX', ARGV[5])
  return { 'noted' }
end
local epoch, old, _, _, count, _, hospital = struct.unpack('>ddddI4Bc36', head)
if revision <= old then return { 'older' } end
local bytes = redis.call('GETRANGE', KEYS[1], HEADER, -1)
local records, highest = {}, count
for index = 0, count - 1 do
  local at = math.ceil(count / 8) + index * RECORD
  records[index + 1] = bytes:sub(at + 1, at + RECORD)
end
for i = 6, #ARGV, 4 do
  local slot = tonumber(ARGV[i])
  if not records[slot] or records[slot]:byte(1) == 0 then
    records[slot] = struct.pack('>BI4I4I4I4', 1, 0, tonumber(ARGV[i + 1]), tonumber(ARGV[i + 2]), tonumber(ARGV[i + 3]))
    highest = math.max(highest, slot)
  end
end
local bitmap, absent = {}, string.rep('\0', RECORD)
for index = 0, highest - 1 do
  records[index + 1] = records[index + 1] or absent
  local byte = math.floor(index / 8) + 1
  local free = records[index + 1]:byte(1) == 1 and 2 ^ (7 - index % 8) or 0
  bitmap[byte] = (bitmap[byte] or 0) + free
end
for byte = 1, #bitmap do bitmap[byte] = string.char(bitmap[byte]) end
local header = struct.pack('>ddddI4Bc36', epoch, revision, tonumber(ARGV[3]), tonumber(ARGV[4]), highest, tonumber(ARGV[2]), hospital)
redis.call('SET', KEYS[1], header .. table.concat(bitmap) .. table.concat(records), 'KEEPTTL')
return { 'synced' }
