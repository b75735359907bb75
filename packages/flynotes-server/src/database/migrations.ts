/** Numbered from 1; never changed once released. Statements of PostgreSQL 15, run inside one PL/pgSQL block. */
export const migrations: readonly string[] = [
  `
  create table practices (
    id text primary key,
    name text not null,
    time_zone text not null,
    licence_key_hash text not null unique,
    suspended boolean not null default false,
    pinned_version text,
    floor text not null default '0.0.0',
    attempt integer not null default 1,
    directive_sequence bigint not null default 0,
    digest_key text not null,
    canonical_version integer not null default 1,
    queue jsonb,
    schema_overrides jsonb not null default '{}',
    features jsonb not null default '{}',
    created_at timestamptz not null default now(),
    agent_version text,
    licence_opened_at timestamptz,
    last_equal_at timestamptz,
    digests_checked_at timestamptz not null default now()
  );

  create table patients (
    practice_id text not null,
    patient_code integer not null,
    bucket smallint not null,
    state text not null,
    digest numeric(39, 0),
    read_sequence bigint not null,
    basics jsonb,
    history jsonb,
    history_sequence bigint,
    pass_id text,
    pass_round smallint,
    was text,
    changed_at timestamptz not null,
    primary key (practice_id, patient_code)
  ) with (fillfactor = 80);

  create table passes (
    id text primary key,
    practice_id text not null,
    reason text not null,
    status text not null,
    code text,
    started_at timestamptz not null default now(),
    expires_at timestamptz not null,
    ended_at timestamptz,
    next_batch integer not null default 0,
    changed integer not null default 0,
    unchanged integer not null default 0,
    stale integer not null default 0,
    removed integer not null default 0,
    refused integer not null default 0,
    patients integer,
    rounds smallint not null default 0,
    asked_round smallint,
    asked_buckets jsonb,
    round_floor bigint,
    complete_hash text,
    complete_answer jsonb,
    figures jsonb
  );
  create unique index passes_running on passes (practice_id) where status = 'running';
  create index passes_of_practice on passes (practice_id, started_at desc);

  create table batches (
    pass_id text not null,
    n integer not null,
    content_hash text not null,
    answer jsonb not null,
    at timestamptz not null default now(),
    primary key (pass_id, n)
  );

  create table refusals (
    pass_id text not null,
    n integer not null,
    position integer not null,
    patient_code bigint,
    code text not null,
    fields jsonb not null,
    primary key (pass_id, n, position)
  );

  create table commands (
    practice_id text not null,
    message_id text not null,
    message jsonb not null,
    sent_at timestamptz not null default now(),
    primary key (practice_id, message_id)
  );
  create index commands_of_practice on commands (practice_id, sent_at desc);

  create table command_results (
    practice_id text not null,
    message_id text not null,
    result jsonb not null,
    received_at timestamptz not null default now(),
    primary key (practice_id, message_id)
  );
  create index command_results_of_practice on command_results (practice_id, received_at desc);

  create table heartbeats (
    id bigint generated always as identity primary key,
    practice_id text not null,
    received_at timestamptz not null default now(),
    heartbeat jsonb not null
  );
  create index heartbeats_of_practice on heartbeats (practice_id, id desc);

  create table events (
    id bigint generated always as identity,
    tx xid8 not null default pg_current_xact_id(),
    practice_id text not null,
    at timestamptz not null default clock_timestamp(),
    type text not null,
    patient_code integer,
    body jsonb not null,
    primary key (tx, id)
  );

  create table releases (
    version text primary key,
    manifest jsonb not null,
    tarball_sha512 text not null,
    added_at timestamptz not null default now()
  );

  create table signing_key (
    single boolean primary key default true check (single),
    private_key text not null,
    created_at timestamptz not null default now()
  );
  `,
  `
  create table events_pruned (
    single boolean primary key default true check (single),
    tx xid8 not null
  );
  create index events_at on events using brin (at) with (autosummarize = on);
  create index heartbeats_at on heartbeats using brin (received_at) with (autosummarize = on);
  create index passes_ended on passes (ended_at);
  create index commands_at on commands using brin (sent_at) with (autosummarize = on);
  create index command_results_at on command_results using brin (received_at) with (autosummarize = on);
  `,
  `
  alter table passes add column held_before integer not null default 0, add column buckets_asked integer not null default 0,
    add column healed integer not null default 0;
  alter table practices add column removals_confirmed_until timestamptz, add column digest_mismatches bigint not null default 0,
    add column digests_mismatched_at timestamptz;
  `,
  `
  alter table releases add column tarball bytea;
  alter table practices add column canary boolean not null default false;
  create table rollout (
    single boolean primary key default true check (single),
    canary_version text,
    floor text not null default '0.0.0'
  );
  insert into rollout default values;
  `,
  `
  alter table passes add column asked_at timestamptz;
  `,
];
