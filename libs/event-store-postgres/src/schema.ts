/** Taken by every append for the length of its transaction: commits happen in position order. Arbitrary, but fixed for ever. */
const APPEND_LOCK = 7_204_019_001;
const MIGRATE_LOCK = 7_204_019_002;

/** Between the values of a list that travels as one text. JSON text escapes it and names cannot contain it, so it needs no quoting. */
export const LIST_SEPARATOR = '\u001e';
/** How an expectation travels. */
export const EXPECT_NONE = -1;
export const EXPECT_EXISTS = -2;

/**
 * Creates what is missing. Several processes may run it at the same time: the first one does the work, the others wait and find it done.
 * Sent as one message, so it is one transaction.
 * Data and metadata are text, not json: checking them again costs a fifth of the append rate, and they were made by JSON.stringify.
 */
export const MIGRATE = `
select pg_advisory_xact_lock(${MIGRATE_LOCK});
create schema if not exists event_store;
create table if not exists event_store.events (
  position bigint primary key,
  stream text collate "C" not null,
  revision integer not null,
  id uuid not null,
  type text collate "C" not null,
  data text not null,
  metadata text not null
);
create table if not exists event_store.identity (id uuid not null);
insert into event_store.identity select gen_random_uuid() where not exists (select 1 from event_store.identity);
create unique index if not exists events_stream_revision on event_store.events (stream, revision);
create or replace view event_store.readable as
  select position, stream, revision, id, type, data::json as data, metadata::json as metadata from event_store.events;
${appendFunction()}`;

/**
 * One batch of appends, all of different streams. Set-based, because a loop over the appends costs 1.5 times as much at 256 of them.
 * Lists are parallel: the first line of parameters has one entry per append, the second one per event;
 * firsts is the place of an append's first event, owners says which append an event belongs to (both from 1).
 * base + place of an event is its position: an append that is refused leaves a gap.
 * tips: each stream's last revision before the batch (-1: none), separated by commas, prefixed with x where the append was refused.
 *
 * The lock comes first and lives until the commit is visible, so every later statement sees all earlier appends and no position can appear
 * before a lower one. That needs a fresh snapshot per statement, hence read committed. One plan for all sizes, because planning costs a small
 * batch more than executing it; and no sequential scans, because that plan may be made when the table is still empty.
 */
function appendFunction() {
  return `
create or replace function event_store.append_batch(
  streams text, expectations int[], firsts int[],
  owners int[], event_streams text, ids uuid[], types text, event_data text, event_metadata text,
  out base bigint, out tips text
) language plpgsql set enable_seqscan = off set plan_cache_mode = force_generic_plan as $$
declare
  separator constant text := chr(${LIST_SEPARATOR.charCodeAt(0)});
  accepted int[];
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'appends need read committed, not %', current_setting('transaction_isolation');
  end if;
  perform pg_advisory_xact_lock(${APPEND_LOCK});
  select coalesce(max(position), 0) into base from event_store.events;
  with tip as materialized (
    select s.stream, s.expected, s.first, coalesce((select max(e.revision) from event_store.events e where e.stream = s.stream), -1) as revision
    from unnest(string_to_array(streams, separator), expectations, firsts) s(stream, expected, first)
  ), verdict as materialized (
    select revision, case
      when expected >= ${EXPECT_NONE} then revision = expected
      when revision < 0 then false
      else not exists (select 1 from event_store.events e where e.stream = tip.stream and e.id = ids[tip.first])
    end as fits
    from tip
  )
  select array_agg(case when fits then revision end), string_agg(case when fits then '' else 'x' end || revision, ',')
    into accepted, tips from verdict;
  insert into event_store.events (position, stream, revision, id, type, data, metadata)
  select base + place, e.stream, accepted[owner] + 1 + place - firsts[owner], e.id, e.type, e.data, e.metadata
  from unnest(
    owners, string_to_array(event_streams, separator), ids, string_to_array(types, separator),
    string_to_array(event_data, separator), string_to_array(event_metadata, separator)
  ) with ordinality e(owner, stream, id, type, data, metadata, place)
  where accepted[owner] is not null;
end $$;`;
}
