--[[ load-session: puts a session that Redis does not know into it. Two loaders at once: the first wins. A loader that read an
  older supply than somebody has announced meanwhile (sync-session) must read again.
  KEYS[1] copy     string  header 73 bytes, bitmap of free slots, 17 bytes per slot (layout: copy-layout.ts)
  KEYS[2] pending  zset    slot -> taken at, ms
  KEYS[3] marker   string  newest session revision announced while the session was not loaded
  ARGV[1] copy     bytes   ARGV[2] session revision   ARGV[3] ttl ms
  Replies {'loaded'} {'present'} {'outdated'} ]]
if redis.call('EXISTS', KEYS[1]) == 1 then return { 'present' } end
if tonumber(ARGV[2]) < tonumber(redis.call('GET', KEYS[3]) or '-1') then return { 'outdated' } end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[3])
redis.call('DEL', KEYS[2])
return { 'loaded' }
