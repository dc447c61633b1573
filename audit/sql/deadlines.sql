-- Time limits as the checks use them, the twin of audit/clock.py: generated cases hold one against the other.
-- How long a limit is comes from law.* and house.*. The session's TimeZone is the organisation's zone, so a cast to DATE
-- is the local date. 86400, 3600, 60 and powers of ten only turn units into one another.

-- What one engine says in its own words stands in this block alone; everything below it, and every check, is SQL that
-- translates. tests/spark says the same lines for Spark.

-- The same day number n months on, or that month's last day where it has none (Regulation 1182/71 art. 3(2)(c)).
CREATE OR REPLACE MACRO add_months(d, n) AS CAST(CAST(d AS DATE) + to_months(CAST(n AS INTEGER)) AS DATE);
CREATE OR REPLACE MACRO add_days(d, n) AS CAST(d AS DATE) + CAST(n AS INTEGER);
-- Months by the wall clock, microseconds as they pass. Of two equal hours, when the clock is put back, the first: this
-- engine gives the second.
CREATE OR REPLACE MACRO add_months_at(t, n) AS
  CASE
    WHEN CAST(t + to_months(CAST(n AS INTEGER)) - INTERVAL 1 HOUR AS TIMESTAMP)
      = CAST(t + to_months(CAST(n AS INTEGER)) AS TIMESTAMP)
      THEN t + to_months(CAST(n AS INTEGER)) - INTERVAL 1 HOUR
    WHEN CAST(t + to_months(CAST(n AS INTEGER)) - INTERVAL 30 MINUTE AS TIMESTAMP)
      = CAST(t + to_months(CAST(n AS INTEGER)) AS TIMESTAMP)
      THEN t + to_months(CAST(n AS INTEGER)) - INTERVAL 30 MINUTE
    ELSE t + to_months(CAST(n AS INTEGER))
  END;
CREATE OR REPLACE MACRO add_microseconds(t, n) AS t + to_microseconds(n);
CREATE OR REPLACE MACRO microseconds_between(from_at, to_at) AS date_diff('microsecond', from_at, to_at);
-- How far into its hour and into which quarter of an hour since 1970 an instant falls.
CREATE OR REPLACE MACRO microseconds_of_hour(t) AS 60000000 * date_part('minute', t) + date_part('microsecond', t);
CREATE OR REPLACE MACRO quarter_of_hour(t) AS epoch_us(t) // 900000000;
-- The value below which a share of a group's values lies, between two of them in proportion.
CREATE OR REPLACE MACRO quantile_of(x, share) AS quantile_cont(x, share);

-- What follows is built from these.

-- A text without the blanks around it: spaces, also those that do not break, tabs and line ends. Null where nothing is left.
CREATE OR REPLACE MACRO trimmed(t) AS nullif(trim(t, ' ' || chr(9) || chr(10) || chr(13) || chr(160)), '');

-- A duration from a day: months, then days; hours count as days, a part of a day as a whole one.
CREATE OR REPLACE MACRO add_on(d, months, days, seconds) AS
  add_days(add_months(d, months), days + (seconds + 86399) // 86400);

-- A duration from an instant: months by the wall clock, then elapsed time, a day being 24 hours.
CREATE OR REPLACE MACRO add_at(t, months, days, seconds) AS
  add_microseconds(
    CASE WHEN months = 0 THEN t ELSE add_months_at(t, months) END, (days * 86400 + seconds) * 1000000
  );

-- The first instant of a local day: of two midnights, where the clock is put back then, the first. And the first one after
-- the day: a duty with that due date is in time before it. And the last one within it.
CREATE OR REPLACE MACRO day_start(d) AS
  CASE
    WHEN CAST(add_microseconds(CAST(d AS TIMESTAMPTZ), -3600000000) AS DATE) = CAST(d AS DATE)
      THEN add_microseconds(CAST(d AS TIMESTAMPTZ), -3600000000)
    ELSE CAST(d AS TIMESTAMPTZ)
  END;
CREATE OR REPLACE MACRO day_end(d) AS day_start(add_days(d, 1));
CREATE OR REPLACE MACRO last_of_day(d) AS add_microseconds(day_end(d), -1);

-- Elapsed hours from one instant to another, with fractions.
CREATE OR REPLACE MACRO hours_between(from_at, to_at) AS
  CAST(microseconds_between(from_at, to_at) AS DOUBLE) / 3600000000.0;

-- 31 December of the year a financial year ended in (bokföringslagen 7 kap. 2 §).
CREATE OR REPLACE MACRO year_end_on(d) AS make_date(year(CAST(d AS DATE)), 12, 31);

-- The parts of an ISO 8601 duration; its form was checked when it was loaded.
CREATE OR REPLACE MACRO iso_number(duration, pattern) AS
  coalesce(CAST(nullif(regexp_extract(duration, pattern, 1), '') AS BIGINT), 0);
CREATE OR REPLACE MACRO iso_months(duration) AS
  CASE WHEN duration IS NOT NULL
    THEN 12 * iso_number(duration, '([0-9]+)Y') + iso_number(duration, '^[^T]*?([0-9]+)M') END;
CREATE OR REPLACE MACRO iso_days(duration) AS
  CASE WHEN duration IS NOT NULL THEN 7 * iso_number(duration, '([0-9]+)W') + iso_number(duration, '([0-9]+)D') END;
CREATE OR REPLACE MACRO iso_seconds(duration) AS
  CASE WHEN duration IS NOT NULL
    THEN 3600 * iso_number(duration, '([0-9]+)H') + 60 * iso_number(duration, 'T.*?([0-9]+)M')
      + iso_number(duration, '([0-9]+)S')
  END;

-- The day itself if it is a working day, else the first one after it (Regulation 1182/71 art. 3(4)).
CREATE OR REPLACE MACRO next_working_day(d) AS (
  SELECT w.next_working_day FROM law.working_days AS w WHERE w.day = CAST(d AS DATE)
);

-- How long something may be kept: calendar arithmetic, no move to a working day.
CREATE OR REPLACE MACRO retention_due_on(anchor_on, period) AS
  add_on(anchor_on, iso_months(period), iso_days(period), iso_seconds(period));

-- GDPR 33(1): the last instant to notify the authority. Where only a day is known, the last microsecond of the day that
-- many days on, so that `notified_at <= due` is right for both. No value where no limit was in force.
CREATE OR REPLACE MACRO breach_due_at(aware_at, is_date) AS (
  SELECT
    CASE
      WHEN is_date THEN last_of_day(add_on(aware_at, l.months, l.days, l.seconds))
      ELSE add_at(aware_at, l.months, l.days, l.seconds)
    END
  FROM law.limits AS l
  WHERE l.name = 'breach_authority' AND l.valid_from <= CAST(aware_at AS DATE) AND CAST(aware_at AS DATE) < l.valid_to
);

-- The same where the hour of the event is not counted (Regulation 1182/71 art. 3(1)). Not date_trunc, which returns the
-- second of two equal hours when the clock is put back.
CREATE OR REPLACE MACRO next_hour(t) AS
  add_microseconds(t, 3600000000 - microseconds_of_hour(t));
CREATE OR REPLACE MACRO breach_due_1182_at(aware_at) AS (
  SELECT add_at(next_hour(aware_at), l.months, l.days, l.seconds)
  FROM law.limits AS l
  WHERE l.name = 'breach_authority' AND l.valid_from <= CAST(aware_at AS DATE) AND CAST(aware_at AS DATE) < l.valid_to
);

-- A limit from receipt with the pause of GDPR 12(6), before the move to a working day: the earlier of the limit plus the
-- paused days, and the limit counted anew from the proof less the days used before it was asked for.
CREATE OR REPLACE MACRO paused_due_on(received_on, asked_on, confirmed_on, months, days, seconds) AS
  CASE
    WHEN asked_on IS NULL THEN add_on(received_on, months, days, seconds)
    ELSE least(
      add_days(add_on(received_on, months, days, seconds), date_diff('day', asked_on, confirmed_on)),
      add_days(add_on(confirmed_on, months, days, seconds), -date_diff('day', received_on, asked_on))
    )
  END;

-- GDPR 12(3), 12(4), 12(6): one row for each request received before as_of; facts at or after as_of have not happened.
--   No due dates either where no limit was in force on the day of receipt.
--   is_paused: proof of identity was asked for in time, and before the limit had run out, and had not come: no due dates.
--   extension: none, too_late (after the first due date), without_reason (none, or none that carries it) or valid.
--   due_on: the extended limit where the extension is valid and the request was not refused, else first_due_on.
CREATE OR REPLACE MACRO request_dues(as_of) AS TABLE (
  WITH seen AS (
    SELECT
      r.request_id,
      CAST(r.received_at AS DATE) AS received_on,
      CASE WHEN r.identity_requested_at < as_of THEN CAST(r.identity_requested_at AS DATE) END AS requested_on,
      CASE WHEN r.identity_confirmed_at < as_of THEN CAST(r.identity_confirmed_at AS DATE) END AS confirmed_on,
      CASE WHEN r.extended_at < as_of THEN CAST(r.extended_at AS DATE) END AS extended_on,
      lower(trimmed(r.extension_reason)) AS extension_reason,
      coalesce(r.outcome = 'refused' AND r.answered_at < as_of, FALSE) AS is_refused
    FROM core.requests AS r
    WHERE r.received_at < as_of
  ),

  asked AS (
    -- a clock that has run out does not stop
    SELECT
      s.*,
      CASE
        WHEN s.requested_on <= add_on(
          s.received_on,
          h.identity_request_within_months, h.identity_request_within_days, h.identity_request_within_seconds
        ) AND s.requested_on <= next_working_day(add_on(s.received_on, f.months, f.days, f.seconds))
        THEN greatest(s.requested_on, s.received_on)
      END AS asked_on
    FROM seen AS s
    CROSS JOIN house.settings AS h
    LEFT JOIN law.limits AS f
      ON f.name = 'request_first' AND f.valid_from <= s.received_on AND s.received_on < f.valid_to
  ),

  paused AS (
    SELECT
      * EXCLUDE (confirmed_on),
      CASE WHEN confirmed_on IS NOT NULL THEN greatest(confirmed_on, asked_on) END AS confirmed_on,
      asked_on IS NOT NULL AND confirmed_on IS NULL AS is_paused
    FROM asked
  ),

  nominal AS (
    SELECT
      p.*,
      CASE WHEN NOT p.is_paused
        THEN paused_due_on(p.received_on, p.asked_on, p.confirmed_on, f.months, f.days, f.seconds)
      END AS first_on,
      CASE WHEN NOT p.is_paused
        THEN paused_due_on(p.received_on, p.asked_on, p.confirmed_on, e.months, e.days, e.seconds)
      END AS extended_due
    FROM paused AS p
    LEFT JOIN law.limits AS f
      ON f.name = 'request_first' AND f.valid_from <= p.received_on AND p.received_on < f.valid_to
    LEFT JOIN law.limits AS e
      ON e.name = 'request_extended' AND e.valid_from <= p.received_on AND p.received_on < e.valid_to
  ),

  judged AS (
    SELECT
      n.*,
      next_working_day(n.first_on) AS first_due_on,
      next_working_day(n.extended_due) AS extended_due_on,
      CASE
        WHEN n.extended_on IS NULL THEN 'none'
        WHEN n.extended_on > next_working_day(n.first_on) THEN 'too_late'
        WHEN n.extension_reason IS NULL THEN 'without_reason'
        WHEN n.extension_reason IN (SELECT i.reason FROM law.insufficient_reasons AS i) THEN 'without_reason'
        ELSE 'valid'
      END AS extension
    FROM nominal AS n
  )

  SELECT
    request_id,
    received_on,
    CASE WHEN asked_on IS NULL OR is_paused THEN 0 ELSE date_diff('day', asked_on, confirmed_on) END AS paused_days,
    is_paused,
    first_due_on,
    extension,
    CASE WHEN extension = 'valid' AND NOT is_refused THEN extended_due_on ELSE first_due_on END AS due_on
  FROM judged
);

-- When a stage of an incident was reached: the first time, but of resolved and evaluated the last, since what is reopened
-- must be resolved and evaluated again; reopened itself moves nothing.
CREATE OR REPLACE MACRO stage_time(stage, first_at, last_at) AS
  CASE WHEN stage IN ('resolved', 'evaluated') THEN last_at ELSE first_at END;

-- The time of each stage that was reached before as_of.
CREATE OR REPLACE MACRO stage_times(as_of) AS TABLE (
  SELECT e.incident_id, e.stage, stage_time(e.stage, min(e."at"), max(e."at")) AS done_at
  FROM core.incident_events AS e
  WHERE e."at" < as_of
  GROUP BY e.incident_id, e.stage
);

-- The incidents of a period as of an instant: detected before its end, and not finished before its start. An incident is
-- finished by its stage `finish`, at finished_at. is_date: only the day is known of aware_at, of which detected_at is one
-- where nothing else is said.
CREATE OR REPLACE MACRO open_incidents(finish, start_at, end_at, as_of) AS TABLE (
  WITH finished AS (
    SELECT e.incident_id, stage_time(e.stage, min(e."at"), max(e."at")) AS done_at
    FROM core.incident_events AS e
    WHERE e.stage = finish AND e."at" < as_of
    GROUP BY e.incident_id, e.stage
  )

  SELECT
    i.* EXCLUDE (role, aware_at),
    coalesce(i.role, CASE WHEN i.client_id IS NULL THEN 'controller' ELSE 'processor' END) AS role,
    coalesce(i.aware_at, i.detected_at) AS aware_at,
    coalesce(CASE WHEN i.aware_at IS NULL THEN i.detected_at_is_date ELSE i.aware_at_is_date END, FALSE) AS is_date,
    f.done_at AS finished_at
  FROM core.incidents AS i
  ANTI JOIN finished AS b ON b.incident_id = i.incident_id AND b.done_at < start_at
  LEFT JOIN finished AS f ON f.incident_id = i.incident_id
  WHERE i.detected_at < end_at AND i.detected_at < as_of
);
