-- Findings of two periods by what became of them. temp.now and temp.before hold what is not compliant, an item once a
-- check; temp.again the items of temp.before that the later period judged compliant. Of one client where one is given.
WITH later AS (SELECT * FROM temp.now WHERE $client IS NULL OR client_id = $client),
earlier AS (SELECT * FROM temp.before WHERE outcome <> 'pending' AND ($client IS NULL OR client_id = $client)),
kept AS (SELECT * FROM temp.again WHERE $client IS NULL OR client_id = $client),
gone AS (
  SELECT b.*, (n.item_key IS NOT NULL OR a.item_key IS NOT NULL) AS is_judged
  FROM earlier AS b
  LEFT JOIN later AS n ON n."check" = b."check" AND n.item_table = b.item_table AND n.item_key = b.item_key
  LEFT JOIN kept AS a ON a."check" = b."check" AND a.item_table = b.item_table AND a.item_key = b.item_key
  WHERE n.item_key IS NULL OR n.outcome = 'pending'
),
here AS (
  SELECT n.*, b.finding_id AS id_before
  FROM (SELECT * FROM later WHERE outcome <> 'pending') AS n
  LEFT JOIN earlier AS b
    ON b."check" = n."check" AND b.item_table = n.item_table AND b.item_key = n.item_key
),
flows AS (
  SELECT "check", outcome, reason, count(*) FILTER (id_before IS NULL) AS new,
    count(id_before) AS still_open, count(*) FILTER (id_before <> finding_id) AS other_reason,
    0 AS resolved, 0 AS past
  FROM here GROUP BY ALL
  UNION ALL
  SELECT "check", outcome, reason, 0, 0, 0, count(*) FILTER (is_judged), count(*) FILTER (NOT is_judged)
  FROM gone GROUP BY ALL
)
SELECT "check", outcome, reason, CAST(sum(new) AS BIGINT), CAST(sum(still_open) AS BIGINT),
  CAST(sum(other_reason) AS BIGINT), CAST(sum(resolved) AS BIGINT), CAST(sum(past) AS BIGINT)
FROM flows GROUP BY "check", outcome, reason ORDER BY "check", outcome, reason
