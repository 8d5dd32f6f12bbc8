-- What reports need, for tools that read the database themselves: no customer, no subject and no text of a mail is
-- in it. Views are read with the rights of who made them, so a role that may read these reads nothing else. They
-- are barriers: no function of such a role sees a row that a view leaves out.
CREATE SCHEMA jackfield_report;

-- A mail. `arrival` is `arrived_at` in microseconds since 1970 as a text of 20 digits: what compares it is quick.
CREATE VIEW jackfield_report.email_contact WITH (security_barrier) AS
SELECT
    document.id AS contact,
    entry.value AS arrival,
    timestamptz 'epoch' + entry.value::bigint * interval '1 microsecond' AS arrived_at,
    body.routed_csq,
    body.csq,
    body.automatic,
    body.state,
    timestamptz 'epoch' + (body.legs -> 0 ->> 'from')::bigint * interval '1 microsecond' AS first_assigned_at,
    timestamptz 'epoch' + body.at * interval '1 microsecond' AS closed_at,
    body.how AS closed_how,
    body.agent
FROM index_entry AS entry
JOIN document ON document.kind = entry.kind AND document.id = entry.id
CROSS JOIN LATERAL json_to_record(document.body::json) AS body (
    channel text, routed_csq text, csq text, automatic boolean, state text, at bigint, how text, agent text, legs json
)
WHERE entry.name = 'contact_by_arrival' AND entry.kind = 'contact' AND document.schema = 1
    AND body.channel = 'email';

-- What an agent did with a mail, each time that one had it.
CREATE VIEW jackfield_report.email_leg WITH (security_barrier) AS
SELECT
    document.id AS contact,
    entry.value AS arrival,
    timestamptz 'epoch' + entry.value::bigint * interval '1 microsecond' AS arrived_at,
    leg.number::integer AS number,
    work.agent,
    work.csq,
    timestamptz 'epoch' + work."from" * interval '1 microsecond' AS assigned_at,
    timestamptz 'epoch' + (work.ended ->> 0)::bigint * interval '1 microsecond' AS ended_at,
    CASE
        WHEN work.ended IS NULL THEN 'in_hand'
        WHEN work.ended ->> 1 = 'requeued' THEN 'requeued'
        WHEN work.ended ->> 1 <> 'closed' THEN 'taken'
        -- An answer that nobody took comes back, and was one nevertheless.
        WHEN body.state = 'closed' AND leg.number = json_array_length(body.legs) THEN body.how
        ELSE 'replied'
    END AS result,
    greatest(0, ((work.ended ->> 0)::bigint - work."from") / 1000000) AS handling_seconds
FROM index_entry AS entry
JOIN document ON document.kind = entry.kind AND document.id = entry.id
CROSS JOIN LATERAL json_to_record(document.body::json) AS body (channel text, state text, how text, legs json)
CROSS JOIN LATERAL json_array_elements(body.legs) WITH ORDINALITY AS leg (said, number)
CROSS JOIN LATERAL json_to_record(leg.said) AS work (agent text, csq text, "from" bigint, ended json)
WHERE entry.name = 'contact_by_arrival' AND entry.kind = 'contact' AND document.schema = 1
    AND body.channel = 'email';

-- By the hour that mails came in, in UTC, and the CSQ that they came to first. Sums of hours are those of days and
-- of weeks, and so are the longest of them; means are totals by counts.
CREATE VIEW jackfield_report.email_csq_activity WITH (security_barrier) AS
SELECT
    date_trunc('hour', arrived_at, 'UTC') AS hour,
    routed_csq AS csq,
    count(*) AS arrived,
    count(*) FILTER (WHERE automatic) AS automatic,
    count(*) FILTER (WHERE closed_how = 'replied') AS replied,
    count(*) FILTER (WHERE closed_how = 'forwarded') AS forwarded,
    count(*) FILTER (WHERE closed_how = 'discarded') AS discarded,
    count(*) FILTER (WHERE state = 'queued') AS waiting,
    count(*) FILTER (WHERE state = 'active') AS in_hand,
    count(first_assigned_at) AS first_wait_count,
    coalesce(sum(greatest(0, floor(extract(epoch FROM first_assigned_at - arrived_at)))), 0)::bigint
        AS first_wait_total_seconds,
    coalesce(max(greatest(0, floor(extract(epoch FROM first_assigned_at - arrived_at)))), 0)::bigint
        AS first_wait_longest_seconds,
    count(closed_at) AS lasting_count,
    coalesce(sum(greatest(0, floor(extract(epoch FROM closed_at - arrived_at)))), 0)::bigint
        AS lasting_total_seconds,
    coalesce(max(greatest(0, floor(extract(epoch FROM closed_at - arrived_at)))), 0)::bigint
        AS lasting_longest_seconds
FROM jackfield_report.email_contact
GROUP BY 1, 2;

-- The same of agents, by the CSQ that they had mails from.
CREATE VIEW jackfield_report.email_agent_activity WITH (security_barrier) AS
SELECT
    date_trunc('hour', arrived_at, 'UTC') AS hour,
    csq,
    agent,
    count(*) AS assigned,
    count(*) FILTER (WHERE result = 'replied') AS replied,
    count(*) FILTER (WHERE result = 'forwarded') AS forwarded,
    count(*) FILTER (WHERE result = 'discarded') AS discarded,
    count(*) FILTER (WHERE result = 'requeued') AS requeued,
    count(*) FILTER (WHERE result = 'taken') AS taken,
    count(*) FILTER (WHERE result = 'in_hand') AS in_hand,
    count(ended_at) AS handling_count,
    coalesce(sum(handling_seconds) FILTER (WHERE ended_at IS NOT NULL), 0)::bigint AS handling_total_seconds,
    coalesce(max(handling_seconds) FILTER (WHERE ended_at IS NOT NULL), 0)::bigint AS handling_longest_seconds
FROM jackfield_report.email_leg
GROUP BY 1, 2, 3;

-- Who agents are.
CREATE VIEW jackfield_report.agent WITH (security_barrier) AS
SELECT body.id AS agent, coalesce(body.name, body.id) AS name, body.team
FROM document
CROSS JOIN LATERAL json_to_record(document.body::json) AS body (section text, id text, name text, team text)
WHERE document.kind = 'setting' AND document.id LIKE 'agent/%' AND document.schema = 1 AND body.section = 'agent';
