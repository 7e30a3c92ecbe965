"""What a schema is: all that a schema change can alter, read from the server's catalogs as rows of text that two
databases can be compared by. Object ids, file names, statistics and the number of rows are no part of it, nor are
the numbers of columns, which go on after one has been dropped: their order is."""

# Constraints that a server makes for NOT NULL (18) are constraints like others; names count. Debian's 15 keeps a
# number of its own among the options of a column. NO INHERIT means nothing for foreign keys and keys: on a
# partition that had one when its parent got it, it is marked; on one that was given it by the parent it is not.
PARTS = """
    with r as (select c.*, c.oid::regclass::text as name from pg_class c
               where c.relnamespace = 'public'::regnamespace)
    select 'relation', name, relkind::text, relpersistence::text, relispartition::text,
           concat_ws(' ', reloptions::text, relacl::text, relrowsecurity, relreplident, relispopulated,
                     pg_get_userbyid(relowner)),
           concat_ws(' ', pg_get_expr(relpartbound, oid), case relkind when 'p' then pg_get_partkeydef(oid)
                     when 'v' then pg_get_viewdef(oid) when 'm' then pg_get_viewdef(oid) end) from r
    union all select 'column', name, a.attname, rank() over (partition by r.oid order by a.attnum)::text, format_type(a.atttypid, a.atttypmod),
           concat_ws(' ', a.attnotnull, a.attidentity, a.attgenerated, a.attcollation::regcollation,
                     a.attstorage, a.attstattarget, a.attacl::text, a.attislocal, a.attinhcount, a.atthasmissing, (select
                     array_agg(o)::text from unnest(a.attoptions) o where o !~ '^pg_attver=')), pg_get_expr(d.adbin, d.adrelid)
      from r join pg_attribute a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
      left join pg_attrdef d on d.adrelid = r.oid and d.adnum = a.attnum where relkind in ('r', 'p', 'v', 'm')
    union all select 'constraint', name, k.conname, k.contype::text, pg_get_constraintdef(k.oid),
           concat_ws(' ', k.convalidated, k.condeferrable, k.condeferred, k.conislocal, k.coninhcount,
                     case when k.contype in ('c', 'n') then k.connoinherit end, k.conindid::regclass),
           (select u.conname || ' of ' || u.conrelid::regclass from pg_constraint u where u.oid = k.conparentid)
      from r join pg_constraint k on k.conrelid = r.oid
    union all select 'index', x.indrelid::regclass::text, name, null, pg_get_indexdef(r.oid),
           concat_ws(' ', x.indisvalid, x.indisready, x.indislive, x.indisunique, x.indisprimary,
                     x.indisclustered, x.indisreplident, x.indimmediate), h.inhparent::regclass::text
      from r join pg_index x on x.indexrelid = r.oid left join pg_inherits h on h.inhrelid = r.oid
    union all select 'child', name, h.inhparent::regclass::text, h.inhseqno::text,
           to_jsonb(h) ->> 'inhdetachpending', null, null
      from r join pg_inherits h on h.inhrelid = r.oid where relkind in ('r', 'p')
    union all select 'sequence', name, format_type(s.seqtypid, null), concat_ws(' ', s.seqstart,
           s.seqincrement, s.seqmin, s.seqmax, s.seqcache, s.seqcycle),
           (select concat_ws(' ', d.deptype, d.refobjid::regclass, a.attname) from pg_depend d
            left join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
            where d.objid = r.oid and d.refclassid = 'pg_class'::regclass and d.deptype in ('a', 'i')), null, null
      from r join pg_sequence s on s.seqrelid = r.oid
    union all select 'trigger', name, t.tgname, pg_get_triggerdef(t.oid), t.tgenabled::text, null, null
      from r join pg_trigger t on t.tgrelid = r.oid where not t.tgisinternal
    union all select 'foreign key trigger', name, t.tgfoid::regproc::text, t.tgenabled::text,
           concat_ws(' ', t.tgtype, t.tgdeferrable, t.tginitdeferred, t.tgconstrrelid::regclass), k.conname,
           (select u.tgrelid::regclass::text from pg_trigger u where u.oid = t.tgparentid)
      from r join pg_trigger t on t.tgrelid = r.oid join pg_constraint k on k.oid = t.tgconstraint
      where t.tgisinternal
    union all select 'type', t.typname, t.typtype::text, format_type(t.typbasetype, t.typtypmod),
           (select string_agg(e.enumlabel, ',' order by e.enumsortorder) from pg_enum e
            where e.enumtypid = t.oid), (select string_agg(pg_get_constraintdef(k.oid), ',')
            from pg_constraint k where k.contypid = t.oid), null
      from pg_type t where t.typnamespace = 'public'::regnamespace and t.typtype in ('e', 'd')
    union all select 'comment', d.classoid::regclass::text, pg_describe_object(d.classoid, d.objoid,
           d.objsubid), d.description, null, null, null
      from pg_description d join r on d.objoid = r.oid
    union all select 'comment', d.classoid::regclass::text, k.conname, d.description, name, null, null
      from pg_description d join pg_constraint k on d.objoid = k.oid and d.classoid = 'pg_constraint'::regclass
      join r on k.conrelid = r.oid
    order by 1, 2, 3, 4, 5, 6, 7"""

# What no finished change may leave: an index or constraint half made, a partition half detached, and
# whatever is called after us.
HALF_DONE = """
    select indexrelid::regclass::text from pg_index where not (indisvalid and indisready and indislive)
    union all select conname from pg_constraint where not convalidated
    union all select inhrelid::regclass::text from pg_inherits i
        where (to_jsonb(i) ->> 'inhdetachpending')::bool
    union all select relname from pg_class where relname ~ 'ddlguard|_ccnew|_ccold'
    union all select conname from pg_constraint where conname ~ 'ddlguard'
    union all select proname from pg_proc where proname ~ 'ddlguard'
    union all select tgname from pg_trigger where tgname ~ 'ddlguard'
    order by 1"""


def parts(connection, schema="public"):
    """Everything in that schema that a change can alter. Names are as the connection's search_path shows them."""
    return connection.execute(PARTS.replace("'public'", f"'{schema}'")).fetchall()


def half_done(connection):
    """The names of what a change has left half done."""
    return [name for name, in connection.execute(HALF_DONE).fetchall()]
