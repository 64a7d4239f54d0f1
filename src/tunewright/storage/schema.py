"""The tables.

    studies   id, name, created, header (JSON); copies: the same again
    events    id = (study << 40) | position, time, kind, trial, body (JSON)
    workers   id, host, pid, started, seen

Two tables are the whole truth; `workers` only says who is alive. One number holds study and position, so that the journal of a
study is one contiguous stretch of the table's own key: no second index, pages that fill from front to back, and `WHERE id > ?`
for all that is new. For people who query by SQL there is the view `trials`, folded from the events.
"""

import re
from typing import Final

from sqlalchemy import BigInteger, Column, Float, Integer, MetaData, Table, Text

__all__ = [
    "APPLICATION",
    "POSTGRES_VIEW",
    "SHIFT",
    "TRIALS_VIEW",
    "VERSION",
    "copies",
    "events",
    "metadata",
    "studies",
    "workers",
]

APPLICATION: Final = 0x54554E45
"""SQLite's `application_id`, by which a file says that it is Tunewright's ("TUNE")."""

VERSION: Final = 5
"""Of these tables; SQLite's `user_version`."""

SHIFT: Final = 40
"""Events have id = (study << SHIFT) | position: 8 million studies of a million million events."""

metadata = MetaData()
_long = BigInteger().with_variant(Integer, "sqlite")  # SQLite: only INTEGER PRIMARY KEY is the row's own number

# numbers of deleted studies are never given again: who still holds one must not write into another study
studies = Table(
    "studies",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("created", Float, nullable=False),
    Column("header", Text, nullable=False),
    sqlite_autoincrement=True,
)
copies = Table(
    "copies",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("created", Float, nullable=False),
    Column("header", Text, nullable=False),
)
"""Each study's row once more, on another page of the file: a journal whose description is lost could not be read."""

events = Table(
    "events",
    metadata,
    Column("id", _long, primary_key=True, autoincrement=False),
    Column("time", Float, nullable=False),
    Column("kind", Text, nullable=False),
    Column("trial", Integer, nullable=False),
    Column("body", Text, nullable=False),
)
workers = Table(
    "workers",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("started", Float, nullable=False),
    Column("seen", Float, nullable=False),
    sqlite_autoincrement=True,
)

TRIALS_VIEW: Final = re.sub(
    r"\n {4}",
    "\n",
    """
    CREATE VIEW trials AS
    WITH
    asked AS (
        SELECT id, id >> 40 AS study, trial, time, json_extract(body, '$.params') AS params, json_extract(body, '$.by') AS origin,
               coalesce(json_extract(body, '$.queued'), 0) AS queued, coalesce(json_extract(body, '$.plan'), 1) AS plan,
               json_extract(body, '$.budget') AS budget, json_extract(body, '$.parent') AS parent
        FROM events WHERE kind = 'asked'
    ),
    tasks AS (  -- a task that was given back and sent again is still one task, as it was sent first
        SELECT min(id) AS sent, study, trial, task, coalesce(budget, 9e999) AS budget, spare
        FROM (
            SELECT id, study, trial, 0 AS task, budget, 0 AS spare FROM asked
            UNION ALL
            SELECT id, id >> 40, trial, json_extract(body, '$.index'), json_extract(body, '$.budget'),
                   coalesce(json_extract(body, '$.spare'), 0)
            FROM events WHERE kind = 'sent'
        )
        GROUP BY study, trial, task
    ),
    results AS (  -- the first result of a task stands: the other columns come from the row of min(id)
        SELECT min(id) AS id, id >> 40 AS study, trial, coalesce(json_extract(body, '$.index'), 0) AS task, kind, time,
               coalesce(json_extract(body, '$.seconds'), 0.0) AS seconds, json_extract(body, '$.values') AS "values",
               json_extract(body, '$.reached') AS reached
        FROM events WHERE kind IN ('told', 'failed')
        GROUP BY 2, 3, 4
    ),
    caps AS (  -- what a task had reached that the scheduler stopped is the budget of all that its trial was sent so far
        SELECT t.study, t.trial, t.task, min(c.reached) AS cap
        FROM (SELECT id, study, trial, reached FROM results WHERE reached IS NOT NULL) c JOIN tasks t USING (study, trial)
        WHERE t.sent < c.id
        GROUP BY 1, 2, 3
    ),
    measured AS (
        SELECT *, max(CASE WHEN kind = 'told' THEN budget END) OVER (PARTITION BY study, trial) AS highest
        FROM (
            SELECT t.study, t.trial, min(t.budget, coalesce(c.cap, t.budget)) AS budget, t.spare, r.kind, r.time, r.seconds,
                   r."values", r.reached
            FROM tasks t LEFT JOIN results r USING (study, trial, task) LEFT JOIN caps c USING (study, trial, task)
        )
    ),
    sums AS (
        SELECT study, trial, total(NOT spare) AS sent, total(kind IS NOT NULL AND NOT spare) AS done,
               total(kind = 'failed' AND NOT spare) AS failed, total(seconds) AS seconds,
               max(CASE WHEN NOT spare THEN time END) AS last, min(CASE WHEN kind = 'failed' AND NOT spare THEN time END) AS failed_at,
               total(kind = 'told' AND budget = highest) AS counting, max(CASE WHEN budget = highest THEN "values" END) AS one,
               max(reached IS NOT NULL) AS cut
        FROM measured GROUP BY study, trial
    ),
    means AS (
        SELECT study, trial, json_group_object(metric, mean) AS "values"
        FROM (
            SELECT m.study, m.trial, v.key AS metric, avg(v.value) AS mean
            FROM measured m, json_each(m."values") v
            WHERE m.kind = 'told' AND m.budget = m.highest
            GROUP BY 1, 2, 3
        )
        GROUP BY study, trial
    ),
    states AS (
        SELECT *, CASE WHEN s.failed > 0 THEN 'failed' WHEN s.done = s.sent AND (s.done >= a.plan OR s.cut) THEN 'completed' ELSE 'running' END AS state
        FROM asked a JOIN sums s USING (study, trial)
    )
    SELECT studies.name AS study, s.trial AS number, s.state, s.params,
           CASE WHEN s.state = 'completed' THEN CASE WHEN s.counting = 1 THEN s.one ELSE
               (SELECT m."values" FROM means m WHERE m.study = s.study AND m.trial = s.trial) END END AS "values",
           s.seconds, s.time AS asked_at,
           CASE s.state WHEN 'completed' THEN s.last WHEN 'failed' THEN s.failed_at END AS finished_at,
           s.origin,
           coalesce((SELECT json_extract(q.body, '$.note') FROM events q WHERE s.queued > 0 AND q.id = (s.study << 40) | s.queued), '') AS note, s.parent
    FROM states s JOIN studies ON studies.id = s.study
    """,
).strip()
"""SQLite's view `trials`: one row a trial. A mean over several tasks is printed to 15 digits; a single value is exact."""

POSTGRES_VIEW: Final = re.sub(
    r"\n {4}",
    "\n",
    """
    CREATE VIEW trials AS
    WITH
    asked AS (
        SELECT id, id >> 40 AS study, trial, time, body ->> 'params' AS params, body ->> 'by' AS origin,
               coalesce((body ->> 'queued')::bigint, 0) AS queued, coalesce((body ->> 'plan')::int, 1) AS plan,
               (body ->> 'budget')::float8 AS budget, (body ->> 'parent')::int AS parent
        FROM (SELECT id, trial, time, body::json AS body FROM events WHERE kind = 'asked') e
    ),
    tasks AS (  -- a task that was given back and sent again is still one task, as it was sent first
        SELECT DISTINCT ON (study, trial, task) id AS sent, study, trial, task, coalesce(budget, 'Infinity') AS budget, spare
        FROM (
            SELECT id, study, trial, 0 AS task, budget, false AS spare FROM asked
            UNION ALL
            SELECT id, id >> 40, trial, (body::json ->> 'index')::int, (body::json ->> 'budget')::float8,
                   coalesce((body::json ->> 'spare')::boolean, false)
            FROM events WHERE kind = 'sent'
        ) s
        ORDER BY study, trial, task, id
    ),
    results AS (  -- the first result of a task stands
        SELECT DISTINCT ON (study, trial, task) *
        FROM (
            SELECT id, id >> 40 AS study, trial, coalesce((body::json ->> 'index')::int, 0) AS task, kind, time,
                   coalesce((body::json ->> 'seconds')::float8, 0) AS seconds, body::json ->> 'values' AS "values",
                   (body::json ->> 'reached')::float8 AS reached
            FROM events WHERE kind IN ('told', 'failed')
        ) r
        ORDER BY study, trial, task, id
    ),
    caps AS (  -- what a task had reached that the scheduler stopped is the budget of all that its trial was sent so far
        SELECT t.study, t.trial, t.task, min(c.reached) AS cap
        FROM (SELECT id, study, trial, reached FROM results WHERE reached IS NOT NULL) c JOIN tasks t USING (study, trial)
        WHERE t.sent < c.id
        GROUP BY 1, 2, 3
    ),
    measured AS (
        SELECT *, max(budget) FILTER (WHERE kind = 'told') OVER (PARTITION BY study, trial) AS highest
        FROM (
            SELECT t.study, t.trial, least(t.budget, c.cap) AS budget, t.spare, r.kind, r.time, r.seconds, r."values", r.reached
            FROM tasks t LEFT JOIN results r USING (study, trial, task) LEFT JOIN caps c USING (study, trial, task)
        ) m
    ),
    sums AS (
        SELECT study, trial, count(*) FILTER (WHERE NOT spare) AS sent, count(kind) FILTER (WHERE NOT spare) AS done,
               count(*) FILTER (WHERE kind = 'failed' AND NOT spare) AS failed, coalesce(sum(seconds), 0) AS seconds,
               max(time) FILTER (WHERE NOT spare) AS last, min(time) FILTER (WHERE kind = 'failed' AND NOT spare) AS failed_at,
               count(*) FILTER (WHERE kind = 'told' AND budget = highest) AS counting,
               max("values") FILTER (WHERE budget = highest) AS one, count(reached) > 0 AS cut
        FROM measured GROUP BY study, trial
    ),
    means AS (
        SELECT study, trial, json_object_agg(metric, mean)::text AS "values"
        FROM (
            SELECT m.study, m.trial, v.key AS metric, avg(v.value::float8) AS mean
            FROM measured m, json_each_text(m."values"::json) v
            WHERE m.kind = 'told' AND m.budget = m.highest
            GROUP BY 1, 2, 3
        ) a
        GROUP BY study, trial
    ),
    states AS (
        SELECT *, CASE WHEN s.failed > 0 THEN 'failed' WHEN s.done = s.sent AND (s.done >= a.plan OR s.cut) THEN 'completed' ELSE 'running' END AS state
        FROM asked a JOIN sums s USING (study, trial)
    )
    SELECT studies.name AS study, s.trial AS number, s.state, s.params,
           CASE WHEN s.state = 'completed' THEN CASE WHEN s.counting = 1 THEN s.one ELSE
               (SELECT m."values" FROM means m WHERE m.study = s.study AND m.trial = s.trial) END END AS "values",
           s.seconds, s.time AS asked_at,
           CASE s.state WHEN 'completed' THEN s.last WHEN 'failed' THEN s.failed_at END AS finished_at,
           s.origin,
           coalesce((SELECT q.body::json ->> 'note' FROM events q WHERE s.queued > 0 AND q.id = (s.study << 40) | s.queued), '') AS note, s.parent
    FROM states s JOIN studies ON studies.id = s.study
    """,
).strip()
"""The same in PostgreSQL's words."""
