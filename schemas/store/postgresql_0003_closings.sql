-- What an agent did with a mail, each time that one had it: how it ended the mail is noted with the work on it.
CREATE OR REPLACE VIEW jackfield_report.email_leg WITH (security_barrier) AS
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
        -- An answer that nobody took comes back, and what it was stays.
        WHEN work.closing IS NOT NULL THEN work.closing
        WHEN body.state = 'closed' AND leg.number = json_array_length(body.legs) THEN body.how
        ELSE 'replied'
    END AS result,
    greatest(0, ((work.ended ->> 0)::bigint - work."from") / 1000000) AS handling_seconds
FROM index_entry AS entry
JOIN document ON document.kind = entry.kind AND document.id = entry.id
CROSS JOIN LATERAL json_to_record(document.body::json) AS body (channel text, state text, how text, legs json)
CROSS JOIN LATERAL json_array_elements(body.legs) WITH ORDINALITY AS leg (said, number)
CROSS JOIN LATERAL json_to_record(leg.said) AS work (agent text, csq text, "from" bigint, ended json, closing text)
WHERE entry.name = 'contact_by_arrival' AND entry.kind = 'contact' AND document.schema = 1
    AND body.channel = 'email';
